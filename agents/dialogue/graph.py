"""A play as a LangGraph graph of small nodes: what happens, a persona speaks, a person speaks.

The state is the turns so far; everything else is read off them. So a play goes on from any state,
however it came about, and a node can be used in a graph of one's own.
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from itertools import takewhile
from typing import Annotated, Any, Protocol, TypedDict

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import interrupt

from persllm.agents.chat_persona import ChatPersona
from persllm.agents.dialogue.hearing import present
from persllm.agents.dialogue.order import Cue, due_events, next_cue
from persllm.agents.dialogue.scenario import Event, Scenario
from persllm.agents.dialogue.seats import find_seat
from persllm.agents.dialogue.speaking import spoken_turn
from persllm.agents.dialogue.transcript import SPEECH, Turn, turn_of

HAPPEN, SPEAK, LISTEN = "happen", "speak", "listen"
Row = dict[str, Any]
"""A turn as the state has it: plain values, which every checkpointer keeps."""


class PlayState(TypedDict):
    """What the graph passes on."""

    turns: Annotated[list[Row], operator.add]


class Node(Protocol):
    """One step of a play: what it adds to the turns."""

    def __call__(self, state: PlayState) -> PlayState:
        """Return the new turns."""
        ...


Reader = Callable[[PlayState], list[Turn]]
"""Returns the turns that a state holds."""


def turns_of(state: PlayState) -> list[Turn]:
    """Return the turns that a state holds."""
    return [turn_of(row) for row in state.get("turns", ())]


def reader() -> Reader:
    """Return what reads states that grow, each row once: a play is read at every step."""
    known: list[tuple[Row, Turn]] = []

    def read(state: PlayState) -> list[Turn]:
        rows = state.get("turns", ())
        same = zip(rows, known, strict=False)
        kept = sum(1 for _ in takewhile(lambda pair: pair[0] is pair[1][0], same))
        known[kept:] = [(row, turn_of(row)) for row in rows[kept:]]
        return [turn for _, turn in known]

    return read


def play_graph(
    scenario: Scenario,
    voices: Mapping[str, ChatPersona],
    *,
    checkpointer: BaseCheckpointSaver[str] | None = None,
) -> Any:  # noqa: ANN401 (LangGraph's compiled graph has four type parameters of its own)
    """Return the compiled graph of a play.

    Args:
        scenario: What is played.
        voices: Who speaks for each seat, by its id; seats without one are a person's.
        checkpointer: Keeps the state after every turn; a person's seat needs one.
    """
    graph, read = StateGraph(PlayState), reader()
    graph.add_node(HAPPEN, happening(scenario, read))
    graph.add_node(SPEAK, speaking(scenario, voices, read))
    graph.add_node(LISTEN, listening(scenario, read))
    follows = following(scenario, read)
    for node in (START, HAPPEN, SPEAK, LISTEN):
        graph.add_conditional_edges(node, follows, [HAPPEN, SPEAK, LISTEN, END])
    return graph.compile(checkpointer=checkpointer)


def following(scenario: Scenario, read: Reader = turns_of) -> Callable[[PlayState], str]:
    """Return the edge that tells which node is next."""

    def follows(state: PlayState) -> str:
        turns = read(state)
        if due_events(scenario, turns):
            return HAPPEN
        cue = next_cue(scenario, turns)
        if cue is None:
            return END
        return LISTEN if cue.seat.is_human else SPEAK

    return follows


def happening(scenario: Scenario, read: Reader = turns_of) -> Node:
    """Return the node that lets the events happen whose time has come."""

    def happen(state: PlayState) -> PlayState:
        turns = read(state)
        for place, event in due_events(scenario, turns):
            turns.append(event_turn(scenario, turns, event, place=place))
        return {"turns": [turn.row() for turn in turns[len(state["turns"]) :]]}

    return happen


def speaking(
    scenario: Scenario, voices: Mapping[str, ChatPersona], read: Reader = turns_of
) -> Node:
    """Return the node in which a persona speaks."""

    def speak(state: PlayState) -> PlayState:
        turns = read(state)
        cue = _cue(scenario, turns)
        return {"turns": [spoken_turn(scenario, voices[cue.seat.id], cue, turns).row()]}

    return speak


def listening(scenario: Scenario, read: Reader = turns_of) -> Node:
    """Return the node that waits for a person's words: a LangGraph interrupt.

    It is resumed with what is said, as text, or as `{"text": ..., "to": [seat ids]}` for an aside;
    nothing is a turn that was passed.
    """

    def listen(state: PlayState) -> PlayState:
        turns = read(state)
        cue = _cue(scenario, turns)
        answer = interrupt({"seat": cue.seat.id, "name": cue.seat.name, "phase": cue.phase})
        said = {"text": answer} if isinstance(answer, str) else answer
        return {"turns": [human_turn(scenario, cue, said["text"], said.get("to", ())).row()]}

    return listen


def human_turn(scenario: Scenario, cue: Cue, text: str, to: Sequence[str] = ()) -> Turn:
    """Return what a person said, to all, or to those named.

    Raises:
        ValueError: There is no such seat.
    """
    named = {cue.seat.id, *(scenario.seat(id_).id for id_ in to)} if to else set(cue.heard_by)
    hears = tuple(id_ for id_ in cue.heard_by if id_ in named)
    return Turn(
        speaker=cue.seat.name,
        text=text.strip(),
        seat=cue.seat.id,
        kind=SPEECH if text.strip() else "pass",
        phase=cue.phase,
        heard_by=hears,
        aside=cue.aside or len(hears) < len(cue.heard_by),
        slot=cue.slot,
    )


def event_turn(scenario: Scenario, turns: Sequence[Turn], event: Event, *, place: int = -1) -> Turn:
    """Return what happens as a turn; those notice it who are there, or are named of them."""
    there = [seat.id for seat in present(scenario.seats, turns)]
    hears = [id_ for id_ in there if not event.to or id_ in event.to or id_ == event.seat]
    if event.kind == "enters" and event.seat not in hears:
        hears.append(event.seat)
    who = find_seat(scenario.seats, event.seat)
    return Turn(
        speaker=who.name if who else "",
        stage=who.stage.id if who and who.stage else "",
        text=event.text,
        seat=event.seat,
        kind=SPEECH if event.kind == "aside" else event.kind,
        heard_by=tuple(hears),
        aside=len(hears) < len(there),
        event=place,
    )


def _cue(scenario: Scenario, turns: Sequence[Turn]) -> Cue:
    cue = next_cue(scenario, turns)
    assert cue is not None  # the edge saw to that
    return cue
