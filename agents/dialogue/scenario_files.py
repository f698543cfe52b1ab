"""Scenario files: YAML that a user writes, read with all faults and their lines."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from persllm.agents.dialogue.formats import ROUNDS, TURNS, Format, formats, matching
from persllm.agents.dialogue.scenario import Event, EventKind, Order, Scenario
from persllm.agents.dialogue.seats import CastMember, Seat, Side, find_seat, take_seats
from persllm.errors import PersonaError, ScenarioError
from persllm.persona import Persona
from persllm.persona_catalog import find_persona
from persllm.yaml_lines import fault_line

FOLDER = Path(__file__).parent / "scenarios"
SUFFIXES = (".yaml", ".yml")
MOST_BYTES = 256 * 1024
DEFAULT_COUNT = {TURNS: 6, ROUNDS: 1, "": 1}
EVENTS: tuple[EventKind, ...] = ("note", "fact", "enters", "leaves", "aside")
LONG = 2000


class _Card(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _CastCard(_Card):
    persona: str = ""
    stage: str | None = None
    human: str = Field(default="", max_length=100)
    side: Side = "none"
    role: str = Field(default="", max_length=40)
    absent: bool = False
    _found: Persona | None = PrivateAttr(default=None)

    @model_validator(mode="after")
    def _somebody(self, info: ValidationInfo) -> "_CastCard":
        if bool(self.persona) == bool(self.human):
            raise ValueError("name a persona, or a human (a person's name), and not both")
        if self.persona:
            try:
                self._found = _persona(self.persona, info.context)
                self._found.stage(self.stage)
            except PersonaError as error:
                raise ValueError(str(error)) from error
        return self


class _EventCard(_Card):
    after: int = Field(ge=0)
    note: str = ""
    fact: str = ""
    enters: str = ""
    leaves: str = ""
    aside: str = Field(default="", max_length=LONG)
    by: str = ""
    to: list[str] = []

    @model_validator(mode="after")
    def _one_thing(self) -> "_EventCard":
        found = [kind for kind in EVENTS if getattr(self, kind)]
        if len(found) != 1:
            raise ValueError(f"one of {', '.join(EVENTS)} is needed, got {found or 'none'}")
        if (found == ["aside"]) != bool(self.by):
            raise ValueError("`aside` needs `by`, the seat that speaks, and nothing else has it")
        return self


class _ScenarioCard(_Card):
    title: str = Field(min_length=1, max_length=200)
    format: str
    motion: str = Field(default="", max_length=LONG)
    topic: str = Field(default="", max_length=LONG)
    setting: str = Field(default="", max_length=LONG)
    cast: list[_CastCard] = Field(min_length=1, max_length=50)
    turns: int | None = Field(default=None, ge=1, le=10_000)
    rounds: int | None = Field(default=None, ge=1, le=1000)
    next: Order = "addressed"
    seed: int = Field(default=0, ge=0)
    opening: str = Field(default="", max_length=LONG)
    events: list[_EventCard] = []

    @field_validator("format")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in formats():
            raise ValueError(f"there is no such format; choose one of {', '.join(formats())}")
        return name


def shipped() -> dict[str, Path]:
    """Return the files of the scenarios that ship, by their names."""
    return {path.stem: path for path in sorted(FOLDER.glob("*.yaml"))}


@dataclass(frozen=True, slots=True)
class ScenarioRow:
    """What a list of scenarios tells of one."""

    id: str
    title: str
    format: str
    kind: str
    topic: str
    cast: tuple[str, ...]
    """"persona@stage", or a person's name."""


def scenario_rows() -> list[ScenarioRow]:
    """Return what ships, as a list tells it; no persona is loaded."""
    return [_row(name, yaml.safe_load(path.read_text("utf-8"))) for name, path in shipped().items()]


def find_scenario(name: str) -> Scenario:
    """Return a scenario by the name of one that ships, or by its file.

    Raises:
        ScenarioError: There is none, or its file has faults; all are listed, with their lines.
    """
    if name.endswith(SUFFIXES):
        return load_scenario(Path(name))
    if name in shipped():
        return load_scenario(shipped()[name])
    raise ScenarioError(
        f"there is no scenario {name!r}. Choose one of {', '.join(shipped())}, or give a YAML "
        "file; docs/debates.md tells what stands in it."
    )


def load_scenario(path: Path) -> Scenario:
    """Read a scenario file.

    Raises:
        ScenarioError: It cannot be read or has faults; all are listed, with their lines.
    """
    root, given = _read(path)
    try:
        card = _ScenarioCard.model_validate(given, context=path.parent)
    except ValidationError as error:
        raise _faulty(path, root, error.errors()) from error
    seats = take_seats([_member(each) for each in card.cast])
    faults = [*_faults_of_format(card, seats), *_faults_of_events(card, seats)]
    if faults:
        raise _faulty(path, root, faults)
    form = formats()[card.format]
    return Scenario(
        id=path.stem,
        title=card.title,
        format=form,
        topic=card.motion or card.topic,
        seats=seats,
        count=card.turns or card.rounds or DEFAULT_COUNT[form.counted],
        setting=" ".join(card.setting.split()),
        order=card.next,
        seed=card.seed,
        events=tuple(_event(each, seats) for each in [*_opening(card), *card.events]),
    )


def _row(name: str, card: dict[str, Any]) -> ScenarioRow:
    cast = tuple(
        member.get("human") or f"{member['persona']}@{member['stage']}" for member in card["cast"]
    )
    kind = formats()[card["format"]].kind
    topic = card.get("motion") or card["topic"]
    return ScenarioRow(name, card["title"], card["format"], kind, topic, cast)


def _read(path: Path) -> tuple[yaml.Node | None, Any]:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ScenarioError(f"{path} is larger than {MOST_BYTES} bytes. Say it in less.")
        text = path.read_text(encoding="utf-8-sig")
        return yaml.compose(text, Loader=yaml.SafeLoader), yaml.safe_load(text)
    except (OSError, ValueError, yaml.YAMLError, RecursionError) as error:
        raise ScenarioError(
            f"{path} cannot be read: {' '.join(str(error).split())}. Name a YAML file in UTF-8; "
            "docs/debates.md tells what stands in it."
        ) from error


def _faulty(path: Path, root: yaml.Node | None, faults: Any) -> ScenarioError:  # noqa: ANN401 (pydantic's own)
    lines = [f"  - {fault_line(root, fault, whole='scenario')}" for fault in faults]
    return ScenarioError(f"{path}: {len(lines)} fault(s)\n" + "\n".join(lines))


def _fault(at: tuple[str | int, ...], given: object, message: str) -> dict[str, Any]:
    """Return a fault in pydantic's form."""
    return {"loc": at, "msg": message, "type": "value_error", "input": given}


def _faults_of_format(card: _ScenarioCard, seats: tuple[Seat, ...]) -> Iterator[dict[str, Any]]:
    """Yield what does not fit the format: what is counted, who is there, what is talked about."""
    form: Format = formats()[card.format]
    for word in (TURNS, ROUNDS):
        if getattr(card, word) is not None and form.counted != word:
            counted = f"counts `{form.counted}`" if form.counted else "has a fixed length"
            yield _fault((word,), getattr(card, word), f"the format {form.id} {counted}")
    for who in form.needed:
        if not matching(who, seats):
            yield _fault(("cast",), [s.id for s in seats], f"{form.id} needs somebody: {who}")
    if len(seats) < 2:
        yield _fault(("cast",), [s.id for s in seats], "two seats are needed")
    word = "motion" if form.kind == "debate" else "topic"
    other = "topic" if word == "motion" else "motion"
    if not getattr(card, word).strip() or getattr(card, other):
        yield _fault((other,), getattr(card, other), f"a {form.kind} needs a `{word}`")
    if form.kind == "debate" and not {"for", "against"} & {seat.side for seat in seats}:
        yield _fault(("cast",), [s.id for s in seats], "a debate needs a `side`: for, against")


def _faults_of_events(card: _ScenarioCard, seats: tuple[Seat, ...]) -> Iterator[dict[str, Any]]:
    """Yield every seat that events name and nobody has."""
    known = ", ".join(seat.id for seat in seats)
    for place, event in enumerate(card.events):
        for key in ("enters", "leaves", "by"):
            said = getattr(event, key)
            if said and find_seat(seats, said) is None:
                yield _fault(
                    ("events", place, key), said, f"no one seat is that; name one of {known}"
                )
        for at, said in enumerate(event.to):
            if find_seat(seats, said) is None:
                where = ("events", place, "to", at)
                yield _fault(where, said, f"no one seat is that; name one of {known}")


def _persona(name: str, folder: Any) -> Persona:  # noqa: ANN401 (of pydantic's context)
    """Return a persona by name, or by a folder that is named as seen from the scenario's own."""
    beside = Path(folder) / name
    return find_persona(str(beside) if beside.is_dir() else name)


def _member(card: _CastCard) -> CastMember:
    persona = card._found
    return CastMember(
        persona=persona,
        stage=persona.stage(card.stage) if persona else None,
        human=card.human,
        side=card.side,
        role=card.role,
        absent=card.absent,
    )


def _opening(card: _ScenarioCard) -> list[_EventCard]:
    """Return what is read out to all before the first turn."""
    return [_EventCard(after=0, note=card.opening)] if card.opening.strip() else []


def _event(card: _EventCard, seats: tuple[Seat, ...]) -> Event:
    kind: EventKind = next(each for each in EVENTS if getattr(card, each))
    who = card.by or card.enters or card.leaves
    return Event(
        after=card.after,
        kind=kind,
        text=" ".join((card.note or card.fact or card.aside).split()),
        seat=_id(who, seats) if who else "",
        to=tuple(_id(each, seats) for each in card.to),
    )


def _id(said: str, seats: tuple[Seat, ...]) -> str:
    found = find_seat(seats, said)
    assert found is not None  # checked before
    return found.id
