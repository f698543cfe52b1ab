"""How a conversation is put before a model: one rendering, for training and for serving.

Order matters to the engines' prefix caches: the persona's header comes first and never changes
during a conversation, and what was recalled for a turn stays before that turn, so that everything
but the new turn can be kept computed. Stage is text, not an added token (the paper adds tokens,
section 2.9 of METHOD; multi-adapter servers refuse adapters that carry trained embeddings).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from persllm.base_profile import BaseProfile
from persllm.files import digest
from persllm.persona import Persona, Stage, year_text
from persllm.replies import write_reply
from persllm.words import unsaid, years_after

Role = Literal["system", "user", "assistant"]

HEADER = "You are {name}. {summary}\nIt is {year}: {label}."
SCENE = "\n{scene}"
RECALLED = "You recall:"
RECALLED_LINE = "- {text}"
VISITOR = "You know of your visitor:"
NOTHING_RECALLED = "You recall nothing."
UNSAID = "Not said there: {words}."
LATER = "Still to come: {years}."
DEBATE_SCENE = 'You debate the motion: "{motion}" You speak {side} it. Answer what was said last.'
DEBATE_OPENING = "Please open the debate."


@dataclass(frozen=True, slots=True)
class Message:
    """One message as chat templates know it."""

    role: Role
    content: str

    def as_dict(self) -> dict[str, str]:
        """Return the form that chat templates and JSON take."""
        return {"role": self.role, "content": self.content}


@dataclass(frozen=True, slots=True)
class Notes:
    """What stands before a user turn: what came up for it."""

    recalled: tuple[str, ...] = ()
    """Passages of the persona's life, most relevant first."""
    visitor: tuple[str, ...] = ()
    """What the persona knows of the one who speaks, from earlier conversations."""


def header(persona: Persona, stage: Stage, *, scene: str = "") -> str:
    """Return the system turn: who speaks, when, and where if a scene is given."""
    text = HEADER.format(
        name=persona.name,
        summary=" ".join(persona.summary.split()),
        year=year_text(stage.last),
        label=stage.label.rstrip("."),
    )
    return text + (SCENE.format(scene=scene) if scene else "")


def debate_scene(motion: str, side: str) -> str:
    """Return what the header tells a speaker of a debate; `side` is "for" or "against"."""
    return DEBATE_SCENE.format(motion=motion, side=side)


def render(
    persona: Persona,
    stage: Stage,
    history: Sequence[Message],
    *,
    profile: BaseProfile,
    notes: Mapping[int, Notes] | None = None,
    scene: str = "",
) -> tuple[Message, ...]:
    """Return the whole prompt; what came up for a user turn is set before that turn.

    Args:
        persona: Who speaks.
        stage: When.
        history: Turns so far, oldest first; the last one is the user turn to be answered.
        profile: Of the base that is asked.
        notes: What came up, by the turn's place in the history; None where no memory was asked.
        scene: What the caller adds to the header, such as the place or the occasion.

    Raises:
        ValueError: The history does not end with a user turn.
    """
    if not history or history[-1].role != "user":
        raise ValueError("the history must end with the user turn that is to be answered")
    system = header(persona, stage, scene=scene)
    last = len(history) - 1
    turns = []
    for place, message in enumerate(history):
        found = (notes or {}).get(place)
        if profile.annotated and place == last:
            recalled = None if notes is None else (found or Notes()).recalled
            lines = [*_annotated(persona, stage, message.content, recalled, system)]
        elif found and (profile.keep_notes or place == last):
            lines = [*_plain(found)]
        else:
            lines = []
        text = "\n".join(lines) + "\n\n" + message.content if lines else message.content
        turns.append(Message(message.role, text))
    return (Message("system", system), *turns)


def _plain(notes: Notes) -> Iterator[str]:
    """Yield what stands before a turn."""
    for title, texts in ((VISITOR, notes.visitor), (RECALLED, notes.recalled)):
        if texts:
            yield title
            yield from (RECALLED_LINE.format(text=" ".join(text.split())) for text in texts)


def _annotated(
    persona: Persona, stage: Stage, turn: str, recalled: Sequence[str] | None, system: str
) -> Iterator[str]:
    """Yield what is recalled, what that leaves unsaid, and years to come."""
    later = years_after(turn, stage.last)
    if recalled is not None:
        yield RECALLED if recalled else NOTHING_RECALLED
        yield from (RECALLED_LINE.format(text=" ".join(text.split())) for text in recalled)
        strange = unsaid(turn, [system, *recalled, *later], language=persona.language)
        if strange is not None:
            yield UNSAID.format(words=", ".join(strange) or "nothing")
    if later:
        yield LATER.format(years=", ".join(later))


@cache
def prompt_hash(profile: BaseProfile) -> str:
    """Return a hash of all that shapes prompts and replies; an adapter fits one rendering only."""
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
    reply = write_reply("b" if profile.analysis != "none" else "", "c")
    asked = (Message("user", "a"), Message("assistant", reply), Message("user", "Delft in 1950?"))
    every = {0: Notes(("one",)), 2: Notes(("two", "three"), ("visitor",))}
    prompts = (
        render(persona, stage, asked, profile=profile, notes=notes, scene="scene")
        for notes in (every, {})
    )
    return digest(
        profile.analysis,
        *(f"{message.role}\n{message.content}" for prompt in prompts for message in prompt),
    )
