"""Control tokens are taken out of what people write, so that nobody forges a turn.

For servers whose tokenizer cannot be asked; with a tokenizer at hand,
`persllm.chat_template` knows exactly.
"""

import re

KNOWN = re.compile(
    r"<\|[^<>|\s]{1,40}\|>"  # ChatML, Llama 3, Qwen, Phi and our nano base
    r"|<(?:start|end)_of_turn>"
    r"|\[/?INST\]"
    r"|<</?SYS>>"
    r"|</?s>"
)
"""What common chat templates write between turns."""


def without_control(text: str) -> str:
    """Return the text without what looks like a control token."""
    found = 1
    while found:  # what is left around a mark may be one again
        text, found = KNOWN.subn("", text)
    return text
