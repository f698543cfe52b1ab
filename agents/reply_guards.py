"""Guards that every base needs: replies end at a sentence, and no reply is the one before again.

They watch text as it is written and hold back only what may have to be taken away.
"""

import re
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import replace

from persllm.engine import Piece

SENTENCE_END = re.compile(r"[.!?\u2026\u3002\uff01\uff1f\u061f\u0964][\"'\u201d\u2019\u00bb)\]]*(?=\s|$)|\n")
HELD_AFTER = 0.45
"""From this share of its most tokens on, in words, a reply is shown sentence by sentence."""
DRAWS = 3
"""So often a reply is drawn that is word for word an earlier turn."""


def ended_at_sentence(pieces: Generator[Piece], most_tokens: int) -> Generator[Piece]:
    """Yield a reply without the sentence that its limit cut; a first sentence is always shown."""
    text, shown = "", 0
    with closing(pieces):
        for piece in pieces:
            text += piece.text
            certain = len(text)
            if len(text.split()) > HELD_AFTER * most_tokens and piece.finish != "stop":
                certain = max((end.end() for end in SENTENCE_END.finditer(text)), default=0)
                certain = certain or (len(text) if piece.finish else shown)
            end = max(shown, certain)
            yield replace(piece, text=text[shown:end])
            shown = end


def unlike_before(
    draw: Callable[[int], Generator[Piece]], before: Sequence[str]
) -> Generator[Piece]:
    """Yield the first of a few draws of a reply that is no earlier turn again.

    Args:
        draw: Draws the reply for the given time, from 0.
        before: Turns that it must not be.
    """
    known = {_plain(turn) for turn in before if turn.strip()}
    for number in range(DRAWS):
        held: list[Piece] = []
        text, free = "", number == DRAWS - 1
        with closing(draw(number)) as pieces:
            for piece in pieces:
                text += piece.text
                held.append(piece)
                same = _plain(text)
                ended = bool(piece.finish)
                free = free or not any(
                    turn == same if ended else turn.startswith(same) for turn in known
                )
                if free:
                    yield from held
                    held = []
        if free:
            return


def _plain(text: str) -> str:
    """Return a turn without what does not make it another one."""
    return " ".join(re.sub(r"[^\w\s]", "", text.lower()).split())
