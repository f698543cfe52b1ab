"""A LoRA adapter as the decode loop applies it, read from its files without PEFT.

Per layer and product there is one A for all projections that are fused there, and one B for each.
What PEFT knows and this does not (DoRA, trained embeddings, biases and so on) is named by
`unknown`, and left to PEFT.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from persllm.agents.engines.lean.weights import ATTENTION, GATED, Shape
from persllm.errors import AdapterError
from persllm.manifest import WEIGHTS_NAME

CONFIG_NAME = "adapter_config.json"
KEY = re.compile(
    r"base_model\.model\.model\.layers\.(\d+)\.(?:self_attn|mlp)\.(\w+)\.lora_([AB])\.weight"
)
FUSED = (ATTENTION, ("o_proj",), GATED, ("down_proj",))
INERT = {
    "alpha_pattern": "alphas that differ by module",
    "alora_invocation_tokens": "activation by tokens",
    "arrow_config": "arrow routing",
    "fan_in_fan_out": "transposed weights",
    "kasa_config": "KaSA",
    "layer_replication": "replicated layers",
    "lora_bias": "LoRA biases",
    "modules_to_save": "whole trained modules",
    "monteclora_config": "MonteCLoRA",
    "target_parameters": "LoRA on bare parameters",
    "trainable_token_indices": "trained tokens",
    "use_bdlora": "block-diagonal LoRA",
    "use_dora": "DoRA",
    "use_qalora": "QALoRA",
    "velora_config": "VeLoRA",
}
"""Settings of PEFT that must be unset, and what each would mean."""
PLAIN_STARTS = (True, False, None, "gaussian", "orthogonal", "eva")
"""Initialisations which leave the base as it is."""


class Part:
    """Projections of one width and rank that stand side by side: their B as one stack."""

    __slots__ = ("_backs", "_outputs", "_ranks")

    def __init__(self, backs: list[Tensor], *, rank_at: int, at: int) -> None:
        self._backs = torch.stack(backs)  # (projections, rank, outputs), scaled
        count, rank, width = self._backs.shape
        self._ranks = slice(rank_at, rank_at + count * rank)
        self._outputs = slice(at, at + count * width)

    def add(self, low: Tensor, to: Tensor) -> None:
        """Add to (rows, outputs) what (rows, ranks) give, in place."""
        low, to = _columns(low, self._ranks), _columns(to, self._outputs)
        count, rank, width = self._backs.shape
        if count == 1:
            to.addmm_(low, self._backs[0])
        else:
            side_by_side = to.view(-1, count, width).transpose(0, 1)
            side_by_side.baddbmm_(low.view(-1, count, rank).transpose(0, 1), self._backs)


def _columns(whole: Tensor, part: slice) -> Tensor:
    """Return some columns; all of them cost nothing."""
    return whole if part.stop - part.start == whole.shape[1] else whole[:, part]


class Fused:
    """The low-rank parts of one fused product."""

    __slots__ = ("_across", "_parts")

    def __init__(self, across: Tensor, parts: list[Part]) -> None:
        self._across = across  # (inputs, sum of ranks)
        self._parts = parts

    def add(self, rows: Tensor, to: Tensor) -> None:
        """Add what the rows (rows, inputs) give to (rows, outputs), in place."""
        low = torch.mm(rows, self._across)
        for part in self._parts:
            part.add(low, to)


@dataclass(frozen=True, slots=True, eq=False)
class Adapter:
    """All fused products of one adapter: per layer (qkv, out, gate and up, down)."""

    layers: tuple[tuple[Fused | None, ...], ...]
    rank: int
    """The highest."""
    bytes: int


def read_config(folder: Path) -> dict[str, Any]:
    """Return an adapter's PEFT settings.

    Raises:
        AdapterError: They cannot be read.
    """
    try:
        config: dict[str, Any] = json.loads((folder / CONFIG_NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise AdapterError(
            f"the adapter {folder} cannot be read: {error}. Train it again."
        ) from error
    return config


def unknown(config: Mapping[str, Any]) -> str:
    """Return what of an adapter's settings only PEFT can run, or nothing."""
    found = [meaning for name, meaning in INERT.items() if config.get(name)]
    if config.get("peft_type") != "LORA":
        found.append(f"the kind {config.get('peft_type')!r}")
    if config.get("bias", "none") != "none":
        found.append("trained biases")
    if config.get("init_lora_weights", True) not in PLAIN_STARTS:
        found.append(f"the initialisation {config['init_lora_weights']!r}")
    return ", ".join(found)


def read_adapter(folder: Path, shape: Shape, like: Tensor) -> Adapter | str:
    """Return the adapter of a folder, on the device and in the precision of `like`.

    A text instead names the tensors that only PEFT can place.

    Raises:
        AdapterError: The files cannot be read, or do not fit the base's shape.
    """
    config = read_config(folder)
    found: dict[tuple[int, str], dict[str, Tensor]] = {}
    strange = []
    for key, tensor in _tensors(folder):
        match = KEY.fullmatch(key)
        if match is None or match[2] not in shape.inputs:
            strange.append(key)
        else:
            placed = tensor.to(device=like.device, dtype=like.dtype)
            found.setdefault((int(match[1]), match[2]), {})[match[3]] = placed
    if strange:
        return f"tensors such as {strange[0]}"
    _check_shapes(folder, found, shape)
    return _assemble(found, config, shape)


def _tensors(folder: Path) -> Iterator[tuple[str, Tensor]]:
    try:
        with safe_open(folder / WEIGHTS_NAME, framework="pt") as file:
            for key in file.keys():  # noqa: SIM118 (no mapping)
                yield key, file.get_tensor(key)
    except (OSError, SafetensorError) as error:
        raise AdapterError(
            f"the adapter {folder} cannot be read: {error}. Train it again."
        ) from error


def _check_shapes(
    folder: Path, found: Mapping[tuple[int, str], Mapping[str, Tensor]], shape: Shape
) -> None:
    faults = []
    for (layer, name), pair in found.items():
        sizes = {side: tuple(tensor.shape) for side, tensor in pair.items()}
        rank = sizes.get("A", (0,))[0]
        right = {"A": (rank, shape.inputs[name]), "B": (shape.outputs[name], rank)}
        if layer >= shape.layers or sizes != right:
            faults.append(f"layer {layer} {name} has {sizes}, the base takes {right}")
    if faults:
        raise AdapterError(
            f"the adapter {folder} does not fit the base's shape:\n  - "
            + "\n  - ".join(faults)
            + "\nName the base it was trained over with --base, or train it again."
        )


def _assemble(
    found: Mapping[tuple[int, str], Mapping[str, Tensor]], config: Mapping[str, Any], shape: Shape
) -> Adapter:
    alpha, rooted = float(config.get("lora_alpha", 8)), bool(config.get("use_rslora"))
    layers = tuple(
        tuple(_fuse(found, layer, names, (alpha, rooted), shape) for names in FUSED)
        for layer in range(shape.layers)
    )
    numbers = [tensor for pair in found.values() for tensor in pair.values()]
    return Adapter(
        layers,
        max((pair["A"].shape[0] for pair in found.values()), default=0),
        sum(tensor.numel() * tensor.element_size() for tensor in numbers),
    )


def _fuse(
    found: Mapping[tuple[int, str], Mapping[str, Tensor]],
    layer: int,
    names: tuple[str, ...],
    scale: tuple[float, bool],
    shape: Shape,
) -> Fused | None:
    alpha, rooted = scale
    across: list[Tensor] = []
    parts: list[Part] = []
    for run in _runs(found, layer, names):
        pairs = [found[layer, name] for name in run]
        rank = pairs[0]["A"].shape[0]
        scaling = alpha / (rank**0.5 if rooted else rank)
        rank_at = sum(tensor.shape[0] for tensor in across)
        at = sum(shape.outputs[name] for name in names[: names.index(run[0])])
        across += [pair["A"] for pair in pairs]
        parts.append(Part([pair["B"].t() * scaling for pair in pairs], rank_at=rank_at, at=at))
    return Fused(torch.cat(across).t().contiguous(), parts) if parts else None


def _runs(
    found: Mapping[tuple[int, str], Mapping[str, Tensor]], layer: int, names: tuple[str, ...]
) -> list[list[str]]:
    """Return neighbouring projections whose B has one shape; those without LoRA part them."""
    runs: list[list[str]] = []
    before: tuple[int, ...] | None = None
    for name in names:
        pair = found.get((layer, name))
        size = None if pair is None else tuple(pair["B"].shape)
        if size is not None and size == before:
            runs[-1].append(name)
        elif size is not None:
            runs.append([name])
        before = size
    return runs
