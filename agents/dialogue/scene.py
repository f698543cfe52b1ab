"""What a speaker is told of the scene: setting, company, matter, side, role and phase."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from persllm.agents.dialogue.scenario import Scenario
from persllm.agents.dialogue.seats import Seat
from persllm.messages import DEBATE_OPENING, debate_scene
from persllm.tables import table

SENTENCE_ENDS = tuple(".!?\u2026\u3002\uff01\uff1f")


@cache
def prompts() -> dict[str, Any]:
    """Return the texts of `prompts.yaml`."""
    read: dict[str, Any] = table("persllm.agents.dialogue.prompts")
    return read


def scene_of(scenario: Scenario, seat: Seat, *, company: Sequence[Seat], ask: str = "") -> str:
    """Return what stands in a speaker's header.

    Args:
        scenario: What is played.
        seat: Who is told.
        company: Who else is there.
        ask: What the phase asks of the speaker; a key of the prompts, or nothing.
    """
    names = ", ".join(other.name for other in company)
    lines = [
        scenario.setting,
        prompts()["company"].format(names=names) if names else prompts()["alone"],
        prompts()["role"].format(role=seat.role) if seat.role else "",
        _matter(scenario, seat),
        prompts()["asks"][ask] if ask else "",
    ]
    return "\n".join(line for line in lines if line)


def opening_of(scenario: Scenario) -> str:
    """Return what is said to a speaker to whom nobody has spoken yet."""
    kind = scenario.format.kind
    return DEBATE_OPENING if kind == "debate" else str(prompts()["begin"][kind])


def _matter(scenario: Scenario, seat: Seat) -> str:
    kind, topic = scenario.format.kind, _sentence(scenario.topic)
    if kind == "debate":
        if seat.side == "none":
            return str(prompts()["undecided"].format(topic=topic))
        return debate_scene(topic, seat.side)
    form = prompts()["roles"].get(seat.role) or prompts()["scenes"][kind]
    return str(form.format(topic=topic))


def _sentence(text: str) -> str:
    whole = " ".join(text.split())
    return whole if whole.endswith(SENTENCE_ENDS) else f"{whole}."
