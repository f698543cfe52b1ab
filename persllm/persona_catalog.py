"""Finding a persona by what the user typed: the name of a bundled one, or a folder."""

import shlex
from pathlib import Path

from persllm import personas
from persllm.errors import PersonaError
from persllm.persona import CARD_NAME, Persona, load_persona

BUNDLED_FOLDER = Path(personas.__file__).parent


def bundled() -> tuple[str, ...]:
    """Return the names of the bundled personas, in alphabetical order."""
    return tuple(sorted(card.parent.name for card in BUNDLED_FOLDER.glob(f"*/{CARD_NAME}")))


def resolved(persona: Persona | str) -> Persona:
    """Return a persona that a program may also give by name or folder.

    Raises:
        PersonaError: There is none of that name.
    """
    return find_persona(persona) if isinstance(persona, str) else persona


def find_persona(name: str) -> Persona:
    """Load a bundled persona by name, or any persona by its folder; one's own folder comes first.

    Raises:
        PersonaError: Nothing of that name exists, or the folder has faults.
    """
    folder = Path(name)
    is_bundled = (BUNDLED_FOLDER / name / CARD_NAME).is_file()
    if is_bundled and not (folder / CARD_NAME).is_file():
        return load_persona(BUNDLED_FOLDER / name)
    if folder.is_dir():
        return load_persona(folder.resolve())
    raise PersonaError(
        f"there is no persona {name!r}: neither a bundled one ({', '.join(bundled())}) "
        f"nor a folder with {CARD_NAME}. Name one of these, or give the folder's path."
    )


def called(persona: Persona) -> str:
    """Return what to type for a persona: the bundled one's name, or the folder of one's own."""
    folder, here = persona.folder.resolve(), Path.cwd().resolve()
    if folder.parent == BUNDLED_FOLDER.resolve():
        return folder.name
    return shlex.quote(str(folder.relative_to(here) if folder.is_relative_to(here) else folder))
