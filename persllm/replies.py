"""What a model writes, and what of it is the reply: the analysis before it is never shown.

A reply is taught as `[Analysis] … [Response] …` (METHOD 2.8). Models also write half of that, the
`<think>` blocks of their first training, and the tokens between turns; none of it is the reply.
"""

import re
from dataclasses import dataclass

ANALYSIS = "[Analysis]"
RESPONSE = "[Response]"

_MARK = re.compile(
    r"(?P<analysis>\[\s*analysis\s*\])"
    r"|(?P<response>\[\s*response\s*\])"
    r"|(?P<think><think(?:ing)?>)"
    r"|(?P<thought></think(?:ing)?>)"
    r"|(?P<end><\|[^<>|\s]{1,40}\|>|<(?:start|end)_of_turn>|\[/?INST\]|</?s>)",
    re.IGNORECASE,
)
_LOOSE_START = re.compile(r"\[\s*analysis\b\s*:?|analysis\s*[\]:]", re.IGNORECASE)
"""How a reply begins whose marker is misspelt."""
_LOOSE_RESPONSE = re.compile(r"\[\s*Response\b\s*:?(?!\s*\])|^\s*Response\s*[:\]]", re.MULTILINE)
"""How an analysis ends whose marker is misspelt."""
_SPACE = re.compile(r"\s")
_BEGUN = re.compile(r"[\[<][^\[<\n]*\Z")
_WHOLE_MARKS = (
    "[analysis]",
    "[response]",
    "<think>",
    "<thinking>",
    "</think>",
    "</thinking>",
    "<start_of_turn>",
    "<end_of_turn>",
    "[inst]",
    "[/inst]",
    "<s>",
    "</s>",
)
_LONGEST_MARK = 44
LEAST_BEGUN = 3
"""Characters of a marker with which a text must end for them to be half a marker, and no text."""


@dataclass(frozen=True, slots=True)
class ParsedReply:
    """What a model wrote, taken apart."""

    analysis: str
    response: str
    """Empty where the model wrote an analysis only."""


def write_reply(analysis: str, response: str) -> str:
    """Return the assistant turn that training teaches (METHOD 2.8); no analysis, no markers."""
    return f"{ANALYSIS} {analysis} {RESPONSE} {response}" if analysis else response


def parse_reply(text: str) -> ParsedReply:
    """Take a model's text apart; text without any marker is all response."""
    parser = ReplyParser()
    parser.feed(text)
    parser.finish()
    return parser.parsed


class ReplyParser:
    """Takes a reply apart while it is being written; feed it pieces of any size."""

    def __init__(self) -> None:
        self._text = ""
        """What is not yet known to be analysis or response."""
        self._analysis = ""
        self._response = ""
        self._mode = "start"
        self._marked = False
        """Whether a marker said that this is the response."""

    @property
    def parsed(self) -> ParsedReply:
        """The reply so far."""
        return ParsedReply(self._analysis.strip(), self._response.strip())

    def feed(self, piece: str) -> None:
        """Take the next piece."""
        self._text += piece
        while self._text and self._mode != "ended":
            if self._mode == "start" and not self._decide():
                return
            mark = _MARK.search(self._text)
            if self._mode == "analysis":
                loose = _LOOSE_RESPONSE.search(self._text)
                if loose and loose.end() < len(self._text) and _before(loose, mark):
                    self._switch(loose, "response")
                    continue
            if mark is None:
                if self._mode == "response":
                    self._keep(len(self._text) - self._held())
                return
            self._switch(mark, str(mark.lastgroup))

    def finish(self) -> None:
        """Take what was held back; half a marker at the end is none of the reply."""
        if self._mode == "start":
            self._mode = "response"
        if self._mode != "ended":
            held = self._held()
            begun = _SPACE.sub("", self._text[len(self._text) - held :])
            self._keep(len(self._text) - (held if len(begun) >= LEAST_BEGUN else 0))
        self._text = ""

    def _decide(self) -> bool:
        """Tell whether the beginning says what this is."""
        begun = self._text.lstrip()
        plain = _SPACE.sub("", begun).lower()
        if any(mark.startswith(plain) and mark != plain for mark in ("analysis:", *_WHOLE_MARKS)):
            return False
        loose = _LOOSE_START.match(begun)
        if loose and not _MARK.match(begun):
            self._text, self._mode = begun[loose.end() :], "analysis"
        else:
            self._mode = "response"
        return True

    def _switch(self, found: re.Match[str], kind: str) -> None:
        """Take what stands before a marker, and go on after it."""
        self._keep(found.start(), rest=found.end())
        if kind in {"analysis", "think"}:
            self._mode = "analysis"
        elif kind in {"response", "thought"}:
            if self._mode == "response" and not self._marked:  # its beginning was left out
                self._analysis, self._response = self._analysis + self._response, ""
            self._mode, self._marked = "response", True
        elif self._mode == "analysis" or self._response.strip():
            self._mode = "ended"

    def _keep(self, end: int, *, rest: int | None = None) -> None:
        kept = self._text[:end]
        self._text = self._text[end if rest is None else rest :]
        if self._mode == "analysis":
            self._analysis += kept
        else:
            self._response += kept

    def _held(self) -> int:
        """Return how many last characters may become a marker."""
        begun = _BEGUN.search(self._text)
        if begun is None or len(begun[0]) > _LONGEST_MARK:
            return 0
        tail = _SPACE.sub("", begun[0]).lower()
        possible = any(mark.startswith(tail) for mark in _WHOLE_MARKS)
        token = re.fullmatch(r"<\|[^<>\s]*", begun[0])
        return len(begun[0]) if possible or token else 0


def _before(one: re.Match[str], other: re.Match[str] | None) -> bool:
    return other is None or one.start() < other.start()
