"""Loading a base's weights and tokenizer, for training and for serving alike.

The model libraries are imported when something is loaded, so that the core stays light.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

from persllm.bases import Base
from persllm.errors import BaseModelError
from persllm.messages import Message, fold_system

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


def template_rows(tokenizer: "Tokenizer", messages: Sequence[Message]) -> list[dict[str, str]]:
    """Return a conversation as the base's chat template takes it, for training and for serving.

    Where the template refuses or drops a system turn, its text stands in the first user turn.
    """
    if not takes_system_turn(tokenizer):
        messages = fold_system(messages)
    return [message.as_dict() for message in messages]


@lru_cache(maxsize=16)
def takes_system_turn(tokenizer: "Tokenizer") -> bool:
    """Return whether the base's chat template writes a system turn: it is tried."""
    template: Any = tokenizer.apply_chat_template
    rows = [Message("system", _TRIED).as_dict(), Message("user", "b").as_dict()]
    try:
        return _TRIED in template(rows, tokenize=False)
    except Exception:  # templates are programs; jinja raises many kinds
        return False


_TRIED = "system turn tried"


def load_base(base: Base, *, four_bit: bool = False) -> "PreTrainedModel":
    """Load a base's weights: fp32 on CPU, bf16 on a GPU, or there in 4 bits.

    Raises:
        BaseModelError: They cannot be loaded, or not in 4 bits here.
    """
    import torch
    from safetensors import SafetensorError
    from transformers import AutoModelForCausalLM

    dtype = torch.bfloat16 if device().type == "cuda" else torch.float32
    extra = _four_bits(base) if four_bit else {}
    try:
        model: Any = AutoModelForCausalLM.from_pretrained(
            base.location, revision=_revision(base), dtype=dtype, **extra
        )
    except (OSError, ValueError, SafetensorError) as error:
        raise BaseModelError(_cannot_load(base, error)) from error
    return cast("PreTrainedModel", model if four_bit else model.to(device()))


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
