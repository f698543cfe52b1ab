"""One engine, one memory client, and personas ready to talk: what programs start from."""

import os
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from persllm.agents.chat_persona import ChatPersona
from persllm.agents.engines.local import LocalEngine
from persllm.agents.engines.served import is_address, parse_address
from persllm.agents.options import LOCAL, LOCAL_INT8, VLLM, RuntimeOptions
from persllm.base_profile import BaseProfile, find_profile
from persllm.bases import Base, find_base
from persllm.embeddings import find_embeddings
from persllm.engine import Engine
from persllm.errors import AdapterError, EngineError
from persllm.machine import share_heaps
from persllm.manifest import adapter_if_any, find_adapter
from persllm.materials import read_materials
from persllm.memory.chroma_memory import ChromaMemory
from persllm.memory.chroma_opening import open_client
from persllm.memory.keep_materials import keep_materials
from persllm.memory.store import EVERYONE
from persllm.persona import Persona
from persllm.persona_catalog import find_persona
from persllm.progress import Progress, no_progress


class Runtime:
    """Loads everything once; personas share the engine and the memory client.

    Args:
        options: What is run, from where, and how personas reply.
        engine: An engine that runs already; the one that the options name by default.
        progress: Told while a persona's materials are remembered for the first time.
        sharing: Processes on this machine, this one included, that run an engine of their own.
    """

    def __init__(
        self,
        options: RuntimeOptions,
        *,
        engine: Engine | None = None,
        progress: Progress = no_progress,
        sharing: int = 1,
    ) -> None:
        self.options = options
        self.base: Base = find_base(options.base)
        self.profile: BaseProfile = find_profile(self.base).changed(options.of_profile)
        self._started = engine
        self._progress = progress
        self._sharing = sharing
        self._stores: dict[str, ChromaMemory] = {}

    @property
    def runs(self) -> Path:
        """Where adapters and memory are."""
        return self.options.runs

    @property
    def engine(self) -> Engine:
        """The engine, started when it is first needed."""
        if self._started is None:
            self._started = start_engine(
                self.options.engine,
                self.base,
                sharing=self._sharing,
                threads=self.options.threads,
            )
        return self._started

    @property
    def is_local(self) -> bool:
        """Whether its engine is a local one that has not started yet."""
        return self._started is None and self.options.engine in (LOCAL, LOCAL_INT8)

    def apart(self, *, sharing: int) -> "Runtime":
        """Return one like it that has opened nothing yet, for another process.

        Raises:
            ValueError: Its engine runs in this process already.
        """
        if self._started is not None:
            raise ValueError(f"the engine {self._started.name} runs in this process already")
        return Runtime(self.options, sharing=sharing)

    def adapter(self, persona: Persona) -> Path:
        """Return the persona's adapter.

        Raises:
            AdapterError: It has none for this base.
        """
        return find_adapter(persona, base=self.base, runs=self.runs)

    def has_adapter(self, persona: Persona) -> bool:
        """Tell whether the persona has an adapter for this base."""
        try:
            self.adapter(persona)
        except AdapterError:
            return False
        return True

    def has_opened(self, persona: Persona) -> bool:
        """Tell whether the persona's memory is at hand, or is not used."""
        return not self.options.use_memory or persona.id in self._stores

    def store(self, persona: Persona) -> ChromaMemory:
        """Return the persona's memory, up to date with its materials."""
        if persona.id not in self._stores:
            store = ChromaMemory(
                open_client(self.options.memory_at),
                persona,
                find_embeddings(self.options.embeddings),
                progress=self._progress,
            )
            keep_materials(store, persona, read_materials(persona), progress=self._progress)
            self._stores[persona.id] = store
        return self._stores[persona.id]

    def chat(
        self,
        persona: Persona,
        *,
        stage: str | None = None,
        use_adapter: bool | None = None,
        use_memory: bool | None = None,
        audience: str = EVERYONE,
        partner: str = "",
    ) -> ChatPersona:
        """Return a persona ready to talk; the options hold where nothing else is said.

        Without a word on the adapter it is used where there is one for this base.

        Raises:
            PersLLMError: The stage, adapter, base or memory cannot be had.
        """
        persona.stage(stage)
        with_adapter = self.options.use_adapter if use_adapter is None else use_adapter
        with_memory = self.options.use_memory if use_memory is None else use_memory
        if with_adapter is None:
            adapter = adapter_if_any(persona, base=self.base, runs=self.runs)
        else:
            adapter = self.adapter(persona) if with_adapter else None
        return ChatPersona(
            persona=persona,
            engine=self.engine,
            stage=stage,
            adapter=adapter,
            memory=self.store(persona) if with_memory else None,
            base_profile=self.profile,
            audience=audience,
            partner=partner,
            **self.options.of_replies,
        )


def start_engine(name: str, base: Base, *, sharing: int = 1, threads: int | None = None) -> Engine:
    """Start the engine of that name.

    Args:
        name: Its name, or a server's address.
        base: What it runs.
        sharing: Local engines on this machine, each in a process of its own; the memory for keys
            and values is divided among them.
        threads: CPU threads of a local engine; its own choice by default.

    Raises:
        EngineError: There is none, or it cannot start.
        BaseModelError: The base cannot be loaded, or a server runs another one.
    """
    if name in {LOCAL, LOCAL_INT8}:
        share_heaps()
        threads = threads or find_profile(base).threads or os.cpu_count() or 1
        return LocalEngine(base, threads=threads, int8=name == LOCAL_INT8, sharing=sharing)
    if name == VLLM:
        from persllm.agents.engines.vllm_engine import VllmEngine

        return VllmEngine(base)
    if is_address(name):
        from persllm.agents.engines.http import HttpEngine

        return HttpEngine(parse_address(name), base=base)
    raise EngineError(
        f"there is no engine {name!r}. Choose '{LOCAL}', '{LOCAL_INT8}', '{VLLM}' or the address "
        "of a server, such as 'http://127.0.0.1:8000/v1#model'."
    )


def open_persona(
    name: str,
    options: RuntimeOptions | None = None,
    *,
    stage: str | None = None,
    audience: str = EVERYONE,
    partner: str = "",
    **changes: Any,  # noqa: ANN401 (the fields of RuntimeOptions)
) -> ChatPersona:
    """Return a persona as a LangChain chat model, with its adapter, if any, and its memory.

    Personas opened with the same options share one engine.

    Args:
        name: A bundled persona, or a persona folder.
        options: What is run, from where, and how it replies.
        stage: Stage of life; the first by default.
        audience: Id of who talks; what they tell of themselves is remembered for them only, and
            without one nothing is.
        partner: Their name, where it is known.
        changes: Fields of `RuntimeOptions` in place of those of the options, such as
            `base="nano"` or `temperature=0.7`.

    Raises:
        PersLLMError: The persona, stage, adapter, base or memory cannot be had.
    """
    chosen = replace(options or RuntimeOptions(), **changes)
    runtime = _runtime(replace(chosen, runs=Path(chosen.runs).resolve()))
    return runtime.chat(find_persona(name), stage=stage, audience=audience, partner=partner)


@cache
def _runtime(options: RuntimeOptions) -> Runtime:
    return Runtime(options)


def split_speaker(text: str) -> tuple[Persona, str | None]:
    """Read "persona" or "persona@stage".

    Raises:
        PersonaError: There is no such persona or stage.
    """
    name, _, stage = text.partition("@")
    persona = find_persona(name)
    persona.stage(stage or None)
    return persona, stage or None
