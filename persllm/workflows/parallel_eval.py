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

from rich.console import Console

from persllm.agents.runtime import Runtime
from persllm.embeddings import default_embeddings
from persllm.errors import EngineError
from persllm.loading import device
from persllm.machine import cores, free_memory
from persllm.materials import read_materials
from persllm.persona import Persona
from persllm.training.data.build import read_data
from persllm.training.evaluation.kept import KeptEmbeddings
from persllm.training.evaluation.speakers import Voices
from persllm.training.evaluation.suite import EvalSettings, Result, Subject, evaluated
from persllm.training.evaluation.systems import Told
from persllm.workflows.data import DATA_FOLDER, constructed_data
from persllm.workflows.eval_systems import other_systems, systems_for
from persllm.workflows.process_env import quiet_libraries
from persllm.workflows.progress import bars_on, progress_on

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
    people: Sequence[Persona], runtime: Runtime, asked: Asked, *, jobs: int | None = None
) -> dict[str, Results]:
    """Return what each system reached, by persona id.

    Args:
        people: Who is evaluated.
        runtime: Engine, adapters and memories.
        asked: What they are asked.
        jobs: Processes side by side; None chooses (`jobs_for`).

    Raises:
        EngineError: A process was ended from outside.
        PersLLMError: A step failed for one of them.
    """
    for persona in people:
        constructed_data(persona, runs=runtime.runs, profile=runtime.profile)
    at_once = min(jobs or jobs_for(runtime), len(people))
    if at_once > 1:
        return _side_by_side(people, runtime, asked, at_once)
    results = {}
    for persona in people:
        with progress_on(Console(stderr=True), persona.name) as told:
            results[persona.id] = evaluate_one(persona, runtime, asked, told=told)
    return results


def jobs_for(runtime: Runtime) -> int:
    """Return how many processes this machine has cores and memory for; one beside a GPU."""
    if not runtime.is_local or device().type != "cpu":
        return 1
    folder = Path(runtime.base.location)
    weights = sum(file.stat().st_size for file in folder.glob("*.safetensors"))
    if not weights:  # named by hub id: its size is not known
        return 1
    return max(1, min(cores(), free_memory() // (PROCESS_BYTES + BASE_COPIES * weights)))


def evaluate_one(persona: Persona, runtime: Runtime, asked: Asked, *, told: Told) -> Results:
    """Return what each system reached with one persona, whose data is built."""
    data = read_data(runtime.runs / persona.id / DATA_FOLDER)
    items, pairs = data.split("test")
    seed = asked.settings.seed
    scratch = evaluation_folder(runtime.runs, persona)
    own = systems_for(persona, runtime, data.split("train")[0], seed=seed, scratch=scratch)
    systems = [
        *(system for system in own if not asked.systems or system.name in asked.systems),
        *other_systems(persona, runtime, asked.also, seed=seed),
    ]
    embeddings = KeptEmbeddings(default_embeddings())
    subject = Subject(persona, tuple(items), tuple(pairs), read_materials(persona), embeddings)
    voices = asked.voices.with_first(persona.name)
    return evaluated(subject, systems, asked.settings, voices=voices, told=told)


def _side_by_side(
    people: Sequence[Persona], runtime: Runtime, asked: Asked, jobs: int
) -> dict[str, Results]:
    for persona in people:
        runtime.store(persona)  # Chroma folders take one writing process; later all only read
    apart = runtime.apart(sharing=jobs)
    context = get_context("spawn")
    news: Queue[_News | None] = context.Queue()
    pool = ProcessPoolExecutor(jobs, context, partial(begin, news))
    try:
        with _told_on_bars(news):
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
    def told(what: str, done: int, total: int) -> None:
        _NEWS[0].put((persona.name, what, done, total))

    return evaluate_one(persona, runtime, asked, told=told)


@contextmanager
def _told_on_bars(news: "Queue[_News | None]") -> Iterator[None]:
    """Show a bar of each persona's systems and turns while processes tell of them."""
    with bars_on(Console(stderr=True)) as told:

        def listen() -> None:
            while each := news.get():
                told(*each)

        listener = Thread(target=listen, daemon=True)
        listener.start()
        try:
            yield
        finally:
            news.put(None)
            listener.join()
