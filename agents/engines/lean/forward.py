"""One pass of a base over spans of several sequences, each with its own adapter.

Spans of any length lie one behind another, unpadded: a row that decodes is a span of one token, a
prompt a longer one. Products see all tokens at once, adapters only the tokens of their rows.
"""

from collections.abc import Sequence as Several
from dataclasses import dataclass
from itertools import groupby

import torch
from torch import Tensor
from torch.nn import functional

from persllm.agents.engines.lean.adapter import Adapter, Fused
from persllm.agents.engines.lean.sequence import Sequence
from persllm.agents.engines.lean.weights import Layer, Weights

QKV, OUT, GATE_UP, DOWN = range(4)

Groups = list[tuple[Adapter, slice]]


@dataclass(frozen=True, slots=True)
class Tree:
    """How tokens of a span follow each other when they are no plain continuation."""

    positions: list[int]
    seen: Tensor
    """(tokens, tokens): which token attends to which."""


@dataclass(frozen=True, slots=True)
class Span:
    """Tokens that continue a sequence."""

    sequence: Sequence
    tokens: list[int]
    adapter: Adapter | None
    wanted: tuple[int, ...] = ()
    """Which of them give an output; minus one is the last."""
    tree: Tree | None = None


@dataclass(frozen=True, slots=True)
class _Part:
    """A span's place in the pass."""

    start: int
    stop: int
    before: int
    """Tokens its sequence had."""
    kv: list[tuple[Tensor, Tensor]]
    """Per layer keys and values up to the new ones: (kv heads, tokens, head size)."""
    fresh: list[Tensor]
    """Per layer where the new ones go: (new tokens, 2, kv heads, head size)."""
    mask: Tensor | None


class Forward:
    """Runs a base's weights."""

    def __init__(self, weights: Weights, *, context: int) -> None:
        self.weights = weights
        self.shape = weights.shape
        self._on_cpu = weights.embedding.device.type == "cpu"
        self._cos, self._sin = _angles(weights, context)
        self._rotated = self.shape.heads + self.shape.kv_heads
        self._queries = self.shape.heads * self.shape.head_size

    def __call__(self, spans: Several[Span]) -> Tensor:
        """Return what the wanted tokens give (wanted, hidden) and add all to their sequences.

        Spans of one adapter must be neighbours. Call it in inference mode.
        """
        parts, wanted = self._parts(spans), _wanted(spans)
        tokens = [token for span in spans for token in span.tokens]
        places = torch.tensor(_positions(spans), device=self._cos.device)
        turn = self._cos[places], self._sin[places]  # each (tokens, 1, head size)
        ids = torch.tensor(tokens, device=self._cos.device)
        hidden = functional.embedding(ids, self.weights.embedding)
        groups = _groups([(span.adapter, len(span.tokens)) for span in spans])
        keep = None
        if len(wanted) < len(tokens):
            keep = torch.tensor(wanted, dtype=torch.long, device=ids.device)
        for index, layer in enumerate(self.weights.layers):
            heard = self._attention(index, hidden, turn, (groups, parts))
            if index == self.shape.layers - 1 and keep is not None:
                hidden, heard = hidden[keep], heard[keep]
                groups = _groups([(span.adapter, len(span.wanted)) for span in spans])
            if not len(hidden):  # the middle of a long prompt: keys and values are all it gives
                break
            hidden = self._rest(index, layer, hidden, (heard, groups))
        for span in spans:
            span.sequence.tokens.extend(span.tokens)
        return self._norm(hidden, self.weights.norm)

    def logits(self, outputs: Tensor) -> Tensor:
        """Return (wanted, vocabulary) of (wanted, hidden)."""
        return self.weights.head(outputs)

    def _attention(
        self,
        index: int,
        hidden: Tensor,
        turn: tuple[Tensor, Tensor],
        rows: tuple[Groups, list[_Part]],
    ) -> Tensor:
        """Return what each token hears, all heads side by side."""
        layer, (groups, parts), shape = self.weights.layers[index], rows, self.shape
        normal = self._norm(hidden, layer.before_attention)
        qkv = layer.qkv(normal)
        _add(groups, (index, QKV), normal, qkv)
        size = shape.head_size
        whole = qkv.view(len(qkv), -1, size)  # (tokens, heads + 2 kv heads, head size)
        qk = whole[:, : self._rotated]
        if layer.qk_scale is not None:
            qk = self._norm(qk, layer.qk_scale)
        cos, sin = turn
        torch.addcmul(qk * cos, qk.roll(size // 2, -1), sin, out=whole[:, : self._rotated])
        kv = whole[:, shape.heads :].view(len(qkv), 2, shape.kv_heads, size)
        for part in parts:
            part.fresh[index].copy_(kv[part.start : part.stop])
        heard = [self._heard(index, part, whole) for part in parts]
        return heard[0] if len(heard) == 1 else torch.cat(heard)

    def _heard(self, index: int, part: _Part, whole: Tensor) -> Tensor:
        shape = self.shape
        keys, values = part.kv[index]
        length = part.stop - part.start
        if length == 1:  # query heads that share keys stand as rows of one head
            query = whole[part.start, : shape.heads].view(1, shape.kv_heads, -1, shape.head_size)
            out = functional.scaled_dot_product_attention(query, keys, values)
            return out.view(1, -1)
        query = whole[part.start : part.stop, : shape.heads].transpose(0, 1).unsqueeze(0)
        out = functional.scaled_dot_product_attention(
            query,
            keys,
            values,
            attn_mask=part.mask,
            is_causal=part.mask is None,
            enable_gqa=shape.heads != shape.kv_heads,
        )
        return out[0].transpose(0, 1).reshape(length, -1)

    def _rest(
        self, index: int, layer: Layer, hidden: Tensor, rows: tuple[Tensor, Groups]
    ) -> Tensor:
        heard, groups = rows
        out = layer.out(heard)
        _add(groups, (index, OUT), heard, out)
        hidden = out.add_(hidden)
        normal = self._norm(hidden, layer.before_gate)
        both = layer.gate_up(normal)
        _add(groups, (index, GATE_UP), normal, both)
        inner = self.shape.inner
        gated = functional.silu(both[:, :inner]).mul_(both[:, inner:])
        down = layer.down(gated)
        _add(groups, (index, DOWN), gated, down)
        return down.add_(hidden)

    def _norm(self, rows: Tensor, weight: Tensor) -> Tensor:
        """Return rows of mean square one, times a weight (root mean square norm)."""
        if not self._on_cpu:
            normal = functional.rms_norm(rows, rows.shape[-1:], None, self.shape.epsilon)
            return normal * weight
        mean = (rows * rows).mean(-1, keepdim=True)
        return (rows * mean.add_(self.shape.epsilon).rsqrt_()).mul_(weight)

    def _parts(self, spans: Several[Span]) -> list[_Part]:
        parts, start = [], 0
        for span in spans:
            before, length = len(span.sequence.tokens), len(span.tokens)
            blocks = span.sequence.kv.narrow(3, 0, before + length).unsqueeze(2).unbind(0)
            fresh = span.sequence.kv.narrow(3, before, length).permute(0, 3, 1, 2, 4).unbind(0)
            kv = [(keys, values) for keys, values in (block.unbind(0) for block in blocks)]
            mask = _mask(span, before, self._cos.device)
            parts.append(_Part(start, start + length, before, kv, list(fresh), mask))
            start += length
        return parts


def _angles(weights: Weights, context: int) -> tuple[Tensor, Tensor]:
    """Return cosines and sines of all positions; sines carry the sign of turning half a head."""
    like = weights.embedding
    cos, sin = weights.rotary(like, torch.arange(context, device=like.device)[None])
    half = weights.shape.head_size // 2
    sin = torch.cat([-sin[..., :half], sin[..., half:]], -1)
    return cos[0].unsqueeze(1), sin[0].unsqueeze(1)


def _mask(span: Span, before: int, device: torch.device) -> Tensor | None:
    """Return which earlier and new tokens each new token attends to; None is plain causal."""
    length = len(span.tokens)
    if length == 1 or (before == 0 and span.tree is None):
        return None
    if span.tree is None:
        whole = torch.ones(length, before + length, dtype=torch.bool, device=device)
        return whole.tril(before)
    earlier = torch.ones(length, before, dtype=torch.bool, device=device)
    return torch.cat([earlier, span.tree.seen], 1)


def _positions(spans: Several[Span]) -> list[int]:
    places: list[int] = []
    for span in spans:
        before = len(span.sequence.tokens)
        if span.tree is None:
            places.extend(range(before, before + len(span.tokens)))
        else:
            places.extend(before + place for place in span.tree.positions)
    return places


def _wanted(spans: Several[Span]) -> list[int]:
    rows: list[int] = []
    start = 0
    for span in spans:
        length = len(span.tokens)
        rows.extend(start + (place % length) for place in span.wanted)
        start += length
    return rows


def _groups(runs: Several[tuple[Adapter | None, int]]) -> Groups:
    """Return which rows belong to which adapter; rows of the base alone are left out."""
    groups: Groups = []
    start = 0
    for adapter, members in groupby(runs, key=lambda run: run[0]):
        stop = start + sum(length for _, length in members)
        if adapter is not None and stop > start:
            groups.append((adapter, slice(start, stop)))
        start = stop
    return groups


def _add(groups: Groups, where: tuple[int, int], rows: Tensor, to: Tensor) -> None:
    """Add every adapter's part of one product to the rows it belongs to."""
    layer, product = where
    for adapter, place in groups:
        fused: Fused | None = adapter.layers[layer][product]
        if fused is None:
            continue
        if place.stop - place.start == len(rows):
            fused.add(rows, to)
        else:
            fused.add(rows[place], to[place])
