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
from persllm.workflows.progress import remembering, tell_without_adapter
from persllm.workflows.train import made_adapter, results_table

FOR, AGAINST = "nikola-tesla", "thomas-edison"
MOTION = CURRENTS.motion
DEMO_FOLDER = "demo"


@dataclass(frozen=True, slots=True)
class _Trained:
    persona: Persona
    chapter: Chapter


def run_demo(*, runs: Path, base_name: str, turns: int) -> None:
    """Build and train one persona, let it debate with another, write transcript and report.

    The other one speaks by the adapter that ships for this base, or by the base and its memory.
    """
    started = time.monotonic()
    console = Console()
    base = find_base(base_name)
    console.print(
        f"{escape(find_persona(FOR).name)} is built and trained over the base {escape(base.name)}, "
        "which takes some minutes on two free cores. Stop at any time; the same command continues."
    )
    trained = _train(FOR, console, runs=runs, base_name=base_name)
    runtime = Runtime(base_name=base_name, runs=runs, progress=remembering)
    speakers = [
        Speaker(runtime.chat(trained.persona), "for"),
        Speaker(runtime.chat(find_persona(AGAINST)), "against"),
    ]
    tell_without_adapter(runtime, speakers[1].chat)
    spoken = spoken_debate(console, speakers, motion=MOTION, turns=turns)
    folder = runs / DEMO_FOLDER / time.strftime("%Y-%m-%d_%H-%M-%S")
    _, page = write_transcript(folder, spoken, title=MOTION)
    report = write_report(
        folder / "report.html",
        motion=MOTION,
        turns=spoken,
        chapters=[trained.chapter],
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
