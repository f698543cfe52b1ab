"""What the nano base is made of, as one value: sizes, mix, schedule.

The defaults are the shipped model. How they were chosen stands in `docs/decisions.md` and in the
model card.
"""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """Some of the last steps, which end in weights of their own."""

    steps: int
    rate: float
    """Highest learning rate of the matrices; that of the vectors keeps its proportion."""
    decay: float
    """Last share of the steps, in which the learning rate falls to its floor."""
    scene_share: float
    """Share of their tokens that are scenes."""
    seed: int
    start: tuple[float, ...] = ()
    """Shares of the ends so far in the weights it starts from; without any, it starts from the
    last end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """One way to make a nano base; every field enters the model card."""

    vocabulary: int = 4096
    """Tokens, chat markers included."""
    hidden: int = 256
    """Width of the residual stream; a multiple of `heads`."""
    feed_forward: int = 704
    layers: int = 5
    heads: int = 4
    context: int = 1024
    """Longest sequence, in tokens."""

    characters: tuple[tuple[str, int], ...] = (
        ("book_dialogue", 26_000_000),
        ("chat", 14_000_000),
        ("instruct", 8_000_000),
        ("book_prose", 4_000_000),
    )
    """How much is read of each file of the text folder, in characters."""

    pretraining_steps: int = 1500
    pretraining_tokens: int = 4096
    """Tokens a step; every eighth step uses rows of the whole context, the others rows of 256."""
    matrix_rate: float = 4e-3
    """Highest learning rate of the matrices inside the layers (Muon)."""
    vector_rate: float = 3e-3
    """Highest learning rate of embeddings and norms (AdamW)."""
    tuning_steps: int = 3700
    tuning_tokens: int = 6144
    """Tokens a step, what conversations share counted once; the loss counts replies only."""
    scene_steps: int = 2800
    """Steps after those of tuning, in which most questions come in scenes."""
    scene_share: float = 0.75
    """Share of the tokens of these steps that are scenes."""
    scene_weight: float = 0.5
    """Share of what these steps changed that is kept: the weights shipped lie between those before
    and those after."""
    closings: tuple[Closing, ...] = (
        Closing(steps=360, rate=2e-3, decay=0.6, scene_share=0.0, seed=2711),
        Closing(steps=1400, rate=2e-3, decay=0.7, scene_share=0.3, seed=3011),
        Closing(steps=400, rate=1.5e-3, decay=0.8, scene_share=0.2, seed=3201),
        Closing(steps=460, rate=1e-3, decay=1.0, scene_share=0.2, seed=3301, start=(0.4, 0.0, 0.6)),
        Closing(
            steps=460,
            rate=1e-3,
            decay=1.0,
            scene_share=0.2,
            seed=3401,
            start=(0.3, 0.2, 0.25, 0.25),
        ),
    )
    """Steps after those (when the shipped weights took those before, prompts did not name what of a
    turn nothing recalled holds)."""
    averaged: tuple[float, ...] = (0.15, 0.1, 0.125, 0.125, 0.5)
    """Shares of the ends of the closing parts in the weights shipped: their average knows more than
    any of them."""
    closing_prose_share: float = 0.35
    parts: int = 2
    """Parts of a step; as many processes can share it (`torchrun`)."""
    text_every: int = 12
    """Every so many steps a batch of general text is read instead, so that fluency is kept."""
    prose_share: float = 0.3
    """Share of the items that ask about real prose instead of synthetic lives."""
    prose_characters: int = 25_000_000
    """How much prose is read for those."""
    pretraining_decay: float = 0.3
    """Last share of the steps, in which the learning rate falls to its floor."""
    tuning_decay: float = 0.4
    scene_decay: float = 0.6
    seed: int = 1893

    def closing(self, part: Closing) -> "Recipe":
        """Return the recipe of a part of the closing steps."""
        return replace(
            self,
            matrix_rate=part.rate,
            vector_rate=self.vector_rate * part.rate / self.matrix_rate,
            prose_share=self.closing_prose_share,
            scene_share=part.scene_share,
            seed=part.seed,
        )
