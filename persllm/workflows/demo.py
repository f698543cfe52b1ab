"""The whole road once, offline: build, train, debate, report."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from persllm.agents.debate import Speaker, hold_debate
from persllm.agents.dialogue.transcript import Turn, write_transcript
from persllm.agents.options import RuntimeOptions
from persllm.agents.runtime import Runtime
from persllm.agents.scenarios import OFFERED_FIRST, find_scenario
from persllm.base_profile import find_profile
from persllm.bases import find_base
from persllm.persona import Persona
from persllm.persona_catalog import find_persona
from persllm.training.data.build import PersonaData, read_data
from persllm.training.settings import preset
from persllm.workflows.data import ensure_data
from persllm.workflows.demo_report import Chapter, write_report
from persllm.workflows.reporting import SILENT, Reporter
from persllm.workflows.train import ensure_adapter

FOR, AGAINST = "nikola-tesla", "thomas-edison"
DEMO_FOLDER = "demo"


@dataclass(frozen=True, slots=True)
class DemoFiles:
    """What a demo leaves behind to be read."""

    transcript: Path
    report: Path


@dataclass(frozen=True, slots=True)
class DemoEvents:
    """Who is told of what a demo reaches, as it reaches it."""

    built: Callable[[Persona, PersonaData], None] = lambda persona, data: None
    trained: Callable[[Persona, Path], None] = lambda persona, adapter: None
    opened: Callable[[str], None] = lambda motion: None
    spoken: Callable[[Turn], None] = lambda turn: None


def hold_demo(
    options: RuntimeOptions,
    *,
    turns: int,
    events: DemoEvents,
    reporter: Reporter = SILENT,
) -> DemoFiles:
    """Build and train one persona, let it debate with another, write transcript and report.

    The other one speaks by the adapter that ships for this base, or by the base and its memory.

    Raises:
        PersLLMError: A step fails.
    """
    started = time.monotonic()
    chapter = _trained(FOR, options, events, reporter)
    runtime = Runtime(options, progress=reporter.bar("memory"))
    speakers = [
        Speaker(runtime.chat(chapter.persona), "for"),
        Speaker(runtime.chat(find_persona(AGAINST)), "against"),
    ]
    motion = find_scenario(OFFERED_FIRST).motion
    events.opened(motion)
    spoken = []
    for turn in hold_debate(speakers, motion=motion, turns=turns):
        spoken.append(turn)
        events.spoken(turn)
    folder = options.runs / DEMO_FOLDER / time.strftime("%Y-%m-%d_%H-%M-%S")
    _, page = write_transcript(folder, spoken, title=motion)
    report = write_report(
        folder / "report.html",
        motion=motion,
        turns=spoken,
        chapters=[chapter],
        seconds=time.monotonic() - started,
    )
    return DemoFiles(page, report)


def _trained(name: str, options: RuntimeOptions, events: DemoEvents, reporter: Reporter) -> Chapter:
    persona, runs = find_persona(name), options.runs
    profile = find_profile(find_base(options.base))
    folder = ensure_data(
        persona, runs=runs, profile=profile, embeddings=options.embeddings, reporter=reporter
    )
    data = read_data(folder)
    events.built(persona, data)
    settings = preset(profile.preset)
    adapter = ensure_adapter(
        persona, data, runs=runs, base=options.base, settings=settings, reporter=reporter
    )
    events.trained(persona, adapter)
    return Chapter(persona, data, adapter)
