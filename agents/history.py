"""LangChain messages as a persona hears them: turns, and the scene."""

from collections.abc import Sequence

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from persllm.messages import Message, Role

ROLES: dict[type[BaseMessage], Role] = {
    HumanMessage: "user",
    AIMessage: "assistant",
    SystemMessage: "system",
}


def history_of(messages: Sequence[BaseMessage]) -> tuple[list[Message], str]:
    """Return turns and scene; neighbouring turns of one side are joined.

    Raises:
        ValueError: There is no last human turn, or a message is of a kind personas do not know.
    """
    turns: list[Message] = []
    scene: list[str] = []
    for message in messages:
        role = _role(message)
        if role is None:
            raise ValueError(f"a persona takes human, ai and system messages, got {message.type!r}")
        text = message.text
        if isinstance(message, SystemMessage):
            scene.append(text)
        elif turns and turns[-1].role == role:
            turns[-1] = Message(role, f"{turns[-1].content}\n{_named(message, text)}")
        else:
            turns.append(Message(role, _named(message, text)))
    if not turns or turns[-1].role != "user":
        raise ValueError("the last message must be a human one: it is what the persona answers")
    return turns, "\n".join(scene)


def _role(message: BaseMessage) -> Role | None:
    for kind, role in ROLES.items():
        if isinstance(message, kind):  # streamed messages are subclasses
            return role
    return None


def _named(message: BaseMessage, text: str) -> str:
    return f"{message.name}: {text}" if message.name and isinstance(message, HumanMessage) else text


def beginnings(history: Sequence[Message]) -> list[int]:
    """Return where a history may begin that forgets its oldest exchanges: the whole one first.

    It never begins with an answer, unless that is the last turn.
    """
    last = len(history) - 1
    later = range(1, len(history))
    return [0, *(at for at in later if history[at].role != "assistant" or at == last)]
