"""Takes a reply apart while it is being written: the analysis is held back, the response flows."""

from persllm.messages import ANALYSIS, RESPONSE, ParsedReply, parse_reply

MARKERS = (ANALYSIS, RESPONSE)


class ReplyStream:
    """Feed it pieces; it returns what of the response may be shown."""

    def __init__(self) -> None:
        self._text = ""
        self._shown = 0

    def feed(self, piece: str) -> str:
        """Return the part of the response that this piece completes, often nothing."""
        self._text += piece
        return self._take(final=False)

    def finish(self) -> str:
        """Return what is left; a reply that never reached its response is all response."""
        return self._take(final=True)

    @property
    def parsed(self) -> ParsedReply:
        """The reply so far, taken apart."""
        return parse_reply(self._text)

    def _take(self, *, final: bool) -> str:
        if not final and self._undecided():
            return ""
        text = self._text if final else _without_begun_marker(self._text)
        response = parse_reply(text).response
        # Trailing space is held back: parsing strips it, and more text may follow it.
        new = response[self._shown :]
        self._shown = max(self._shown, len(response))
        return new

    def _undecided(self) -> bool:
        """Tell whether it is still open if this text is analysis or response."""
        if RESPONSE in self._text:
            return False
        start = self._text.lstrip()
        return start.startswith(ANALYSIS) or any(mark.startswith(start) for mark in MARKERS)


def _without_begun_marker(text: str) -> str:
    """Cut a tail that may become a marker."""
    opened = text.rfind("[")
    tail = text[opened:] if opened >= 0 else ""
    begun = tail and any(mark.startswith(tail) and mark != tail for mark in MARKERS)
    return text[:opened] if begun else text
