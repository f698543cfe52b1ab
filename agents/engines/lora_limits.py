"""Which adapters a vLLM server takes: what it refuses late is refused here by name, early."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ValidationError

from persllm.errors import AdapterError

RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)
"""What vLLM reserves room for (its --max-lora-rank)."""
CONFIG_NAME = "adapter_config.json"


class _Config(BaseModel):
    """What of PEFT's config matters here."""

    r: int
    use_dora: bool = False
    modules_to_save: list[str] | None = None


def rank_of(adapter: Path) -> int:
    """Return an adapter's rank.

    Raises:
        AdapterError: Its config cannot be read.
    """
    return _config(adapter).r


def room_for(adapters: Mapping[str, Path], *, most: int | None = None) -> int:
    """Return the least rank that vLLM must reserve for all adapters.

    Args:
        adapters: By persona.
        most: What the server was told to reserve, where the user says so.

    Raises:
        AdapterError: Some cannot be served; all are listed, with what to do.
    """
    limit = most or RANKS[-1]
    faults = [
        f"{persona} ({folder}): {fault}"
        for persona, folder in adapters.items()
        for fault in _faults(folder, limit)
    ]
    if faults:
        raise AdapterError("vLLM cannot serve these adapters:\n  - " + "\n  - ".join(faults))
    needed = max((rank_of(folder) for folder in adapters.values()), default=RANKS[0])
    return most or next(rank for rank in RANKS if rank >= needed)


def _faults(adapter: Path, limit: int) -> list[str]:
    config = _config(adapter)
    found, rank = [], config.r
    if rank > limit:
        room = next((each for each in RANKS if each >= rank), None)
        remedy = f"start with --max-lora-rank {room}, or train" if room else "train"
        found.append(f"its rank is {rank}, the server takes {limit}: {remedy} with a lower --rank")
    if config.use_dora:
        found.append("it is a DoRA adapter: train it without use_dora")
    if config.modules_to_save:
        found.append(f"it carries whole modules {config.modules_to_save}: train LoRA weights only")
    return found


def _config(adapter: Path) -> _Config:
    path = adapter / CONFIG_NAME
    try:
        return _Config.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise AdapterError(f"{path} cannot be read: {error}. Train the adapter again.") from error
