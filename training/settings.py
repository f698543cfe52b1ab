"""How an adapter is trained, as one value, with presets by the size of the base.

The paper tunes all weights at 5e-5 (2.4 B) and 2e-5 (7 B) with weight decay 0.1, warm-up and
five passes over the personified data (METHOD 3.2); it gives no DPO settings. LoRA wants about ten
times the rate. The nano preset was chosen by measurement: `docs/decisions.md`.
"""

from dataclasses import dataclass, replace

from persllm.bases import NANO


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainSettings:
    """SFT, then DPO, of one adapter."""

    rank: int = 16
    """LoRA rank. A server's limit (vLLM: --max-lora-rank, 16 unless raised) must reach it."""
    alpha: int = 32
    repeats: float = 5.0
    """Passes over the personified data in SFT (METHOD 3.2)."""
    sft_rate: float = 5e-4
    dpo_rate: float = 5e-5
    dpo_passes: float = 1.0
    most_pairs: int = 0
    """Most pairs that DPO uses, spread over the reasons; 0 is all."""
    beta: float = 0.1
    """Strength of DPO's tie to the SFT state."""
    keep: float = 1.0
    """Weight of the likelihood of chosen replies beside the preference, so that voice stays."""
    batch: int = 16
    """Items a step; pairs are twice as long, so DPO takes half as many."""
    weight_decay: float = 0.1
    warm_up: float = 0.1
    """Share of the steps in which the rate rises."""
    max_tokens: int = 1024
    """Longest item, in tokens of the base; longer ones are left out and reported."""
    checkpoint_steps: int = 20
    seed: int = 1

    def __post_init__(self) -> None:
        for name in ("rank", "alpha", "batch", "max_tokens", "checkpoint_steps"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        for name in ("repeats", "sft_rate", "dpo_rate", "beta"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be above 0, got {getattr(self, name)}")


REAL_BASE = TrainSettings(max_tokens=3000, sft_rate=2e-4, dpo_rate=5e-6)
"""For bases of half a billion parameters and more."""

NANO_BASE = TrainSettings(repeats=2.0, sft_rate=2e-3, dpo_rate=3e-4, most_pairs=160)
"""For the nano base, in minutes on two CPU cores."""


def settings_for(base_name: str) -> TrainSettings:
    """Return the preset of a base."""
    return replace(NANO_BASE) if base_name == NANO else replace(REAL_BASE)
