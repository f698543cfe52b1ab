"""Claims with one detail right or wrong, and what the persona says to them.

The detail is a year, a number, a person or a place, and a wrong one is another of its type. A true
claim is confirmed by its detail and by what comes next in the paragraph, so that the answer does
not repeat the visitor; a false one is put right by the whole sentence.
"""

import random
from dataclasses import dataclass
from typing import Any

from persllm.materials import Material
from persllm.persona import Persona, Stage
from persllm.training.data import grammar
from persllm.training.data.named_things import NamedThings, Thing
from persllm.training.data.prose import POINTS_ELSEWHERE
from persllm.training.data.questions import DANGLING, answering
from persllm.training.data.statements import statements_of
from persllm.training.data.texts import read_texts
from persllm.training.data.topics import Vocabulary

MOST_WORDS = 24
LONGER = 1.5
"""A wrong answer at most so many times as long as the right one, and the other way about."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim and its answers."""

    asked: str
    response: str
    wrong_response: str
    """How one would answer who judges it wrongly; empty where that would show by its length."""
    sentence: str
    """What the materials say."""
    swapped: str
    """The same with the wrong detail."""
    said: str
    known: str


@dataclass(frozen=True, slots=True)
class _Detail:
    """A sentence, one thing of it, and another in its place."""

    sentence: str
    following: str
    """The next sentence, where it can follow a short yes or no."""
    thing: Thing
    wrong: str


class Claims:
    """Makes claims of paragraphs."""

    def __init__(self, things: NamedThings, vocabulary: Vocabulary) -> None:
        self._things = things
        self._vocabulary = vocabulary

    def of(
        self,
        material: Material,
        stage: Stage,
        persona: Persona,
        *,
        number: int,
        false: bool,
        draw: random.Random,
    ) -> Claim | None:
        """Return a paragraph's claim of that number; the true and the false one are of one detail.

        Args:
            material: The paragraph.
            stage: Who is asked.
            persona: Whose stage it is.
            number: 0 for the first detail.
            false: Whether the detail is exchanged.
            draw: Chooses the words.
        """
        found = self._details(material, stage, persona)
        if number >= len(found):
            return None
        detail = found[number]
        swapped = detail.thing.swapped(detail.sentence, detail.wrong)
        asked = self._asked(swapped if false else detail.sentence, draw)
        if asked is None:
            return None
        right, wrong = _answers(detail, swapped, false=false, draw=draw)
        return Claim(
            asked=asked,
            response=right,
            wrong_response=wrong if alike_in_length(right, wrong) else "",
            sentence=detail.sentence,
            swapped=swapped,
            said=detail.wrong if false else detail.thing.text,
            known=detail.thing.text,
        )

    def _details(self, material: Material, stage: Stage, persona: Persona) -> list[_Detail]:
        """Return what can be exchanged, of each sentence one, in drawn order."""
        draw = random.Random(f"{material.id}/{stage.id}/claims")
        years = (persona.stages[0].first, stage.last)
        lines = answering(material)
        found: list[_Detail] = []
        for _, sentence in statements_of(" ".join(lines)):
            if len(sentence.split()) > MOST_WORDS or DANGLING.match(sentence):
                continue
            things = self._things.find(sentence)
            draw.shuffle(things)
            things.sort(key=lambda thing: thing.kind == "number")  # the others read better
            for thing in things:
                if sentence.count(thing.text) > 1:
                    continue
                wrong = self._things.wrong(thing, sentence, material.text, years, draw)
                following = _following(lines, sentence)
                if wrong is not None and (following or thing.kind != "number"):
                    found.append(_Detail(sentence, following, thing, wrong))
                    break
        draw.shuffle(found)
        return found

    def _asked(self, sentence: str, draw: random.Random) -> str | None:
        turned: str | None = sentence.rstrip(".")
        if grammar.speaks_of_self(sentence):
            turned = grammar.to_second_person(sentence)
        if turned is None:
            return None
        return put(turned, draw, "claims", "asked", self._vocabulary, self._things)


def put(
    statement: str,
    draw: random.Random,
    name: str,
    heading: str,
    vocabulary: Vocabulary,
    things: NamedThings,
) -> str:
    """Return a statement in a visitor's mouth; its first letter is lowered only if that is safe."""
    forms: dict[str, Any] = read_texts(name)
    first = statement.split()[0].strip(",.;:")
    named = vocabulary.is_name(first) or things.is_name(first)
    small = first.lower() in grammar.STOP_WORDS or vocabulary.seen(first.lower())
    plainly = [str(form) for form in forms[f"{heading}_plainly"]]
    if first in ("I", "I'm") or (named and first.lower() not in grammar.STOP_WORDS):
        lowered = statement
    elif small:
        lowered = statement[:1].lower() + statement[1:]
    else:
        return draw.choice(plainly).format("", grammar.upper_first(statement))
    form = draw.choice([*map(str, forms[heading]), *plainly])
    return form.format(lowered, grammar.upper_first(statement))


def alike_in_length(one: str, other: str) -> bool:
    """Tell whether neither text is more than half as long again as the other, in words."""
    first, second = sorted((len(one.split()), len(other.split())))
    return first > 0 and second <= LONGER * first


def _following(lines: list[str], sentence: str) -> str:
    """Return the next sentence, unless it leans on this one by more than a pronoun."""
    place = lines.index(sentence) + 1 if sentence in lines else len(lines)
    if place >= len(lines):
        return ""
    line = lines[place]
    return "" if DANGLING.match(line) or POINTS_ELSEWHERE.search(line) else line


def _answers(detail: _Detail, swapped: str, *, false: bool, draw: random.Random) -> tuple[str, str]:
    """Return (right, wrong) answers; the wrong one ends like the right one."""
    forms = read_texts("claims")
    kind, known, wrong = detail.thing.kind, detail.thing.text, detail.wrong
    deny, confirm = forms["deny"][kind], forms["confirm"][kind]
    if false:
        right = f"{draw.choice(deny).format(wrong, known)} {detail.sentence}"
        return right, f"{draw.choice(confirm).format(known, wrong)} {swapped}"
    if not detail.following:
        right, deny = draw.choice(confirm).format(wrong, known), forms["deny_shortly"][kind]
        fits = [f for f in deny if alike_in_length(right, f.format(known, wrong))]
        return right, draw.choice(fits).format(known, wrong) if fits else ""
    right = f"{draw.choice(confirm).format(wrong, known)} {detail.following}"
    ways = (swapped, detail.following, f"{swapped} {detail.following}")
    said = [f"{form.format(known, wrong)} {way}" for form in deny for way in ways]
    fits = [each for each in said if alike_in_length(right, each)]
    return right, draw.choice(fits) if fits else ""
