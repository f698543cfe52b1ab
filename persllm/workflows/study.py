"""A study with human raters: what they are shown, what they said, and what it comes to.

Raters compare two systems' answers without knowing which is which, fill in a form for single
answers, and talk with one of the systems and rate the conversation. Every rater sees the same
questions; sides, order and who answers in a conversation are dealt by seed. What they say is
appended to one JSON lines file, which is all that the statistics read.
"""

import csv
import io
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from persllm.errors import DataError
from persllm.files import read_jsonl, write_text
from persllm.persona import Persona
from persllm.training.evaluation.figures import Figure, Tally, figure_of
from persllm.training.evaluation.judging.agreement import fleiss, krippendorff, sign_test
from persllm.training.evaluation.judging.tasks import Answer

Choice = Literal["left", "right", "tie"]
SCALES = ("in character", "knowledge", "consistency", "liking")
HIGHEST = 5
FOLDER, RATINGS_NAME = "study", "ratings.jsonl"
COMPARISON, RATING, SESSION = "comparison", "rating", "session"
TIE = "tie"
MOST_NAME, MOST_REMARK = 40, 2000
COLUMNS = ("kind", "rater", "item", "stage", "system", "left", "right", "winner", *SCALES)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two answers to one question; the rater sees neither system's name."""

    left: Answer
    right: Answer

    @property
    def item(self) -> str:
        """What both answer."""
        return self.left.item


@dataclass(slots=True)
class Study:
    """What raters are shown, and where their judgements go."""

    comparisons: tuple[Comparison, ...]
    answers: tuple[Answer, ...]
    """Single answers to be rated, in the order dealt."""
    path: Path
    seed: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def next_comparison(self, rater: str) -> Comparison | None:
        """Return the first comparison this rater has not judged, or None."""
        done = {row["item"] for row in self._of(COMPARISON, rater)}
        return next((each for each in self.comparisons if each.item not in done), None)

    def next_answer(self, rater: str) -> Answer | None:
        """Return the first answer this rater has not rated, or None."""
        done = {(row["system"], row["item"]) for row in self._of(RATING, rater)}
        return next((a for a in self.answers if (a.system, a.item) not in done), None)

    def session_system(self, rater: str, systems: Sequence[str]) -> str:
        """Return who answers in a rater's next conversation; both take turns, one is dealt."""
        held = len(self._of(SESSION, rater))
        first = random.Random(f"{self.seed} {rater}").randrange(len(systems))
        return systems[(first + held) % len(systems)]

    def left_to_do(self, rater: str) -> tuple[int, int]:
        """Return how many comparisons and forms this rater has left."""
        voted, rated = self._of(COMPARISON, rater), self._of(RATING, rater)
        seen = {(row["system"], row["item"]) for row in rated}
        return (
            len(self.comparisons) - len({row["item"] for row in voted}),
            len(self.answers) - len(seen),
        )

    def vote(self, rater: str, shown: Comparison, choice: Choice) -> None:
        """Keep which answer the rater found better."""
        sides = {"left": shown.left.system, "right": shown.right.system, TIE: TIE}
        about = {"item": shown.item, "stage": shown.left.stage}
        names = {"left": shown.left.system, "right": shown.right.system, "winner": sides[choice]}
        self._keep(COMPARISON, rater, {**about, **names})

    def rate(
        self, rater: str, answer: Answer, scores: Mapping[str, int], *, remark: str = ""
    ) -> None:
        """Keep a rater's form for one answer."""
        about = {"item": answer.item, "stage": answer.stage, "system": answer.system}
        self._keep(RATING, rater, {**about, **scores, "remark": remark[:MOST_REMARK]})

    def rate_session(
        self,
        rater: str,
        scores: Mapping[str, int],
        *,
        system: str,
        stage: str,
        turns: Sequence[Mapping[str, str]],
        remark: str = "",
    ) -> None:
        """Keep a rater's form for a whole conversation, with its turns."""
        about = {"system": system, "stage": stage, "turns": list(turns)}
        self._keep(SESSION, rater, {**about, **scores, "remark": remark[:MOST_REMARK]})

    def rows(self) -> list[dict[str, Any]]:
        """Return everything kept so far, in order."""
        return read_rows(self.path) if self.path.is_file() else []

    def _of(self, kind: str, rater: str) -> list[dict[str, Any]]:
        return [r for r in self.rows() if r["kind"] == kind and r["rater"] == rater_name(rater)]

    def _keep(self, kind: str, rater: str, about: Mapping[str, Any]) -> None:
        row = {"kind": kind, "rater": rater_name(rater), **about, "time": round(time.time())}
        with self._lock:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(row, ensure_ascii=False) + "\n")


def rater_name(text: str) -> str:
    """Return a rater's name as it is kept: short, on one line."""
    return " ".join(text.split())[:MOST_NAME]


def ratings_path(runs: Path, persona: Persona) -> Path:
    """Return where all that raters say of a persona is kept."""
    return runs / persona.id / FOLDER / RATINGS_NAME


def study_of(
    answers: Sequence[Answer], systems: Sequence[str], path: Path, *, most: int, seed: int = 0
) -> Study:
    """Deal the answers of two systems.

    Raises:
        DataError: The systems are not two that answered the same questions.
    """
    known = list(dict.fromkeys(answer.system for answer in answers))
    chosen = list(systems) or [known[0], known[-1]]
    if len(set(chosen)) != 2 or not set(chosen) <= set(known):
        raise DataError(
            f"two different systems are compared, got {', '.join(chosen)}. "
            f"These answered: {', '.join(known)}."
        )
    by_item: dict[str, dict[str, Answer]] = {}
    for answer in answers:
        by_item.setdefault(answer.item, {})[answer.system] = answer
    rng = random.Random(seed)
    both = [item for item, given in by_item.items() if set(chosen) <= set(given)]
    if not both:
        raise DataError(f"{' and '.join(chosen)} answered no question in common. Evaluate again.")
    rng.shuffle(both)
    comparisons = []
    for item in both[:most]:
        sides = [by_item[item][system] for system in chosen]
        rng.shuffle(sides)
        comparisons.append(Comparison(*sides))
    single = [answer for each in comparisons for answer in (each.left, each.right)]
    rng.shuffle(single)
    return Study(tuple(comparisons), tuple(single), path, seed)


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Read what raters said; the last word of a rater on the same thing counts.

    Raises:
        DataError: The file is missing or has a fault.
    """
    if not path.is_file():
        raise DataError(f"{path} does not exist: nobody has rated yet. Open the desk without flag.")
    latest: dict[tuple[object, ...], dict[str, Any]] = {}
    for number, row in enumerate(read_jsonl(path)):
        same = (row.get("kind"), row.get("rater"), row.get("item"), row.get("system"))
        latest[(*same, number) if row.get("kind") == SESSION else same] = row
    return list(latest.values())


def as_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return a table for statistics programs: a line a judgement."""
    text = io.StringIO()
    writer = csv.DictWriter(
        text, [*COLUMNS, "turns", "remark", "time"], extrasaction="ignore", lineterminator="\n"
    )
    writer.writeheader()
    for row in rows:
        turns = json.dumps(row["turns"], ensure_ascii=False) if "turns" in row else ""
        writer.writerow({**row, "turns": turns})
    return text.getvalue()


def export(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write the CSV table."""
    write_text(path, as_csv(rows))


@dataclass(frozen=True, slots=True)
class Contest:
    """How two systems did against each other."""

    system: str
    other: str
    wins: int
    losses: int
    ties: int
    chance: float
    """Of a split at least as uneven, were both alike (sign test, ties left out)."""
    alpha: float | None
    """Krippendorff's, nominal, over the raters' choices."""
    kappa: float | None
    """Fleiss', where every question has the same number of raters."""

    @property
    def won(self) -> Tally:
        """Wins of what was decided, with Wilson's interval."""
        return Tally(self.wins, self.wins + self.losses)


def contests(rows: Sequence[Mapping[str, Any]]) -> list[Contest]:
    """Return each pair of systems that raters compared."""
    voted = [row for row in rows if row["kind"] == COMPARISON]
    found = []
    for pair in sorted({tuple(sorted((row["left"], row["right"]))) for row in voted}):
        own = [row for row in voted if {row["left"], row["right"]} == set(pair)]
        wins = Counter(row["winner"] for row in own)
        one, two = pair
        alpha, kappa = _agreed(own)
        chance = sign_test(wins[one], wins[two])
        found.append(Contest(one, two, wins[one], wins[two], wins[TIE], chance, alpha, kappa))
    return found


def scores(rows: Sequence[Mapping[str, Any]], kind: str) -> dict[str, dict[str, Figure]]:
    """Return the mean of each scale by system, for ratings of answers or of sessions."""
    own = [row for row in rows if row["kind"] == kind]
    return {
        system: {
            scale: figure_of(given)
            for scale in SCALES
            if (given := [r[scale] for r in own if r["system"] == system and scale in r])
        }
        for system in dict.fromkeys(row["system"] for row in own)
    }


def scale_agreement(rows: Sequence[Mapping[str, Any]]) -> dict[str, float | None]:
    """Return Krippendorff's ordinal alpha of the raters on each scale of the answer forms."""
    found = {}
    for scale in SCALES:
        units: dict[tuple[str, str], dict[str, float]] = {}
        for row in rows:
            if row["kind"] == RATING and scale in row:
                units.setdefault((row["system"], row["item"]), {})[row["rater"]] = row[scale]
        found[scale] = krippendorff(list(units.values()), level="ordinal")
    return found


def _agreed(voted: Sequence[Mapping[str, Any]]) -> tuple[float | None, float | None]:
    codes = {winner: float(i) for i, winner in enumerate(sorted({r["winner"] for r in voted}))}
    units: dict[str, dict[str, float]] = {}
    counts: dict[str, Counter[str]] = {}
    for row in voted:
        units.setdefault(row["item"], {})[row["rater"]] = codes[row["winner"]]
        counts.setdefault(row["item"], Counter())[row["winner"]] += 1
    sizes = {sum(each.values()) for each in counts.values()}
    kappa = fleiss(list(counts.values())) if len(sizes) == 1 and min(sizes) > 1 else None
    return krippendorff(list(units.values()), level="nominal"), kappa
