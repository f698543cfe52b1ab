"""One reply being written: what was asked, what was read and written, and what is told."""

from collections import deque

from persllm.agents.engines.chat_tokenizer import ChatTokenizer
from persllm.agents.engines.lean.adapter import Adapter
from persllm.agents.engines.lean.lookup import PromptLookup
from persllm.agents.engines.lean.sampling import generator_of
from persllm.agents.engines.lean.sequence import Sequence
from persllm.agents.engines.stop_filter import StopFilter
from persllm.agents.loops import RepetitionStopper
from persllm.engine import Piece, Request, Token


class Row:
    """A request on its way.

    Args:
        request: What is asked.
        tokenizer: The base's tokens.
        adapter: The adapter, or None for the base alone.
        owner: The adapter's number, or 0.
    """

    def __init__(
        self, request: Request, tokenizer: ChatTokenizer, *, adapter: Adapter | None, owner: int
    ) -> None:
        self.request = request
        self.prompt = tokenizer.prompt(request)
        self.adapter = adapter
        self.owner = owner
        self.generator = generator_of(request)
        self.sequence: Sequence | None = None
        self.news: deque[Piece | Exception] = deque()
        self.left = False
        """Nobody waits for it any more."""
        self.ended = False
        self._tokenizer = tokenizer
        self._writing = tokenizer.writing()
        self.said = tokenizer.said(request)
        """Tokens of the assistant so far, where the request wants them less likely."""
        self._shown = StopFilter(request.stop)
        self._told: list[Token] = []
        self._repetition = RepetitionStopper() if request.end_circles else None
        self._lookup: PromptLookup | None = None

    @property
    def need(self) -> int:
        """Most tokens of prompt and reply."""
        return len(self.prompt) + self.request.max_tokens

    @property
    def reading(self) -> bool:
        """Whether part of the prompt is still to be computed."""
        return self.sequence is None or len(self.sequence.tokens) < len(self.prompt)

    def unread(self) -> list[int]:
        """Return the tokens that the model has not seen yet."""
        seen = len(self.sequence.tokens) if self.sequence else 0
        if seen < len(self.prompt):
            return self.prompt[seen:]
        return self._writing.tokens[seen - len(self.prompt) :]

    def guess(self, most: int) -> list[int]:
        """Return tokens that may come after the unread one, as many as the reply has room for."""
        most = min(most, self._room - 1)
        if most < 1:
            return []
        if self._lookup is None:
            self._lookup = PromptLookup([*self.prompt, *self._writing.tokens])
        return self._lookup.guess(most)

    def judge(self, guessed: int, right: int) -> None:
        """Hear how many guessed tokens were right; the keys and values of the others go."""
        if self._lookup is not None:
            self._lookup.judge(guessed, right)
        if self.sequence is not None and right < guessed:
            del self.sequence.tokens[right - guessed :]

    def write(self, token: int, log_probability: float | None) -> None:
        """Take the next token and its log-probability, if asked for."""
        if token in self._tokenizer.ends:
            self._end("stop")
            return
        if log_probability is not None:
            self._told.append(Token(self._tokenizer.decode([token]), log_probability))
        if self._lookup is not None:
            self._lookup.add(token)
        if self.request.repetition_penalty != 1:
            self.said.add(token)
        text = self._writing.add(token)
        for piece in self._shown.more(text):
            self.news.append(Piece(piece.text, logprobs=self._tell()))
            if self._repetition:
                self._repetition.feed(piece.text)
        if self._shown.stopped or (self._repetition and self._repetition.closed):
            self._end("stop")
        elif self._room < 1:
            self._end("length")

    def fail(self, error: Exception) -> None:
        """End with an error."""
        self.ended = True
        self.news.append(error)

    def end_unasked(self) -> None:
        """End a reply of which no token is wanted."""
        self._end("length")

    @property
    def _room(self) -> int:
        """Tokens that the reply may still have."""
        return self.request.max_tokens - len(self._writing.tokens)

    def _end(self, finish: str) -> None:
        self.ended = True
        self.news.extend(self._shown.rest(self._writing.whole()))
        counts = (len(self.prompt), len(self._writing.tokens))
        self.news.append(Piece("", finish, *counts, logprobs=self._tell()))

    def _tell(self) -> tuple[Token, ...]:
        told, self._told = tuple(self._told), []
        return told
