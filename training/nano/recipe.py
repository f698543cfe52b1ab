"""What the nano base is made of, as one value: sizes, mix, schedule.

The defaults are the shipped model. How they were chosen stands in `docs/decisions.md` and in the
model card.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """One way to make a nano base; every field enters the model card."""

    vocabulary: int = 4096
    """Tokens, chat markers included."""
    hidden: int = 192
    """Width of the residual stream; a multiple of `heads`."""
    feed_forward: int = 512
    layers: int = 6
    heads: int = 6
    context: int = 1024
    """Longest sequence, in tokens."""

    characters: tuple[tuple[str, int], ...] = (
        ("book_dialogue", 26_000_000),
        ("chat", 14_000_000),
        ("instruct", 8_000_000),
        ("book_prose", 4_000_000),
    )
    """How much is read of each file of the text folder, in characters."""

    pretraining_steps: int = 1800
    pretraining_tokens: int = 4096
    """Tokens a step; every eighth step uses rows of the whole context, the others rows of 256."""
    pretraining_rate: float = 3e-3
    tuning_steps: int = 2600
    tuning_items: int = 24
    """Conversations a step; the loss counts their replies only."""
    prose_share: float = 0.3
    """Share of the items that ask about real prose instead of synthetic lives."""
    prose_characters: int = 25_000_000
    """How much prose is read for those."""
    tuning_text_rows: int = 1
    """Rows of general text a step, so that fluency is kept."""
    tuning_rate: float = 2e-3
    pretraining_decay: float = 0.3
    """Last share of the steps, in which the learning rate falls to its floor."""
    tuning_decay: float = 0.4
    polish_steps: int = 1300
    """More of the same after a warm restart, the rate falling to its floor from the start."""
    polish_rate: float = 1.2e-3
    seed: int = 1893
