"""What the web page does, without the web: functions that yield what is to be shown.

The page is rebuilt from these values at every step, so they are plain: text, and chat messages as
dictionaries.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from persllm.agents.debate import Side, Speaker, hold_debate
from persllm.agents.runtime import Runtime, split_speaker
from persllm.errors import PersLLMError
from persllm.persona import Persona
from persllm.persona_catalog import bundled, called, find_persona

ChatRow = dict[str, str]
"""One message of a page's chat: role and content."""
NO_MEMORY = "Nothing was recalled."
NOT_ANSWERED = "**Not answered:** {error}\n\nYou said: {said:.2000}"
UNTRAINED = (
    "No adapter is trained for this persona yet, so the base speaks: `persllm train {name}`."
)
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

    def questions(self, name: str) -> list[list[str]]:
        """Return what one might ask a persona, a row each."""
        return [[question] for question in self.personas[name].questions]

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


def reply_to(
    people: Company, name: str, stage: str, said: str, history: list[ChatRow]
) -> Iterator[tuple[list[ChatRow], str]]:
    """Yield (chat so far, what was recalled) while the persona answers."""
    rows = [*history, {"role": "user", "content": said}]
    if not said.strip():
        yield history, NO_MEMORY
        return
    persona = people.personas[name]
    text, recalled = "", NO_MEMORY
    yield [*rows, {"role": "assistant", "content": "…"}], recalled
    try:
        chat = people.runtime.chat(persona, stage=stage)
        for chunk in chat.stream(as_messages(rows)):
            text += chunk.text
            found = chunk.response_metadata.get("recalled")
            if found is not None:
                recalled = _recalled_page(found, chunk.response_metadata["analysis"])
                recalled += "" if chat.adapter else "\n\n" + UNTRAINED.format(name=called(persona))
            yield [*rows, {"role": "assistant", "content": text or "…"}], recalled
    except PersLLMError as error:  # nobody's words: what could not be answered was not said
        yield history, NOT_ANSWERED.format(error=error, said=said)


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


def _recalled_page(recalled: list[dict[str, Any]], analysis: str) -> str:
    lines = [f"- {row['text']}  \n  *{row['source']}, {row['similarity']:.2f}*" for row in recalled]
    parts = ["\n".join(lines) or NO_MEMORY]
    if analysis:
        parts.append(f"**Analysis** {analysis}")
    return "\n\n".join(parts)


def plain_rows(history: list[dict[str, Any]]) -> list[ChatRow]:
    """Return the page's messages with plain text; gradio sends content as parts."""
    rows: list[ChatRow] = []
    for message in history:
        content = message["content"]
        if isinstance(content, list):
            content = "".join(part.get("text", "") for part in content)
        rows.append({"role": message["role"], "content": str(content)})
    return rows
