"""What the judge is told: text files, which a user may change.

Copy the folder `prompts`, change a file, and name the copy with --prompts. `$question` and the like
are filled in; a file that the copy lacks is the shipped one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template

from persllm.errors import DataError

SHIPPED = Path(__file__).parent / "prompts"
RUBRICS = ("character", "manner", "sense", "reasons", "harm")
_ANSWERED = frozenset({"question", "reference", "answer"})
FIELDS: Mapping[str, frozenset[str]] = {
    "accuracy.knowledge": _ANSWERED,
    "accuracy.attitude": _ANSWERED,
    "ranking": frozenset({"question", "reference", "answers", "letters"}),
    "typing": frozenset({"question", "reference"}),
    "rubric": frozenset({"who", "question", "answer", "rubric"}),
    "interview": frozenset({"question", "answer", "trait", "low", "high"}),
    **{f"rubric.{name}": frozenset[str]() for name in RUBRICS},
}
"""The templates and the fields each may name."""


@dataclass(frozen=True, slots=True)
class JudgePrompts:
    """The templates by name."""

    texts: Mapping[str, str]

    def fill(self, template: str, **values: str) -> str:
        """Return a template with its fields filled in."""
        return Template(self.texts[template]).substitute(values)


def load_judge_prompts(folder: Path | None = None) -> JudgePrompts:
    """Read the templates of a folder; those it lacks are the shipped ones.

    Raises:
        DataError: The folder is none, or templates have faults; all are listed.
    """
    if folder is not None and not folder.is_dir():
        raise DataError(f"{folder} is no folder. Copy {SHIPPED}, change it and name the copy.")
    texts: dict[str, str] = {}
    faults: list[str] = []
    for name, known in FIELDS.items():
        path = (folder or SHIPPED) / f"{name}.txt"
        if not path.is_file():
            path = SHIPPED / f"{name}.txt"
        try:
            texts[name] = path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            faults.append(f"{path} cannot be read: {error}")
            continue
        faults += [f"{path}: {fault}" for fault in _faults(texts[name], known)]
    if faults:
        raise DataError(f"{len(faults)} fault(s)\n" + "\n".join(f"  - {each}" for each in faults))
    return JudgePrompts(texts)


def _faults(text: str, known: frozenset[str]) -> list[str]:
    if not text or not Template(text).is_valid():
        return ["empty, or a '$' that names no field; write '$$' for the sign"]
    unknown = sorted(set(Template(text).get_identifiers()) - known)
    allowed = ", ".join(sorted(known)) or "none"
    return [f"no field is called {name!r}; known here: {allowed}" for name in unknown]
