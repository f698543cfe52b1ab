"""A persona's data: built, continued or found, in the runs folder."""

from pathlib import Path

from persllm.base_profile import BaseProfile
from persllm.embeddings import find_embeddings
from persllm.persona import Persona
from persllm.persona_catalog import bundled, find_persona
from persllm.training.data.build import STATISTICS_NAME, origin_of, write_data
from persllm.training.data.rules import RULES
from persllm.training.data.sampling import BuildSettings
from persllm.training.data.teacher import Teacher
from persllm.training.data.teachers import AbsentTeacher
from persllm.training.data.teachers.several import chat_shares
from persllm.training.data.vectors import KeptVectors
from persllm.workflows.reporting import SILENT, Reporter

DATA_FOLDER = "data"
VECTORS_FOLDER = "vectors"


def data_folder(persona: Persona, runs: Path) -> Path:
    """Return where a persona's items and pairs lie."""
    return runs / persona.id / DATA_FOLDER


def ensure_data(
    persona: Persona,
    *,
    runs: Path,
    profile: BaseProfile,
    settings: BuildSettings | None = None,
    teacher: Teacher | None = None,
    embeddings: str | None = None,
    reporter: Reporter = SILENT,
) -> Path:
    """Build, continue or find a persona's data; return its folder. No item is held in memory.

    Without settings those of the build that is there hold, and so does its teacher, so that
    training uses what was built.

    Raises:
        PersLLMError: The texts have faults, or a teacher cannot be asked.
    """
    out = data_folder(persona, runs)
    origin = None if settings else origin_of(out)
    if teacher is None and origin and origin[1] != RULES:
        teacher = AbsentTeacher(origin[1])
    models = [chat for chat, _ in chat_shares(teacher)] if teacher else []
    progress = reporter.bar(f"building {persona.name}")
    for each in models:
        each.told = progress
    try:
        write_data(
            persona,
            out=out,
            others=[find_persona(other) for other in bundled()],
            embeddings=KeptVectors(find_embeddings(embeddings), runs / VECTORS_FOLDER),
            profile=profile,
            teacher=teacher,
            settings=settings or (origin[0] if origin else BuildSettings()),
            stored=_others_builds(runs, persona),
            progress=progress,
        )
    finally:
        for each in models:
            if each.meter.calls:
                reporter.line(each.summary())
    return out


def _others_builds(runs: Path, persona: Persona) -> list[Path]:
    """Return the finished builds of other personas; their answers may be mined."""
    found = sorted(path.parent for path in runs.glob(f"*/{DATA_FOLDER}/{STATISTICS_NAME}"))
    return [folder for folder in found if folder.parent.name != persona.id]
