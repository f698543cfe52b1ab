"""Who is speaking: the persona folder's `persona.yaml`.

A persona is plain data. It knows nothing about models, prompts or memory. What the person left
behind is read by `persllm.materials`.
"""

import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from persllm.errors import PersonaError
from persllm.files import digest
from persllm.yaml_lines import fault_line, silent_faults

CARD_NAME = "persona.yaml"
MAX_CARD_BYTES = 256 * 1024
JOINERS = "\u200c\u200d"
"""They spell words and emoji; all other marks that nobody sees are taken out of a name."""
IDENTIFIER = r"^[a-z0-9][a-z0-9_-]*$"


@dataclass(frozen=True, slots=True)
class Stage:
    """One period of a life; a persona speaks from exactly one stage at a time."""

    id: str
    label: str
    """A short clause addressed to the persona: "your current has just lit the Chicago fair"."""
    first: int
    last: int
    """Last year the persona knows about (below zero: BC). Later is unknown, not forgotten."""
    folders: tuple[str, ...]
    """Folders under the materials folder whose texts belong to this stage."""

    def knows(self, year: int) -> bool:
        """Tell whether a year does not lie after the stage."""
        return year <= self.last


@dataclass(frozen=True, slots=True)
class Rights:
    """Where the material comes from and on what terms it may be used."""

    source: str
    licence: str
    consent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Persona:
    """Who speaks."""

    id: str
    """Made from the name and the folder's name; runs, adapters and memory go by it."""
    name: str
    summary: str
    language: str
    stages: tuple[Stage, ...]
    """In order of time."""
    disclosure: Literal["honest", "in-character"]
    rights: Rights | None
    questions: tuple[str, ...] = ()
    """Examples that the application offers to ask."""
    folder: Path
    materials_folder: Path

    def stage(self, stage_id: str | None = None) -> Stage:
        """Return the named stage, or the first one.

        Raises:
            PersonaError: There is no such stage; the message lists those there are.
        """
        if stage_id is None:
            return self.stages[0]
        for stage in self.stages:
            if stage.id == stage_id:
                return stage
        known = ", ".join(stage.id for stage in self.stages)
        raise PersonaError(f"{self.name} has no stage {stage_id!r}. Choose one of: {known}.")

    def reaches(self, stage: Stage) -> tuple[Stage, ...]:
        """Return the stages whose materials this stage may know: itself and those before it."""
        return self.stages[: self.stages.index(stage) + 1]

    def contradicting(self, stage: Stage, *, attitude: bool) -> tuple[Stage, ...]:
        """Return the stages whose answer to a question is a wrong one at this stage, nearest first.

        What was once true of a life stays true, so facts are wrong only before their time; what
        was once held may be outgrown, so views are wrong at every other stage.

        Args:
            stage: Who is asked.
            attitude: Whether for a view, not for a fact.
        """
        place = self.stages.index(stage)
        earlier = self.stages[:place][::-1] if attitude else ()
        return (*self.stages[place + 1 :], *earlier)

    def digest(self) -> str:
        """Return a hash of what a model is told about the persona."""
        stages = [f"{s.id}|{s.label}|{s.first}|{s.last}" for s in self.stages]
        return digest(self.name, self.summary, self.language, *stages)


class _StageCard(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id: str = Field(pattern=IDENTIFIER)
    label: str = Field(min_length=1, max_length=200)
    first: int = Field(alias="from")
    last: int = Field(alias="to")
    folders: list[str] = []

    @model_validator(mode="after")
    def _years_in_order(self) -> "_StageCard":
        if self.first > self.last:
            raise ValueError(f"'from' {self.first} is later than 'to' {self.last}; swap them")
        return self


class _RightsCard(BaseModel):
    model_config = ConfigDict(extra="forbid")

    source: str
    licence: str
    consent: str = ""


class _PersonaCard(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=100)
    summary: str = Field(min_length=1, max_length=600)
    language: str = "en"
    disclosure: Literal["honest", "in-character"] = "honest"
    stages: list[_StageCard] = Field(min_length=1, max_length=20)
    rights: _RightsCard | None = None
    questions: list[str] = Field(default=[], max_length=12)
    materials: str = "materials"

    @field_validator("name")
    @classmethod
    def _one_line(cls, name: str) -> str:
        """Return a name that people can read, without marks that only machines see."""
        kept = "".join(c for c in name if c.isprintable() or c in JOINERS or c.isspace())
        plain = " ".join(kept.split())
        if not plain:
            raise ValueError("a name that people can read is needed")
        if "<|" in plain or "\n" in name.strip():
            raise ValueError("a name of one line, without control tokens, is needed")
        return plain

    @field_validator("stages")
    @classmethod
    def _stages_in_order(cls, stages: list[_StageCard]) -> list[_StageCard]:
        faults = []
        ids = [stage.id for stage in stages]
        twice = sorted({name for name in ids if ids.count(name) > 1})
        if twice:
            faults.append(f"stage ids must differ, got {', '.join(twice)} more than once")
        years = [stage.last for stage in stages]
        if years != sorted(years):
            faults.append(f"stages must be in order of time, got 'to' = {years}")
        if faults:
            raise ValueError("; ".join(faults))
        return stages


def load_persona(folder: Path) -> Persona:
    """Read a persona folder's card.

    Raises:
        PersonaError: The card is missing or has faults; all are listed, with their lines.
    """
    path = folder / CARD_NAME
    text = _read_card(path)
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        card = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: no such date
        raise PersonaError(
            f"{path} is not valid YAML: {' '.join(str(error).split())}. Mend that line."
        ) from error
    if not isinstance(card, dict):
        raise PersonaError(
            f"{path}: a mapping with name, summary and stages is needed, got {card!r:.60}."
        )
    faults = [*silent_faults(root)]
    try:
        checked = _PersonaCard.model_validate(card)
    except ValidationError as error:
        faults += [fault_line(root, fault, whole="card") for fault in error.errors()]
        raise _faulty(path, faults) from error
    if faults:
        raise _faulty(path, faults)
    return _persona(folder, checked)


def _faulty(path: Path, faults: list[str]) -> PersonaError:
    listed = "\n".join(f"  - {fault}" for fault in faults)
    return PersonaError(f"{path}: {len(faults)} fault(s)\n{listed}")


def persona_id(name: str) -> str:
    """Return a name fit for files and collections: "Nikola Tesla" -> nikola-tesla.

    What the Latin alphabet cannot tell is told by a mark: names in any script, and with any
    accents, have ids of their own.
    """
    whole = unicodedata.normalize("NFC", name).lower().strip()
    plain = "".join(c for c in unicodedata.normalize("NFKD", whole) if not unicodedata.combining(c))
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or "persona"
    foreign = any(c.isalnum() and not c.isascii() for c in whole)
    return f"{slug}-{digest(whole)[:8]}" if foreign else slug


def year_text(year: int) -> str:
    """Return a year as people write it: 1862, 50 BC."""
    return f"{-year} BC" if year < 0 else str(year)


def _id_of(name: str, folder: Path) -> str:
    """Return the persona's id; the folder tells it from others of its name."""
    own, place = persona_id(name), persona_id(folder.resolve().name)
    return own if own == place else f"{own}-{place}"


def _read_card(path: Path) -> str:
    if not path.is_file():
        raise PersonaError(
            f"{path} does not exist. A persona is a folder with {CARD_NAME} and materials/; "
            "see docs/personas.md."
        )
    if path.stat().st_size > MAX_CARD_BYTES:
        raise PersonaError(
            f"{path} holds {path.stat().st_size} bytes; at most {MAX_CARD_BYTES} are read. "
            "Long text belongs in materials/."
        )
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise PersonaError(
            f"{path} is not UTF-8 (byte {error.start}). Save it as UTF-8: "
            f"iconv -f latin1 -t utf-8 {path.name}."
        ) from error


def _persona(folder: Path, card: _PersonaCard) -> Persona:
    stages = tuple(
        Stage(s.id, s.label, s.first, s.last, tuple(s.folders) or (s.id,)) for s in card.stages
    )
    rights = card.rights
    return Persona(
        id=_id_of(card.name, folder),
        name=card.name,
        summary=card.summary.strip(),
        language=card.language,
        stages=stages,
        disclosure=card.disclosure,
        rights=Rights(rights.source, rights.licence, rights.consent) if rights else None,
        questions=tuple(card.questions),
        folder=folder,
        materials_folder=folder / card.materials,
    )
