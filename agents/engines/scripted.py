"""The engine for tests, demos and your own experiments: it says what it is told to say."""

import re
from collections.abc import Callable, Iterator, Sequence

from persllm.engine import Piece, Reply, Request, whole
from persllm.errors import EngineError
from persllm.messages import Message

Answer = Callable[[Request], str]


class ScriptedEngine:
    """Answers from a function of the request, word by word.

    Args:
        answer: What is said; a plain string is said every time.
        context: Most words of prompt and reply together; a token is a word here.
    """

    def __init__(self, answer: Answer | str, *, context: int = 4096) -> None:
        self._answer: Answer = answer if callable(answer) else lambda request: answer
        self._context = context
        self.asked: list[Request] = []
        """Every request so far, for tests."""

    @property
    def name(self) -> str:
        """What replies are credited to."""
        return "scripted"

    @property
    def context(self) -> int:
        """Most words of prompt and reply together."""
        return self._context

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Return the number of words."""
        return sum(len(message.content.split()) for message in messages)

    def stream(self, request: Request) -> Iterator[Piece]:
        """Yield the reply word by word."""
        prompt = self.count_tokens(request.messages)
        if prompt + request.max_tokens > self._context:
            raise EngineError(
                f"the prompt has {prompt} words and the reply may have {request.max_tokens}; "
                f"this engine holds {self._context}. Shorten the history."
            )
        self.asked.append(request)
        words = re.findall(r"\S+\s*", _until_stop(self._answer(request), request.stop))
        said = words[: request.max_tokens]
        for word in said:
            yield Piece(word)
        finish = "length" if len(said) < len(words) else "stop"
        yield Piece("", finish, prompt, len(said))

    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        """Answer each request, in order."""
        return [whole(self.stream(request)) for request in requests]


def _until_stop(text: str, stops: Sequence[str]) -> str:
    ends = [text.index(stop) for stop in stops if stop in text]
    return text[: min(ends)] if ends else text
