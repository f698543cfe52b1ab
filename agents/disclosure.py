"""A persona is not a trick: a sincere question about what it is gets a truthful answer.

Teasing ("you old robot") stays in play. The answer does not depend on any model. Words and answers
stand in `disclosure.yaml`, by language.
"""

import re
from dataclasses import dataclass
from functools import cache

from persllm.persona import Persona
from persllm.tables import filled, table

APOSTROPHES = str.maketrans({"\u2019": "'", "\u2018": "'", "\u02bc": "'", "`": "'"})
LONGEST = 2000
"""Characters at either end of a turn that are looked through: nobody hides the question between."""
MODEL_NAMES = frozenset({"claude", "gemini", "siri", "alexa", "llama"})
"""Names of models that people bear too: "Are you Claude?" is no such question to Claude Monet."""


@dataclass(frozen=True, slots=True)
class _Language:
    answer: str
    patterns: tuple[re.Pattern[str], ...]


def truthful_answer(persona: Persona, turn: str) -> str | None:
    """Return the answer to a sincere question about being a machine, else None.

    It is in the language of the question.
    """
    if persona.disclosure != "honest":
        return None
    ends = turn if len(turn) <= 2 * LONGEST else f"{turn[:LONGEST]} {turn[-LONGEST:]}"
    asked = " ".join(ends.translate(APOSTROPHES).lower().split())
    own = MODEL_NAMES.intersection(persona.name.lower().split())
    for language in _languages():
        for pattern in language.patterns:
            found = pattern.search(asked)
            if found and own.isdisjoint(re.findall(r"\w+", found[0])):
                return language.answer.format(name=persona.name)
    return None


@cache
def _languages() -> tuple[_Language, ...]:
    return tuple(
        _Language(
            card["answer"],
            tuple(re.compile(filled(each, card.get("words", {}))) for each in card["patterns"]),
        )
        for card in table("persllm.agents.disclosure").values()
    )
