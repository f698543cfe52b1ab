"""A debate of personas on a motion, as a LangGraph graph.

The graph owns the order, not the words. Each speaker hears every turn of the others as said to
it, and its own as its own; what it has recalled once does not come up again, so that it does not
repeat itself. With a checkpointer a debate can be stopped and continued under its thread id.
"""

import operator
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypedDict, cast

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph

from persllm.agents.chat_persona import ChatPersona
from persllm.agents.transcript import Turn
from persllm.messages import DEBATE_OPENING, debate_scene

Side = Literal["for", "against"]


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who debates, and on which side."""

    chat: ChatPersona
    side: Side

    @property
    def name(self) -> str:
        """The persona's name."""
        return self.chat.persona.name


class DebateState(TypedDict):
    """What the graph passes on."""

    turns: Annotated[list[Turn], operator.add]


def debate_graph(
    speakers: Sequence[Speaker],
    *,
    motion: str,
    turns: int,
    checkpointer: BaseCheckpointSaver[str] | None = None,
) -> Any:  # noqa: ANN401 (LangGraph's compiled graph has four type parameters of its own)
    """Return the compiled graph; its state holds the turns so far.

    Args:
        speakers: In the order in which they speak; two or more.
        motion: What is debated, as a statement.
        turns: How many turns are held in all.
        checkpointer: Keeps the state after every turn.

    Raises:
        ValueError: There are fewer than two speakers, or no turns.
    """
    if len(speakers) < 2 or turns < 1:
        raise ValueError(
            f"a debate needs two speakers and one turn, got {len(speakers)} and {turns}"
        )

    def speak(state: DebateState) -> dict[str, list[Turn]]:
        speaker = speakers[len(state["turns"]) % len(speakers)]
        return {"turns": [next_turn(speaker, motion, state["turns"])]}

    def go_on(state: DebateState) -> str:
        return "speak" if len(state["turns"]) < turns else END

    graph = StateGraph(DebateState)
    graph.add_node("speak", speak)
    graph.add_edge(START, "speak")
    graph.add_conditional_edges("speak", go_on, ["speak", END])
    return graph.compile(checkpointer=checkpointer)


def hold_debate(
    speakers: Sequence[Speaker],
    *,
    motion: str,
    turns: int = 6,
    checkpointer: BaseCheckpointSaver[str] | None = None,
    thread: str = "debate",
) -> Iterator[Turn]:
    """Yield the turns as they are spoken; the caller may stop at any time by no longer asking."""
    graph = debate_graph(speakers, motion=motion, turns=turns, checkpointer=checkpointer)
    config: RunnableConfig = {"configurable": {"thread_id": thread}, "recursion_limit": turns + 5}
    for update in graph.stream({"turns": []}, config, stream_mode="updates"):
        yield from cast("list[Turn]", update["speak"]["turns"])


def next_turn(speaker: Speaker, motion: str, said: Sequence[Turn]) -> Turn:
    """Have one speaker answer what was said."""
    chat = speaker.chat
    used = {id_ for turn in said if _is_own(turn, speaker) for id_ in turn.recalled}
    heard = [turn.text for turn in said if not _is_own(turn, speaker)]
    cue = f"{motion} {heard[-1]}" if heard else motion
    reply = chat.invoke(_as_heard(speaker, motion, said), cue=cue, without=used, in_play=True)
    data = reply.response_metadata
    return Turn(
        speaker=speaker.name,
        stage=chat.stage.id,
        text=reply.text,
        analysis=data["analysis"],
        recalled=tuple(row["id"] for row in data["recalled"]),
        adapter=data["adapter"],
        seconds=data["seconds"],
        tokens=reply.usage_metadata["output_tokens"] if reply.usage_metadata else 0,
    )


def _is_own(turn: Turn, speaker: Speaker) -> bool:
    """Tell whose turn it was; a persona may debate itself at another stage."""
    return (turn.speaker, turn.stage) == (speaker.name, speaker.chat.stage.id)


def _as_heard(speaker: Speaker, motion: str, said: Sequence[Turn]) -> list[BaseMessage]:
    """Return the debate from one speaker's seat; motion and side stand in the header."""
    messages: list[BaseMessage] = [SystemMessage(debate_scene(motion, speaker.side))]
    for turn in said:
        own = _is_own(turn, speaker)
        if own and len(messages) == 1:
            messages.append(HumanMessage(DEBATE_OPENING))
        messages.append(AIMessage(turn.text) if own else HumanMessage(turn.text))
    if not isinstance(messages[-1], HumanMessage):
        messages.append(HumanMessage(DEBATE_OPENING))
    return messages
