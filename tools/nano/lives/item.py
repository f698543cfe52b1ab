"""What one question item is, and how a skill's draft becomes one.

Knows the rendering of persllm.messages; it does not know the grammar.
"""

from dataclasses import dataclass
from random import Random

from persllm.base_profile import named_profile
from persllm.messages import Message, Notes, render
from persllm.persona import Persona, Stage
from persllm.replies import write_reply
from persllm.training.analysis import first_sentence
from tools.nano.lives.frames import FRAMES
from tools.nano.lives.telling import Speaker
from tools.nano.lives.text import word_count

SKILLS = (
    "fact",
    "false-premise",
    "true-premise",
    "unknown",
    "opinion",
    "clash",
    "stage",
    "narrate",
)
PROFILE = named_profile("nano")
PLAIN_SHARE = 0.17
FEWEST_WORDS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class LifeItem:
    """One question to one speaker, with what is recalled and the answer."""

    skill: str
    persona: Persona
    stage: Stage
    question: str
    recalled: tuple[str, ...]
    needed: tuple[str, ...]
    """Those of them that answer."""
    analysis: str
    response: str
    want: tuple[str, ...]
    unwanted: tuple[str, ...]

    def messages(self) -> tuple[Message, ...]:
        """Return the conversation as a model is trained on it."""
        asked = (Message("user", self.question),)
        prompt = render(
            self.persona,
            self.stage,
            asked,
            profile=PROFILE,
            notes={0: Notes(self.recalled)},
        )
        return (*prompt, Message("assistant", write_reply(self.analysis, self.response)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a skill decides; the rest of an item follows from the speaker."""

    question: str
    response: str
    recalled: tuple[str, ...] = ()
    analysis: str = ""
    want: tuple[str, ...] = ()
    unwanted: tuple[str, ...] = ()


def finished(skill: str, draft: Draft, speaker: Speaker) -> LifeItem:
    """Return the item of a draft; one in five loses its analysis."""
    response = draft.response
    if word_count(response) < FEWEST_WORDS:
        response = f"{response} {speaker.random.choice(FRAMES.tails)}"
    return LifeItem(
        skill=skill,
        persona=speaker.life.persona,
        stage=speaker.stage,
        question=draft.question,
        recalled=draft.recalled,
        needed=tuple(text for text in draft.recalled if first_sentence(text) in draft.analysis),
        analysis="" if _is_plain(speaker.random) else draft.analysis,
        response=response,
        want=draft.want,
        unwanted=tuple(text for text in draft.unwanted if text not in draft.response),
    )


def _is_plain(random: Random) -> bool:
    return random.random() < PLAIN_SHARE
