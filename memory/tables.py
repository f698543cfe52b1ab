"""Tables of words and patterns beside the modules that read them."""

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

IN_BRACES = re.compile(r"\{([a-z_]+)\}")


@cache
def table(name: str) -> Any:  # noqa: ANN401 (the file's own form)
    """Return what a table of this folder holds, such as "facts.yaml"."""
    return yaml.safe_load(files("persllm.memory").joinpath(name).read_text(encoding="utf-8"))


def filled(pattern: str, words: Mapping[str, str]) -> str:
    """Return a pattern with its words in braces replaced by their lists, which may hold others."""
    found = IN_BRACES.sub(lambda at: words[at[1]], pattern)
    return filled(found, words) if found != pattern else found
