"""What an MCP client may do with personas: list them, ask, hold a debate, see what is recalled.

Plain functions over a runtime; `persllm.agents.serving.mcp_server` offers them to clients.
"""

from collections.abc import Sequence
from typing import Annotated, Literal

from langchain_core.messages import HumanMessage
from pydantic import BaseModel, Field

from persllm.agents.debate import Speaker, hold_debate
from persllm.agents.runtime import Runtime
from persllm.errors import PersonaError
from persllm.memory.recall import Recall
from persllm.persona import Persona

MOST_TURNS = 24
MOST_SPEAKERS = 8
LONGEST = 8000
Text = Annotated[str, Field(min_length=1, max_length=LONGEST)]
Who = Annotated[
    str, Field(max_length=200, description='"persona" or "persona@stage", from list_personas')
]
User = Annotated[
    str,
    Field(max_length=64, description="who asks; the persona remembers what this user tells it"),
]


class StageRow(BaseModel):
    """A period of a life."""

    id: str
    label: str
    first: int
    last: int


class PersonaRow(BaseModel):
    """Who can be asked."""

    id: str
    name: str
    summary: str
    stages: list[StageRow]
    trained: bool


class MemoryRow(BaseModel):
    """One thing recalled."""

    text: str
    source: str
    similarity: float


class AnswerRow(BaseModel):
    """What a persona said, and from what."""

    speaker: str
    stage: str
    answer: str
    recalled: list[MemoryRow]


class TurnRow(BaseModel):
    """One turn of a debate."""

    speaker: str
    stage: str
    side: Literal["for", "against"]
    text: str


class PersonaTools:
    """The tools.

    Args:
        runtime: Engine and memories.
        personas: Who can be asked; nobody else can, whatever a client names.
    """

    def __init__(self, runtime: Runtime, personas: Sequence[Persona]) -> None:
        self._runtime = runtime
        self._personas = {persona.id: persona for persona in personas}

    def list_personas(self) -> list[PersonaRow]:
        """List who can be asked, with the stages of their lives."""
        return [
            PersonaRow(
                id=persona.id,
                name=persona.name,
                summary=persona.summary,
                stages=[
                    StageRow(id=s.id, label=s.label, first=s.first, last=s.last)
                    for s in persona.stages
                ],
                trained=self._runtime.has_adapter(persona),
            )
            for persona in self._personas.values()
        ]

    def ask_persona(self, persona: Who, question: Text, user: User = "") -> AnswerRow:
        """Ask a persona one question; it answers from that stage of its life."""
        whom, stage = self._seat(persona)
        chat = self._runtime.chat(whom, stage=stage, audience=user, partner=user)
        reply = chat.invoke([HumanMessage(question)])
        rows = reply.response_metadata["recalled"]
        return AnswerRow(
            speaker=whom.name,
            stage=chat.stage.id,
            answer=reply.text,
            recalled=[_memory_row(**row) for row in rows],
        )

    def start_debate(
        self,
        speakers: Annotated[list[Who], Field(min_length=2, max_length=MOST_SPEAKERS)],
        motion: Text,
        turns: Annotated[int, Field(ge=1, le=MOST_TURNS)] = 6,
    ) -> list[TurnRow]:
        """Hold a debate on a motion; the first speaker is for it, the second against, in turn."""
        sides: tuple[Literal["for"], Literal["against"]] = ("for", "against")
        seated = []
        for place, name in enumerate(speakers):
            whom, stage = self._seat(name)
            seated.append(Speaker(self._runtime.chat(whom, stage=stage), sides[place % 2]))
        rows: list[TurnRow] = []
        for turn in hold_debate(seated, motion=motion, turns=turns):
            side = sides[len(rows) % len(seated) % 2]
            rows.append(TurnRow(speaker=turn.speaker, stage=turn.stage, side=side, text=turn.text))
        return rows

    def recall(
        self,
        persona: Who,
        cue: Text,
        count: Annotated[int, Field(ge=1, le=20)] = 3,
        user: User = "",
    ) -> list[MemoryRow]:
        """Show what comes to a persona's mind at a cue, the nearest first, with its source."""
        whom, stage = self._seat(persona)
        store = self._runtime.store(whom)
        found = Recall(store.embeddings, self._runtime.profile).search(
            store, cue, stage=whom.stages.index(whom.stage(stage)), count=count, audience=user
        )
        return [
            _memory_row(each.memory.text, each.memory.source, each.similarity) for each in found
        ]

    def _seat(self, name: str) -> tuple[Persona, str | None]:
        who, _, stage = name.partition("@")
        if who not in self._personas:
            raise PersonaError(
                f"there is no persona {who!r} here. Choose one of: {', '.join(self._personas)}."
            )
        self._personas[who].stage(stage or None)
        return self._personas[who], stage or None


def _memory_row(text: str, source: str, similarity: float, id: str = "") -> MemoryRow:
    return MemoryRow(text=text, source=source, similarity=round(similarity, 3))
