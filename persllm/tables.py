"""Tables of words, patterns and texts: YAML files beside the modules that read them."""

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

IN_BRACES = re.compile(r"\{([a-z_]+)\}")


@cache
def table(name: str) -> Any:  # noqa: ANN401 (the file's own form)
    """Return what a table of a package holds: "persllm.memory.facts" is `facts.yaml` there."""
    package, _, stem = name.rpartition(".")
    return yaml.safe_load(files(package).joinpath(f"{stem}.yaml").read_text(encoding="utf-8"))


def filled(pattern: str, words: Mapping[str, str]) -> str:
    """Return a pattern with its words in braces replaced by their lists, which may hold others."""
    found = IN_BRACES.sub(lambda at: words[at[1]], pattern)
    return filled(found, words) if found != pattern else found
