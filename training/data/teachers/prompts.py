"""What a chat model is told when it writes items: text files, which a user may change.

`persllm prompts <folder>` copies them; change a file and name the folder with --prompts. `$name`
and the like are filled in; what a file does not mention is left out.
"""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template

from persllm.errors import DataError
from persllm.files import digest
from persllm.training.data.items import PATTERNS

SHIPPED = Path(__file__).parent / "prompts"
ANSWERS = ("answer", "answer.plain")
DEMONSTRATIONS = "demonstrations"
NAMES = (
    *ANSWERS,
    DEMONSTRATIONS,
    "task.general",
    *(f"{kind}.{pattern}" for kind in ("question", "task") for pattern in PATTERNS),
)
WHO = frozenset({"name", "summary", "year", "label", "language"})
LANGUAGES = {
    "de": "German",
    "en": "English",
    "es": "Spanish",
    "fr": "French",
    "it": "Italian",
    "ja": "Japanese",
    "pl": "Polish",
    "pt": "Portuguese",
    "ru": "Russian",
    "zh": "Chinese",
}


@dataclass(frozen=True, slots=True)
class Prompts:
    """The templates by name: "answer", "question.<pattern>", "task.<pattern>"."""

    texts: Mapping[str, str]

    def fill(self, template: str, **values: object) -> str:
        """Return a template with its fields filled in."""
        return Template(self.texts[template]).substitute(values)

    def digest(self) -> str:
        """Return what tells these templates from others."""
        return digest(*(self.texts[name] for name in NAMES))


def load_prompts(folder: Path | None = None) -> Prompts:
    """Read the templates of a folder; those it lacks are the shipped ones.

    Raises:
        DataError: The folder is none, or a template cannot be read or has a fault.
    """
    if folder is not None and not folder.is_dir():
        raise DataError(
            f"{folder} is no folder. Write one with: persllm prompts {folder}, change a file, "
            "and name the folder."
        )
    return Prompts({name: _read(name, folder or SHIPPED) for name in NAMES})


def copy_prompts(into: Path) -> list[Path]:
    """Copy the shipped templates to a folder; files that are there stay as they are.

    Returns:
        The files that were written.
    """
    into.mkdir(parents=True, exist_ok=True)
    new = [name for name in NAMES if not (into / f"{name}.txt").exists()]
    return [Path(shutil.copyfile(SHIPPED / f"{n}.txt", into / f"{n}.txt")) for n in new]


def language_of(code: str) -> str:
    """Return a language as a prompt calls it."""
    return LANGUAGES.get(code.split("-")[0].lower(), f"the language {code!r}")


def _read(name: str, folder: Path) -> str:
    path = folder / f"{name}.txt"
    if not path.is_file():
        path = SHIPPED / f"{name}.txt"
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read: {error}. Save it as UTF-8.") from error
    if not text or not Template(text).is_valid():
        raise DataError(f"{path}: empty, or a '$' that names no field. Write '$$' for the sign.")
    known = _fields(name)
    unknown = set(Template(text).get_identifiers()) - known
    if unknown:
        raise DataError(
            f"{path}: no field is called {', '.join(sorted(unknown))}. "
            f"Known here: {', '.join(sorted(known)) or 'none'}."
        )
    return text


def _fields(name: str) -> frozenset[str]:
    if name in ANSWERS:
        return WHO | {"demonstrations", "knowledge", "manner", "task", "remarks", "form"}
    if name == DEMONSTRATIONS:
        return frozenset()
    if name.startswith("question"):
        return WHO | {"stance", "angle", "form"}
    return WHO | ({"reference"} if name == "task.general" else {"said", "known"})
