"""The desk at which built items are accepted, edited or rejected."""

from pathlib import Path

from persllm.persona_catalog import find_persona
from persllm.training.data.review import Desk
from persllm.workflows.data import data_folder

MARKS = {"accept": "accepted", "edit": "edited", "reject": "rejected"}


def open_desk(name: str, runs: Path) -> Desk:
    """Return the desk of a persona's build.

    Raises:
        DataError: There is no build.
        PersonaError: There is no such persona.
    """
    persona = find_persona(name)
    return Desk(persona, data_folder(persona, runs))
