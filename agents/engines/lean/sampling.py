"""The next token of several replies at once; each has its own temperature and its own chance."""

from collections.abc import Sequence

import torch
from torch import Tensor

from persllm.engine import Request

NONE = -1
"""No token: the model's numbers are none, as those of a broken adapter are."""


def generator_of(request: Request) -> torch.Generator:
    """Return a request's own source of chance: of its seed, or a fresh one."""
    generator = torch.Generator()
    if request.seed is None:
        generator.seed()
    else:
        generator.manual_seed(request.seed)
    return generator


class Choices:
    """Chooses tokens by logits (places, vocabulary), each place for its request.

    What is chosen at one place changes nothing at another: chance is drawn when a place is asked.
    """

    def __init__(self, logits: Tensor, requests: Sequence[Request]) -> None:
        highest, likeliest = logits.max(-1)
        self._sound = highest.isfinite().tolist()
        self._likeliest: list[int] = likeliest.tolist()
        self._logits, self._requests = logits, requests
        drawn = [place for place, request in enumerate(requests) if request.temperature > 0]
        self._drawn = dict(zip(drawn, logits[drawn].float().cpu(), strict=True)) if drawn else {}

    def token(self, place: int, generator: torch.Generator) -> int:
        """Return the next token of a place; NONE where all is NaN."""
        if not self._sound[place]:
            return NONE
        if place not in self._drawn:
            return self._likeliest[place]
        chances, order = _chances(self._drawn[place], self._requests[place])
        return int(order[torch.multinomial(chances, 1, generator=generator)])

    def log_probability(self, place: int, token: int) -> float | None:
        """Return how likely a token was, where the request wants to know."""
        if not self._requests[place].logprobs:
            return None
        return float(self._logits[place].float().log_softmax(-1)[token])


def _chances(logits: Tensor, request: Request) -> tuple[Tensor, Tensor]:
    """Return chances (vocabulary), likeliest first and cut at top_p, and whose they are."""
    chances, order = (logits / request.temperature).softmax(-1).sort(descending=True)
    before = chances.cumsum(-1) - chances
    before[0] = -1.0  # the likeliest one stays, whatever top_p
    return chances.masked_fill(before >= request.top_p, 0.0), order
