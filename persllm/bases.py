"""The frozen model under every adapter: where it is, and which exact one it is."""

import re
from dataclasses import dataclass
from pathlib import Path

from persllm.errors import BaseModelError
from persllm.files import digest, digest_file

NANO = "nano"
DEFAULT_BASE = NANO
"""What runs where no base is named."""
NANO_FOLDER = Path(__file__).parent / "nano"
WHOLE_FILE_BYTES = 256 * 1024 * 1024
"""Larger weight files are known by name and size; hashing gigabytes at every start is too slow."""


@dataclass(frozen=True, slots=True)
class Base:
    """A base as the user named it, and where transformers finds it."""

    name: str
    location: str
    revision: str
    """Hash of a local folder; for a hub id what follows "@", or "main"."""


def find_base(name: str) -> Base:
    """Resolve "nano", a local folder or a hub id such as "Qwen/Qwen3-0.6B@<commit>".

    Raises:
        BaseModelError: A path was named that holds no model.
    """
    if name == NANO:
        return Base(NANO, str(NANO_FOLDER), _folder_revision(NANO_FOLDER, name))
    folder = Path(name)
    if folder.is_dir():
        return Base(folder.resolve().name, str(folder.resolve()), _folder_revision(folder, name))
    if not re.fullmatch(r"[\w-][\w.-]*/[\w.-]+(@[\w./-]+)?", name):
        raise BaseModelError(
            f"there is no base {name!r}: no such folder, and no hub id (owner/name). "
            "Name a folder with config.json and weights, a hub id, or 'nano'."
        )
    location, _, revision = name.partition("@")
    return Base(location, location, revision or "main")


def _folder_revision(folder: Path, name: str) -> str:
    weights = sorted((*folder.glob("*.safetensors"), *folder.glob("*.bin")))
    if not (folder / "config.json").is_file() or not weights:
        raise BaseModelError(
            f"base {name!r}: {folder} lacks config.json or weights (*.safetensors). "
            "Name a folder that transformers' save_pretrained wrote, or 'nano'."
        )
    config = digest_file(folder / "config.json")
    return digest(config, *map(_weight_mark, weights))[:16]


def _weight_mark(path: Path) -> str:
    size = path.stat().st_size
    return digest_file(path) if size <= WHOLE_FILE_BYTES else f"{path.name}:{size}"
