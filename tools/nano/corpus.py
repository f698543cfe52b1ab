"""General text for the nano base: dialogues, chats, instructions and prose, as token rows.

A source is `<name>.jsonl.xz`; each line is a list of strings: turns in order, or one paragraph.
"""

import json
import lzma
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
from transformers import PreTrainedTokenizerFast

from persllm.errors import DataError
from tools.nano.recipe import Recipe
from tools.nano.tokenizer import END

Tokens = npt.NDArray[np.uint16]
HELD_OUT_EVERY = 200


def read_source(folder: Path, name: str, *, characters: int) -> Iterator[list[str]]:
    """Yield the documents of one source until so many characters were read.

    Raises:
        DataError: The file is missing.
    """
    path = folder / f"{name}.jsonl.xz"
    if not path.is_file():
        raise DataError(f"{path} does not exist. --text must name a folder of <source>.jsonl.xz.")
    read = 0
    with lzma.open(path, "rt", encoding="utf-8") as stream:
        for line in stream:
            turns: list[str] = json.loads(line)
            read += sum(map(len, turns))
            yield turns
            if read >= characters:
                return


def as_chat(turns: list[str]) -> str:
    """Return turns in the form of the chat template; a lone paragraph stays plain."""
    if len(turns) == 1:
        return turns[0] + END
    roles = ("<|user|>", "<|assistant|>")
    return "".join(f"{roles[i % 2]}{turn}{END}" for i, turn in enumerate(turns))


def tokenize_corpus(
    folder: Path, tokenizer: PreTrainedTokenizerFast, recipe: Recipe
) -> tuple[Tokens, dict[str, Tokens]]:
    """Return shuffled training text and, per source, held-out text, each as one row of tokens."""
    documents: list[Tokens] = []
    held_out: dict[str, Tokens] = {}
    for name, characters in recipe.characters:
        source = list(read_source(folder, name, characters=characters))
        rows = _encode(tokenizer, [as_chat(turns) for turns in source])
        held_out[name] = np.concatenate(rows[::HELD_OUT_EVERY])
        documents += [row for i, row in enumerate(rows) if i % HELD_OUT_EVERY]
    order = np.random.default_rng(recipe.seed).permutation(len(documents))
    return np.concatenate([documents[i] for i in order]), held_out


def _encode(tokenizer: PreTrainedTokenizerFast, texts: list[str]) -> list[Tokens]:
    rows: list[Tokens] = []
    for start in range(0, len(texts), 2000):
        encoded = tokenizer(texts[start : start + 2000], add_special_tokens=False)["input_ids"]
        rows += [np.array(ids, dtype=np.uint16) for ids in encoded]
    return rows
