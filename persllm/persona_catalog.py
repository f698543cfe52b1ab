"""Finding a persona by what the user typed: the name of a bundled one, or a folder."""

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
    """Load a bundled persona by name, or any persona by its folder.

    Raises:
        PersonaError: Nothing of that name exists, or the folder has faults.
    """
    if (BUNDLED_FOLDER / name / CARD_NAME).is_file():
        return load_persona(BUNDLED_FOLDER / name)
    folder = Path(name)
    if folder.is_dir():
        return load_persona(folder.resolve())
    raise PersonaError(
        f"there is no persona {name!r}: neither a bundled one ({', '.join(bundled())}) "
        f"nor a folder with {CARD_NAME}. Name one of these, or give the folder's path."
    )
