"""Keys and values of one sequence of tokens, in one block of memory that grows seldom."""

from collections.abc import Sequence as Several
from dataclasses import dataclass

import torch
from torch import Tensor

from persllm.agents.engines.lean.weights import Shape

SLACK = 1.25
"""Room beyond what is asked for, so that a talk that grows is seldom moved."""
BLOCK = 64
"""Room is a multiple of this many tokens."""


def roomy(tokens: int, most: int) -> int:
    """Return how many tokens to make room for when so many are needed now."""
    wanted = int(tokens * SLACK) // BLOCK * BLOCK + BLOCK
    return max(tokens, min(wanted, most))


@dataclass(frozen=True, slots=True)
class Room:
    """How keys and values are kept."""

    shape: Shape
    like: Tensor
    """They are on its device and in its precision."""
    context: int

    @property
    def token_bytes(self) -> int:
        """Bytes of one token's keys and values."""
        shape = self.shape
        numbers = 2 * shape.layers * shape.kv_heads * shape.head_size
        return numbers * self.like.element_size()

    def block(self, tokens: int) -> Tensor:
        """Return empty memory: (layers, 2, kv heads, tokens, head size)."""
        shape = self.shape
        size = (shape.layers, 2, shape.kv_heads, tokens, shape.head_size)
        return torch.empty(size, dtype=self.like.dtype, device=self.like.device)


class Sequence:
    """Tokens whose keys and values are computed, and those."""

    def __init__(self, room: Room, owner: int, capacity: int) -> None:
        self._room = room
        self.owner = owner
        """Number of the adapter they were computed with; 0 is the base alone."""
        self.tokens: list[int] = []
        self.kv = room.block(capacity)
        self.busy = True
        self.used = 0
        """When it was last used, by the cache's count."""

    @property
    def capacity(self) -> int:
        """Tokens there is room for."""
        return int(self.kv.shape[3])

    @property
    def bytes(self) -> int:
        """Bytes of memory it holds."""
        return self.capacity * self._room.token_bytes

    def take(self, other: "Sequence", length: int) -> None:
        """Copy the first tokens of another one."""
        self.kv[:, :, :, :length] = other.kv[:, :, :, :length]
        self.tokens = other.tokens[:length]

    def grow(self, capacity: int) -> None:
        """Move to a larger block."""
        old, length = self.kv, len(self.tokens)
        self.kv = self._room.block(capacity)
        self.kv[:, :, :, :length] = old[:, :, :, :length]


def shared(one: Several[int], two: Several[int]) -> int:
    """Return the length of the longest common beginning."""
    low, high = 0, min(len(one), len(two))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == two[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
