"""Attention over packed rows, and the log-probabilities of their targets.

On CPU each segment attends to the segments on its path and to itself: exact, without a mask over
the whole batch. On a GPU the same rule is a block mask for FlexAttention. Both hook into
transformers' attention interface, so that any decoder which uses it can be packed.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface, PreTrainedModel

from persllm.training.tuning.trees import Packed, Row, Segment, pack, row_of

ON_CPU = "persllm_tree"
ON_GPU = "flex_attention"
Batch = dict[str, Any]
"""Packed rows as tensors, with what the attention needs."""

CHECK_ERROR = 5e-3
"""Nats a token; what the packed pass may differ by from the plain one before it is refused."""


def as_batch(packed: Packed) -> Batch:
    """Return packed rows as the tensors that the model and the loss take."""
    on_gpu = torch.cuda.is_available()
    return {
        "input_ids": torch.tensor([packed.tokens]),
        "position_ids": torch.tensor([packed.places]),
        "ends": torch.tensor(packed.ends),
        "hidden": torch.tensor(packed.hidden, dtype=torch.long),
        "target_hidden": torch.tensor(packed.target_hidden, dtype=torch.long),
        "labels": torch.tensor(packed.targets, dtype=torch.long),
        "target_row": torch.tensor(packed.target_row, dtype=torch.long),
        "tree": Tree(() if on_gpu else packed.segments),
    }


class Tree:
    """The segments of a batch, with the masks that every layer uses."""

    def __init__(self, segments: Sequence[Segment]) -> None:
        self.segments = tuple(segments)
        self.lengths = [segment.length for segment in segments]
        self.masks = [
            _mask(sum(self.lengths[i] for i in segment.before), segment.length)
            for segment in segments
        ]


def _mask(before: int, own: int) -> Tensor | None:
    """Return (own, before + own): all that comes before, and causal within; None if no before."""
    if not before:
        return None
    mask = torch.zeros(own, before + own)
    mask[:, before:] = torch.full((own, own), float("-inf")).triu(1)
    return mask


def log_probabilities(model: torch.nn.Module, batch: Mapping[str, Any]) -> Tensor:
    """Return the log-probability of each target (N), in nats."""
    extra = (
        {"attention_mask": _block_mask(batch["ends"])}
        if batch["input_ids"].is_cuda
        else {"tree": batch["tree"]}
    )
    logits = model(
        input_ids=batch["input_ids"],
        position_ids=batch["position_ids"],
        logits_to_keep=batch["hidden"],
        use_cache=False,
        **extra,
    ).logits[0]
    # log_softmax, not logsumexp: the gradient of the latter is off by 3e-5 in float32.
    each: Tensor = logits.float().log_softmax(-1)[batch["target_hidden"], batch["labels"]]
    return each


def _block_mask(ends: Tensor) -> Any:  # noqa: ANN401 (torch's BlockMask)
    from torch.nn.attention.flex_attention import create_block_mask

    def sees(_batch: Tensor, _head: Tensor, query: Tensor, key: Tensor) -> Tensor:
        return (key <= query) & (query < ends[key])

    length = len(ends)
    return create_block_mask(sees, 1, None, length, length, device=ends.device)


def _attend(
    module: torch.nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    tree: Tree | None = None,
    **_: object,
) -> tuple[Tensor, None]:
    """Attend segment by segment; query (1, heads, T, d) to (1, T, heads, d)."""
    del module, attention_mask, dropout
    assert tree is not None, "packed attention needs packed rows"
    grouped = key.shape[1] != query.shape[1]
    # Splitting once keeps the backward pass to one joining of the parts.
    queries, keys, values = (x.split(tree.lengths, dim=2) for x in (query, key, value))
    outputs = []
    for index, (segment, mask) in enumerate(zip(tree.segments, tree.masks, strict=True)):
        path = (*segment.before, index)
        outputs.append(
            scaled_dot_product_attention(
                queries[index],
                torch.cat([keys[i] for i in path], dim=2) if mask is not None else keys[index],
                torch.cat([values[i] for i in path], dim=2) if mask is not None else values[index],
                attn_mask=mask,
                is_causal=mask is None,
                scale=scaling,
                enable_gqa=grouped,
            )
        )
    return torch.cat(outputs, dim=2).transpose(1, 2), None


AttentionInterface.register(ON_CPU, _attend)


@contextmanager
def tree_attention(model: PreTrainedModel) -> Iterator[None]:
    """Let the model attend over packed rows inside the block."""
    before: Any = model.config._attn_implementation
    model.set_attn_implementation(ON_GPU if torch.cuda.is_available() else ON_CPU)
    try:
        with _short_last_layer(model):
            yield
    finally:
        model.set_attn_implementation(before)


@contextmanager
def _short_last_layer(model: PreTrainedModel) -> Iterator[None]:
    """Let the last layer's feed-forward part see only tokens that predict a target, on CPU.

    What it makes of the others is read by nobody: no layer follows.
    """
    layers = getattr(model.base_model, "layers", None)
    last = getattr(layers[-1], "mlp", None) if layers is not None and len(layers) else None
    if last is None or torch.cuda.is_available():
        yield
        return
    wanted: list[Tensor] = []
    whole = last.forward

    def note(_module: object, _args: object, kwargs: dict[str, Any]) -> None:
        wanted[:] = [kwargs["logits_to_keep"]] if "tree" in kwargs else []

    def forward(x: Tensor) -> Tensor:
        if not wanted:
            return whole(x)  # type: ignore[no-any-return]
        [keep] = wanted
        return torch.zeros_like(x).index_copy(1, keep, whole(x[:, keep]))

    noting = model.register_forward_pre_hook(note, with_kwargs=True)
    last.forward = forward
    try:
        yield
    finally:
        noting.remove()
        del last.__dict__["forward"]


@torch.no_grad()
def why_not_packed(model: PreTrainedModel, *, max_tokens: int) -> str:
    """Return why this model cannot be packed, or nothing where it can: it is tried."""
    config = model.config.get_text_config()
    window = getattr(config, "sliding_window", None)
    kinds = set(getattr(config, "layer_types", None) or ["full_attention"])
    if kinds - {"full_attention"} and not (window and kinds <= {"full_attention", SLIDING}):
        return f"it has layers of the kinds {', '.join(sorted(kinds))}"
    if window and SLIDING in kinds and window < max_tokens:
        return f"its attention window of {window} is shorter than {max_tokens} tokens"
    start = list(range(1, LEAST_TRIED))
    rows = [row_of(start, [3, 5, 2]), row_of(start, [7, 2]), row_of(start[:3], [4, 2])]
    try:
        plain = torch.cat([plain_log_probabilities(model, [row]) for row in rows])
        with tree_attention(model):
            batch = as_batch(pack(rows))
            packed = log_probabilities(model, moved(batch, model.device))
    except (TypeError, ValueError, AttributeError, RuntimeError, AssertionError) as error:
        return f"its code does not take packed rows ({str(error).splitlines()[0]:.80})"
    worst = float((plain - packed).abs().max())
    limit = CHECK_ERROR if model.dtype == torch.float32 else 20 * CHECK_ERROR
    return "" if worst < limit else f"its packed pass is off by {worst:.3f} nats a token"


SLIDING = "sliding_attention"
LEAST_TRIED = 24


def moved(batch: Mapping[str, Any], device: torch.device) -> Batch:
    """Return a batch whose tensors are on the device."""
    return {k: v.to(device) if isinstance(v, Tensor) else v for k, v in batch.items()}


def plain_log_probabilities(model: torch.nn.Module, rows: Sequence[Row]) -> Tensor:
    """Return what `log_probabilities` returns, from a padded batch: the plain way."""
    device = next(model.parameters()).device
    width = max(len(row.tokens) for row in rows)
    ids = torch.zeros(len(rows), width, dtype=torch.long, device=device)
    mask = torch.zeros_like(ids)
    for i, row in enumerate(rows):
        ids[i, : len(row.tokens)] = torch.tensor(row.tokens)
        mask[i, : len(row.tokens)] = 1
    logits: Tensor = model(input_ids=ids, attention_mask=mask, use_cache=False).logits.float()
    places = [(i, place) for i, row in enumerate(rows) for place in row.places]
    which, place = torch.tensor(places, dtype=torch.long, device=device).reshape(-1, 2).unbind(1)
    predicting = logits[which, place - 1]
    return predicting.log_softmax(-1).gather(-1, ids[which, place, None]).squeeze(-1)
