"""Rows packed as a tree: what several rows begin with stands in the batch once.

Prompts of one stage begin with the same header, a pair's two replies answer the same prompt, and
both replies often begin with the same analysis. A batch is laid out in preorder, so that a token
attends to an earlier one exactly where `key <= query < ends[key]`. Nothing here knows of models.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

LEAST_SHARED = 8
"""Tokens; a shorter common beginning costs more in bookkeeping than it saves."""


@dataclass(frozen=True, slots=True)
class Row:
    """One conversation as tokens."""

    tokens: tuple[int, ...]
    counted: tuple[tuple[int, int], ...]
    """Where the tokens begin and end that the loss counts: replies with their end tokens."""

    @property
    def places(self) -> list[int]:
        """The places of the counted tokens."""
        return [place for first, last in self.counted for place in range(first, last)]


def row_of(prompt: Sequence[int], reply: Sequence[int]) -> Row:
    """Return the row of a prompt and a reply that is counted."""
    tokens = (*prompt, *reply)
    return Row(tokens, ((len(prompt), len(tokens)),))


@dataclass(frozen=True, slots=True)
class Segment:
    """A run of tokens that stands together, with the earlier runs it follows."""

    length: int
    before: tuple[int, ...]
    """Indices of the segments before it on its path, the first first."""


@dataclass(frozen=True, slots=True)
class Packed:
    """A batch of rows as one sequence of T tokens with N targets."""

    tokens: list[int]
    """T ids."""
    places: list[int]
    """T; each token's place in its own row."""
    ends: list[int]
    """T; one past the last token that may attend to this one."""
    segments: tuple[Segment, ...]
    """In the order of the tokens."""
    hidden: list[int]
    """Which tokens predict a target: ascending, each once."""
    target_hidden: list[int]
    """N; which of `hidden` predicts it."""
    targets: list[int]
    """N ids."""
    target_row: list[int]
    """N; whose target it is."""


@dataclass(slots=True)
class _Node:
    tokens: tuple[int, ...]
    children: list["_Node"] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    """The rows that end here."""


def pack(rows: Sequence[Row], *, share: bool = True) -> Packed:
    """Return the rows as one batch; without sharing every row stands there whole."""
    root = _Node(())
    for index, row in enumerate(rows):
        _insert(root, row.tokens, index, share=share)
    tokens: list[int] = []
    places: list[int] = []
    ends: list[int] = []
    segments: list[Segment] = []
    paths: dict[int, list[int]] = {}

    def lay(node: _Node, before: tuple[int, ...], path: list[int]) -> None:
        start = len(tokens)
        own = list(range(start, start + len(node.tokens)))
        tokens.extend(node.tokens)
        places.extend(range(len(path), len(path) + len(own)))
        ends.extend([0] * len(own))
        segments.append(Segment(len(own), before))
        mine = (*before, len(segments) - 1)
        for index in node.rows:
            paths[index] = path + own
        for child in node.children:
            lay(child, mine, path + own)
        ends[start : start + len(own)] = [len(tokens)] * len(own)

    for child in root.children:
        lay(child, (), [])
    targets = list(_targets(rows, paths))
    hidden = sorted({place for place, _, _ in targets})
    index_of = {place: index for index, place in enumerate(hidden)}
    return Packed(
        tokens=tokens,
        places=places,
        ends=ends,
        segments=tuple(segments),
        hidden=hidden,
        target_hidden=[index_of[place] for place, _, _ in targets],
        targets=[token for _, token, _ in targets],
        target_row=[row for _, _, row in targets],
    )


def _targets(rows: Sequence[Row], paths: dict[int, list[int]]) -> Iterator[tuple[int, int, int]]:
    """Yield (token that predicts, token that is predicted, row) of every counted token."""
    for index, row in enumerate(rows):
        for place in row.places:
            yield paths[index][place - 1], row.tokens[place], index


def _insert(root: _Node, tokens: tuple[int, ...], index: int, *, share: bool) -> None:
    node = root
    while True:
        shared, child = _nearest(node, tokens) if share else (0, None)
        if child is None or shared < min(LEAST_SHARED, len(tokens)):
            node.children.append(_Node(tokens, rows=[index]))
            return
        if shared < len(child.tokens):
            _split(child, shared)
        if shared == len(tokens):
            child.rows.append(index)
            return
        node, tokens = child, tokens[shared:]


def _nearest(node: _Node, tokens: tuple[int, ...]) -> tuple[int, _Node | None]:
    """Return the child that begins most like the tokens, and how many they share."""
    best: tuple[int, _Node | None] = (0, None)
    for child in node.children:
        shared = common(child.tokens, tokens)
        if shared > best[0]:
            best = (shared, child)
    return best


def _split(node: _Node, at: int) -> None:
    rest = _Node(node.tokens[at:], node.children, node.rows)
    node.tokens, node.children, node.rows = node.tokens[:at], [rest], []


def common(one: Sequence[int], other: Sequence[int]) -> int:
    """Return how many tokens two sequences begin alike."""
    shortest = min(len(one), len(other))
    if one[:shortest] == other[:shortest]:
        return shortest
    low, high = 0, shortest  # they are alike up to `low`, and differ before `high`
    while high - low > 1:
        middle = (low + high) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle
    return low
