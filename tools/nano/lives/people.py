"""Invented people: a persona with two stages, facts with years and opinions with sides.

Knows how a life is drawn. What is asked about it is decided in the skills.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random

from persllm.persona import Persona, Stage, persona_id
from tools.nano.lives.frames import FRAMES
from tools.nano.lives.kinds import KINDS, Kind
from tools.nano.lives.names import HELD_OUT, TRAINING, Names
from tools.nano.lives.subjects import SUBJECTS, THING_SUBJECTS, Subject
from tools.nano.lives.text import capital, with_article
from tools.nano.lives.values import drawn_value

FACTS_A_LIFE = 17
OPINIONS_A_LIFE = 5
OPINIONS_OF_THINGS_A_LIFE = 2
EVERY_SUBJECT_HELD_OUT = 12


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact of a life."""

    kind: Kind
    value: str
    year: int
    slots: Mapping[str, str]

    def told(self, template: str) -> str:
        """Return a phrasing with this fact's words."""
        return template.format_map(self.slots)

    def claimed(self, template: str, wrong: str) -> str:
        """Return a phrasing of the user's with a wrong value in place of the true one."""
        return template.format_map({**self.slots, **value_slots(wrong)})

    def denied(self, template: str, wrong: str) -> str:
        """Return a phrasing that names the wrong value as such."""
        return template.format_map({**self.slots, "x": wrong, "ax": with_article(wrong)})


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a life holds of one subject, in each stage."""

    subject: Subject
    favours: tuple[bool, bool]
    stances: tuple[str, str]
    reasons: tuple[tuple[str, ...], tuple[str, ...]]

    @property
    def changed(self) -> bool:
        """Whether the two stages differ."""
        return self.favours[0] != self.favours[1]


@dataclass(frozen=True, slots=True)
class Life:
    """One invented person."""

    persona: Persona
    names: Names
    woman: bool
    facts: Mapping[str, Fact]
    opinions: tuple[Opinion, ...]
    in_summary: frozenset[str]
    """Kinds of facts that the header already tells."""
    summary_view: Opinion | None


def value_slots(value: str) -> dict[str, str]:
    """Return the slots that follow from a value alone."""
    return {"v": value, "a": with_article(value), "v_cap": capital(value)}


def wrong_value(fact: Fact, life: Life, random: Random, *, now: int) -> str:
    """Return a value that the fact does not have, often one from elsewhere in the life."""
    pool = fact.kind.pool
    if fact.kind.name == "unwed" and not life.woman:
        pool = "woman"
    if random.random() < 0.35:
        near = [
            f.value for f in life.facts.values() if f.kind.pool == pool and f.kind.name != "unwed"
        ]
        near = [value for value in near if value != fact.value and not _later(pool, value, now)]
        if near:
            return random.choice(near)
    while True:
        value = drawn_value(pool, life.names, random, year=fact.year)
        if _later(pool, value, now):
            continue
        if value not in fact.value and fact.value not in value:
            return value


def _later(pool: str, value: str, now: int) -> bool:
    return pool == "year" and int(value) > now


def _year(kind: Kind, birth: int, ends: tuple[int, int], random: Random) -> int:
    if kind.time == "birth":
        return birth
    if kind.time == "childhood":
        return birth + random.randint(6, 13)
    last = ends[0] if kind.time == "always" or random.random() < 0.5 else ends[1]
    first = birth + 18 if last == ends[0] else ends[0] + 1
    return random.randint(first, last - 1)


def drawn_fact(kind: Kind, names: Names, year: int, random: Random) -> Fact:
    """Return a fact of a kind."""
    if kind.name == "unwed":
        value = "never married"
    elif kind.pool == "year":
        value = str(year)
    else:
        value = drawn_value(kind.pool, names, random, year=year)
    slots = {"y": str(year), "p": names.place(random), "n": names.man(random)}
    return Fact(kind, value, year, slots | value_slots(value))


def _kinds(random: Random) -> list[Kind]:
    """Return the kinds of facts that a life gets: always a trade and a birthplace, one marriage."""
    marriages = {"spouse", "husband", "unwed"}
    others = [k for k in KINDS if k not in marriages and k not in ("trade", "birthplace")]
    chosen = random.sample(others, FACTS_A_LIFE - 3)
    return [KINDS["trade"], KINDS["birthplace"], *(KINDS[name] for name in chosen)]


def _opinion(subject: Subject, random: Random) -> Opinion:
    early = random.random() < 0.5
    late = early if random.random() < 0.6 else not early
    sides = (subject.side(favour=early), subject.side(favour=late))
    first, second = (random.choice(side.stances) for side in sides)
    chosen = [tuple(random.sample(side.reasons, 2)) for side in sides]
    if early == late:
        second, chosen[1] = first, chosen[0]
    return Opinion(subject, (early, late), (first, second), (chosen[0], chosen[1]))


def _half(subjects: tuple[Subject, ...], *, held_out: bool) -> tuple[Subject, ...]:
    """Return the subjects of training or the ones kept for held-out lives."""
    every = EVERY_SUBJECT_HELD_OUT
    return tuple(s for i, s in enumerate(subjects) if (i % every == 0) == held_out)


_SUBJECTS = {side: _half(SUBJECTS, held_out=side) for side in (False, True)}
_THINGS = {side: _half(THING_SUBJECTS, held_out=side) for side in (False, True)}


def any_subject(random: Random, *, held_out: bool) -> Subject:
    """Return some subject that lives of this half may be asked about."""
    return random.choice(_SUBJECTS[held_out] + _THINGS[held_out])


def _drawn_subjects(random: Random, *, held_out: bool) -> list[Subject]:
    return [
        *random.sample(_SUBJECTS[held_out], OPINIONS_A_LIFE),
        *random.sample(_THINGS[held_out], OPINIONS_OF_THINGS_A_LIFE),
    ]


def _stages(birth: int, random: Random) -> tuple[Stage, Stage]:
    first_end = birth + random.randint(24, 42)
    second_end = first_end + random.randint(12, 34)
    return (
        Stage("early", random.choice(FRAMES.early_labels), birth, first_end, ()),
        Stage("late", random.choice(FRAMES.late_labels), first_end + 1, second_end, ()),
    )


def _summary(facts: Mapping[str, Fact], view: Opinion | None, random: Random) -> str:
    trade = facts["trade"].value
    place = facts["birthplace"]
    article = with_article(trade)
    text = random.choice(FRAMES.summaries).format(
        A=capital(article), a=article, t=trade, p=place.value, y=place.year
    )
    if view is None:
        return text
    return f"{text} {random.choice(FRAMES.summary_views).format(s=view.stances[0])}"


def _view(opinions: tuple[Opinion, ...], random: Random) -> Opinion | None:
    fit = [o for o in opinions if not o.changed]
    return random.choice(fit) if fit and random.random() < 0.5 else None


def drawn_life(random: Random, *, held_out: bool) -> Life:
    """Return a new life; held-out ones share no name, place or subject with the others."""
    names = HELD_OUT if held_out else TRAINING
    woman = random.random() < 0.4
    birth = random.randint(1630, 1862)
    stages = _stages(birth, random)
    ends = (stages[0].last, stages[1].last)
    marriage = random.choice(("husband" if woman else "spouse", "unwed"))
    kinds = [*_kinds(random), KINDS[marriage]]
    facts = {k.name: drawn_fact(k, names, _year(k, birth, ends, random), random) for k in kinds}
    subjects = _drawn_subjects(random, held_out=held_out)
    opinions = tuple(_opinion(subject, random) for subject in subjects)
    view = _view(opinions, random)
    summary = _summary(facts, view, random)
    told = {k for k in ("trade", "birthplace") if facts[k].value in summary}
    if str(birth) in summary:
        told.add("birth year")
    name = names.woman(random) if woman else names.man(random)
    return Life(
        _persona(name, summary, stages), names, woman, facts, opinions, frozenset(told), view
    )


def _persona(name: str, summary: str, stages: tuple[Stage, Stage]) -> Persona:
    return Persona(
        id=persona_id(name),
        name=name,
        summary=summary,
        language="en",
        stages=stages,
        disclosure="in-character",
        rights=None,
        folder=Path(),
        materials_folder=Path(),
    )
