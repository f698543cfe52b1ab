"""The words that the teacher `rules` asks and answers with: YAML files, read once."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml


@cache
def read_texts(name: str) -> dict[str, Any]:
    """Return the texts of one file, by their headings."""
    path = Path(__file__).parent / f"{name}.yaml"
    texts: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return texts


@cache
def read_words(name: str, heading: str) -> frozenset[str]:
    """Return the words that stand under a heading."""
    return frozenset(str(read_texts(name)[heading]).split())
