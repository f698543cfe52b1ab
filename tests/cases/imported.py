"""What `persllm import` makes of files: what it says, and the materials that it writes."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from typer.testing import CliRunner

from persllm.errors import PersLLMError, PersonaError
from persllm.training.importing.importing import import_materials
from persllm.training.importing.skeleton import make_persona, read_stage
from persllm.training.importing.sorting import ImportOptions
from persllm.ui.cli.main import app

ONLY = "only:you keep a shop:1950-2030"


@dataclass(frozen=True, slots=True)
class Told:
    """How a command ended."""

    refused: bool
    said: str


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of files."""

    refused: str
    """Why nothing could be imported."""
    by_file: dict[str, str]

    @property
    def text(self) -> str:
        return "\n".join(self.by_file.values())

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    @property
    def own(self) -> str:
        """What is taken for the persona's own words."""
        return "\n".join(line for line in self.lines if not line.startswith((">", "#")))

    def answered(self, question: str) -> str:
        """Return the line after the partner's that begins so."""
        rows = self.lines
        places = [at for at, line in enumerate(rows) if line.startswith(f"> {question}")]
        return rows[places[0] + 1] if places and places[0] + 1 < len(rows) else ""


def command(*arguments: object) -> Told:
    """Run a command in this process; only what is no error of ours is raised."""
    done = CliRunner().invoke(app, [*map(str, arguments)])
    if done.exception and not isinstance(done.exception, PersLLMError | SystemExit):
        raise done.exception
    told = str(done.exception) if isinstance(done.exception, PersLLMError) else ""
    return Told(done.exit_code != 0, f"{done.output}\n{told}")


def new_persona(folder: Path, *, name: str = "Ida Brandt", stage: str = ONLY) -> Path:
    made = command("init", folder, "--name", name, "--stage", stage)
    assert not made.refused, made.said
    return folder


def imported(
    at: Path, files: Mapping[str, str | bytes], *speakers: str, name: str = "Ida Brandt"
) -> Imported:
    """Import files into a new persona.

    Args:
        at: An empty folder.
        files: By name; lone surrogates of a text are written as they are.
        speakers: The persona's labels.
        name: Of the persona.
    """
    persona = make_persona(
        at / "ida", name=name, summary="Of here.", stages=(read_stage(ONLY),), language="en"
    )
    for file, data in files.items():
        path = at / "src" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data)
    source = at / "src" if len(files) > 1 else at / "src" / next(iter(files))
    refused = ""
    try:
        import_materials(persona, [source], options=ImportOptions(speakers=speakers))
    except PersonaError as error:
        refused = str(error)
    root = persona.materials_folder
    written = {
        path.relative_to(root).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(root.rglob("*.md"))
    }
    return Imported(refused, written)
