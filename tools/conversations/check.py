"""Check hand-written conversations: form, patterns, sources; count them.

python tools/conversations/check.py [persona …]
"""

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import yaml

HERE = Path(__file__).parent
PEOPLE = (
    HERE / "people",
    HERE.parent / "nano" / "people",
    HERE.parents[1] / "training" / "nano" / "people",
    HERE.parents[1] / "personas",
)
PATTERNS = (
    "ordinary opinion misleading true-premise unknown small-talk follow-up request provocation"
    " general"
).split()
STYLES = ("literary", "plain")
KEYS = {"about", "scene", "remembered", "motion", "side", "turns"}
TURN_KEYS = {"said", "pattern", "sources", "reply"}
LONGEST = 75
"""Words of a reply."""


def paragraphs(persona: Path, stages: list[str]) -> list[str]:
    """Return the materials of some stages, one text a paragraph."""
    found: list[str] = []
    for path in sorted((persona / "materials").glob("*.md")):
        stage, lines = "", []
        for line in [*path.read_text(encoding="utf-8").splitlines(), ""]:
            if line.startswith("## "):
                stage = line[3:].strip()
            elif line.strip():
                lines.append(line.strip())
            elif lines:
                if stage in stages:
                    found.append(" ".join(lines))
                lines = []
    return found


def faults_of(conversation: object, known: list[str], held_back: list[str]) -> Iterator[str]:
    """Yield what is wrong with one conversation."""
    if not isinstance(conversation, dict) or not isinstance(conversation.get("turns"), list):
        yield "a conversation needs 'turns'"
        return
    if extra := set(conversation) - KEYS:
        yield f"unknown keys {sorted(extra)}"
    if ("motion" in conversation) != (conversation.get("side") in ("for", "against")):
        yield "a debate needs 'motion' and 'side' (for, against)"
    if not 2 <= len(conversation["turns"]) <= 10:
        yield f"{len(conversation['turns'])} turns; 3 to 8 are wanted"
    for place, turn in enumerate(conversation["turns"], start=1):
        yield from (f"turn {place}: {fault}" for fault in _turn_faults(turn, known, held_back))


def _turn_faults(turn: object, known: list[str], held_back: list[str]) -> Iterator[str]:
    if not isinstance(turn, dict) or set(turn) - TURN_KEYS:
        yield f"keys must be of {sorted(TURN_KEYS)}"
        return
    said, reply = turn.get("said"), turn.get("reply")
    if not isinstance(said, str) or not isinstance(reply, str) or not reply.strip():
        yield "'said' and 'reply' must be texts (quote them)"
        return
    if turn.get("pattern") not in PATTERNS:
        yield f"pattern {turn.get('pattern')!r} is none of {PATTERNS}"
    if len(reply.split()) > LONGEST:
        yield f"reply of {len(reply.split())} words"
    for piece in turn.get("sources") or []:
        holding = [text for text in known if " ".join(str(piece).split()) in text]
        if len(holding) != 1:
            yield f"source {piece!r} is in {len(holding)} paragraphs that this stage knows"
        elif any(held in holding[0] for held in held_back):
            yield f"source {piece!r} is of a paragraph kept for tests"


def main(names: list[str]) -> int:
    """Check the named personas, or all; return the number of faults."""
    count = conversations = 0
    patterns: Counter[str] = Counter()
    for folder in sorted(path for style in STYLES for path in (HERE / style).iterdir()):
        if names and folder.name not in names:
            continue
        persona = next(place / folder.name for place in PEOPLE if (place / folder.name).is_dir())
        held = HERE / "kept_for_tests" / f"{folder.name}.txt"
        held_back = held.read_text(encoding="utf-8").splitlines() if held.is_file() else []
        card = yaml.safe_load((persona / "persona.yaml").read_text(encoding="utf-8"))
        order = [stage["id"] for stage in card["stages"]]
        for path in sorted(folder.glob("*.yaml")):
            known = paragraphs(persona, order[: order.index(path.stem) + 1])
            rows = yaml.safe_load(path.read_text(encoding="utf-8")) or []
            for place, row in enumerate(rows, start=1):
                conversations += 1
                patterns.update(str(turn.get("pattern")) for turn in row.get("turns", []))
                for fault in faults_of(row, known, held_back):
                    count += 1
                    print(f"{path.relative_to(HERE)}, conversation {place}: {fault}")
    turns = sum(patterns.values())
    print(f"{conversations} conversations, {turns} turns, {count} faults; {dict(patterns)}")
    return count


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]) > 0)
