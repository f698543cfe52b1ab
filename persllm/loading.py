"""Loading a base's weights and tokenizer, for training and for serving alike.

The model libraries are imported when something is loaded, so that the core stays light.
"""

from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

from persllm.base_profile import weights_of
from persllm.bases import Base
from persllm.chat_template import ChatTemplate
from persllm.errors import BaseModelError
from persllm.machine import computes_bf16

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel
    from transformers import PreTrainedTokenizerBase as Tokenizer

LARGE = 1e9
"""Weights above which memory counts more than speed on a CPU."""


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


@lru_cache(maxsize=8)
def local_chat_template(base: Base) -> ChatTemplate | None:
    """Return a base's chat template; None where the base is not on this machine."""
    try:
        return ChatTemplate(load_tokenizer(base)) if base.config() else None
    except (BaseModelError, OSError):
        return None


def load_base(
    base: Base, *, four_bit: bool = False, dtype: "torch.dtype | None" = None
) -> "PreTrainedModel":
    """Load a base's weights, in the number format of `dtype_of`, in another, or in 4 bits.

    Raises:
        BaseModelError: They cannot be loaded, or not in 4 bits here.
    """
    from safetensors import SafetensorError
    from transformers import AutoModelForCausalLM

    extra = _four_bits(base) if four_bit else {}
    try:
        model: Any = AutoModelForCausalLM.from_pretrained(
            base.location, revision=_revision(base), dtype=dtype or dtype_of(base), **extra
        )
    except (OSError, ValueError, SafetensorError) as error:
        raise BaseModelError(_cannot_load(base, error)) from error
    return cast("PreTrainedModel", model if four_bit else model.to(device()))


def dtype_of(base: Base) -> "torch.dtype":
    """Return the number format of a base's weights here.

    On a CPU it is fp32, which is as fast there; where the CPU computes in bf16 itself, a base
    above a billion weights has those, which take half the memory.
    """
    import torch
    from transformers import AutoConfig

    if device().type == "cuda":
        return torch.bfloat16
    if not computes_bf16():
        return torch.float32
    known = base.config()
    if not known:
        known = AutoConfig.from_pretrained(base.location, revision=_revision(base)).to_dict()
    return torch.bfloat16 if LARGE < weights_of(known) < float("inf") else torch.float32


def _four_bits(base: Base) -> dict[str, Any]:
    """Return what loads a base in 4 bits.

    Raises:
        BaseModelError: There is no GPU, or no bitsandbytes.
    """
    from importlib.util import find_spec

    import torch

    lacking = [
        *([] if torch.cuda.is_available() else ["a GPU"]),
        *([] if find_spec("bitsandbytes") else ["bitsandbytes (pip install bitsandbytes)"]),
    ]
    if lacking:
        raise BaseModelError(
            f"base {base.name} cannot be loaded in 4 bits here: that needs "
            f"{' and '.join(lacking)}. Leave out --four-bit, or train where there is both."
        )
    from transformers import BitsAndBytesConfig

    config = BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )
    return {"quantization_config": config, "device_map": {"": 0}}


def _revision(base: Base) -> str | None:
    return base.revision if base.location == base.name and "/" in base.name else None


def _cannot_load(base: Base, error: Exception) -> str:
    reason = str(error).strip().splitlines()[0]
    return (
        f"base {base.name} cannot be loaded from {base.location}: {reason} "
        "Check the name, download it first where there is no network, or use --base nano."
    )
