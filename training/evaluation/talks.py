"""Conversations under way: the visitor's lines are fixed, the answers stand in the history."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from persllm.messages import Message
from persllm.training.evaluation.systems import Question, System

SILENCE = "..."
"""Stands in the history for an empty answer."""


@dataclass(slots=True)
class Talk:
    """One conversation."""

    stage: str
    name: str
    history: list[Message] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    """What was answered, in order."""

    def asked(self, line: str) -> Question:
        """Return a line as the next question of this conversation."""
        return Question(stage=self.stage, text=line, before=tuple(self.history))


def speak(system: System, talks: Sequence[Talk], lines: Sequence[str]) -> None:
    """Say one line in each conversation, all at once, and keep what is answered."""
    asked = [talk.asked(line) for talk, line in zip(talks, lines, strict=True)]
    for talk, line, answer in zip(talks, lines, system.answer(asked), strict=True):
        talk.history += [Message("user", line), Message("assistant", answer or SILENCE)]
        talk.said.append(answer)
