"""Importing does nothing heavy: help answers on a laptop without a model library."""

import subprocess
import sys

import pytest
from typer.main import get_command

from persllm.ui.cli.main import app

HEAVY = ("torch", "transformers", "gradio", "langchain", "langchain_core", "langgraph", "chromadb")


def _python(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, check=True, timeout=120
    )
    return done.stdout


@pytest.mark.parametrize("module", ["persllm", "persllm.ui.cli.main", "persllm.manifest"])
def test_importing_loads_no_heavy_library(module: str) -> None:
    code = f"import sys, {module}; print([n for n in {HEAVY} if n in sys.modules])"
    assert _python("-c", code).strip() == "[]"


def test_help_names_every_command() -> None:
    told = _python("-m", "persllm", "--help")
    group = get_command(app)
    names = list(group.commands)  # type: ignore[attr-defined]
    assert {"demo", "build", "train", "chat", "debate", "ui", "doctor"} <= set(names)
    assert all(f"\n  {name} " in told for name in names)


def test_help_loads_only_what_parses_flags() -> None:
    """It is to answer in under 0.3 s; each of these alone takes a good part of that."""
    code = "import sys, persllm.ui.cli.main as m; print([n for n in m.__dict__ if n == 'app'], "
    code += "[n for n in ('pydantic', 'yaml', 'rich', 'numpy') if n in sys.modules])"
    assert _python("-c", code).strip() == "['app'] []"
