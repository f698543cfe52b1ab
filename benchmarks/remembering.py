"""What comes up of a year of visits: a plain vector memory, and a persona's own.

    python -m benchmarks.remembering [--visitors maya ruth] [--misses ours]

Ten invented visitors (`benchmarks/visitors/`) talk in twenty sessions each, then ask twenty
questions each in new conversations. Prints, with 95 % bootstrap intervals over questions: how much
of what a question asks for is told in the first five lines, how often what is no longer so, how
many lines come up for what was never told, and how much of what is kept is no telling at all.
"""

import argparse
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol
from unittest.mock import patch

import numpy as np
from langchain_core.embeddings import Embeddings
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from benchmarks.visits import Question, Visitor, holds, read_visitors
from persllm.agents.chat_persona import ChatPersona
from persllm.agents.engines.scripted import ScriptedEngine
from persllm.base_profile import BaseProfile
from persllm.embeddings import default_embeddings, embed
from persllm.materials import read_materials
from persllm.memory import recall as recall_module
from persllm.memory.chroma_memory import ChromaMemory, keep_materials, open_client
from persllm.memory.recall import Threshold
from persllm.memory.store import Memory
from persllm.persona import Persona
from persllm.persona_catalog import find_persona
from persllm.training.evaluation.figures import figure_of
from persllm.training.evaluation.kept import KeptEmbeddings

LINES = 5
"""So many lines of what comes up are read."""
PROFILE = BaseProfile(name="benchmark", analysis="none")
NO_THRESHOLD = Threshold(-1.0, 3.0)
WHO_TOLD = re.compile(r"^[^:]{1,60} told me: ")
NO_TELLING = re.compile(
    r".*\?\W*$"
    r"|(?:who|what|when|where|why|how|which|is|are|do|does|did|can|could|will|would|have) "
    r"(?:you|your|u|is|are|it|do|does|did|was|were|he|she|they|the)\b.*"
    r"|(?:please )?(?:tell|explain|give|show|describe|write|say|sing|play|teach|quiz|guess)\b.*"
    r"|(?:(?:hi|hey|hello|hiya|good|morning|evening|afternoon|day|night|bye|thanks|thank|you|again|"
    r"sir|madame|monsieur|bonjour|mr|dear|there|and|so|ok|well|back)\W*)+",
    re.IGNORECASE,
)
"""Questions, commands and greetings."""


class Way(Protocol):
    """One way to remember; it hears one visitor at a time."""

    def hear(self, visitor: Visitor) -> Sequence[str]:
        """Hear all sessions; return the lines that are kept."""
        ...

    def recall(self, asked: str) -> Sequence[str]:
        """Return what comes up of them for a question, the best first."""
        ...


class EveryTurn:
    """Nothing but turns: all are kept as they are, and none comes up unless a line is sought."""

    def hear(self, visitor: Visitor) -> Sequence[str]:
        return [turn.said for session in visitor.sessions for turn in session.turns]

    def recall(self, asked: str) -> Sequence[str]:
        return ()


class Nearest:
    """The lines that another way keeps, the nearest by cosine: what a plain vector memory does."""

    def __init__(self, embeddings: Embeddings, keeper: Way) -> None:
        self._embeddings, self._keeper = embeddings, keeper

    def hear(self, visitor: Visitor) -> Sequence[str]:
        self._lines = list(self._keeper.hear(visitor))
        self._vectors = embed(self._embeddings, self._lines)  # (lines, dimensions)
        return self._lines

    def recall(self, asked: str) -> Sequence[str]:
        near = self._vectors @ embed(self._embeddings, [asked])[0]
        return [self._lines[at] for at in np.argsort(-near)[:LINES]]


class DatedMemory(ChromaMemory):
    """A persona's memory that hears at the time of a visit."""

    def __init__(self, persona: Persona, embeddings: Embeddings) -> None:
        super().__init__(open_client(None), persona, embeddings)
        self.now = ""
        self.told: dict[str, Memory] = {}
        """What visitors told, by id."""

    def add(self, memories: Sequence[Memory]) -> None:
        dated = [self._dated(each) if each.kind == "episode" else each for each in memories]
        self.told |= {each.id: each for each in dated if each.kind == "episode"}
        super().add(dated)

    def _dated(self, memory: Memory) -> Memory:
        known = self.told.get(memory.id)
        return replace(memory, when=known.when if known else self.now)


class Ours:
    """A persona that talks with the visitor, replies as written, remembers and recalls.

    Args:
        name: Of the way; personas of one process share a store.
        every_turn: All turns are kept as they are, instead of what it chooses.
        threshold: What comes up must pass it.
    """

    def __init__(
        self,
        name: str,
        embeddings: Embeddings,
        *,
        every_turn: bool = False,
        threshold: bool = True,
    ) -> None:
        self._name, self._embeddings = name, embeddings
        self._every_turn, self._threshold = every_turn, threshold
        self._reply = ""

    def hear(self, visitor: Visitor) -> Sequence[str]:
        store = self._opened(visitor)
        for session in visitor.sessions:
            store.now = f"{session.when:%Y-%m-%dT%H:%M:%SZ}"
            talk: list[BaseMessage] = []
            for turn in session.turns:
                self._reply = turn.reply
                talk.append(HumanMessage(turn.said))
                if self._every_turn:
                    store.add([_as_it_is(turn.said, visitor)])
                else:
                    self._chat.invoke(talk)
                talk.append(AIMessage(turn.reply))
        return [memory.text for memory in store.told.values()]

    def recall(self, asked: str) -> Sequence[str]:
        recalled = self._chat.prepare([HumanMessage(asked)]).recalled
        return [each.prompt_text for each in recalled if each.memory.kind == "episode"][:LINES]

    def _opened(self, visitor: Visitor) -> DatedMemory:
        persona = find_persona(visitor.persona)
        apart = replace(persona, id=f"{self._name}-{visitor.id}")
        store = DatedMemory(apart, self._embeddings)
        keep_materials(store, persona, read_materials(persona))
        threshold = recall_module.threshold_of if self._threshold else lambda _: NO_THRESHOLD
        with patch.object(recall_module, "threshold_of", threshold):
            self._chat = ChatPersona(
                persona=persona,
                stage=visitor.stage,
                engine=ScriptedEngine(lambda _: self._reply),
                base_profile=PROFILE,
                memory=store,
                audience=visitor.id,
            )
        return store


def _as_it_is(said: str, visitor: Visitor) -> Memory:
    return Memory(
        id=f"{visitor.id} {said}",
        text=f"{visitor.name} told me: {said}",
        kind="episode",
        stage=0,
        source=visitor.name,
        audience=visitor.id,
    )


def ways(embeddings: Embeddings) -> dict[str, Way]:
    """Return the ways by their names in the table."""
    return {
        "plain": Nearest(embeddings, EveryTurn()),
        "ours": Ours("ours", embeddings),
        "all turns kept": Ours("all-turns", embeddings, every_turn=True),
        "no threshold": Ours("no-threshold", embeddings, threshold=False),
        "by cosine": Nearest(embeddings, Ours("by-cosine", embeddings)),
    }


def scored(question: Question, visitor: Visitor, lines: Sequence[str]) -> dict[str, float]:
    """Return what the lines are worth to a question, by the names of the table's columns."""
    if question.kind == "never":
        return {"lines for never": len(lines)}
    tells = [[line for line in lines if holds(line, e.answer)] for e in question.evidence]
    recalled = sum(map(bool, tells)) / len(tells)
    found = {"recall@5": recalled, question.kind: recalled}
    if question.kind == "time":
        dates = map(visitor.heard_at, question.evidence)
        dated = [any(map(_dated(when), of)) for when, of in zip(dates, tells, strict=True)]
        found["with its date"] = sum(dated) / len(dated)
    if question.kind == "superseded":
        answers = [each for evidence in question.evidence for each in evidence.answer]
        old = (holds(line, question.wrong) and not holds(line, answers) for line in lines)
        found["old told"] = float(any(old))
    return found


def is_junk(line: str) -> bool:
    """Tell whether a kept line is a question, a command or a greeting."""
    return bool(NO_TELLING.fullmatch(WHO_TOLD.sub("", line).strip()))


def measured(
    way: Way, visitors: Sequence[Visitor], missed: Callable[[str], None] | None = None
) -> dict[str, list[float]]:
    """Return the values of each column, one a question (or a kept line, or a visitor)."""
    values: dict[str, list[float]] = {}
    for visitor in visitors:
        kept = way.hear(visitor)
        values.setdefault("kept lines", []).append(len(kept))
        values.setdefault("junk kept", []).extend(float(is_junk(line)) for line in kept)
        for question in visitor.questions:
            lines = way.recall(question.asked)[:LINES]
            for column, value in scored(question, visitor, lines).items():
                values.setdefault(column, []).append(value)
            if missed:
                for line in _misses(question, visitor, lines):
                    missed(line)
    return values


def _misses(question: Question, visitor: Visitor, lines: Sequence[str]) -> Iterator[str]:
    gone = [e for e in question.evidence if not any(holds(line, e.answer) for line in lines)]
    if gone or (question.kind == "never" and lines) or any(holds(x, question.wrong) for x in lines):
        yield f"{question.id} {question.kind}: {question.asked}"
        yield from (f"    missed: {visitor.told(each)}" for each in gone)
        yield from (f"    told:   {line}" for line in lines)


def _dated(when: datetime) -> Callable[[str], bool]:
    return lambda line: holds(line, (f"{when:%B}",)) or f"{when:%Y-%m}" in line


def main() -> None:
    options = _options()
    visitors = [each for each in read_visitors() if each.id in (options.visitors or each.id)]
    embeddings = KeptEmbeddings(default_embeddings())
    print(f"{len(visitors)} visitors, {sum(len(each.questions) for each in visitors)} questions")
    for name, way in ways(embeddings).items():
        print(name)
        values = measured(way, visitors, print if name in options.misses else None)
        for column, each in values.items():
            figure = figure_of(each)
            print(f"  {column:16}{figure.value:7.2f}  [{figure.low:.2f}, {figure.high:.2f}]")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="What comes up of a year of visits.")
    parser.add_argument("--visitors", nargs="+", help="ids; all if left out")
    parser.add_argument("--misses", nargs="+", default=[], help="ways whose misses are listed")
    return parser.parse_args()


if __name__ == "__main__":
    main()
