"""Ways to remember a visitor: a plain vector memory, and a persona's own with parts left out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol
from unittest.mock import patch

import numpy as np
from langchain_core.embeddings import Embeddings
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from benchmarks.visits import Visitor
from persllm.agents.chat_persona import ChatPersona
from persllm.agents.engines.scripted import ScriptedEngine
from persllm.base_profile import BaseProfile
from persllm.embeddings import embed
from persllm.materials import read_materials
from persllm.memory import recall
from persllm.memory.asking import Asked, asked_of, still_so
from persllm.memory.chroma_memory import ChromaMemory
from persllm.memory.chroma_opening import open_client
from persllm.memory.keep_materials import keep_materials
from persllm.memory.recall import Threshold
from persllm.memory.store import Memory
from persllm.persona import Persona
from persllm.persona_catalog import find_persona

LINES = 5
"""So many lines of what comes up are read."""
PROFILE = BaseProfile(name="benchmark", analysis="none")
SILENT = PROFILE.changed({"passages": 0})
"""Nothing comes up while visitors are heard: it is asked for afterwards."""
NO_THRESHOLD = {"threshold_of": lambda embeddings: Threshold(-1.0, 3.0)}
NOTHING_CHANGED = {"still_so": lambda asked, told: list(told)}
NOTHING_ASKED = {"asked_of": lambda turn: Asked("nothing")}
"""Functions of `persllm.memory.recall`, so that a part of it does nothing."""


class Way(Protocol):
    """One way to remember; it hears one visitor at a time."""

    def hear(self, visitor: Visitor) -> Sequence[str]:
        """Hear all sessions; return the lines that are kept."""
        ...

    def recall(self, asked: str) -> Sequence[str]:
        """Return what comes up of them for a question, the best first."""
        ...


class Nearest:
    """The nearest lines by cosine, and nothing else.

    Args:
        embeddings: Of lines and questions.
        keep: Returns the lines that are kept of a visitor.
    """

    def __init__(self, embeddings: Embeddings, keep: Callable[[Visitor], Sequence[str]]) -> None:
        self._embeddings, self._keep = embeddings, keep

    def hear(self, visitor: Visitor) -> Sequence[str]:
        """Hear all sessions; return the lines that are kept."""
        self._lines = list(self._keep(visitor))
        self._vectors = embed(self._embeddings, self._lines)  # (lines, dimensions)
        return self._lines

    def recall(self, asked: str) -> Sequence[str]:
        """Return the nearest lines."""
        near = self._vectors @ embed(self._embeddings, [asked])[0]
        return [self._lines[at] for at in np.argsort(-near)[:LINES]]


class Listener:
    """A persona that talks with visitors, replies as written, and remembers.

    Args:
        name: Of its stores; those of a process are one.
        embeddings: Of its stores.
        every_turn: All turns are kept as they are, instead of what it chooses.
        superseding: What is told otherwise later does not come up.
    """

    def __init__(
        self,
        name: str,
        embeddings: Embeddings,
        *,
        every_turn: bool = False,
        superseding: bool = True,
    ) -> None:
        self._name, self._embeddings = name, embeddings
        self._every_turn, self._superseding = every_turn, superseding
        self._stores: dict[str, DatedMemory] = {}

    def heard(self, visitor: Visitor) -> "DatedMemory":
        """Return what is remembered after all sessions, beside the persona's own life."""
        if visitor.id not in self._stores:
            self._stores[visitor.id] = self._listen(visitor)
        return self._stores[visitor.id]

    def lines(self, visitor: Visitor) -> list[str]:
        """Return the lines that are kept."""
        return self.heard(visitor).lines()

    def _listen(self, visitor: Visitor) -> "DatedMemory":
        persona = find_persona(visitor.persona)
        apart = replace(persona, id=f"{self._name}-{visitor.id}")
        store = DatedMemory(apart, self._embeddings, superseding=self._superseding)
        keep_materials(store, persona, read_materials(persona))
        for session in visitor.sessions:
            talk: list[BaseMessage] = []
            for place, turn in enumerate(session.turns):
                store.now = session.said_at(place).isoformat()
                talk.append(HumanMessage(turn.said))
                if self._every_turn:
                    store.add([_as_it_is(turn.said, visitor)])
                else:
                    _persona(visitor, store, SILENT, turn.reply).invoke(talk)
                talk.append(AIMessage(turn.reply))
        return store


class Ours:
    """A persona in a new conversation with someone it has heard.

    Args:
        listener: Has heard the visitors.
        instead: Functions of `persllm.memory.recall` that take the place of its own.
    """

    def __init__(
        self, listener: Listener, instead: Mapping[str, Callable[..., Any]] | None = None
    ) -> None:
        self._listener = listener
        own: dict[str, Any] = {
            "threshold_of": recall.threshold_of,
            "asked_of": asked_of,
            "still_so": still_so,
        }
        self._instead = {**own, **(instead or {})}

    def hear(self, visitor: Visitor) -> Sequence[str]:
        """Hear all sessions; return the lines that are kept."""
        store = self._listener.heard(visitor)
        with patch.multiple(recall, **self._instead):
            self._chat = _persona(visitor, store, PROFILE)
        return store.lines()

    def recall(self, asked: str) -> Sequence[str]:
        """Return what of the visitor's own words a new conversation is told."""
        with patch.multiple(recall, **self._instead):
            recalled = self._chat.prepare([HumanMessage(asked)]).recalled
        return [each.prompt_text for each in recalled if each.memory.kind == "episode"]


class DatedMemory(ChromaMemory):
    """A persona's memory, in the process, that hears visitors at the time of their visits."""

    def __init__(
        self, persona: Persona, embeddings: Embeddings, *, superseding: bool = True
    ) -> None:
        super().__init__(open_client(None), persona, embeddings)
        self._superseding = superseding
        self.now = ""
        """When the visit is, ISO 8601 in UTC."""
        self.told: dict[str, Memory] = {}
        """What was told, by id, as it was kept last."""

    def add(self, memories: Sequence[Memory]) -> None:
        """Keep memories; what a visitor tells is dated."""
        dated = [self._dated(each) if each.kind == "episode" else each for each in memories]
        self.told |= {each.id: each for each in dated if each.kind == "episode"}
        super().add(dated)

    def _dated(self, memory: Memory) -> Memory:
        known = self.told.get(memory.id)
        superseded_by = memory.superseded_by if self._superseding else ""
        when = known.when if known else self.now
        return replace(memory, when=when, superseded_by=superseded_by)

    def lines(self) -> list[str]:
        """Return what was told, in order."""
        return [memory.text for memory in self.told.values()]


def every_turn(visitor: Visitor) -> list[str]:
    """Return all turns of a visitor as they are."""
    return [turn.said for session in visitor.sessions for turn in session.turns]


def _persona(
    visitor: Visitor, store: DatedMemory, profile: BaseProfile, reply: str = ""
) -> ChatPersona:
    return ChatPersona(
        persona=find_persona(visitor.persona),
        stage=visitor.stage,
        engine=ScriptedEngine(reply),
        base_profile=profile,
        memory=store,
        audience=visitor.id,
    )


def _as_it_is(said: str, visitor: Visitor) -> Memory:
    return Memory(
        id=f"{visitor.id} {said}",
        text=f"{visitor.name} told me: {said}",
        kind="episode",
        stage=0,
        source=visitor.name,
        audience=visitor.id,
    )


def all_ways(embeddings: Embeddings) -> dict[str, Way]:
    """Return every way by its name in the table."""
    listener = Listener("listener", embeddings)
    hoarder = Listener("hoarder", embeddings, every_turn=True)
    adder = Listener("adder", embeddings, superseding=False)
    return {
        "plain": Nearest(embeddings, every_turn),
        "ours": Ours(listener),
        "ours, all turns kept": Ours(hoarder),
        "ours, nothing superseded": Ours(adder, NOTHING_CHANGED),
        "ours, no threshold": Ours(listener, NO_THRESHOLD),
        "ours, questions not read": Ours(listener, NOTHING_ASKED),
        "ours, by cosine": Nearest(embeddings, listener.lines),
    }
