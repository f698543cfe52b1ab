"""Opinions that a visitor holds: the persona's own, or its opposite; the reply takes a side."""

import random
import re
from dataclasses import dataclass

from persllm.materials import Material
from persllm.training.data import grammar
from persllm.training.data.claims import alike_in_length, put
from persllm.training.data.named_things import NamedThings
from persllm.training.data.opposites import negated
from persllm.training.data.prose import VERB, is_view
from persllm.training.data.questions import BELIEF, DANGLING, PERSUADED, answer_of, answering
from persllm.training.data.statements import CONDITION, statements_of
from persllm.training.data.texts import read_texts
from persllm.training.data.topics import Vocabulary

MOST_WORDS = 22
VERB_BY = 7
"""The verb stands among the first words, or the sentence may be a fragment."""
SUBJECT = re.compile(rf"^\w[^,]*?(?<!\band)(?<!\bor)(?<!\bbut) {VERB.pattern}")
LEANS = re.compile(r"\b(?:it|this|that|them|him|her|there|so)\.?$")
"""An end that points at what was said before."""
MOST_NEGATED_WORDS = 14
JOINED = re.compile(r",|\band (?:it|he|she|they|the|a)\b")
"""A second clause, which the negation would not reach."""
NEGATABLE = re.compile(r"^(?:[\w'-]+ ){1,4}(?:is|are|must|should) (?!not\b|no\b|only\b|but\b)")


@dataclass(frozen=True, slots=True)
class View:
    """A visitor's opinion and what the persona says to it."""

    held: str
    response: str
    wrong_response: str
    """How one would answer who only wants to please, or to quarrel; may be empty."""
    own: str
    """The persona's own sentences in it."""
    other: str
    """What one would have to think to answer wrongly."""


class Views:
    """Makes opinions of paragraphs."""

    def __init__(self, things: NamedThings, vocabulary: Vocabulary) -> None:
        self._things = things
        self._vocabulary = vocabulary

    def of(self, material: Material, *, number: int, draw: random.Random) -> View | None:
        """Return a paragraph's opinion of that number: shared and opposed ones in turn."""
        found: list[View] = []
        lines = answering(material) if material.kind == "subjective" else []
        for _, line in statements_of(" ".join(lines)):
            bare = _bare(line)
            answers = bool(material.partner) and line == lines[0] and not BELIEF.match(line)
            if bare is None or answers:  # what answers a question may be no whole thought
                continue
            own = lines[lines.index(line) :]
            found += [view for view in self._views(line, bare, own, draw) if view]
        draw.shuffle(found)
        return found[number] if number < len(found) else None

    def _views(
        self, line: str, bare: str, own: list[str], draw: random.Random
    ) -> list[View | None]:
        forms = read_texts("views")
        following = [each for each in own[1:2] if not DANGLING.match(each)]
        agree, differ = (str(draw.choice(forms[side])) for side in ("agree", "differ"))
        opposed = opposite(bare)
        views: list[View | None] = []
        if following:
            said = answer_of(own[1:])
            wrong = f"{differ} {opposed}" if opposed else ""
            views.append(self._view(bare, f"{agree} {said}", wrong, said, opposed or "", draw))
        if opposed:
            said = answer_of(own)
            wrong = f"{agree} {' '.join((opposed, *following))}"
            views.append(self._view(opposed, f"{differ} {said}", wrong, said, opposed, draw))
        return views

    def _view(
        self, held: str, right: str, wrong: str, own: str, other: str, draw: random.Random
    ) -> View:
        asked = put(held.rstrip("."), draw, "views", "held", self._vocabulary, self._things)
        fits = wrong and alike_in_length(right, wrong)
        return View(asked, right, wrong if fits else "", own, other)


def opposite(line: str) -> str | None:
    """Return the opposite of a plain statement; None where it is not plain what that is."""
    for one, other in read_texts("views")["opposites"]:
        for word, instead in ((one, other), (other, one)):
            found = re.findall(rf"\b{word}\b", line)
            if len(found) == 1 and not re.search(rf"\b{instead}\b|\bnot\b|\bno\b|\beither\b", line):
                turned = re.sub(rf"\b{word}\b", instead, line)
                return re.sub(
                    r"\b(a|an) (useless|useful|easy|impossible)\b",
                    lambda m: ("an" if m[2][0] in "ei" else "a") + f" {m[2]}",
                    turned,
                )
    plain = (
        NEGATABLE.match(line)
        and len(line.split()) <= MOST_NEGATED_WORDS
        and not JOINED.search(line)
    )
    return negated(line) if plain else None


def _bare(line: str) -> str | None:
    """Return what a sentence holds to be so, as anybody might say it; None where it is a tale."""
    belief = BELIEF.match(line) or PERSUADED.match(line)
    bare = line[belief.end() :] if belief else line
    view = is_view(bare) and not DANGLING.match(line) and not CONDITION.match(bare)
    personal = grammar.speaks_of_self(bare) or re.search(r"\byou\b|\byour\b", bare)
    short = 4 <= len(bare.split()) <= MOST_WORDS
    begun = SUBJECT.match(" ".join(bare.split()[:VERB_BY])) and not LEANS.search(bare)
    whole = view and short and begun and not personal
    return grammar.upper_first(bare) if whole else None
