"""Counts a build while it is made, so that nothing has to be held or read again.

The table is like the paper's (METHOD 2.3): material by kind, items by stage, pattern and split,
words, kinds of test items; and pairs by reason, with the lengths of both sides.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable
from typing import Any

from persllm.files import digest
from persllm.materials import Material
from persllm.persona import Persona
from persllm.replies import parse_reply
from persllm.training.data.items import PATTERNS, SPLITS, Item, Pair, Pattern


class Tally:
    """Counts of one build."""

    def __init__(self) -> None:
        self._items: Counter[tuple[str, str, str]] = Counter()
        self._kinds: Counter[tuple[str, str]] = Counter()
        self._item_words: Counter[str] = Counter()
        self._reviewed: Counter[str] = Counter()
        self._pairs: Counter[tuple[str, str]] = Counter()
        self._pair_words: Counter[tuple[str, str]] = Counter()
        self._hashes = [hashlib.sha256(), hashlib.sha256()]

    def add_item(self, item: Item) -> None:
        """Count an item."""
        self._items[item.stage, item.pattern, item.split] += 1
        self._kinds[item.kind, item.split] += 1
        self._item_words[item.split] += len(item.question.split()) + len(item.reply.split())
        self._reviewed[item.reviewed] += 1
        said = (message.content for message in item.messages)
        self._hashes[0].update(digest(item.id, *said).encode())

    def add_pair(self, pair: Pair) -> None:
        """Count a pair."""
        self._pairs[pair.why, pair.split] += 1
        for side, text in (("chosen", pair.chosen), ("rejected", pair.rejected)):
            self._pair_words[pair.why, side] += len(parse_reply(text).response.split())
        said = (message.content for message in pair.prompt)
        self._hashes[1].update(digest(pair.id, *said, pair.rejected).encode())

    def items(self, split: str) -> int:
        """Return how many items there are in a split."""
        return sum(n for key, n in self._items.items() if key[2] == split)

    def pairs(self, split: str) -> int:
        """Return how many pairs there are in a split."""
        return sum(n for key, n in self._pairs.items() if key[1] == split)

    def statistics(
        self, persona: Persona, materials: Iterable[Material], dropped: Counter[str]
    ) -> dict[str, Any]:
        """Return all counts, as `statistics.json` holds them."""
        reasons = sorted({why for why, _ in self._pairs})
        parts: list[tuple[str, Pattern]] = [
            (stage.id, pattern) for stage in persona.stages for pattern in PATTERNS
        ]
        rows = {
            f"{stage}.{pattern}": {split: self._items[stage, pattern, split] for split in SPLITS}
            for stage, pattern in parts
        }
        general = {split: self._items["", "general", split] for split in SPLITS}
        return {
            "data_hash": digest(*(total.hexdigest() for total in self._hashes)),
            "materials": _materials(persona, materials),
            "items": rows | ({"general": general} if any(general.values()) else {}),
            "totals": {
                split: {
                    "items": self.items(split),
                    "pairs": self.pairs(split),
                    "words": self._item_words[split],
                    "kinds": {
                        k: self._kinds[k, split] for k, s in sorted(self._kinds) if s == split
                    },
                }
                for split in SPLITS
            },
            "pairs": {why: sum(self._pairs[why, split] for split in SPLITS) for why in reasons},
            "pairs_by_split": {
                why: {split: self._pairs[why, split] for split in SPLITS} for why in reasons
            },
            "mean_pair_words": self._mean_words(),
            "mean_pair_words_by_reason": {why: self._mean_words(why) for why in reasons},
            "reviewed": {name: n for name, n in sorted(self._reviewed.items()) if name},
            "dropped": dict(sorted(dropped.items())),
        }

    def _mean_words(self, why: str | None = None) -> dict[str, float]:
        """Return the mean length of the responses, without their analyses, on both sides."""
        count = sum(n for (reason, _), n in self._pairs.items() if why in (None, reason))
        return {
            side: round(
                sum(
                    n
                    for (reason, s), n in self._pair_words.items()
                    if s == side and why in (None, reason)
                )
                / max(1, count),
                1,
            )
            for side in ("chosen", "rejected")
        }


def _materials(persona: Persona, materials: Iterable[Material]) -> dict[str, dict[str, int]]:
    """Return paragraphs and words by stage and kind."""
    counted: dict[str, dict[str, int]] = {
        stage.id: {"objective": 0, "subjective": 0, "words": 0} for stage in persona.stages
    }
    for material in materials:
        counted[material.stage][material.kind] += 1
        counted[material.stage]["words"] += len(material.text.split())
    return counted
