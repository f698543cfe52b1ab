"""Growing text as pieces: what may be shown already, and where a stop string ends it."""

from collections.abc import Iterator, Sequence

from persllm.engine import Piece


class StopFilter:
    """Turns growing text into pieces; holds back what might be a stop string's beginning."""

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = tuple(stop for stop in stops if stop)
        self._held = max((len(stop) - 1 for stop in self._stops), default=0)
        self._length = 0
        self.stopped = False

    def more(self, text: str) -> Iterator[Piece]:
        """Yield what may be shown of the text so far."""
        text = self._cut(text)
        # A lone byte of a longer character decodes to U+FFFD until the rest has come.
        safe = len(text) if self.stopped else len(text) - self._held
        if safe > self._length and not text.endswith("\ufffd"):
            yield Piece(text[self._length : safe])
            self._length = safe

    def rest(self, text: str) -> Iterator[Piece]:
        """Yield what was held back."""
        text = self._cut(text)
        if len(text) > self._length:
            yield Piece(text[self._length :])
            self._length = len(text)

    def _cut(self, text: str) -> str:
        ends = [text.index(stop) for stop in self._stops if stop in text]
        self.stopped = self.stopped or bool(ends)
        return text[: min(ends)] if ends else text
