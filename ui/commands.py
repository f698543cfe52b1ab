"""A persona's data, and the command debate: from flags to calls, with progress."""

import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from persllm.agents.debate import Side, Speaker, hold_debate
from persllm.agents.scenarios import find_scenario
from persllm.agents.transcript import Turn, write_transcript
from persllm.agents.workplace import Workplace, split_speaker
from persllm.cast import bundled, find_persona
from persllm.embeddings import default_embeddings
from persllm.errors import PersonaError
from persllm.persona import Persona
from persllm.training.data.build import PersonaData, build, origin_of
from persllm.training.data.rules import RULES
from persllm.training.data.sampling import BuildSettings
from persllm.training.data.teacher import Teacher
from persllm.training.data.teachers import AbsentTeacher
from persllm.training.data.teachers.several import chat_shares
from persllm.training.data.vectors import KeptVectors
from persllm.ui.progress import progress_on, remembering

DATA_FOLDER = "data"
VECTORS_FOLDER = "vectors"
DEBATES_FOLDER = "debates"


def made_data(
    persona: Persona,
    *,
    runs: Path,
    settings: BuildSettings | None = None,
    teacher: Teacher | None = None,
) -> PersonaData:
    """Build, continue or find a persona's data, with progress on the terminal.

    Without settings those of the build that is there hold, and so does its teacher, so that
    training uses what was built.
    """
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
            return build(
                persona,
                out=out,
                others=[find_persona(other) for other in bundled()],
                embeddings=KeptVectors(default_embeddings(), runs / VECTORS_FOLDER),
                teacher=teacher,
                settings=settings or (origin[0] if origin else BuildSettings()),
                progress=told,
            )
    finally:
        for each in models:
            if each.meter.calls:
                console.print(escape(each.summary()))


def data_table(persona: Persona, data: PersonaData) -> Table:
    """Return the statistics as a table."""
    table = Table(title=f"Data of {persona.name} (teacher: {data.statistics['teacher']})")
    for column in ("stage and pattern", "train", "test"):
        table.add_column(column, justify="left" if column[0] == "s" else "right")
    for part, count in data.statistics["items"].items():
        table.add_row(part, str(count["train"]), str(count["test"]))
    pairs = ", ".join(f"{n} {why}" for why, n in data.statistics["pairs"].items())
    dropped = ", ".join(f"{n} {why}" for why, n in data.statistics["dropped"].items())
    table.caption = f"pairs: {pairs}\ndropped: {dropped or 'none'}"
    return table


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
    use_adapter: bool,
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
    workplace = Workplace(
        base_name=base_name, engine=engine, runs=runs, memory=memory, progress=remembering
    )
    sides: list[Side] = ["for", "against"]
    speakers = [
        Speaker(workplace.chat(persona, stage=stage, use_adapter=use_adapter), sides[i % 2])
        for i, (persona, stage) in enumerate(chosen)
    ]
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
