"""A debate of personas on a motion, told in one call: speakers, motion, turns."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from langgraph.checkpoint.base import BaseCheckpointSaver

from persllm.agents.chat_persona import ChatPersona
from persllm.agents.dialogue.formats import formats
from persllm.agents.dialogue.play import Play
from persllm.agents.dialogue.scenario import Scenario
from persllm.agents.dialogue.seats import CastMember, take_seats
from persllm.agents.dialogue.seats import Side as Side
from persllm.agents.dialogue.transcript import Turn

FORMAT = "debate"


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who debates, and on which side."""

    chat: ChatPersona
    side: Side

    @property
    def name(self) -> str:
        """The persona's name."""
        return self.chat.persona.name


def debate_of(
    speakers: Sequence[Speaker], *, motion: str, turns: int = 6, seed: int | None = None
) -> Scenario:
    """Return a debate in which the speakers answer each other in the order given.

    Raises:
        ValueError: There are fewer than two speakers, or no turns.
    """
    if len(speakers) < 2 or turns < 1:
        raise ValueError(
            f"a debate needs two speakers and one turn, got {len(speakers)} and {turns}"
        )
    cast = [
        CastMember(persona=each.chat.persona, stage=each.chat.stage, side=each.side)
        for each in speakers
    ]
    return Scenario(
        id=FORMAT,
        title=motion,
        format=formats()[FORMAT],
        topic=motion,
        seats=take_seats(cast),
        count=turns,
        order="round",
        seed=seed,
    )


def hold_debate(
    speakers: Sequence[Speaker],
    *,
    motion: str,
    turns: int = 6,
    checkpointer: BaseCheckpointSaver[str] | None = None,
    thread: str = FORMAT,
) -> Iterator[Turn]:
    """Yield the turns as they are spoken; the caller may stop at any time by no longer asking.

    A debate that a checkpointer keeps under its thread goes on; a finished one has no turns left.

    Raises:
        ValueError: There are fewer than two speakers, or no turns.
    """
    scenario = debate_of(speakers, motion=motion, turns=turns)
    seated = zip(scenario.seats, speakers, strict=True)
    voices = {seat.id: speaker.chat for seat, speaker in seated}
    return Play(scenario, voices, checkpointer=checkpointer, thread=thread).go_on()
