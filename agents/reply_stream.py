"""Takes a reply apart while it is being written: the analysis is held back, the response flows."""

from persllm.replies import ParsedReply, ReplyParser


class ReplyStream:
    """Feed it pieces; it returns what of the response may be shown."""

    def __init__(self) -> None:
        self._parser = ReplyParser()
        self._shown = 0

    def feed(self, piece: str) -> str:
        """Return the part of the response that this piece completes, often nothing."""
        self._parser.feed(piece)
        return self._take()

    def finish(self) -> str:
        """Return what is left; an analysis that reached no response has none."""
        self._parser.finish()
        return self._take()

    @property
    def parsed(self) -> ParsedReply:
        """The reply so far, taken apart."""
        return self._parser.parsed

    def _take(self) -> str:
        response = self.parsed.response
        # Trailing space is held back: parsing strips it, and more text may follow it.
        new = response[self._shown :]
        self._shown = len(response)
        return new
