"""Ends replies that go round: small models sometimes say one phrase until they are cut off.

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
WORD_ROUNDS = 10
"""Rounds of one word before text is held back, twice as many before it ends: people laugh
"ha ha ha" and sing "la la la"."""
SHORT_WORD, SHORT_WORD_UNSPACED = 8, 2
"""Characters of such a word, with its space; fewer in scripts without spaces."""
UNSPACED = "\u2e80"
"""From here on scripts put no spaces between words."""
RULE = 200
"""Characters without any letter before text is held back, twice as many before it ends: rules of
tables, lines of dots, sums, rows of faces."""


class RepetitionStopper:
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
            if same >= max(2 * self._held(length), ENDED):
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
        twice = len(self._text) - same + self._held(length)
        space = SPACE.search(self._text, twice - 1)
        return space.start() if space else len(self._text)

    def _held(self, length: int) -> int:
        """Return how many repeated characters of a phrase are shown before text is held back."""
        phrase = self._text[-length:]
        phrase = phrase[: (phrase + phrase).find(phrase, 1)]  # "la " of "la la "
        if not any(letter.isalpha() for letter in phrase):
            return max(length, RULE)
        return max(length, HELD, WORD_ROUNDS * len(phrase) if _is_short_word(phrase) else 0)

    def _give(self, end: int) -> str:
        new = self._text[self._shown : end]
        self._shown = max(self._shown, end)
        return new


def _is_short_word(phrase: str) -> bool:
    """Tell whether a phrase that comes round again is one short word, wherever it was cut."""
    before = zip(phrase[-1:] + phrase, phrase, strict=False)
    words = sum(one.isspace() and not two.isspace() for one, two in before)
    longest = SHORT_WORD_UNSPACED if any(letter > UNSPACED for letter in phrase) else SHORT_WORD
    return words <= 1 and len(phrase) <= longest


def unlooped(pieces: Generator[Piece]) -> Generator[Piece]:
    """Yield the pieces of a reply that ends where it begins to go in circles.

    The model's own pieces are read to their end, so that the last one tells what it wrote.
    """
    stopper = RepetitionStopper()
    with closing(pieces):
        for piece in pieces:
            shown = stopper.feed(piece.text)
            if piece.finish:
                shown += stopper.finish()
            yield replace(piece, text=shown)
