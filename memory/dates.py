"""When a visitor told something, in words, where that matters: "(Told in March 2025.)". English."""

import re
from datetime import datetime

from persllm.memory.store import Memory

ASKS_WHEN = re.compile(
    r"\b(?:when|since|ago|how (?:long|old|recently)|first|before|after|(?:what|which|in which) "
    r"(?:day|date|week|month|season|year|time)|last (?:time|week|month|year))\b",
    re.IGNORECASE,
)
TELLS_WHEN = re.compile(
    r"\b(?:today|tonight|yesterday|tomorrow|ago|soon|(?:last|next|this) (?:night|morning|evening|"
    r"week(?:end)?|month|year|term|spring|summer|autumn|fall|winter|christmas|\w+day)|"
    r"(?:on|since|until|till|from) \w+day|(?:mon|tues|wednes|thurs|fri|satur|sun)day)\b",
    re.IGNORECASE,
)
"""What is true of the day on which it was told."""


def dated(memory: Memory, turn: str) -> str:
    """Return what a visitor told, with its month where a turn asks for times or it tells of one."""
    if not memory.when or not (ASKS_WHEN.search(turn) or TELLS_WHEN.search(memory.text)):
        return memory.text
    return f"{memory.text} (Told in {datetime.fromisoformat(memory.when):%B %Y}.)"
