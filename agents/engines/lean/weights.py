"""What the decode loop needs of a base, taken out of a transformers model once.

Query, key and value are one matrix here, gate and up another: fewer and larger products.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from persllm.agents.engines.lean.linear import Linear, linear

KINDS = frozenset({"llama", "mistral", "qwen2", "qwen3"})
ROPES = frozenset({"default", "linear", "llama3", "yarn"})
"""Rotary embeddings whose angles depend on the position alone, not on the length."""

ATTENTION = ("q_proj", "k_proj", "v_proj")
GATED = ("gate_proj", "up_proj")


@dataclass(frozen=True, slots=True)
class Layer:
    """One block's weights."""

    before_attention: Tensor
    qkv: Linear
    qk_scale: Tensor | None
    """(heads + kv heads, head size): what Qwen3 multiplies normalised queries and keys by."""
    out: Linear
    before_gate: Tensor
    gate_up: Linear
    down: Linear


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Sizes of a base."""

    layers: int
    hidden: int
    inner: int
    """Width of the feed-forward part."""
    heads: int
    kv_heads: int
    head_size: int
    epsilon: float

    @property
    def outputs(self) -> dict[str, int]:
        """Width of what each projection gives."""
        kv = self.kv_heads * self.head_size
        return {
            "q_proj": self.heads * self.head_size,
            "k_proj": kv,
            "v_proj": kv,
            "o_proj": self.hidden,
            "gate_proj": self.inner,
            "up_proj": self.inner,
            "down_proj": self.hidden,
        }

    @property
    def inputs(self) -> dict[str, int]:
        """Width of what each projection takes."""
        taken = dict.fromkeys((*ATTENTION, *GATED), self.hidden)
        return taken | {"o_proj": self.heads * self.head_size, "down_proj": self.inner}


@dataclass(frozen=True, slots=True)
class Weights:
    """A whole base."""

    shape: Shape
    embedding: Tensor
    """(vocabulary, hidden)."""
    layers: tuple[Layer, ...]
    norm: Tensor
    head: Linear
    rotary: nn.Module
    """Transformers' own: cosines and sines of positions, with the base's scaling."""


def unknown(model: Any) -> str:  # noqa: ANN401 (a transformers model)
    """Return why a model is none the decode loop knows, or nothing."""
    config = model.config
    layer_types = set(getattr(config, "layer_types", None) or ["full_attention"])
    slides = getattr(config, "sliding_window", None) if config.model_type == "mistral" else None
    rope = (getattr(config, "rope_parameters", None) or {}).get("rope_type", "default")
    if config.model_type not in KINDS:
        return f"models of type {config.model_type!r} are not known"
    if layer_types != {"full_attention"} or slides:
        return "it attends to a sliding window"
    if rope not in ROPES:
        return f"rotary embeddings of type {rope!r} depend on the length"
    if config.hidden_act != "silu":
        return f"the activation {config.hidden_act!r} is not known"
    if getattr(config, "quantization_config", None):
        return "its weights are quantized already"
    return ""


@torch.inference_mode()
def take(model: Any, *, int8: bool) -> Weights:  # noqa: ANN401 (a transformers model)
    """Return a model's weights; the model is taken apart and cannot be run any more."""
    config, inner = model.config, model.model
    shape = Shape(
        layers=config.num_hidden_layers,
        hidden=config.hidden_size,
        inner=config.intermediate_size,
        heads=config.num_attention_heads,
        kv_heads=config.num_key_value_heads,
        head_size=inner.layers[0].self_attn.head_dim,
        epsilon=config.rms_norm_eps,
    )
    layers = []
    for index in range(shape.layers):
        layers.append(_layer(inner.layers[index], shape, int8))
        inner.layers[index] = nn.Identity()  # frees its memory while the next one is taken
    embedding = inner.embed_tokens.weight.detach()
    head = model.lm_head.weight.detach()
    return Weights(
        shape,
        embedding,
        tuple(layers),
        inner.norm.weight.detach(),
        linear(head, int8=int8, shared=head.data_ptr() == embedding.data_ptr()),
        inner.rotary_emb,
    )


def _layer(block: Any, shape: Shape, int8: bool) -> Layer:  # noqa: ANN401 (a transformers block)
    attention, gated = block.self_attn, block.mlp
    return Layer(
        block.input_layernorm.weight.detach(),
        _joined([getattr(attention, name) for name in ATTENTION], int8),
        _qk_scale(attention, shape),
        _joined([attention.o_proj], int8),
        block.post_attention_layernorm.weight.detach(),
        _joined([getattr(gated, name) for name in GATED], int8),
        _joined([gated.down_proj], int8),
    )


def _joined(parts: list[nn.Linear], int8: bool) -> Linear:
    weight = torch.cat([part.weight.detach() for part in parts])
    if all(part.bias is None for part in parts):
        return linear(weight, int8=int8)
    biases = [
        weight.new_zeros(part.out_features) if part.bias is None else part.bias.detach()
        for part in parts
    ]
    return linear(weight, torch.cat(biases), int8=int8)


def _qk_scale(attention: Any, shape: Shape) -> Tensor | None:  # noqa: ANN401
    if not hasattr(attention, "q_norm"):
        return None
    query, key = attention.q_norm.weight.detach(), attention.k_norm.weight.detach()
    return torch.cat([query.expand(shape.heads, -1), key.expand(shape.kv_heads, -1)])
