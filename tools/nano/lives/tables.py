"""Reads the tables of words and texts: YAML in `tables/`, checked against the shape they must have.

Knows files only; what the words are for is told where a shape is declared.
"""

from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import ConfigDict, TypeAdapter

Shape = TypeVar("Shape")
Texts = tuple[str, ...]
COMPLETE = ConfigDict(extra="forbid")
"""Of shapes: a table holds every field and no other."""
FOLDER = Path(__file__).parent / "tables"


def read_table(name: str, shape: type[Shape]) -> Shape:
    """Return what a table holds.

    Raises:
        pydantic.ValidationError: A field is missing, unknown or of another kind; names it.
    """
    text = (FOLDER / name).read_text(encoding="utf-8")
    return TypeAdapter(shape).validate_python(yaml.safe_load(text))
