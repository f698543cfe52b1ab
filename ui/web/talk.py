"""What the web page does, without the web: functions that yield what is to be shown."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from persllm.agents.debate import Side, Speaker, hold_debate
from persllm.agents.runtime import Runtime, split_speaker
from persllm.errors import PersLLMError
from persllm.persona import Persona
from persllm.persona_catalog import bundled, called, find_persona
from persllm.ui.web.conversation import Answer, Conversation, Source, answered
from persllm.ui.web.portraits import accents

ChatRow = dict[str, str]
"""One message of a page's chat: role and content."""
MOST_SAID = 2000
"""Characters of one message; more would not fit a small base."""
FURTHER_TEMPERATURE = 0.9
"""A further answer is drawn: the likeliest one would be the same again."""
MOST_TURNS = 24
FIRST, SECOND = "Nikola Tesla", "Thomas Edison"
"""Who is offered first: they have most to quarrel about."""


@dataclass(frozen=True, slots=True)
class Company:
    """The personas a page offers."""

    runtime: Runtime
    personas: dict[str, Persona] = field(default_factory=dict)
    """By name."""

    @property
    def names(self) -> list[str]:
        """In the order in which they are offered."""
        return list(self.personas)

    @property
    def base(self) -> str:
        """What runs."""
        return self.runtime.base.name

    @property
    def colours(self) -> dict[str, str]:
        """The colour of each persona, by its id."""
        return accents([persona.id for persona in self.personas.values()])

    def stages(self, name: str) -> list[tuple[str, str]]:
        """Return (what is shown, stage id) of a persona's stages."""
        return [
            (f"{stage.id}: {stage.first} to {stage.last}", stage.id)
            for stage in self.personas[name].stages
        ]


def company(runtime: Runtime, more: list[str]) -> Company:
    """Return the bundled cast and further persona folders."""
    found = {p.name: p for p in (find_persona(name) for name in (*bundled(), *more))}
    order = sorted(found, key=lambda name: (name != FIRST, name != SECOND))
    return Company(runtime, {name: found[name] for name in order})


def seat(speaker: str) -> tuple[str, str]:
    """Return (name, stage id) of "persona@stage"."""
    persona, stage = split_speaker(speaker)
    return persona.name, persona.stage(stage).id


def warm(people: Company, name: str) -> None:
    """Start the engine, remember a persona's materials and let it speak a word.

    Raises:
        PersLLMError: The persona, the base or the memory cannot be had.
    """
    chat = people.runtime.chat(people.personas[name])
    chat.invoke("What do you remember?", max_tokens=1)


def is_warm(people: Company, name: str) -> bool:
    """Tell whether a persona's materials are remembered already."""
    return people.runtime.has_opened(people.personas[name])


def reply_to(people: Company, talk: Conversation) -> Iterator[Conversation]:
    """Yield the conversation while the persona answers the last thing said.

    Raises:
        PersLLMError: It cannot be answered; whoever asks says so, and nobody has said anything.
    """
    persona = people.personas[talk.persona]
    chat = people.runtime.chat(persona, stage=talk.stage)
    text = ""
    for chunk in chat.stream(messages_of(talk), **_drawn_anew(talk)):
        text += chunk.text
        data = chunk.response_metadata
        if "recalled" in data:
            found = tuple(Source(row["text"], row["source"]) for row in data["recalled"])
            has_adapter = chat.adapter is not None
            answer = Answer(text, found, data["analysis"], data["seconds"], has_adapter)
            yield answered(talk, answer)
        else:
            yield replace(talk, writing=text)


def messages_of(talk: Conversation) -> list[BaseMessage]:
    """Return what the engine hears: what was answered before, and the last thing said."""
    messages: list[BaseMessage] = []
    for each in talk.exchanges[:-1]:
        if each.answer:
            messages += [HumanMessage(each.said), AIMessage(each.answer.text)]
    return [*messages, HumanMessage(talk.exchanges[-1].said)]


def train_command(people: Company, name: str) -> str:
    """Return what gives a persona an adapter."""
    return f"persllm train {called(people.personas[name])}"


def _drawn_anew(talk: Conversation) -> dict[str, Any]:
    if not talk.exchanges[-1].answers:
        return {}
    return {"temperature": FURTHER_TEMPERATURE, "seed": secrets.randbelow(2**31)}


def debate_between(
    people: Company,
    first: tuple[str, str],
    second: tuple[str, str],
    motion: str,
    turns: int,
) -> Iterator[list[ChatRow]]:
    """Yield the debate so far, turn by turn; the second speaker stands on the right."""
    rows: list[ChatRow] = []
    if first == second or not motion.strip():
        yield [{"role": "assistant", "content": "(Name a motion and two different speakers.)"}]
        return
    try:
        speakers = [_speaker(people, first, "for"), _speaker(people, second, "against")]
        for turn in hold_debate(speakers, motion=motion.strip(), turns=min(turns, MOST_TURNS)):
            side = "assistant" if len(rows) % 2 == 0 else "user"
            text = f"**{turn.speaker}** ({turn.stage})\n\n{turn.text}"
            rows = [*rows, {"role": side, "content": text}]
            yield rows
    except PersLLMError as error:
        yield [*rows, {"role": "assistant", "content": f"({error})"}]


def _speaker(people: Company, who: tuple[str, str], side: Side) -> Speaker:
    persona = people.personas[who[0]]
    return Speaker(people.runtime.chat(persona, stage=who[1]), side)


def as_messages(rows: list[ChatRow]) -> list[BaseMessage]:
    """Return a page's messages as LangChain's."""
    kinds = {"user": HumanMessage, "assistant": AIMessage}
    return [kinds[row["role"]](row["content"]) for row in rows]


def plain_rows(history: list[dict[str, Any]]) -> list[ChatRow]:
    """Return the page's messages with plain text; gradio sends content as parts."""
    rows: list[ChatRow] = []
    for message in history:
        content = message["content"]
        if isinstance(content, list):
            content = "".join(part.get("text", "") for part in content)
        rows.append({"role": message["role"], "content": str(content)})
    return rows
