"""Does a life agree with itself? Findings about a persona's texts, for their author to judge.

Years after a stage's last one, ages that do not follow from the birth, and two sentences that say
nearly the same with other years or amounts. Words are compared, not meanings: what is found is
shown with its place, and nothing is changed.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from persllm.materials import Material
from persllm.persona import Persona
from persllm.sentences import sentences
from persllm.training.data.drafting import PartDraft

YEAR = re.compile(r"\b1[5-9]\d\d\b|\b20\d\d\b")
AMOUNT = re.compile(r"\b\d[\d,.]*\d\b|\b\d\b")
BORN = re.compile(r"\bI was born\b[^.]*?\b(1[5-9]\d\d|20\d\d)\b")
UNITS: Sequence[str] = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen"
).split()
TENS: Sequence[str] = "twenty thirty forty fifty sixty seventy eighty ninety".split()
NUMBER = rf"(?:(?:{'|'.join(TENS)})(?:-(?:{'|'.join(UNITS[1:10])}))?|{'|'.join(UNITS)}|\d{{1,2}})"
AGE = re.compile(
    rf"\bI (?:was|turned|am) ({NUMBER})(?= years old|[.,;]| when\b| and\b)|"
    rf"\bI [^.]*\bat the age of ({NUMBER})\b",
    re.IGNORECASE,
)
ALIKE_SHARE = 0.75
"""Share of the shorter sentence's words that two sentences about one event have in common."""
FEWEST_WORDS = 6
OFF_BY = 1
"""Years by which an age may be off: birthdays fall within years."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What may be wrong, and where."""

    where: str
    what: str


@dataclass(frozen=True, slots=True)
class _Sentence:
    material: Material
    text: str
    words: frozenset[str]
    years: frozenset[str]
    amounts: frozenset[str]


def check_consistency(
    persona: Persona, materials: Sequence[Material], by_hand: Sequence[PartDraft] = ()
) -> list[Finding]:
    """Return what may be wrong in a persona's materials and hand-written items, in their order."""
    return [
        *_later_than_stage(persona, materials),
        *_answers_later_than_stage(persona, by_hand),
        *_ages(materials),
        *_contradictions(materials),
    ]


def _later_than_stage(persona: Persona, materials: Sequence[Material]) -> Iterator[Finding]:
    for material in materials:
        last = persona.stage(material.stage).last
        for year in _years_after(last, material.text):
            yield Finding(
                material.source, f"{year} lies after the stage {material.stage!r}, to {last}"
            )


def _answers_later_than_stage(persona: Persona, by_hand: Sequence[PartDraft]) -> Iterator[Finding]:
    for made in by_hand:
        last = persona.stage(made.stage).last
        for year in _years_after(last, made.draft.response):
            where = f"items/{made.stage}.yaml: {made.draft.question}"
            yield Finding(where, f"{year} in the answer lies after the stage, to {last}")


def _years_after(last: int, text: str) -> list[str]:
    return [year for year in YEAR.findall(text) if int(year) > last]


def _ages(materials: Sequence[Material]) -> Iterator[Finding]:
    """Compare ages with the birth, where a paragraph names one year."""
    births = {int(year) for m in materials for year in BORN.findall(m.text)}
    if len(births) > 1:
        yield Finding("all materials", f"born in {' and in '.join(map(str, sorted(births)))}")
    if len(births) != 1:
        return
    born = births.pop()
    for material in materials:
        years = set(YEAR.findall(material.text)) - {str(born)}
        found = AGE.search(material.text)
        if not found or len(years) != 1:
            continue
        year, age = int(years.pop()), _number(found[1] or found[2])
        if abs(born + age - year) > OFF_BY:
            told = f"{found[0]!r} in {year}, but born in {born} makes {year - born}"
            yield Finding(material.source, told)


def _number(text: str) -> int:
    if text.isdigit():
        return int(text)
    tens, _, unit = text.lower().partition("-")
    if tens in UNITS:
        return UNITS.index(tens)
    return 10 * (TENS.index(tens) + 2) + (UNITS.index(unit) if unit else 0)


def _contradictions(materials: Sequence[Material]) -> Iterator[Finding]:
    told = [_sentence(m, text) for m in materials for text in sentences(m.text)]
    dated = [each for each in told if each.amounts and len(each.words) >= FEWEST_WORDS]
    for one, other in combinations(dated, 2):
        if one.material is not other.material and _alike(one, other) and _differ(one, other):
            yield Finding(
                f"{one.material.source} and {other.material.source}",
                f"{one.text!r} or {other.text!r}",
            )


def _sentence(material: Material, text: str) -> _Sentence:
    words = frozenset(word for word in re.findall(r"[^\W\d_]+", text.lower()) if len(word) > 3)
    return _Sentence(
        material,
        text,
        words,
        frozenset(YEAR.findall(text)),
        frozenset(AMOUNT.findall(text)),
    )


def _alike(one: _Sentence, other: _Sentence) -> bool:
    shared = len(one.words & other.words)
    return shared >= ALIKE_SHARE * min(len(one.words), len(other.words))


def _differ(one: _Sentence, other: _Sentence) -> bool:
    """Tell whether the years, or else the other amounts, have nothing in common."""
    if one.years and other.years:
        return not one.years & other.years
    left, right = one.amounts - one.years, other.amounts - other.years
    return bool(left and right) and not left & right
