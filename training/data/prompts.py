"""What a chat model is told when it writes items: text files, which a user may change.

Copy the folder `prompts`, change a file, and name the copy with --prompts. `$name` and the like are
filled in; what a file does not mention is left out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template

from persllm.errors import DataError
from persllm.files import digest
from persllm.training.data.items import PATTERNS

SHIPPED = Path(__file__).parent / "prompts"
NAMES = ("answer", *(f"{kind}.{pattern}" for kind in ("question", "task") for pattern in PATTERNS))


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
        raise DataError(f"{folder} is no folder. Copy {SHIPPED}, change it and name the copy.")
    return Prompts({name: _read(name, folder or SHIPPED) for name in NAMES})


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
    unknown = set(Template(text).get_identifiers()) - _fields(name)
    if unknown:
        raise DataError(
            f"{path}: no field is called {', '.join(sorted(unknown))}. "
            f"Known here: {', '.join(sorted(_fields(name)))}."
        )
    return text


def _fields(name: str) -> set[str]:
    who = {"name", "summary", "year", "label"}
    if name == "answer":
        return who | {"knowledge", "manner", "task", "more"}
    return who | {"stance"} if name.startswith("question") else who | {"said", "known"}
