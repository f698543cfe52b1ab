"""`persllm demo`: the whole road once, offline: build, train, measure, debate, report."""

import time
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from persllm.agents.debate import Speaker
from persllm.agents.runtime import Runtime
from persllm.agents.scenarios import CURRENTS
from persllm.agents.transcript import write_transcript
from persllm.base_profile import find_profile
from persllm.bases import find_base
from persllm.persona import Persona
from persllm.persona_catalog import find_persona
from persllm.training.settings import preset
from persllm.workflows.data import (
    made_data,
    spoken_debate,
)
from persllm.workflows.data_table import data_table
from persllm.workflows.demo_report import Chapter, write_report
from persllm.workflows.progress import remembering
from persllm.workflows.train import made_adapter, results_table

FOR, AGAINST = "nikola-tesla", "thomas-edison"
MOTION = CURRENTS.motion
DEMO_FOLDER = "demo"


@dataclass(frozen=True, slots=True)
class _Trained:
    persona: Persona
    chapter: Chapter


def run_demo(*, runs: Path, base_name: str, turns: int) -> None:
    """Build and train both personas, let them debate, write transcript and report."""
    started = time.monotonic()
    console = Console()
    base = find_base(base_name)
    console.print(
        f"Two personas over the base {escape(base.name)}: about ten minutes on two free cores. "
        "Stop at any time; the same command continues."
    )
    trained = [_train(name, console, runs=runs, base_name=base_name) for name in (FOR, AGAINST)]
    runtime = Runtime(base_name=base_name, runs=runs, progress=remembering)
    speakers = [
        Speaker(runtime.chat(trained[0].persona), "for"),
        Speaker(runtime.chat(trained[1].persona), "against"),
    ]
    spoken = spoken_debate(console, speakers, motion=MOTION, turns=turns)
    folder = runs / DEMO_FOLDER / time.strftime("%Y-%m-%d_%H-%M-%S")
    _, page = write_transcript(folder, spoken, title=MOTION)
    report = write_report(
        folder / "report.html",
        motion=MOTION,
        turns=spoken,
        chapters=[each.chapter for each in trained],
        seconds=time.monotonic() - started,
    )
    console.print(f"transcript: {escape(str(page))}\nreport:     {escape(str(report))}")
    console.print(_next_steps(runs), highlight=False)


def _train(name: str, console: Console, *, runs: Path, base_name: str) -> _Trained:
    persona = find_persona(name)
    data = made_data(persona, runs=runs, profile=find_profile(find_base(base_name)))
    console.print(data_table(persona, data.statistics))
    settings = preset(find_profile(find_base(base_name)).preset)
    adapter = made_adapter(persona, data, runs=runs, base_name=base_name, settings=settings)
    console.print(results_table(persona, adapter))
    return _Trained(persona, Chapter(persona, data, adapter))


def _next_steps(runs: Path) -> str:
    where = "" if runs == Path("runs") else f" --runs {runs}"
    return (
        "next:\n"
        f"  persllm ui{where}                 opens the page (needs persllm\\[ui])\n"
        f"  persllm chat {FOR} --stage late{where}\n"
        f'  persllm debate {FOR}@late {AGAINST}@late --motion "..."{where}'
    )
