"""A new persona's folder: a card to fill in, and a materials folder for each stage."""

import re
from dataclasses import dataclass
from pathlib import Path

import yaml

from persllm.errors import PersonaError
from persllm.files import write_text
from persllm.persona import CARD_NAME, Persona, load_persona

YEARS = re.compile(r"\s*(?P<first>-?\d{1,6})\s*-\s*(?P<last>-?\d{1,6})\s*", re.ASCII)


@dataclass(frozen=True, slots=True)
class StageWish:
    """One stage as the command line names it: id:label:from-to."""

    id: str
    label: str
    first: int
    last: int


def read_stage(text: str) -> StageWish:
    """Return a stage from "voyage:you sail on the Beagle:1831-1836"; years BC have a minus.

    Raises:
        PersonaError: It is not of that form.
    """
    name, _, rest = text.partition(":")
    label, _, years = rest.rpartition(":")
    match = YEARS.fullmatch(years)
    if not (name.strip() and label.strip() and match):
        raise _wrong_stage(text)
    return StageWish(name.strip(), label.strip(), int(match["first"]), int(match["last"]))


def make_persona(
    folder: Path,
    *,
    name: str,
    summary: str,
    stages: tuple[StageWish, ...],
    language: str = "en",
) -> Persona:
    """Write a persona's folder and return the persona; its materials are still empty.

    Raises:
        PersonaError: The folder already holds a persona, or the card has faults.
    """
    if (folder / CARD_NAME).exists():
        raise PersonaError(
            f"{folder} already holds a persona. Change {folder / CARD_NAME} by hand, or name a new "
            "folder."
        )
    if not stages:
        raise _wrong_stage("nothing")
    card = {
        "name": name,
        "summary": summary or f"{name}.",
        "language": language,
        "stages": [{"id": s.id, "label": s.label, "from": s.first, "to": s.last} for s in stages],
    }
    try:
        write_text(folder / CARD_NAME, yaml.safe_dump(card, sort_keys=False, allow_unicode=True))
        persona = load_persona(folder)
        for stage in persona.stages:
            (persona.materials_folder / stage.id).mkdir(parents=True, exist_ok=True)
    except PersonaError:
        (folder / CARD_NAME).unlink()
        raise
    except OSError as error:
        raise PersonaError(f"{folder} cannot be written: {error.strerror}.") from error
    return persona


def _wrong_stage(text: str) -> PersonaError:
    return PersonaError(
        f"a stage is named id:label:from-to, got {text!r}. Examples: "
        '--stage "voyage:you sail on the Beagle:1831-1836", and for years BC '
        '--stage "gaul:you conquer Gaul:-58--50"'
    )
