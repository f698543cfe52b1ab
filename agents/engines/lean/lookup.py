"""Guesses what a reply says next: what followed the same words before (prompt lookup decoding).

Replies repeat much: what was recalled, the own analysis, what others said. The model reads a guess
in one step, beside the token it continues; what it would not have written itself is thrown away. So
guesses change how many steps a reply takes, and no token of it.
"""

from collections.abc import Sequence

from persllm.agents.engines.lean.sequence import shared

SHORTEST = 2
"""Tokens that must have stood before as they stand at the end now."""
MOST_SEEN = 8
"""So many earlier places are compared, the latest ones."""
MOST_MATCHED = 8
TOKENS_PER_MATCH = 2
"""The longer the match, the longer the guess."""
LONGEST = 12
MOST_HALVINGS = 3
"""Guesses of which nothing was right halve the next one, so often at most."""


class PromptLookup:
    """A prompt and the reply so far, by their pairs of tokens.

    Args:
        prompt: Tokens.
    """

    def __init__(self, prompt: Sequence[int]) -> None:
        self._tokens = list(prompt)
        self._followed: dict[tuple[int, ...], list[int]] = {}
        self._halvings = 0
        for place in range(SHORTEST, len(prompt)):
            self._note(place)

    def add(self, token: int) -> None:
        """Take the next token of the reply."""
        self._note(len(self._tokens))
        self._tokens.append(token)

    def guess(self, most: int) -> list[int]:
        """Return what may come next: the beginning of what followed the longest match."""
        matches = [
            (self._matched(place), place)
            for place in self._followed.get(self._pair(len(self._tokens)), [])[-MOST_SEEN:]
        ]
        length, place = max(matches, default=(0, 0))
        reach = min(TOKENS_PER_MATCH * length >> self._halvings, LONGEST, most)
        return self._tokens[place : place + reach]

    def judge(self, guessed: int, right: int) -> None:
        """Hear how many tokens of a guess were right."""
        if guessed:
            self._halvings = 0 if right else min(self._halvings + 1, MOST_HALVINGS)

    def _pair(self, place: int) -> tuple[int, ...]:
        return tuple(self._tokens[place - SHORTEST : place])

    def _note(self, place: int) -> None:
        self._followed.setdefault(self._pair(place), []).append(place)

    def _matched(self, place: int) -> int:
        """Return how many tokens before a place are those before the end."""
        before = self._tokens[max(0, place - MOST_MATCHED) : place]
        return shared(before[::-1], self._tokens[: -MOST_MATCHED - 1 : -1])
