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


def pick(
    logits: Tensor, requests: Sequence[Request], generators: Sequence[torch.Generator]
) -> list[int]:
    """Return the next token of each row of logits (rows, vocabulary); NONE where all is NaN.

    What others in the batch ask for changes no row: each draws from its own generator.
    """
    highest, likeliest = logits.max(-1)
    sound = highest.isfinite().tolist()
    tokens = [
        token if good else NONE for token, good in zip(likeliest.tolist(), sound, strict=True)
    ]
    drawn = [row for row, each in enumerate(requests) if each.temperature > 0 and sound[row]]
    if drawn:
        chances, order = _chances(logits[drawn].float().cpu(), [requests[row] for row in drawn])
        for place, row in enumerate(drawn):
            draw = torch.multinomial(chances[place], 1, generator=generators[row])
            tokens[row] = int(order[place, draw])
    return tokens


def _chances(logits: Tensor, requests: Sequence[Request]) -> tuple[Tensor, Tensor]:
    """Return chances (rows, vocabulary), likeliest first and cut at top_p, and whose they are."""
    heat = torch.tensor([request.temperature for request in requests])[:, None]
    share = torch.tensor([request.top_p for request in requests])[:, None]
    chances, order = (logits / heat).softmax(-1).sort(descending=True)
    before = chances.cumsum(-1) - chances
    before[:, 0] = -1.0  # the likeliest one stays, whatever top_p
    return chances.masked_fill(before >= share, 0.0), order
