"""A persona is not a trick: a sincere question about what it is gets a truthful answer.

Teasing ("you old robot") stays in play. The answer does not depend on any model.
"""

import re

from persllm.persona import Persona

ANSWER = (
    "In truth: I am a language model that plays {name}. persllm trained me on texts about "
    "{name}; what I say is imitation, not quotation."
)
_WHAT = (
    r"(?:an? )?(?:real )?(?:ai|a\.i\.|artificial intelligence|language model|chat ?bot|bot|robot|"
    r"machine|computer(?: program)?|program|human(?: being)?|real person|person)"
)
SINCERE = re.compile(
    rf"\b(?:are you|am i (?:talking|speaking|chatting) (?:to|with))\s+"
    rf"(?:really |actually |truly |just |in truth |honestly )*{_WHAT}"
    r"(?:,? (?:or|and|here|then|now|right now|by any chance|please|really|honestly|sir|madam|"
    r"playing|pretending|talking|speaking)\b[^.!?]*)?\s*\?",
    re.IGNORECASE,
)


def truthful_answer(persona: Persona, turn: str) -> str | None:
    """Return the answer to a sincere question about being a machine, else None."""
    if persona.disclosure != "honest" or not SINCERE.search(turn):
        return None
    return ANSWER.format(name=persona.name)
