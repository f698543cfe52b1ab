"""Write held-out talks and a reader's marks as pages for people to read.

    python -m tools.small.transcripts <folder of talks> --into docs/examples/small

Beside each `<persona>.json` of `tools.small.talk` lies `<persona>.marks.json`: for each talk a list
with one `[mark, why]` a turn; marks are good, usable and bad, as DESIGN's reading rule has them.
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from tools.small.talk import TESTS

MARKS = ("good", "usable", "bad")


def main() -> None:
    """Read the command line and write one page a persona and one with the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("talks", type=Path)
    parser.add_argument("--into", type=Path, required=True)
    options = parser.parse_args()
    options.into.mkdir(parents=True, exist_ok=True)
    rows = []
    for path in sorted(options.talks.glob("*.marks.json")):
        name = path.name.removesuffix(".marks.json")
        marks = json.loads(path.read_text(encoding="utf-8"))
        talks = json.loads((options.talks / f"{name}.json").read_text(encoding="utf-8"))
        stage = yaml.safe_load((TESTS / f"{name}.yaml").read_text(encoding="utf-8"))["stage"]
        counts = Counter(mark for talk in marks for mark, _ in talk)
        rows.append((name, stage, counts))
        page = "\n".join(page_of(name, stage, talks, marks, counts))
        (options.into / f"{name}.md").write_text(page, encoding="utf-8")
    (options.into / "README.md").write_text("\n".join(counts_of(rows)), encoding="utf-8")


def page_of(
    name: str,
    stage: str,
    talks: Sequence[Sequence[dict[str, Any]]],
    marks: Sequence[Sequence[Sequence[str]]],
    counts: Counter[str],
) -> Iterator[str]:
    """Yield the lines of one persona's page."""
    yield f"# {name}, stage {stage}\n"
    yield f"{_shares(counts)}. Written by `python -m tools.small.transcripts`.\n"
    for number, (talk, read) in enumerate(zip(talks, marks, strict=True), start=1):
        yield f"## Talk {number}\n"
        for turn, (mark, why) in zip(talk, read, strict=True):
            yield f"**Visitor:** {turn['said']}  "
            yield f"**Reply:** {turn['reply']}  "
            yield f"*{mark}*{f': {why}' if why else ''}\n"


def counts_of(rows: Sequence[tuple[str, str, Counter[str]]]) -> Iterator[str]:
    """Yield the lines of the page of counts."""
    yield "# Held-out talks with the base `small`\n"
    yield "| persona | stage | " + " | ".join(MARKS) + " |"
    yield "| --- | --- | " + " | ".join("---:" for _ in MARKS) + " |"
    for name, stage, counts in rows:
        cells = " | ".join(f"{counts[mark] / counts.total():.0%}" for mark in MARKS)
        yield f"| [{name}]({name}.md) | {stage} | {cells} |"
    whole = sum((counts for *_, counts in rows), Counter[str]())
    yield f"\nAll: {_shares(whole)}.\n"


def _shares(counts: Counter[str]) -> str:
    shares = (f"{counts[mark] / counts.total():.0%} {mark}" for mark in MARKS)
    return f"{counts.total()} replies read: {', '.join(shares)}"


if __name__ == "__main__":
    main()
