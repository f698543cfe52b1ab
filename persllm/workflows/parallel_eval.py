"""Personas evaluated one by one, or side by side on the cores of this machine.

A small base leaves most of a machine idle: its steps are too short for several threads. So each
persona is evaluated in a process of its own where the engine is local and runs on a CPU.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from multiprocessing.queues import Queue
from pathlib import Path
from threading import Thread

from persllm.agents.runtime import Runtime
from persllm.embeddings import find_embeddings
from persllm.errors import EngineError
from persllm.loading import device
from persllm.machine import cores, free_memory
from persllm.materials import read_materials
from persllm.persona import Persona
from persllm.progress import Progress
from persllm.training.data.build import origin_of, read_data
from persllm.training.data.sampling import BuildSettings
from persllm.training.evaluation.kept import KeptEmbeddings
from persllm.training.evaluation.speakers import Voices
from persllm.training.evaluation.suite import EvalSettings, Result, Subject, evaluated
from persllm.workflows.data import data_folder, ensure_data
from persllm.workflows.eval_systems import other_systems, systems_for
from persllm.workflows.process_env import quiet_libraries
from persllm.workflows.reporting import SILENT, Reporter

PROCESS_BYTES = 3 << 30
"""What a process takes beside its base: libraries, embeddings, keys and values."""
BASE_COPIES = 3
"""Copies of a base, at most, while it is loaded and its weights are laid side by side."""
EVALUATION_FOLDER = "evaluation"
Results = Mapping[str, Result]
"""What each system reached, by its name."""
_News = tuple[str, str, int, int]
"""Whose, what is being done, steps done, steps in all."""


def evaluation_folder(runs: Path, persona: Persona) -> Path:
    """Return where a persona's evaluation lies."""
    return runs / persona.id / EVALUATION_FOLDER


def build_settings(persona: Persona, runs: Path) -> BuildSettings:
    """Return what the persona's data was built with, or will be where there is none yet."""
    origin = origin_of(data_folder(persona, runs))
    return origin[0] if origin else BuildSettings()


@dataclass(frozen=True, slots=True)
class Asked:
    """What each persona is asked."""

    settings: EvalSettings
    also: tuple[str, ...]
    """Other chat models, by name."""
    voices: Voices
    """Among whom the speaker of an answer is guessed."""
    systems: tuple[str, ...] = ()
    """Which of our own systems are asked, by name; all where none is named."""


def evaluate_each(
    people: Sequence[Persona],
    runtime: Runtime,
    asked: Asked,
    *,
    jobs: int | None = None,
    reporter: Reporter = SILENT,
) -> dict[str, Results]:
    """Return what each system reached, by persona id.

    Args:
        people: Who is evaluated.
        runtime: Engine, adapters and memories.
        asked: What they are asked.
        jobs: Processes side by side; None chooses (`jobs_for`).
        reporter: Told of each persona's systems and turns.

    Raises:
        EngineError: A process was ended from outside.
        PersLLMError: A step failed for one of them.
    """
    for persona in people:
        ensure_data(
            persona,
            runs=runtime.runs,
            profile=runtime.profile,
            embeddings=runtime.options.embeddings,
            reporter=reporter,
        )
    at_once = min(jobs or jobs_for(runtime), len(people))
    if at_once > 1:
        return _side_by_side(people, runtime, asked, at_once, reporter)
    return {
        persona.id: evaluate_one(persona, runtime, asked, progress=reporter.bar(persona.name))
        for persona in people
    }


def jobs_for(runtime: Runtime) -> int:
    """Return how many processes this machine has cores and memory for; one beside a GPU."""
    if not runtime.is_local or device().type != "cpu":
        return 1
    folder = Path(runtime.base.location)
    weights = sum(file.stat().st_size for file in folder.glob("*.safetensors"))
    if not weights:  # named by hub id: its size is not known
        return 1
    return max(1, min(cores(), free_memory() // (PROCESS_BYTES + BASE_COPIES * weights)))


def evaluate_one(
    persona: Persona, runtime: Runtime, asked: Asked, *, progress: Progress
) -> Results:
    """Return what each system reached with one persona, whose data is built."""
    data = read_data(data_folder(persona, runtime.runs))
    items, pairs = data.split("test")
    seed = asked.settings.seed
    scratch = evaluation_folder(runtime.runs, persona)
    own = systems_for(persona, runtime, data.split("train")[0], seed=seed, scratch=scratch)
    systems = [
        *(system for system in own if not asked.systems or system.name in asked.systems),
        *other_systems(persona, runtime, asked.also, seed=seed),
    ]
    embeddings = KeptEmbeddings(find_embeddings(runtime.options.embeddings))
    subject = Subject(
        persona,
        tuple(items),
        tuple(pairs),
        read_materials(persona),
        embeddings,
        build_settings(persona, runtime.runs),
    )
    voices = asked.voices.with_first(persona.name)
    return evaluated(subject, systems, asked.settings, voices=voices, told=progress)


def _side_by_side(
    people: Sequence[Persona], runtime: Runtime, asked: Asked, jobs: int, reporter: Reporter
) -> dict[str, Results]:
    for persona in people:
        runtime.store(persona)  # Chroma folders take one writing process; later all only read
    apart = runtime.apart(sharing=jobs)
    context = get_context("spawn")
    news: Queue[_News | None] = context.Queue()
    pool = ProcessPoolExecutor(jobs, context, partial(begin, news))
    try:
        with _heard(news, reporter):
            doing = {pool.submit(_in_process, each, apart, asked): each.id for each in people}
            for done in as_completed(doing):
                done.result()  # a fault is told at once, not when those before it have ended
            return {name: future.result() for future, name in doing.items()}
    except BrokenProcessPool as error:
        raise EngineError(
            f"one of {jobs} processes was ended from outside, mostly for want of memory. "
            "Evaluate with fewer: --jobs 1."
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


_NEWS: list["Queue[_News | None]"] = []
"""In a process of the pool: where it tells what it does."""


def begin(news: "Queue[_News | None]") -> None:
    """Make ready a process of the pool, which ends with the one that started it."""
    quiet_libraries()
    _NEWS.append(news)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Leave when the command was killed; nobody would read what is found."""
    parent = parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(1)


def _in_process(persona: Persona, runtime: Runtime, asked: Asked) -> Results:
    def progress(what: str, done: int, total: int) -> None:
        _NEWS[0].put((persona.name, what, done, total))

    return evaluate_one(persona, runtime, asked, progress=progress)


@contextmanager
def _heard(news: "Queue[_News | None]", reporter: Reporter) -> Iterator[None]:
    """Pass on each persona's systems and turns while processes tell of them."""
    bars: dict[str, Progress] = {}

    def listen() -> None:
        while each := news.get():
            title, what, done, total = each
            if title not in bars:
                bars[title] = reporter.bar(title)
            bars[title](what, done, total)

    listener = Thread(target=listen, daemon=True)
    listener.start()
    try:
        yield
    finally:
        news.put(None)
        listener.join()
