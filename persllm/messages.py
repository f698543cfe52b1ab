"""How a conversation is put before a model: one rendering, for training and for serving.

Order matters to the engines' prefix caches: the persona's header comes first and never changes
during a conversation; what is recalled stands in the last user turn only, so that everything
before it can be kept computed. Stage is text, not an added token (the paper adds tokens, section
2.9 of METHOD; multi-adapter servers refuse adapters that carry trained embeddings).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from persllm.files import digest
from persllm.persona import Persona, Stage
from persllm.replies import write_reply
from persllm.words import unsaid, years_after

Role = Literal["system", "user", "assistant"]

HEADER = "You are {name}. {summary}\nIt is {year}: {label}."
SCENE = "\n{scene}"
RECALLED = "You recall:"
RECALLED_LINE = "- {text}"
NOTHING_RECALLED = "You recall nothing."
UNSAID = "Not said there: {words}."
LATER = "Still to come: {years}."


@dataclass(frozen=True, slots=True)
class Message:
    """One message as chat templates know it."""

    role: Role
    content: str

    def as_dict(self) -> dict[str, str]:
        """Return the form that chat templates and JSON take."""
        return {"role": self.role, "content": self.content}


def header(persona: Persona, stage: Stage, *, scene: str = "") -> str:
    """Return the system turn: who speaks, when, and where if a scene is given."""
    text = HEADER.format(
        name=persona.name,
        summary=" ".join(persona.summary.split()),
        year=stage.last,
        label=stage.label.rstrip("."),
    )
    return text + (SCENE.format(scene=scene) if scene else "")


def render(
    persona: Persona,
    stage: Stage,
    history: Sequence[Message],
    *,
    recalled: Sequence[str] | None = None,
    scene: str = "",
) -> tuple[Message, ...]:
    """Return the whole prompt; what is recalled, and what it leaves unsaid, is set before the turn.

    Args:
        persona: Who speaks.
        stage: When.
        history: Turns so far, oldest first; the last one is the user turn to be answered.
        recalled: Texts set before that last turn, most fitting first; empty where nothing came to
            mind, None where no memory was asked.
        scene: What the caller adds to the header, such as the place or the occasion.

    Raises:
        ValueError: The history does not end with a user turn.
    """
    if not history or history[-1].role != "user":
        raise ValueError("the history must end with the user turn that is to be answered")
    *before, last = history
    system = header(persona, stage, scene=scene)
    notes = "\n".join(_notes(persona, stage, last.content, recalled, system))
    asked = f"{notes}\n\n{last.content}" if notes else last.content
    return (Message("system", system), *before, Message("user", asked))


def _notes(
    persona: Persona, stage: Stage, turn: str, recalled: Sequence[str] | None, system: str
) -> Iterator[str]:
    """Yield what stands before a turn: what is recalled, what that leaves unsaid, years to come."""
    later = years_after(turn, stage.last)
    if recalled is not None:
        yield RECALLED if recalled else NOTHING_RECALLED
        yield from (RECALLED_LINE.format(text=" ".join(text.split())) for text in recalled)
        strange = unsaid(turn, [system, *recalled, *later], language=persona.language)
        if strange is not None:
            yield UNSAID.format(words=", ".join(strange) or "nothing")
    if later:
        yield LATER.format(years=", ".join(later))


def fold_system(messages: Sequence[Message]) -> tuple[Message, ...]:
    """Return the conversation with its system text set before the first user turn."""
    if len(messages) < 2 or messages[0].role != "system":
        return tuple(messages)
    system, user, *rest = messages
    return (Message("user", f"{system.content}\n\n{user.content}"), *rest)


@cache
def template_hash() -> str:
    """Return a hash of the rendering; an adapter fits one rendering only."""
    stage = Stage("s", "label", 1, 2, ())
    persona = Persona(
        id="p",
        name="Name",
        summary="Summary.",
        language="en",
        stages=(stage,),
        disclosure="honest",
        rights=None,
        folder=Path(),
        materials_folder=Path(),
    )
    history = (Message("user", "a"), Message("assistant", write_reply("b", "c")))
    asked = (*history, Message("user", "Delft in 1950?"))
    prompts = (
        render(persona, stage, asked, recalled=r, scene="scene") for r in (("one", "two"), ())
    )
    return digest(
        *(f"{message.role}\n{message.content}" for prompt in prompts for message in prompt)
    )
