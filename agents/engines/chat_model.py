"""Any LangChain chat model as an engine: it gets the same prompts as a base of ours, no adapters.

For comparisons (`persllm eval --also`). What a provider does not take, such as a seed, is not sent.
"""

from collections.abc import Iterator, Sequence

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from persllm.engine import Piece, Reply, Request
from persllm.errors import AdapterError, EngineError
from persllm.messages import Message

CONTEXT = 8192
AT_ONCE = 8
"""Calls under way at once."""
KINDS: dict[str, type[BaseMessage]] = {
    "system": SystemMessage,
    "user": HumanMessage,
    "assistant": AIMessage,
}


class ChatModelEngine:
    """Asks a chat model.

    Args:
        model: Any LangChain chat model.
        name: What replies are credited to.
        context: Most words of prompt and reply together; the model's own tokens are not known.
    """

    def __init__(self, model: BaseChatModel, *, name: str, context: int = CONTEXT) -> None:
        self._model = model
        self._name = name
        self._context = context

    @property
    def name(self) -> str:
        """What replies are credited to."""
        return self._name

    @property
    def context(self) -> int:
        """Most words of prompt and reply together."""
        return self._context

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Return the number of words."""
        return sum(len(message.content.split()) for message in messages)

    def stream(self, request: Request) -> Iterator[Piece]:
        """Yield the whole reply as one piece."""
        [reply] = self.generate([request])
        yield Piece(reply.text)
        yield Piece("", reply.finish, reply.prompt_tokens, reply.new_tokens)

    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        """Answer all requests, several calls at once, in order.

        Raises:
            AdapterError: A request names an adapter.
            EngineError: The model failed.
        """
        for request in requests:
            if request.adapter is not None:
                raise AdapterError(
                    f"{self.name} runs no adapters, got {request.adapter}. "
                    "Name a base of your own with --base to use one."
                )
        replies: dict[int, Reply] = {}
        for key in dict.fromkeys((r.max_tokens, r.temperature, r.stop) for r in requests):
            rows = [
                i for i, r in enumerate(requests) if (r.max_tokens, r.temperature, r.stop) == key
            ]
            found = self._asked([requests[i] for i in rows])
            replies.update(zip(rows, found, strict=True))
        return [replies[i] for i in range(len(requests))]

    def _asked(self, requests: Sequence[Request]) -> list[Reply]:
        first = requests[0]
        model = self._model.bind(max_tokens=first.max_tokens, temperature=first.temperature)
        prompts = [[KINDS[m.role](content=m.content) for m in r.messages] for r in requests]
        try:
            found = model.batch(
                list(prompts), {"max_concurrency": AT_ONCE}, stop=list(first.stop) or None
            )
        except Exception as error:  # each provider has errors of its own
            raise EngineError(f"{self.name} did not answer: {error}") from error
        return [
            Reply(text := message.text, "stop", self.count_tokens(request.messages), _words(text))
            for request, message in zip(requests, found, strict=True)
        ]


def _words(text: str) -> int:
    return len(text.split())
