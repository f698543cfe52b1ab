"""Holding a play: turn by turn, stopped and continued, forked, with words dropped in."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from persllm.agents.chat_persona import ChatPersona
from persllm.agents.dialogue.graph import HAPPEN, SPEAK, event_turn, play_graph, turns_of
from persllm.agents.dialogue.order import next_cue
from persllm.agents.dialogue.scenario import Event, EventKind, Scenario
from persllm.agents.dialogue.seats import Seat
from persllm.agents.dialogue.transcript import Turn, turn_of
from persllm.agents.runtime import Runtime

THREAD = "play"


@dataclass(frozen=True, slots=True)
class Said:
    """What a person at the table says; no text is a turn that was passed."""

    text: str
    to: tuple[str, ...] = ()
    """Ids of the seats that hear it; nobody named means all."""


Listen = Callable[[Seat], Said]
"""Asks a person for words."""


class Play:
    """A scenario as it is held.

    Args:
        scenario: What is played.
        voices: Who speaks for each seat of a persona, by its id.
        checkpointer: Keeps the play after every turn; in memory by default.
        thread: Under which name it is kept there; one that is kept already goes on.
    """

    def __init__(
        self,
        scenario: Scenario,
        voices: Mapping[str, ChatPersona],
        *,
        checkpointer: BaseCheckpointSaver[str] | None = None,
        thread: str = THREAD,
    ) -> None:
        self.scenario = scenario
        saver = checkpointer or InMemorySaver()
        self._graph = play_graph(scenario, voices, checkpointer=saver)
        self._config: RunnableConfig = {
            "configurable": {"thread_id": thread},
            "recursion_limit": len(scenario.slots) + len(scenario.events) + 10,
        }

    @property
    def turns(self) -> list[Turn]:
        """The turns so far."""
        return turns_of(self._graph.get_state(self._config).values)

    @property
    def is_finished(self) -> bool:
        """Whether nothing is left to be spoken."""
        state = self._graph.get_state(self._config)
        return bool(state.values) and not state.next

    @property
    def waiting_for(self) -> Seat | None:
        """The person whose words are waited for."""
        cue = None if self.is_finished else next_cue(self.scenario, self.turns)
        return cue.seat if cue and cue.seat.is_human else None

    def go_on(self, listen: Listen | None = None) -> Iterator[Turn]:
        """Yield the turns as they are spoken, from where the play stands.

        A caller may stop at any time by no longer asking. Where a person's words are needed and
        nobody listens, the play waits: nothing more is yielded.
        """
        if self.is_finished:
            return
        begun = bool(self._graph.get_state(self._config).values)
        given: Any = None if begun else {"turns": []}
        while True:
            yield from self._spoken(given)
            seat = self.waiting_for
            if seat is None or listen is None:
                return
            said = listen(seat)
            if seat != self.waiting_for:
                given = None  # something was dropped in that changed who is next
                continue
            given = Command(resume={"text": said.text, "to": list(said.to)})

    def drop(self, kind: EventKind, text: str, *, to: Sequence[str] = ()) -> Turn | None:
        """Let a director's note or a fact be noticed now; None where the same was dropped before.

        Raises:
            ValueError: There is no such seat.
        """
        before = self.turns
        if any((turn.kind, turn.text) == (kind, text) for turn in before):
            return None
        ids = tuple(self.scenario.seat(id_).id for id_ in to)
        turn = event_turn(self.scenario, before, Event(after=0, kind=kind, text=text, to=ids))
        self._graph.update_state(self._config, {"turns": [turn.row()]}, as_node=HAPPEN)
        return turn

    def begin_with(self, turns: Sequence[Turn]) -> None:
        """Begin where another play stood after these turns: a fork.

        Raises:
            ValueError: This one has begun already.
        """
        if self.turns:
            raise ValueError(f"the play has {len(self.turns)} turns already")
        rows = {"turns": [turn.row() for turn in turns]}
        self._graph.update_state(self._config, rows, as_node=SPEAK)

    def _spoken(self, given: Any) -> Iterator[Turn]:  # noqa: ANN401 (LangGraph's input)
        steps = self._graph.stream(given, self._config, stream_mode="updates", durability="sync")
        for update in steps:
            for node, change in update.items():
                if not node.startswith("__") and change:
                    yield from map(turn_of, change["turns"])


def first_turns(turns: Sequence[Turn], count: int) -> list[Turn]:
    """Return what was until so many turns of the format were spoken.

    Raises:
        ValueError: There are fewer, or the count is below zero.
    """
    spoken = [place for place, turn in enumerate(turns) if turn.slot >= 0]
    if not 0 <= count <= len(spoken):
        raise ValueError(f"the play has {len(spoken)} spoken turns, got {count}")
    return list(turns[: spoken[count - 1] + 1]) if count else []


def voices_for(scenario: Scenario, runtime: Runtime) -> dict[str, ChatPersona]:
    """Return who speaks for each seat of a persona, by its id.

    Raises:
        PersLLMError: An adapter, the base or a memory cannot be had.
    """
    return {
        seat.id: runtime.chat(seat.persona, stage=seat.stage.id if seat.stage else None)
        for seat in scenario.seats
        if seat.persona
    }
