"""The next token of several replies at once; each has its own temperature and its own chance."""

from collections.abc import Collection, Sequence

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

    def token(self, place: int, generator: torch.Generator, said: Collection[int] = ()) -> int:
        """Return the next token of a place; NONE where all is NaN.

        Args:
            place: Which.
            generator: Its source of chance.
            said: Tokens that the request's repetition penalty makes less likely.
        """
        if not self._sound[place]:
            return NONE
        request = self._requests[place]
        penalized = said and request.repetition_penalty != 1
        if place not in self._drawn:
            if not penalized:
                return self._likeliest[place]
            logits = self._logits[place].float().cpu()
            return int(_penalized(logits, said, request.repetition_penalty).argmax())
        logits = self._drawn[place]
        if penalized:
            logits = _penalized(logits, said, request.repetition_penalty)
        chances, order = _chances(logits, request)
        return int(order[torch.multinomial(chances, 1, generator=generator)])

    def log_probability(self, place: int, token: int) -> float | None:
        """Return how likely a token was, where the request wants to know."""
        if not self._requests[place].logprobs:
            return None
        return float(self._logits[place].float().log_softmax(-1)[token])


def _penalized(logits: Tensor, said: Collection[int], penalty: float) -> Tensor:
    """Return logits (vocabulary) in which tokens that were said are less likely."""
    places = torch.tensor(list(said))
    of_said = logits[places]
    return logits.index_put(
        (places,), torch.where(of_said > 0, of_said / penalty, of_said * penalty)
    )


def _chances(logits: Tensor, request: Request) -> tuple[Tensor, Tensor]:
    """Return chances (vocabulary), likeliest first and cut at top_p, and whose they are."""
    chances, order = (logits / request.temperature).softmax(-1).sort(descending=True)
    before = chances.cumsum(-1) - chances
    before[0] = -1.0  # the likeliest one stays, whatever top_p
    return chances.masked_fill(before >= request.top_p, 0.0), order
