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
from persllm.memory.asking import Asked
from persllm.memory.chroma_memory import ChromaMemory, keep_materials, open_client
from persllm.memory.recall import Threshold
from persllm.memory.store import Memory
from persllm.persona import Persona
from persllm.persona_catalog import find_persona

LINES = 5
"""So many lines of what comes up are read."""
PROFILE = BaseProfile(name="benchmark", analysis="none")
NO_THRESHOLD = {"threshold_of": lambda embeddings: Threshold(-1.0, 3.0)}
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


class Ours:
    """A persona that talks with the visitor, replies as written, remembers and recalls.

    Args:
        name: Of the way; all stores of a process are one.
        embeddings: Of the store.
        every_turn: All turns are kept as they are, instead of what it chooses.
        superseding: What is told otherwise later does not come up.
        instead: Functions of `persllm.memory.recall` that take the place of its own.
    """

    def __init__(
        self,
        name: str,
        embeddings: Embeddings,
        *,
        every_turn: bool = False,
        superseding: bool = True,
        instead: Mapping[str, Callable[[str], Any]] | None = None,
    ) -> None:
        self._name, self._embeddings = name, embeddings
        self._every_turn, self._superseding = every_turn, superseding
        own = {"threshold_of": recall.threshold_of, "asked_of": recall.asked_of}
        self._instead = {**own, **(instead or {})}
        self._reply = ""

    def hear(self, visitor: Visitor) -> Sequence[str]:
        """Hear all sessions; return the lines that are kept."""
        store = self.store = self._opened(visitor)
        for session in visitor.sessions:
            talk: list[BaseMessage] = []
            for place, turn in enumerate(session.turns):
                store.now = session.said_at(place).isoformat()
                talk.append(HumanMessage(turn.said))
                self._reply = turn.reply
                if self._every_turn:
                    store.add([_as_it_is(turn.said, visitor)])
                else:
                    self._chat.invoke(talk)
                talk.append(AIMessage(turn.reply))
        return [memory.text for memory in store.told.values()]

    def recall(self, asked: str) -> Sequence[str]:
        """Return what of the visitor's own words a new conversation is told."""
        with patch.multiple(recall, **self._instead):
            recalled = self._chat.prepare([HumanMessage(asked)]).recalled
        return [each.prompt_text for each in recalled if each.memory.kind == "episode"]

    def _opened(self, visitor: Visitor) -> "DatedMemory":
        persona = find_persona(visitor.persona)
        apart = replace(persona, id=f"{self._name}-{visitor.id}")
        store = DatedMemory(apart, self._embeddings, superseding=self._superseding)
        keep_materials(store, persona, read_materials(persona))
        with patch.multiple(recall, **self._instead):
            self._chat = ChatPersona(
                persona=persona,
                stage=visitor.stage,
                engine=ScriptedEngine(lambda _: self._reply),
                base_profile=PROFILE,
                memory=store,
                audience=visitor.id,
            )
        return store


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


def every_turn(visitor: Visitor) -> list[str]:
    """Return all turns of a visitor as they are."""
    return [turn.said for session in visitor.sessions for turn in session.turns]


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
    return {
        "plain": Nearest(embeddings, every_turn),
        "ours": Ours("ours", embeddings),
        "ours, all turns kept": Ours("all-turns", embeddings, every_turn=True),
        "ours, nothing superseded": Ours("not-superseded", embeddings, superseding=False),
        "ours, no threshold": Ours("no-threshold", embeddings, instead=NO_THRESHOLD),
        "ours, questions not read": Ours("not-read", embeddings, instead=NOTHING_ASKED),
        "ours, by cosine": Nearest(embeddings, Ours("by-cosine", embeddings).hear),
    }
