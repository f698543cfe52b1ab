"""What comes up of a year of visits: a plain vector memory, and a persona's own.

    python -m benchmarks.remembering [--visitors maya ruth] [--misses ours]

Ten invented visitors (`benchmarks/visitors/`) talk in twenty sessions each, then ask twenty
questions each in new conversations. Prints, with 95 % bootstrap intervals: how much of what a
question asks for is told in the first five lines, how often what is no longer so, how many lines
come up for what was never told, and how much of what is kept is no telling at all.
"""

import argparse
import re
from collections.abc import Iterator, Sequence
from datetime import datetime

from benchmarks.visits import Evidence, Question, Visitor, holds, read_visitors
from benchmarks.ways_to_remember import LINES, Way, all_ways
from persllm.embeddings import default_embeddings
from persllm.training.evaluation.figures import figure_of
from persllm.training.evaluation.kept import KeptEmbeddings

Values = dict[str, list[float]]
"""The values of each column: one a question, a kept line or a visitor."""
WHO_TOLD = re.compile(r"^[^:]{1,60} (?:told me|said): ")
NO_TELLING = re.compile(
    r".*\?\W*"
    r"|(?:who|what|when|where|why|how|which|is|are|do|does|did|can|could|will|would|have) "
    r"(?:you|your|u|is|are|it|do|does|did|was|were|he|she|they|the)\b.*"
    r"|(?:please )?(?:tell|explain|give|show|describe|write|say|sing|play|teach|quiz|guess)\b.*"
    r"|(?:(?:hi|hey|hello|hiya|good|morning|evening|afternoon|day|night|bye|thanks|thank|you|again|"
    r"to|sir|bonjour|merry|happy|christmas|easter|dear|there|and|so|ok|well|back|"
    r"(?:mr|madame|monsieur|lady)(?: \w+)?)(?!\w)\W*)+",
    re.IGNORECASE,
)
"""Questions, commands and greetings."""


def scored(question: Question, visitor: Visitor, lines: Sequence[str]) -> dict[str, float]:
    """Return what the lines are worth to a question, by the names of the table's columns."""
    if question.kind == "never":
        return {"lines for never": float(len(lines))}
    telling = [[line for line in lines if holds(line, e.answer)] for e in question.evidence]
    share = sum(map(bool, telling)) / len(telling)
    values = {f"recall@{LINES}": share, f"  {question.kind}": share}
    if question.kind == "time":
        pairs = zip(map(visitor.heard_at, question.evidence), telling, strict=True)
        dated = [any(_names_month(line, when) for line in found) for when, found in pairs]
        values["  time, dated"] = sum(dated) / len(dated)
    if question.kind == "superseded":
        values["old told"] = float(any(_is_old(line, question) for line in lines))
    return values


def is_junk(line: str) -> bool:
    """Tell whether a kept line is a question, a command or a greeting."""
    return bool(NO_TELLING.fullmatch(WHO_TOLD.sub("", line).strip()))


def measured(way: Way, visitors: Sequence[Visitor], *, misses: bool = False) -> Values:
    """Return how a way did; what it missed is printed where that is wanted."""
    values: Values = {}
    for visitor in visitors:
        kept = way.hear(visitor)
        values.setdefault("kept lines", []).append(len(kept))
        values.setdefault("junk kept", []).extend(float(is_junk(line)) for line in kept)
        for question in visitor.questions:
            lines = way.recall(question.asked)[:LINES]
            for column, value in scored(question, visitor, lines).items():
                values.setdefault(column, []).append(value)
            for miss in _misses(question, visitor, lines) if misses else ():
                print(miss)
    return values


def _misses(question: Question, visitor: Visitor, lines: Sequence[str]) -> Iterator[str]:
    gone = _untold(question, lines)
    never = question.kind == "never" and lines
    if gone or never or any(_is_old(line, question) for line in lines):
        yield f"{question.id} {question.kind}: {question.asked}"
        yield from (f"    missed: {visitor.told(each)}" for each in gone)
        yield from (f"    told:   {line}" for line in lines)


def _untold(question: Question, lines: Sequence[str]) -> list[Evidence]:
    return [e for e in question.evidence if not any(holds(line, e.answer) for line in lines)]


def _is_old(line: str, question: Question) -> bool:
    answers = [each for evidence in question.evidence for each in evidence.answer]
    return holds(line, question.wrong) and not holds(line, answers)


def _names_month(line: str, when: datetime) -> bool:
    return holds(line, [f"{when:%B}"]) or f"{when:%Y-%m}" in line


def main() -> None:
    options = _options()
    visitors = [each for each in read_visitors() if each.id in (options.visitors or each.id)]
    questions = sum(len(each.questions) for each in visitors)
    print(f"{len(visitors)} visitors, {questions} questions; 95 % intervals in brackets")
    for name, way in all_ways(KeptEmbeddings(default_embeddings())).items():
        values = measured(way, visitors, misses=name in options.misses)
        print(name)
        for column, each in values.items():
            figure = figure_of(each)
            print(f"  {column:16}{figure.value:7.2f}  [{figure.low:.2f}, {figure.high:.2f}]")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="What comes up of a year of visits.")
    parser.add_argument("--visitors", nargs="+", help="ids; all if left out")
    parser.add_argument("--misses", nargs="+", default=[], help="ways whose misses are listed")
    return parser.parse_args()


if __name__ == "__main__":
    main()
