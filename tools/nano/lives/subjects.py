"""What people hold opinions about: both sides of each subject, with reasons."""

from pydantic.dataclasses import dataclass

from tools.nano.lives.tables import COMPLETE, Texts, read_table


@dataclass(frozen=True, slots=True, config=COMPLETE)
class Side:
    """One side of a subject."""

    stances: Texts
    """Clauses."""
    reasons: Texts
    """Sentences."""


@dataclass(frozen=True, slots=True, config=COMPLETE)
class Subject:
    """Something one can be for or against."""

    name: str
    motion: str
    favour: Side
    against: Side

    def side(self, *, favour: bool) -> Side:
        """Return the one side or the other."""
        return self.favour if favour else self.against


@dataclass(frozen=True, slots=True, kw_only=True, config=COMPLETE)
class _Table:
    subjects: tuple[Subject, ...]
    things: Texts
    """Plural nouns, each a subject by itself."""
    liking: Side
    """Stances on any of the things."""
    disliking: Side


def _about(thing: str, side: Side) -> Side:
    return Side(tuple(stance.format(n=thing) for stance in side.stances), side.reasons)


def _thing(noun: str) -> Subject:
    motion = f"{noun.capitalize()} do more good than harm"
    return Subject(noun, motion, _about(noun, _TABLE.liking), _about(noun, _TABLE.disliking))


_TABLE = read_table("subjects.yaml", _Table)
SUBJECTS = _TABLE.subjects
THING_SUBJECTS = tuple(_thing(noun) for noun in _TABLE.things)
