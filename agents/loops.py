"""Ends replies that go in circles: small models sometimes say one phrase until they are cut off.

Text is watched as it is written. A phrase said twice in a row is held back while its third round is
open; when that is complete, the reply has ended with the second.
"""

import re
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import replace

from persllm.engine import Piece

SPACE = re.compile(r"\s")
LONGEST = 160
"""Characters of the longest phrase that is watched for."""
HELD, ENDED = 15, 30
"""Repeated characters, at least, before text is held back and before it is a circle: "no, no, no"
is none."""


class Circles:
    """Feed it text, in pieces of any size; it returns what may be shown."""

    def __init__(self) -> None:
        self._text = ""
        self._shown = 0
        self._same: dict[int, int] = {}
        """By length of a phrase: how many last characters are those of one phrase before."""
        self._kept: int | None = None
        """Where the reply ends, once it went in circles."""

    def feed(self, piece: str) -> str:
        """Return the part of the text that is certain now, often less or more than the piece."""
        for character in piece:
            if self._kept is None:
                self._watch(character)
        return self._give(min([self._end, *map(self._second_round, self._same.items())]))

    def finish(self) -> str:
        """Return what was held back; nothing if the text went in circles."""
        return self._give(self._end)

    @property
    def closed(self) -> bool:
        """Whether the text went in circles, so that no more of it is shown."""
        return self._kept is not None

    @property
    def _end(self) -> int:
        return len(self._text) if self._kept is None else self._kept

    def _watch(self, character: str) -> None:
        self._text += character
        text, last = self._text, len(self._text) - 1
        self._same = {n: same + 1 for n, same in self._same.items() if text[last - n] == character}
        for length in self._begun():
            self._same.setdefault(length, HELD)
        for length, same in self._same.items():
            if same >= max(2 * length, ENDED):
                self._kept = self._second_round((length, same))
                return

    def _begun(self) -> Iterator[int]:
        """Yield after how many characters the last few came again."""
        text, here = self._text, len(self._text)
        start = max(0, here - HELD - LONGEST)
        at = text.rfind(text[-HELD:], start, here - 1) if here > HELD else -1
        while at >= 0:
            yield here - HELD - at
            at = text.rfind(text[-HELD:], start, at + HELD - 1)

    def _second_round(self, found: tuple[int, int]) -> int:
        """Return the end of the word in which a phrase has been said twice, or of the text."""
        length, same = found
        twice = len(self._text) - same + max(length, HELD)
        space = SPACE.search(self._text, twice - 1)
        return space.start() if space else len(self._text)

    def _give(self, end: int) -> str:
        new = self._text[self._shown : end]
        self._shown = max(self._shown, end)
        return new


def unlooped(pieces: Generator[Piece]) -> Generator[Piece]:
    """Yield the pieces of a reply that ends where it begins to go in circles.

    The model's own pieces are read to their end, so that the last one tells what it wrote.
    """
    circles = Circles()
    with closing(pieces):
        for piece in pieces:
            shown = circles.feed(piece.text)
            if piece.finish:
                shown += circles.finish()
            yield replace(piece, text=shown)
