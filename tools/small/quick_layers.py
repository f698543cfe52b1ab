"""The layers of a Llama on a CPU, fused for training: attention, norms and gates.

torch's own attention on a CPU goes backward four times slower than plain products at these lengths,
and each small operation over a whole batch costs a walk through memory. Needs a C++ compiler, which
is why it stands here and not in the package.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from transformers import AttentionInterface
from transformers.models.llama.modeling_llama import LlamaMLP, LlamaRMSNorm

ATTENTION = "tools_small_causal"


class _Causal(torch.autograd.Function):
    """Causal attention by plain products; query (rows, heads, T, d), keys and values grouped."""

    @staticmethod
    def forward(ctx: Any, query: Tensor, key: Tensor, value: Tensor) -> Tensor:  # noqa: ANN401
        groups, length = query.shape[1] // key.shape[1], query.shape[2]
        keys, values = (x.repeat_interleave(groups, 1) for x in (key, value))
        mask = torch.full((length, length), float("-inf"), dtype=query.dtype).triu(1)
        weights = torch.softmax((query @ keys.transpose(2, 3)).add_(mask), -1)
        ctx.save_for_backward(query, keys, values, weights)
        ctx.groups = groups
        return weights @ values

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, ...]:  # noqa: ANN401
        query, keys, values, weights = ctx.saved_tensors
        [grad] = grads
        rows, heads, length, width = query.shape

        def folded(x: Tensor) -> Tensor:
            return x.view(rows, heads // ctx.groups, ctx.groups, length, width).sum(2)

        to_scores = torch._softmax_backward_data(
            grad @ values.transpose(2, 3), weights, -1, weights.dtype
        )
        to_keys = folded(to_scores.transpose(2, 3) @ query)
        return to_scores @ keys, to_keys, folded(weights.transpose(2, 3) @ grad)


def _attend(
    module: torch.nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float = 1.0,
    **_: object,
) -> tuple[Tensor, None]:
    del module, attention_mask
    attended: Tensor = _Causal.apply(query * scaling, key, value)  # type: ignore[no-untyped-call]
    return attended.transpose(1, 2), None


AttentionInterface.register(ATTENTION, _attend)


def _norm(x: Tensor, weight: Tensor, least: float) -> Tensor:
    whole = x.float()
    scale = torch.rsqrt(whole.pow(2).mean(-1, keepdim=True) + least)
    return weight * (whole * scale).to(x.dtype)


def _gate(gate: Tensor, up: Tensor) -> Tensor:
    return functional.silu(gate) * up


def quicken(model: Any) -> None:  # noqa: ANN401 (transformers' model)
    """Let a Llama, with or without PEFT's layers, compute by the fused ones."""
    norm: Callable[..., Tensor] = torch.compile(_norm, dynamic=True)
    gate: Callable[..., Tensor] = torch.compile(_gate, dynamic=True)
    model.set_attn_implementation(ATTENTION)
    for module in model.modules():
        if isinstance(module, LlamaRMSNorm):
            vars(module)["forward"] = partial(_normed, norm, module)
        if isinstance(module, LlamaMLP):
            vars(module)["forward"] = partial(_gated, gate, module)


def _normed(norm: Callable[..., Tensor], module: Any, x: Tensor) -> Tensor:  # noqa: ANN401
    return norm(x, module.weight, module.variance_epsilon)


def _gated(gate: Callable[..., Tensor], module: Any, x: Tensor) -> Tensor:  # noqa: ANN401
    output: Tensor = module.down_proj(gate(module.gate_proj(x), module.up_proj(x)))
    return output
