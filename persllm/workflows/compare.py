"""One question answered side by side: by the stages of a life, or by what a persona is made of."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from persllm.agents.answering import answers
from persllm.agents.chat_persona import ChatPersona
from persllm.agents.runtime import Runtime
from persllm.errors import PersonaError
from persllm.persona import Persona
from persllm.words import stems

STAGES, PARTS = "stages", "parts"
BY = (STAGES, PARTS)
MADE_OF = {
    "base": (False, False),
    "memory": (False, True),
    "adapter": (True, False),
    "adapter + memory": (True, True),
}
"""Whether the adapter is used, and whether the memory is."""
CHARACTER = "\u3040-\u30ff\u3400-\u9fff"
"""Of scripts that set no spaces, each character counts as a word."""
WORD = re.compile(rf"[{CHARACTER}]|[^\W{CHARACTER}]+")


@dataclass(frozen=True, slots=True)
class Column:
    """One of the answers."""

    name: str
    """Id of the stage, or one of `MADE_OF`."""
    stage: str
    pieces: tuple[tuple[str, bool], ...]
    """The answer in pieces, each with whether it is a difference."""

    @property
    def text(self) -> str:
        """The whole answer."""
        return "".join(text for text, _ in self.pieces)


def compare(
    runtime: Runtime, persona: Persona, question: str, *, by: str = STAGES, stage: str | None = None
) -> list[Column]:
    """Return what each stage of a persona, or each part of one stage, answers; all in one batch.

    Without an adapter for the base there are only the base and its memory to compare.

    Args:
        runtime: Engine, adapters and memories.
        persona: Who is asked.
        question: What is asked; nothing was said before it.
        by: `STAGES` or `PARTS`.
        stage: Stage whose parts are compared; the first by default.

    Raises:
        PersonaError: Nothing is asked, or there is no such way to compare.
        PersLLMError: The stage, base or memory cannot be had.
    """
    if not question.strip() or by not in BY:
        raise PersonaError(
            f"nothing to compare: question {question.strip()!r}, by {by!r}. Ask a question, by one "
            f"of: {', '.join(BY)}."
        )
    chats = _stages(runtime, persona) if by == STAGES else _parts(runtime, persona, stage)
    texts = answers([(chat, question.strip()) for chat in chats.values()])
    return [
        Column(name, chat.stage.id, pieces)
        for (name, chat), pieces in zip(chats.items(), differences(texts), strict=True)
    ]


def differences(texts: Sequence[str]) -> list[tuple[tuple[str, bool], ...]]:
    """Return the texts in pieces, each with whether it is a difference.

    Those of the first are what no other text has, those of the others what the first has not.
    Words that any sentence may have, and endings of words, make none.
    """
    told = [{_told(word) for word in WORD.findall(text)} for text in texts]
    first, others = told[0] if told else set(), set().union(*told[1:])
    return [
        _pieces(text, others if place == 0 else first) if len(texts) > 1 else ((text, False),)
        for place, text in enumerate(texts)
    ]


def _stages(runtime: Runtime, persona: Persona) -> dict[str, ChatPersona]:
    return {stage.id: runtime.chat(persona, stage=stage.id) for stage in persona.stages}


def _parts(runtime: Runtime, persona: Persona, stage: str | None) -> dict[str, ChatPersona]:
    has_adapter = runtime.has_adapter(persona)
    return {
        name: runtime.chat(persona, stage=stage, use_adapter=adapter, use_memory=memory)
        for name, (adapter, memory) in MADE_OF.items()
        if has_adapter or not adapter
    }


def _told(word: str) -> str:
    """Return by what a word is the same as another one; nothing where it tells nothing."""
    return word if re.match(f"[{CHARACTER}]", word) else next(iter(stems(word)), "")


def _pieces(text: str, known: set[str]) -> tuple[tuple[str, bool], ...]:
    """Return a text in pieces; differences side by side are one."""
    cut: list[tuple[str, bool]] = []
    at, before = 0, False
    for match in WORD.finditer(text):
        gap, told = text[at : match.start()], _told(match[0])
        differs = bool(told) and told not in known
        cut += [(gap, before and differs and not gap.strip(" -")), (match[0], differs)]
        at, before = match.end(), differs
    runs = groupby([(piece, flag) for piece, flag in [*cut, (text[at:], False)] if piece], _flag)
    return tuple(("".join(piece for piece, _ in run), flag) for flag, run in runs)


def _flag(piece: tuple[str, bool]) -> bool:
    return piece[1]
