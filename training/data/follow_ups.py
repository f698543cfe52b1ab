"""Conversations of two exchanges: a question and its first answer, then "why?" or "tell me more".

The second turn says nothing by itself; the next sentence of the paragraph, or what stands after its
"because", answers it.
"""

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

from persllm.materials import Material
from persllm.sentences import sentences
from persllm.training.data.prose import PAST, POINTS_ELSEWHERE
from persllm.training.data.questions import DANGLING, Questions, answer_of
from persllm.training.data.texts import read_texts

BECAUSE = re.compile(r",? because (?=\w)")
HAPPENED = re.compile(rf"{PAST.pattern}|\b\w+ed\b")
LEAST_WORDS = 4
LEAST_FIRST = 5


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A conversation whose last turn needs the one before."""

    first: str
    answer: str
    asked: str
    response: str


class FollowUps:
    """Makes conversations of paragraphs."""

    def __init__(self, questions: Questions) -> None:
        self._questions = questions

    def of(self, material: Material, *, number: int, draw: random.Random) -> FollowUp | None:
        """Return a paragraph's conversation of that number."""
        found: list[FollowUp] = []
        for first, lines in self._begun(material, draw):
            reason = _reason(first, lines[0], draw)
            more = _more(first, lines, material, draw)
            found += [each for each in (reason, more) if each]
        return found[number] if number < len(found) else None

    def _begun(
        self, material: Material, draw: random.Random
    ) -> Sequence[tuple[str, Sequence[str]]]:
        if material.partner:
            lines = sentences(material.text)
            while len(lines) > 1 and len(lines[0].split()) < LEAST_FIRST:
                lines[:2] = [" ".join(lines[:2])]
            return [(material.partner, lines)] if lines else []
        return [(each.text, each.lines) for each in self._questions.of(material, draw)]


def _reason(first: str, line: str, draw: random.Random) -> FollowUp | None:
    parts = BECAUSE.split(line)
    if len(parts) != 2 or not line.endswith(".") or re.search(r"[;:\"\u2014]", line):
        return None
    said, reason = parts
    if min(len(said.split()), len(reason.split())) < LEAST_WORDS:
        return None
    asked = str(draw.choice(read_texts("follow_up")["because"]))
    return FollowUp(first, f"{said}.", asked, f"Because {reason}")


def _more(
    first: str, lines: Sequence[str], material: Material, draw: random.Random
) -> FollowUp | None:
    if len(lines) < 2 or DANGLING.match(lines[1]) or POINTS_ELSEWHERE.search(lines[1]):
        return None
    said = answer_of(lines[1:])
    if len(said.split()) < LEAST_WORDS:
        return None
    told = material.kind == "objective" and HAPPENED.search(lines[1])
    heading = "told" if told else "thought"
    return FollowUp(first, lines[0], str(draw.choice(read_texts("follow_up")[heading])), said)
