"""DPO's reference: what the SFT state finds likely, computed once and kept with the run.

A file `reference.safetensors` holds the sums for all pairs, and the hash of what they were
computed from: the adapter's weights and the pairs' tokens.
"""

import hashlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from persllm.progress import Progress, no_progress
from persllm.training.tuning.rows import PairRow
from persllm.training.tuning.trees import Row

FILE_NAME = "reference.safetensors"
Score = Callable[[Sequence[Row]], Tensor]
"""Returns each row's log-probability, summed over what is counted."""


def reference_of(
    pairs: Sequence[PairRow],
    weights: dict[str, Tensor],
    *,
    folder: Path,
    score: Score,
    at_once: int = 16,
    progress: Progress = no_progress,
) -> Tensor:
    """Return (pairs, 2): the log-probability of each chosen and rejected reply, in nats.

    Args:
        pairs: In the order of the answer.
        weights: The adapter that is the reference.
        folder: Where the file is kept, or found.
        score: Computes a batch of rows with that adapter.
        at_once: Pairs that are scored together; as many as in training take less memory.
        progress: Told of the pairs done.
    """
    path, key = folder / FILE_NAME, _key(pairs, weights)
    found = _read(path, key)
    if found is not None:
        return found
    order = sorted(range(len(pairs)), key=lambda i: pairs[i].chosen.tokens)
    sums = torch.zeros(len(pairs), 2)
    for start in range(0, len(order), at_once):
        progress("reference", start, len(order))
        some = order[start : start + at_once]
        rows = [row for i in some for row in (pairs[i].chosen, pairs[i].rejected)]
        with torch.no_grad():
            sums[some] = score(rows).float().cpu().reshape(-1, 2)
    _write(path, key, sums)
    return sums


def _read(path: Path, key: str) -> Tensor | None:
    if not path.is_file():
        return None
    try:
        with safe_open(path, framework="pt") as stored:
            if (stored.metadata() or {}).get("key") != key:
                return None
            sums: Tensor = stored.get_tensor("sums")
            return sums
    except (OSError, SafetensorError):
        return None  # begun by a run that died


def _write(path: Path, key: str, sums: Tensor) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    save_file({"sums": sums}, draft, metadata={"key": key})
    draft.replace(path)


def _key(pairs: Sequence[PairRow], weights: dict[str, Tensor]) -> str:
    total = hashlib.sha256()
    for name in sorted(weights):
        total.update(name.encode())
        total.update(weights[name].detach().float().cpu().contiguous().numpy().tobytes())
    for pair in pairs:
        total.update(repr((pair.chosen, pair.rejected)).encode())
    return total.hexdigest()
