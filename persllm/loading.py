"""Loading a base's weights and tokenizer, for training and for serving alike.

The model libraries are imported when something is loaded, so that the core stays light.
"""

from typing import TYPE_CHECKING, Any, cast

from persllm.bases import Base
from persllm.errors import BaseModelError

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel
    from transformers import PreTrainedTokenizerBase as Tokenizer


def device() -> "torch.device":
    """Return the GPU where there is one, else the CPU."""
    import torch

    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def load_tokenizer(base: Base) -> "Tokenizer":
    """Load a base's tokenizer; one without a padding token pads with its end token.

    Raises:
        BaseModelError: It cannot be loaded, or has no chat template.
    """
    from transformers import AutoTokenizer

    try:
        tokenizer: Any = AutoTokenizer.from_pretrained(base.location, revision=_revision(base))
    except (OSError, ValueError) as error:
        raise BaseModelError(_cannot_load(base, error)) from error
    if tokenizer.chat_template is None:
        raise BaseModelError(
            f"base {base.name} has no chat template, so a conversation cannot be put before it. "
            "Name its chat or instruct version."
        )
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return cast("Tokenizer", tokenizer)


def load_base(base: Base) -> "PreTrainedModel":
    """Load a base's weights: fp32 on CPU, bf16 on a GPU.

    Raises:
        BaseModelError: They cannot be loaded.
    """
    import torch
    from safetensors import SafetensorError
    from transformers import AutoModelForCausalLM

    dtype = torch.bfloat16 if device().type == "cuda" else torch.float32
    try:
        model: Any = AutoModelForCausalLM.from_pretrained(
            base.location, revision=_revision(base), dtype=dtype
        )
    except (OSError, ValueError, SafetensorError) as error:
        raise BaseModelError(_cannot_load(base, error)) from error
    return cast("PreTrainedModel", model.to(device()))


def _revision(base: Base) -> str | None:
    return base.revision if base.location == base.name and "/" in base.name else None


def _cannot_load(base: Base, error: Exception) -> str:
    reason = str(error).strip().splitlines()[0]
    return (
        f"base {base.name} cannot be loaded from {base.location}: {reason} "
        "Check the name, download it first where there is no network, or use --base nano."
    )
