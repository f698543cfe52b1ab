"""Turns that nobody spoke: what a client sends where the last turn is not its user's.

SillyTavern lets a persona open a talk, go on, or write for the other side: then the last message is
the persona's own, or an instruction as a system message. A persona answers turns, so one is made
of it; it is never remembered, for nobody said it.
"""

from collections.abc import Sequence

from langchain_core.messages import BaseMessage, HumanMessage

from persllm.agents.history import heard_text, role_of

GREETING = "Hello."
GOING_ON = "Please go on."
TASK = "### Task:"
"""How Open WebUI begins what it asks for itself: titles, tags, further questions."""


def is_task(messages: Sequence[BaseMessage], metadata: object) -> bool:
    """Tell whether a client asks for itself, such as a title, and not for its user."""
    named = isinstance(metadata, dict) and bool(metadata.get("task"))
    return named or bool(messages and messages[-1].text.lstrip().startswith(TASK))


def answerable(messages: Sequence[BaseMessage]) -> tuple[list[BaseMessage], bool]:
    """Return messages that end with a turn to answer, and whether nobody spoke that turn."""
    found = list(messages)
    roles = [role_of(message) for message in found]
    spoken = [place for place, role in enumerate(roles) if role != "system"]
    if not spoken:
        return [*found, HumanMessage(GREETING)], True
    last = spoken[-1]
    if roles[last] == "user":
        if heard_text(found[last]).strip():
            return found, False
        nudge = GOING_ON if "assistant" in roles[:last] else GREETING
        return [*found[:last], *found[last + 1 :], HumanMessage(nudge)], True
    if roles[last] != "assistant":
        return found, False
    instructions = "\n".join(heard_text(message) for message in found[last + 1 :]).strip()
    return [*found[: last + 1], HumanMessage(instructions or GOING_ON)], True
