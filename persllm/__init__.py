"""Personas that are trained, not prompted.

What a program needs is here, each loaded when it is first used: `Persona`, `open_persona` (a
trained persona as a LangChain chat model), `build`, `train` and `evaluate` with their options,
`hold_debate`, `PersonaRetriever`, and the errors. Importing the package loads no model library.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from persllm.errors import (
    AdapterError,
    BaseModelError,
    BudgetError,
    DataError,
    EngineError,
    GateError,
    MemoryStoreError,
    PersLLMError,
    PersonaError,
    RunFileError,
    ScenarioError,
    ServeError,
    TooLongError,
)
from persllm.version import __version__ as __version__

if TYPE_CHECKING:
    from persllm.agents.chat_persona import ChatPersona
    from persllm.agents.debate import Speaker, hold_debate
    from persllm.agents.options import RuntimeOptions
    from persllm.agents.runtime import Runtime, open_persona
    from persllm.memory.retriever import PersonaRetriever
    from persllm.persona import Persona
    from persllm.workflows.build import BuildOptions, build
    from persllm.workflows.evaluate import EvalOptions, evaluate
    from persllm.workflows.train import TrainOptions, train


__all__ = [
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

_WHERE = {
    "BuildOptions": "workflows.build",
    "ChatPersona": "agents.chat_persona",
    "EvalOptions": "workflows.evaluate",
    "Persona": "persona",
    "PersonaRetriever": "memory.retriever",
    "Runtime": "agents.runtime",
    "RuntimeOptions": "agents.options",
    "Speaker": "agents.debate",
    "TrainOptions": "workflows.train",
    "build": "workflows.build",
    "evaluate": "workflows.evaluate",
    "hold_debate": "agents.debate",
    "open_persona": "agents.runtime",
    "train": "workflows.train",
}
"""The module of each name that is loaded when it is first used."""


def __getattr__(name: str) -> Any:  # noqa: ANN401 (whatever the name stands for)
    if name not in _WHERE:
        raise AttributeError(f"module 'persllm' has no attribute {name!r}")
    return getattr(import_module(f"persllm.{_WHERE[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
