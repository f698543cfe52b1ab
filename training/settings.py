"""How an adapter is trained, as one value, with presets by the size of the base.

The paper tunes all weights at 5e-5 (2.4 B) and 2e-5 (7 B) with weight decay 0.1, warm-up, a cosine
down to a tenth and five passes over the personified data (METHOD 3.2); it gives no DPO settings.
LoRA wants about ten times the rate. The nano preset was chosen by measurement:
`docs/decisions.md`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from persllm.errors import DataError


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainSettings:
    """SFT, then DPO, of one adapter."""

    rank: int = 16
    """LoRA rank. A server's limit (vLLM: --max-lora-rank, 16 unless raised) must reach it."""
    alpha: int = 32
    repeats: float = 5.0
    """Passes over the personified data in SFT (METHOD 3.2)."""
    general_share: float = 0.0
    """Share of general conversations among the rows of SFT; they come from a file."""
    sft_rate: float = 5e-4
    dpo_rate: float = 5e-5
    dpo_passes: float = 1.0
    """Passes over the pairs; 0 leaves DPO out."""
    most_pairs: int = 0
    """Most pairs that DPO uses, spread over the reasons; 0 is all."""
    beta: float = 0.1
    """Strength of DPO's tie to the SFT state."""
    keep: float = 1.0
    """Weight of the likelihood of chosen replies beside the preference, so that voice stays."""
    batch: int = 16
    """Items a step, over all processes; pairs are twice as long, so DPO takes half as many."""
    accumulate: int = 1
    """In how many parts a step's items pass through the model, to save memory."""
    weight_decay: float = 0.1
    warm_up: float = 0.1
    """Share of the steps in which the rate rises."""
    floor: float = 0.1
    """Share of the rate that is left in the last step."""
    max_tokens: int = 1024
    """Longest item, in tokens of the base; what is longer and cannot be split is reported."""
    patience: int = 0
    """DPO ends after so many checkpoints without a lower loss on pairs held out; 0: never."""
    packed: bool = True
    """Compute what rows share once. Off, rows are padded, as plain TRL does it."""
    four_bit: bool = False
    """Load the base in 4 bits (QLoRA); needs a GPU and bitsandbytes."""
    checkpoint_steps: int = 20
    seed: int = 1

    def __post_init__(self) -> None:
        for name in ("rank", "alpha", "batch", "accumulate", "max_tokens", "checkpoint_steps"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        for name in ("repeats", "sft_rate", "dpo_rate", "beta"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be above 0, got {getattr(self, name)}")
        for name in ("dpo_passes", "keep", "most_pairs", "patience"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must not be below 0, got {getattr(self, name)}")
        if not 0 <= self.general_share < 1:
            raise ValueError(f"general_share must be from 0 up to 1, got {self.general_share}")
        if self.batch % (2 * self.accumulate) and self.batch > 1:
            raise ValueError(
                f"batch must be a multiple of twice accumulate ({2 * self.accumulate}), "
                f"got {self.batch}: DPO takes half a batch, in {self.accumulate} parts"
            )


GENERAL_SHARE = 0.2
"""Share of general conversations where a file of them is named and no share is."""
PRESETS: Mapping[str, TrainSettings] = {
    "nano": TrainSettings(repeats=2.0, sft_rate=2e-3, dpo_rate=1e-3),
    "small": TrainSettings(
        rank=8, alpha=16, repeats=1.0, sft_rate=2e-4, dpo_rate=5e-5, most_pairs=80
    ),
    "medium": TrainSettings(max_tokens=3000, sft_rate=2e-4, dpo_rate=5e-6),
    "large": TrainSettings(
        max_tokens=3000, sft_rate=1e-4, dpo_rate=2e-6, accumulate=8, checkpoint_steps=50
    ),
}
"""By the size of the base: 5 million weights, 135 million, half a billion to two billion, seven to
eight billion. A base's profile names its preset."""


def preset(name: str) -> TrainSettings:
    """Return a preset by its name.

    Raises:
        DataError: There is none of that name.
    """
    if name not in PRESETS:
        raise DataError(f"there is no preset {name!r}. Name one of {', '.join(PRESETS)}.")
    return PRESETS[name]


def changed(settings: TrainSettings, changes: Mapping[str, Any]) -> TrainSettings:
    """Return the settings with the changes that are not None.

    Raises:
        DataError: A value is out of its range.
    """
    known = {field.name for field in fields(TrainSettings)}
    wanted = {name: value for name, value in changes.items() if value is not None}
    assert set(wanted) <= known, sorted(set(wanted) - known)
    try:
        return replace(settings, **wanted)
    except ValueError as error:
        raise DataError(f"{error}. Change that setting.") from error
