"""Vectors of paragraphs, kept on disk by the content of their text: none is computed twice.

Texts are embedded in chunks, and a chunk's file appears whole or not at all, so a build that was
killed goes on with the same chunks and gets the same numbers.
"""

import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from langchain_core.embeddings import Embeddings

from persllm.embeddings import embed, embeddings_name
from persllm.files import digest

CHUNK = 512
KEY_BYTES = 16
SUFFIX = ".vectors.npy"


class KeptVectors(Embeddings):
    """Embeddings that look on disk first.

    Args:
        embeddings: Asked for what is not there yet.
        folder: Of any number of models; each has a folder in it.
    """

    def __init__(self, embeddings: Embeddings, folder: Path) -> None:
        self._embeddings = embeddings
        self.model_name = embeddings_name(embeddings)
        self._folder = folder / digest(self.model_name)[:KEY_BYTES]
        self._places: dict[bytes, tuple[int, int]] = {}
        self._files: list[npt.NDArray[Any]] = []
        for path in sorted(self._folder.glob(f"*{SUFFIX}")):
            self._enter(path)

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Return one vector a text, in order."""
        keys = [_key(text) for text in texts]
        missing = {key: text for key, text in zip(keys, texts, strict=True)}
        lacking = [(key, text) for key, text in missing.items() if key not in self._places]
        for start in range(0, len(lacking), CHUNK):
            self._keep(lacking[start : start + CHUNK])
        places = [self._places[key] for key in keys]
        rows = (self._files[number]["vector"][row] for number, row in places)
        return [row.astype(np.float32).tolist() for row in rows]

    def embed_query(self, text: str) -> list[float]:
        """Return the vector of one text; it is not kept."""
        return self._embeddings.embed_query(text)

    def _keep(self, lacking: list[tuple[bytes, str]]) -> None:
        vectors = embed(self._embeddings, [text for _, text in lacking])
        rows = np.zeros(
            len(lacking),
            dtype=[("key", f"V{KEY_BYTES}"), ("vector", "<f2", (vectors.shape[1],))],
        )
        rows["key"] = np.array([key for key, _ in lacking], dtype=f"V{KEY_BYTES}")
        rows["vector"] = vectors
        path = self._folder / f"{digest(*(text for _, text in lacking))[:KEY_BYTES]}{SUFFIX}"
        write_array(path, rows)
        self._enter(path)

    def _enter(self, path: Path) -> None:
        number, rows = len(self._files), np.load(path, mmap_mode="r")
        self._files.append(rows)
        for row, key in enumerate(rows["key"]):
            self._places[key.tobytes()] = (number, row)


def write_array(path: Path, array: npt.NDArray[Any]) -> None:
    """Write one array in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    with draft.open("wb") as stream:
        np.save(stream, array)
    draft.replace(path)


def _key(text: str) -> bytes:
    return bytes.fromhex(digest(text))[:KEY_BYTES]
