"""The frozen model under every adapter: where it is, and which exact one it is."""

import json
import os
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from persllm.errors import BaseModelError
from persllm.files import digest, digest_file

NANO, SMALL, AUTO = "nano", "small", "auto"
DEFAULT_BASE = AUTO
BASE_VARIABLE = "PERSLLM_BASE"
"""Environment variable that names the base which "auto" stands for."""
NANO_FOLDER = Path(__file__).parent / "nano"
KEY_FILE = "persllm_base.json"
"""Beside weights that persllm made ready: what they were made from, which is their key."""
WHOLE_FILE_BYTES = 256 * 1024 * 1024
"""Of larger weight files only samples are hashed; all of many gigabytes at every start is slow."""
SAMPLES, SAMPLE_BYTES = 64, 64 * 1024


@dataclass(frozen=True, slots=True)
class Base:
    """A base as the user named it, and where transformers finds it."""

    name: str
    location: str
    key: str
    """Which one exactly: the hash of a local folder, or a hub id and its commit, "name@commit"."""
    revision: str | None = None
    """Of a hub id: what follows "@", or "main"."""

    def config(self) -> dict[str, Any]:
        """Return its `config.json`; empty for a hub id that is not on this machine."""
        path = Path(self.location) / "config.json"
        if self.revision is not None:
            found = _cached(self.location, "config.json", self.revision)
            if found is None:
                return {}
            path = found
        return dict(json.loads(path.read_text(encoding="utf-8")))


def find_base(name: str) -> Base:
    """Resolve "auto", "small", "nano", a local folder or a hub id: "Qwen/Qwen3-0.6B@<commit>".

    "auto" is `small`, or `nano` where that is neither here nor to be had; standard error says so.

    Raises:
        BaseModelError: A path was named that holds no model, or `small` cannot be made ready.
    """
    if name == AUTO:
        return find_base(os.environ.get(BASE_VARIABLE) or _small_or_nano())
    if name == SMALL:
        from persllm.small_base import ready_folder

        folder = ready_folder()
        return Base(SMALL, str(folder), _folder_key(folder, name))
    if name == NANO:
        return Base(NANO, str(NANO_FOLDER), _folder_key(NANO_FOLDER, name))
    folder = Path(name)
    if folder.is_dir():
        return Base(folder.resolve().name, str(folder.resolve()), _folder_key(folder, name))
    if not re.fullmatch(r"[\w-][\w.-]*/[\w.-]+(@[\w./-]+)?", name):
        raise BaseModelError(
            f"there is no base {name!r}: no such folder, and no hub id (owner/name). "
            "Name a folder with config.json and weights, a hub id, 'small' or 'nano'."
        )
    location, _, revision = name.partition("@")
    return Base(location, location, _hub_key(location, revision or "main"), revision or "main")


@cache
def _small_or_nano() -> str:
    """Return the better base that can be had; asked once a process."""
    from persllm.small_base import ready_folder, tell_on_stderr

    try:
        ready_folder()
    except BaseModelError as error:
        tell_on_stderr(f"{error}\nThe base nano speaks instead, which is made for tests.")
        return NANO
    return SMALL


def _hub_key(location: str, revision: str) -> str:
    """Return name and commit; a branch stands for the commit that is on this machine."""
    config = _cached(location, "config.json", revision)
    commit = config.parent.name if config else revision
    return f"{location}@{commit}"


def _cached(location: str, file: str, revision: str) -> Path | None:
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(location, file, revision=revision)
    return Path(found) if isinstance(found, str) else None


def _folder_key(folder: Path, name: str) -> str:
    weights = sorted((*folder.glob("*.safetensors"), *folder.glob("*.bin")))
    if not (folder / "config.json").is_file() or not weights:
        raise BaseModelError(
            f"base {name!r}: {folder} lacks config.json or weights (*.safetensors). "
            "Name a folder that transformers' save_pretrained wrote, 'small' or 'nano'."
        )
    made_from = folder / KEY_FILE
    if made_from.is_file():
        return str(json.loads(made_from.read_text(encoding="utf-8"))["key"])
    config = digest_file(folder / "config.json")
    return digest(config, *map(_weight_mark, weights))[:16]


def _weight_mark(path: Path) -> str:
    size = path.stat().st_size
    if size <= WHOLE_FILE_BYTES:
        return digest_file(path)
    with path.open("rb") as stream:
        samples = []
        for number in range(SAMPLES):
            stream.seek(number * (size - SAMPLE_BYTES) // (SAMPLES - 1))
            samples.append(stream.read(SAMPLE_BYTES).hex())
    return digest(str(size), *samples)
