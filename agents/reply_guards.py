"""Guards that every base needs: replies end at a sentence, and no reply is the one before again.

They watch a reply as it is read and hold back only what may have to be taken away.
"""

import re
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import replace

from persllm.agents.reply_reading import FinishedReply

Reading = Generator[str, None, FinishedReply]
"""Yields what may be shown of a reply as it is written; returns it as it ended."""

SENTENCE_END = re.compile(
    r"[.!?\u2026\u3002\uff01\uff1f\u061f\u0964][\"'\u201d\u2019\u00bb)\]]*(?=\s|$)|\n"
)
HELD_AFTER = 0.45
"""From this share of its most tokens on, in words, a reply is shown sentence by sentence."""
DRAWS = 3
"""So often at most a reply is drawn that is word for word an earlier turn."""


def ended_at_sentence(reading: Reading, most_tokens: int) -> Reading:
    """Leave out the sentence that its limit cut; a first sentence is always shown."""
    text, shown = "", 0
    with closing(reading):
        while True:
            try:
                text += next(reading)
            except StopIteration as ended:
                reply: FinishedReply = ended.value
                break
            end = len(text)
            if len(text.split()) > HELD_AFTER * most_tokens:
                end = max(shown, _last_end(text))
            yield text[shown:end]
            shown = end
    end = _last_end(text) if reply.finish == "length" else len(text)
    end = max(shown, end or len(text))
    yield text[shown:end]
    return replace(reply, response=text[:end].strip())


def unlike_before(read: Callable[[int], Reading], before: Sequence[str]) -> Reading:
    """Read the first of a few draws of a reply that is no earlier turn again.

    Args:
        read: Reads the reply that is drawn for the given time, from 0.
        before: Turns that it must not be.
    """
    known = {plain_turn(turn) for turn in before if turn.strip()}
    for number in range(DRAWS):
        text, held, free = "", "", number == DRAWS - 1
        with closing(read(number)) as reading:
            while True:
                try:
                    new = next(reading)
                except StopIteration as ended:
                    reply: FinishedReply = ended.value
                    break
                text, held = text + new, held + new
                free = free or not any(turn.startswith(plain_turn(text)) for turn in known)
                yield held if free else ""  # whoever reads can stop at any time
                held = "" if free else held
        if free or plain_turn(text) not in known:
            yield held
            return reply
    raise AssertionError("the last draw is always free")


def _last_end(text: str) -> int:
    return max((end.end() for end in SENTENCE_END.finditer(text)), default=0)


def plain_turn(turn: str) -> str:
    """Return a turn without what does not make it another one: its words, in small letters."""
    return " ".join(re.sub(r"[^\w\s]", "", turn.lower()).split())
