"""What `import persllm` gives: these names, and nothing heavy before they are used."""

import subprocess
import sys

import pytest

import persllm
from persllm import errors

NAMES = [
    "AdapterError",
    "BaseModelError",
    "BudgetError",
    "BuildOptions",
    "ChatPersona",
    "DataError",
    "EngineError",
    "EvalOptions",
    "GateError",
    "MemoryStoreError",
    "PersLLMError",
    "Persona",
    "PersonaError",
    "PersonaRetriever",
    "RunFileError",
    "Runtime",
    "RuntimeOptions",
    "ScenarioError",
    "ServeError",
    "Speaker",
    "TooLongError",
    "TrainOptions",
    "build",
    "evaluate",
    "hold_debate",
    "open_persona",
    "train",
]
HEAVY = ("torch", "transformers", "gradio", "chromadb", "langchain_core", "pydantic", "numpy")


def test_the_names_are_these_and_no_others() -> None:
    assert persllm.__all__ == NAMES
    assert set(NAMES) <= set(dir(persllm))


@pytest.mark.parametrize("name", NAMES)
def test_each_name_is_there(name: str) -> None:
    assert getattr(persllm, name).__module__.startswith("persllm.")


def test_every_error_is_among_them() -> None:
    found = {name for name, each in vars(errors).items() if isinstance(each, type)}
    assert found <= set(persllm.__all__)


def test_another_name_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = persllm.nothing


def test_importing_loads_no_heavy_library() -> None:
    code = f"import sys, persllm; print([n for n in {HEAVY} if n in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout.strip() == "[]"
