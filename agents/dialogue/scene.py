"""What a speaker is told of the scene: setting, company, matter, side, role and phase."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from persllm.agents.dialogue.formats import ANSWER
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


def scene_of(scenario: Scenario, seat: Seat, *, company: Sequence[Seat]) -> str:
    """Return what stands in a speaker's header.

    Args:
        scenario: What is played.
        seat: Who is told.
        company: Who else is there.
    """
    names = ", ".join(other.name for other in company)
    lines = [
        scenario.setting,
        prompts()["company"].format(names=names) if names else prompts()["alone"],
        prompts()["role"].format(role=seat.role) if seat.role else "",
        _matter(scenario, seat),
    ]
    return "\n".join(line for line in lines if line)


def opening_of(scenario: Scenario) -> str:
    """Return what is said to a speaker to whom nobody has spoken yet."""
    kind = scenario.format.kind
    form = DEBATE_OPENING if kind == "debate" else str(prompts()["begin"][kind])
    return form.format(topic=_sentence(scenario.topic))


def asked_for(scenario: Scenario, ask: str, *, said: str) -> str:
    """Return the line that tells a speaker what its turn is to be; a question needs none.

    Args:
        scenario: What is played.
        ask: A key of the prompts, or nothing.
        said: What is to be answered.
    """
    if ask == ANSWER and "?" in said:
        return ""
    texts = {**prompts()["asks"], **(prompts()["replies"] if said else {}), "": ""}
    return str(texts.get(ask, "").format(topic=_sentence(scenario.topic)))


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
