"""A persona's data, and the command debate: from flags to calls, with progress."""

import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from persllm.agents.debate import Side, Speaker, hold_debate
from persllm.agents.runtime import Runtime, split_speaker
from persllm.agents.scenarios import find_scenario
from persllm.agents.transcript import Turn, write_transcript
from persllm.base_profile import BaseProfile
from persllm.embeddings import default_embeddings
from persllm.errors import PersonaError
from persllm.persona import Persona
from persllm.persona_catalog import bundled, find_persona
from persllm.training.data.build import (
    STATISTICS_NAME,
    PersonaData,
    origin_of,
    read_data,
    write_data,
)
from persllm.training.data.rules import RULES
from persllm.training.data.sampling import BuildSettings
from persllm.training.data.teacher import Teacher
from persllm.training.data.teachers import AbsentTeacher
from persllm.training.data.teachers.several import chat_shares
from persllm.training.data.vectors import KeptVectors
from persllm.workflows.progress import progress_on, remembering, tell_without_adapter

DATA_FOLDER = "data"
VECTORS_FOLDER = "vectors"
DEBATES_FOLDER = "debates"


def made_data(
    persona: Persona,
    *,
    runs: Path,
    profile: BaseProfile,
    settings: BuildSettings | None = None,
    teacher: Teacher | None = None,
) -> PersonaData:
    """Build, continue or find a persona's data, with progress on the terminal.

    Without settings those of the build that is there hold, and so does its teacher, so that
    training uses what was built.
    """
    return read_data(
        constructed_data(persona, runs=runs, profile=profile, settings=settings, teacher=teacher)
    )


def constructed_data(
    persona: Persona,
    *,
    runs: Path,
    profile: BaseProfile,
    settings: BuildSettings | None = None,
    teacher: Teacher | None = None,
) -> Path:
    """Build as `made_data` does and return the folder; no item is held in memory."""
    out = runs / persona.id / DATA_FOLDER
    origin = None if settings else origin_of(out)
    console = Console(stderr=True)
    if teacher is None and origin and origin[1] != RULES:
        teacher = AbsentTeacher(origin[1])
    models = [chat for chat, _ in chat_shares(teacher)] if teacher else []
    try:
        with progress_on(console, f"building {persona.name}") as told:
            for each in models:
                each.told = told
            write_data(
                persona,
                out=out,
                others=[find_persona(other) for other in bundled()],
                embeddings=KeptVectors(default_embeddings(), runs / VECTORS_FOLDER),
                profile=profile,
                teacher=teacher,
                settings=settings or (origin[0] if origin else BuildSettings()),
                stored=_others_builds(runs, persona),
                progress=told,
            )
            return out
    finally:
        for each in models:
            if each.meter.calls:
                console.print(escape(each.summary()))


def _others_builds(runs: Path, persona: Persona) -> list[Path]:
    """Return the finished builds of other personas; their answers may be mined."""
    found = sorted(path.parent for path in runs.glob(f"*/{DATA_FOLDER}/{STATISTICS_NAME}"))
    return [folder for folder in found if folder.parent.name != persona.id]


def run_debate(
    names: Sequence[str],
    *,
    motion: str | None,
    scenario: str,
    turns: int,
    runs: Path,
    base_name: str,
    engine: str,
    memory: str | None,
    use_adapter: bool | None,
    out: Path | None,
) -> None:
    """`persllm debate`; the scenario supplies what was not named."""
    ready = find_scenario(scenario)
    names, motion = names or (ready.first, ready.second), motion or ready.motion
    if len(names) < 2:
        raise PersonaError(
            f"a debate needs two personas, got {len(names)}. "
            "Example: persllm debate nikola-tesla thomas-edison"
        )
    chosen = [split_speaker(name) for name in names]
    console = Console()
    runtime = Runtime(
        base_name=base_name, engine=engine, runs=runs, memory=memory, progress=remembering
    )
    sides: list[Side] = ["for", "against"]
    speakers = [
        Speaker(runtime.chat(persona, stage=stage, use_adapter=use_adapter), sides[i % 2])
        for i, (persona, stage) in enumerate(chosen)
    ]
    for speaker in speakers:
        tell_without_adapter(runtime, speaker.chat)
    folder = out or runs / DEBATES_FOLDER / time.strftime("%Y-%m-%d_%H-%M-%S")
    spoken = spoken_debate(console, speakers, motion=motion, turns=turns)
    rows, page = write_transcript(folder, spoken, title=motion)
    console.print(f"transcript: {escape(str(rows))}\n            {escape(str(page))}")


def spoken_debate(
    console: Console, speakers: Sequence[Speaker], *, motion: str, turns: int
) -> list[Turn]:
    """Hold a debate on the terminal, turn by turn as it happens."""
    console.rule(escape(motion))
    spoken: list[Turn] = []
    for turn in hold_debate(speakers, motion=motion, turns=turns):
        spoken.append(turn)
        console.print(f"[bold]{escape(turn.speaker)}[/bold] ({turn.stage}): {escape(turn.text)}\n")
    return spoken
