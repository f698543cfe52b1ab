"""Sequences that were computed before, kept for prompts that begin as they do.

A talk continues where it ended, a regenerated or edited turn branches off, personas of one debate
each keep their own view. Sequences belong to the adapter (or base) they were computed with.
"""

from collections.abc import Iterator

from persllm.agents.engines.lean.sequence import Room, Sequence, roomy, shared

LOST_SHARE = 4
"""A sequence is continued in place if what is lost of it is at most this part of what is kept."""


class PrefixCache:
    """All sequences, running and resting, under one limit of bytes.

    Args:
        room: How keys and values are kept.
        limit: Bytes of all sequences together.
    """

    def __init__(self, room: Room, limit: int) -> None:
        self._room = room
        self.limit = limit
        self._sequences: list[Sequence] = []
        self._count = 0
        self.reused = 0
        """Prompt tokens so far that did not have to be computed again."""

    @property
    def bytes(self) -> int:
        """Bytes of all sequences."""
        return sum(sequence.bytes for sequence in self._sequences)

    def fits(self, tokens: int) -> bool:
        """Tell whether a sequence of that length can ever be held."""
        return tokens * self._room.token_bytes <= self.limit

    def longest(self, owner: int, tokens: list[int]) -> tuple[Sequence | None, int]:
        """Return which sequence shares most with a prompt, and how many tokens.

        The last token of a prompt never counts: what follows it must be computed.
        """
        best, length = None, 0
        for sequence in self._of(owner):
            common = min(shared(sequence.tokens, tokens), len(tokens) - 1)
            if common > length or (common == length > 0 and not sequence.busy):
                best, length = sequence, common
        return best, length

    def open(self, owner: int, tokens: list[int], need: int) -> Sequence | None:
        """Return a sequence that begins with as much of the prompt as is known.

        Args:
            owner: Number of the adapter.
            tokens: The prompt.
            need: Tokens of prompt and reply together.

        Returns:
            None if running sequences leave no room; try again when one has ended.
        """
        known, length = self.longest(owner, tokens)
        capacity = roomy(need, self._room.context)
        if not self.fits(capacity):
            capacity = need
        lost = len(known.tokens) - length if known else 0
        if known and not known.busy and lost * LOST_SHARE <= length:
            sequence = self._continued(known, length, (need, capacity))
        else:
            sequence = self._branched(owner, (known, length), capacity)
        if sequence is not None:
            self._use(sequence, busy=True)
            self.reused += length
        return sequence

    def close(self, sequence: Sequence) -> None:
        """Let a sequence rest; it stays until its room is needed."""
        for other in list(self._of(sequence.owner)):
            covered = other.tokens == sequence.tokens[: len(other.tokens)]
            if not other.busy and covered:
                self._sequences.remove(other)
        spare = roomy(len(sequence.tokens), self._room.context)
        if sequence.capacity > 2 * spare:
            sequence.grow(spare)
        self._use(sequence, busy=False)

    def drop(self, sequence: Sequence) -> None:
        """Forget a sequence that failed."""
        if sequence in self._sequences:
            self._sequences.remove(sequence)

    def forget(self, owner: int) -> None:
        """Forget the resting sequences of an adapter."""
        self._sequences = [s for s in self._sequences if s.busy or s.owner != owner]

    def _continued(self, known: Sequence, length: int, sizes: tuple[int, int]) -> Sequence | None:
        need, capacity = sizes
        if known.capacity < need:
            more = capacity * self._room.token_bytes - known.bytes
            if not self._make_room(more, [s for s in self._resting() if s is not known]):
                return None
            del known.tokens[length:]
            known.grow(capacity)
        del known.tokens[length:]
        return known

    def _branched(
        self, owner: int, known: tuple[Sequence | None, int], capacity: int
    ) -> Sequence | None:
        source, length = known
        dropped = self._resting()
        dropped.sort(key=lambda sequence: sequence is source)  # the last resort
        if not self._make_room(capacity * self._room.token_bytes, dropped):
            return None
        sequence = Sequence(self._room, owner, capacity)
        if source is not None and length:
            sequence.take(source, length)
        return sequence

    def _make_room(self, more: int, dropped: list[Sequence]) -> bool:
        """Drop sequences, in order, until so many bytes more fit; tell whether they do."""
        while self.bytes + more > self.limit and dropped:
            self._sequences.remove(dropped.pop(0))
        return self.bytes + more <= self.limit

    def _resting(self) -> list[Sequence]:
        """Return the sequences that nobody uses, the longest unused first."""
        resting = [sequence for sequence in self._sequences if not sequence.busy]
        return sorted(resting, key=lambda sequence: sequence.used)

    def _of(self, owner: int) -> Iterator[Sequence]:
        return (sequence for sequence in self._sequences if sequence.owner == owner)

    def _use(self, sequence: Sequence, *, busy: bool) -> None:
        self._count += 1
        sequence.used = self._count
        sequence.busy = busy
        if sequence not in self._sequences:
            self._sequences.append(sequence)
