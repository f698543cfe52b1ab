"""Control tokens are taken out of what people write, so that nobody forges a turn."""

import re
from collections.abc import Iterable

COMMON = (
    r"<\|[^<>|\s]{1,40}\|>",  # ChatML, Llama 3, Qwen, Phi and our nano base
    r"<(?:start|end)_of_turn>",
    r"\[/?INST\]",
    r"<</?SYS>>",
    r"</?s>",
)
"""What chat templates write between turns, for servers whose tokenizer cannot be asked."""


def without_control(text: str, marks: Iterable[str] = ()) -> str:
    """Return the text without control tokens: the given marks, or else the common ones."""
    known = "|".join(map(re.escape, marks)) or "|".join(COMMON)
    found = 1
    while found:  # what is left around a mark may be one again
        text, found = re.subn(known, "", text)
    return text
