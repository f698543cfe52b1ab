"""In which order rows are seen: passes, each shuffled by seed, and what is mixed into them.

The order of a whole run is one list, made before it starts, so that a continued run, and a run of
several processes, sees the same rows in the same steps.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from persllm.training.tuning.rows import PairRow


@dataclass(frozen=True, slots=True)
class Mix:
    """The rows of SFT in order, and how many are of which kind."""

    order: tuple[int, ...]
    """Indices: the persona's rows first, the general ones after them."""
    persona: int
    general: int


def mixed(rows: int, general: int, *, repeats: float, share: float, seed: int) -> Mix:
    """Return passes over the persona's rows with general ones spread among them.

    General rows are drawn without repetition as long as there are any left.

    Args:
        rows: How many rows the persona has.
        general: How many general rows there are.
        repeats: Passes over the persona's rows; the last may be a part.
        share: Of general rows in all.
        seed: The same seed gives the same order.
    """
    draw = random.Random(seed)
    ours = in_passes([[index] for index in range(rows)], repeats, seed=seed)
    wanted = round(len(ours) * share / (1 - share)) if general else 0
    others: list[int] = []
    while len(others) < wanted:
        others += draw.sample(range(rows, rows + general), min(general, wanted - len(others)))
    places = set(draw.sample(range(len(ours) + wanted), wanted))
    mine, theirs = iter(ours), iter(others)
    order = tuple(
        next(theirs) if place in places else next(mine) for place in range(len(ours) + wanted)
    )
    return Mix(order, len(ours), wanted)


def in_passes(groups: Sequence[Sequence[int]], passes: float, *, seed: int) -> list[int]:
    """Return the groups' indices, shuffled anew each pass; a group stays together."""
    total = round(passes * sum(map(len, groups)))
    order: list[int] = []
    number = 0
    while len(order) < total:
        shuffled = list(groups)
        random.Random(f"{seed}-{number}").shuffle(shuffled)
        order += [index for group in shuffled for index in group]
        number += 1
    return order[:total]


def by_prompt(pairs: Sequence[PairRow]) -> list[list[int]]:
    """Return the indices of pairs in groups of one prompt: a batch computes it once."""
    groups: dict[tuple[int, ...], list[int]] = {}
    for index, pair in enumerate(pairs):
        prompt = pair.chosen.tokens[: pair.chosen.counted[0][0]]
        groups.setdefault(prompt, []).append(index)
    return list(groups.values())
