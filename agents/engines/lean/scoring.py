"""Log-probabilities of given replies: every token that several share is computed once.

Prompts of one adapter share a header, replies a prompt, replies their beginnings. Sorted, each
sequence is a path that leaves the one before it somewhere; a pass computes the resulting tree, each
token attending to its own path only.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import torch

from persllm.agents.engines.lean.adapter import Adapter
from persllm.agents.engines.lean.forward import Forward, Span, Tree
from persllm.agents.engines.lean.sequence import Room, shared
from persllm.agents.engines.lean.sequence import Sequence as Kept

TREE = 384
"""Most tokens of a tree of several paths: attention costs its square."""
HEAD_NUMBERS = 1 << 24
"""Most logits at a time."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A prompt and a reply given to it, in tokens."""

    prompt: list[int]
    reply: list[int]
    adapter: Adapter | None
    owner: int


@dataclass(slots=True)
class _Grown:
    """A tree as paths are added to it."""

    tokens: list[int] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    paths: list[tuple[int, list[int]]] = field(default_factory=list)
    """Which one it is, and the node of each of its tokens."""
    last: list[int] = field(default_factory=list)
    """Tokens of the path added last."""

    def fresh(self, tokens: list[int]) -> int:
        """Return how many nodes a path would add."""
        return len(tokens) - shared(self.last, tokens)

    def add(self, which: int, tokens: list[int]) -> None:
        """Add a path where it leaves the one before."""
        common = shared(self.last, tokens)
        nodes = self.paths[-1][1][:common] if self.paths else []
        nodes += range(len(self.tokens), len(self.tokens) + len(tokens) - common)
        self.tokens += tokens[common:]
        self.positions += range(common, len(tokens))
        self.paths.append((which, nodes))
        self.last = tokens

    def tree(self, device: torch.device) -> Tree | None:
        """Return who sees whom; one path alone needs no word about it."""
        if len(self.paths) == 1:
            return None
        seen = torch.zeros(len(self.tokens), len(self.tokens), dtype=torch.bool)
        for _, nodes in self.paths:
            at = torch.tensor(nodes)
            seen[at[:, None], at] = torch.ones(len(nodes), len(nodes), dtype=torch.bool).tril()
        return Tree(self.positions, seen.to(device))


def score(
    forward: Forward, room: Room, asked: Sequence[Asked]
) -> Iterator[list[tuple[int, float]]]:
    """Yield of each pass which replies it was and their log-probabilities, in nats."""
    for grown in _trees(asked):
        yield _pass(forward, room, asked, grown)


@torch.inference_mode()
def _pass(
    forward: Forward, room: Room, asked: Sequence[Asked], grown: _Grown
) -> list[tuple[int, float]]:
    first = asked[grown.paths[0][0]]
    kept = Kept(room, first.owner, len(grown.tokens))
    sources = [
        node for which, nodes in grown.paths for node in nodes[len(asked[which].prompt) - 1 :]
    ]
    wanted = sorted(set(sources))
    span = Span(kept, grown.tokens, first.adapter, tuple(wanted), grown.tree(room.like.device))
    outputs = forward([span])
    place = {node: row for row, node in enumerate(wanted)}
    targets = [token for which, _ in grown.paths for token in asked[which].reply]
    each = iter(_log_probabilities(forward, outputs, [place[s] for s in sources], targets))
    return [(which, sum(next(each) for _ in asked[which].reply)) for which, _ in grown.paths]


def _log_probabilities(
    forward: Forward, outputs: torch.Tensor, rows: list[int], targets: list[int]
) -> list[float]:
    """Return the log-probability of each target after its row of outputs (rows, hidden)."""
    vocabulary = forward.weights.embedding.shape[0]
    most = max(1, HEAD_NUMBERS // vocabulary)
    found: list[float] = []
    for start in range(0, len(rows), most):
        logits = forward.logits(outputs[rows[start : start + most]]).float()
        target = torch.tensor(targets[start : start + most], device=logits.device)
        chosen = logits.gather(-1, target[:, None])[:, 0].double()
        found += (chosen - logits.double().logsumexp(-1)).tolist()
    return found


def _trees(asked: Sequence[Asked]) -> Iterator[_Grown]:
    """Yield trees of the same adapter; a path longer than a tree stands alone."""
    whole = [each.prompt + each.reply[:-1] for each in asked]
    order = sorted(range(len(asked)), key=lambda which: (asked[which].owner, whole[which]))
    grown, owner = _Grown(), -1
    for which in order:
        full = len(grown.tokens) + grown.fresh(whole[which]) > TREE
        if grown.paths and (full or asked[which].owner != owner):
            yield grown
            grown = _Grown()
        owner = asked[which].owner
        grown.add(which, whole[which])
    if grown.paths:
        yield grown
