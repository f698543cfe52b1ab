"""LangChain messages as a persona hears them: turns, and the scene."""

from collections.abc import Sequence

from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    ChatMessage,
    HumanMessage,
    SystemMessage,
)

from persllm.messages import Message, Role

ROLES: dict[type[BaseMessage], Role] = {
    HumanMessage: "user",
    AIMessage: "assistant",
    SystemMessage: "system",
}
NAMED_ROLES: dict[str, Role] = {
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "ai": "assistant",
    "system": "system",
    "developer": "system",
}
"""Roles that a `ChatMessage` may name."""
TOOL_RESULTS = {"tool", "function"}
"""What others' tools answered; personas have none, and are told nothing of them."""
UNSPOKEN = {"reasoning", "thinking", "redacted_thinking", "tool_use", "tool_call"}
"""Parts of another model's turn that nobody heard."""


def history_of(messages: Sequence[BaseMessage]) -> tuple[list[Message], str]:
    """Return turns and scene; neighbouring turns of one side are joined.

    What tools were asked and answered earlier in the talk is left out.

    Raises:
        ValueError: There is no last human turn, or a message is of a kind personas do not know, or
            holds pictures, sounds or files.
    """
    turns: list[Message] = []
    scene: list[str] = []
    for message in messages:
        role = role_of(message)
        if role is None and message.type not in TOOL_RESULTS:
            raise ValueError(f"a persona takes human, ai and system messages, got {message.type!r}")
        text = heard_text(message)
        if role is None or (isinstance(message, AIMessage) and message.tool_calls and not text):
            continue
        if role == "system":
            scene.append(text)
        elif turns and turns[-1].role == role:
            turns[-1] = Message(role, f"{turns[-1].content}\n{_named(message, text)}")
        else:
            turns.append(Message(role, _named(message, text)))
    last = messages[-1].type if messages else "none"
    if last in TOOL_RESULTS or not turns or turns[-1].role != "user":
        raise ValueError(
            "the last message must be a human one: it is what the persona answers; the last was "
            f"{last!r}"
        )
    return turns, "\n".join(scene)


def last_words(messages: Sequence[BaseMessage]) -> str:
    """Return what was said last, without the name of who said it."""
    said: list[str] = []
    for message in reversed(messages):
        role = role_of(message)
        if role == "assistant":
            break
        if role == "user":
            said.insert(0, heard_text(message))
    return "\n".join(said)


def as_counted(messages: Sequence[BaseMessage]) -> tuple[Message, ...]:
    """Return messages as their tokens are counted: whatever they are, their text counts."""
    return tuple(Message(role_of(message) or "user", message.text) for message in messages)


def role_of(message: BaseMessage) -> Role | None:
    """Return whose words a message holds, or None."""
    if isinstance(message, ChatMessage):
        return NAMED_ROLES.get(message.role.lower())
    for kind, role in ROLES.items():
        if isinstance(message, kind):  # streamed messages are subclasses
            return role
    return None


def heard_text(message: BaseMessage) -> str:
    """Return a message's text.

    Raises:
        ValueError: It holds something else, such as a picture.
    """
    for part in message.content if isinstance(message.content, list) else ():
        kind = part.get("type", "text") if isinstance(part, dict) else "text"
        if kind != "text" and kind not in UNSPOKEN:
            raise ValueError(
                f"a persona reads text only, got a part of type {kind!r}; leave it out, or say in "
                "words what it shows"
            )
    return message.text


def _named(message: BaseMessage, text: str) -> str:
    return f"{message.name}: {text}" if message.name and role_of(message) == "user" else text


def beginnings(history: Sequence[Message]) -> list[int]:
    """Return where a history may begin that forgets its oldest exchanges: the whole one first.

    It never begins with an answer, unless that is the last turn.
    """
    last = len(history) - 1
    later = range(1, len(history))
    return [0, *(at for at in later if history[at].role != "assistant" or at == last)]
