"""What the nano base is made of, as one value: sizes, mix, schedule.

The defaults are the shipped model. How they were chosen stands in `docs/decisions.md` and in the
model card.
"""

from dataclasses import dataclass, replace


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
    closing_steps: int = 360
    """Steps after those, without scenes, of prompts that name what of a turn nothing recalled holds
    (the shipped weights saw no such prompts before)."""
    closing_rate: float = 2e-3
    """Highest learning rate of the matrices in these; that of the vectors keeps its proportion."""
    closing_prose_share: float = 0.35
    closing_decay: float = 0.6
    closing_seed: int = 2711
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

    def closing(self) -> "Recipe":
        """Return the recipe of the closing steps."""
        return replace(
            self,
            matrix_rate=self.closing_rate,
            vector_rate=self.vector_rate * self.closing_rate / self.matrix_rate,
            prose_share=self.closing_prose_share,
            seed=self.closing_seed,
        )
