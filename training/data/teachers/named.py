"""Teachers by name: "rules", "openai:gpt-4o-mini", "vllm:model", "http://127.0.0.1:8000/v1#model"."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from langchain_core.embeddings import Embeddings

from persllm.errors import DataError, EngineError
from persllm.materials import Material
from persllm.training.data.rules import RULES, RulesTeacher
from persllm.training.data.teacher import Assignment, Draft, Teacher
from persllm.training.data.teachers.chat_teacher import AT_ONCE, ChatTeacher
from persllm.training.data.teachers.http_model import CALL_SECONDS, HttpModel
from persllm.training.data.teachers.model import ChatModel, LangChainModel
from persllm.training.data.teachers.money import Meter, Price, Purse, price_of
from persllm.training.data.teachers.prompts import load_prompts
from persllm.training.data.teachers.retrieval import Budgets, Shelves
from persllm.training.data.teachers.several import SharedTeacher
from persllm.training.data.teachers.store import AnswerStore
from persllm.training.data.teachers.wording import Wording

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

OPENAI = "https://api.openai.com/v1"
VLLM = "http://127.0.0.1:8000/v1"
OPENAI_KEY = "OPENAI_API_KEY"
KEY = "PERSLLM_TEACHER_KEY"
"""Sent to addresses that are named; OPENAI_API_KEY goes to OpenAI alone."""
HINT = (
    "Name one as 'rules', 'openai:gpt-4o-mini', 'vllm:my-model' or "
    "'http://127.0.0.1:8000/v1#my-model', with its key in the environment."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TeacherChoice:
    """Which teachers the user wants, and how they are asked."""

    names: tuple[str, ...] = (RULES,)
    weights: tuple[float, ...] = ()
    """Shares of the work, one a name; equal ones by default."""
    prompts: Path | None = None
    """A folder of templates; the shipped ones by default."""
    at_once: int = AT_ONCE
    """Most calls to one teacher under way at once."""
    plain: bool = False
    """Answers without an analysis."""
    budgets: Budgets = field(default_factory=Budgets)
    remarks: tuple[str, ...] = ()
    other_stages: bool = True
    price: Price | None = None
    """Of every teacher named; None looks it up."""
    prices: Path | None = None
    budget: float | None = None
    """Dollars that all teachers together may cost; None is no limit."""
    call_seconds: float = CALL_SECONDS

    def __post_init__(self) -> None:
        if self.weights and len(self.weights) != len(self.names):
            raise DataError(
                f"{len(self.weights)} shares for {len(self.names)} teachers. Give one a teacher: "
                "--teacher a --teacher b --shares 3,1"
            )
        if any(not weight > 0 for weight in self.weights):
            raise DataError(f"shares must be above 0, got {self.weights}")

    @property
    def asks_models(self) -> bool:
        """Whether any chat model is among them."""
        return any(name != RULES for name in self.names)


@dataclass(frozen=True, slots=True)
class AbsentTeacher:
    """Stands for the teacher of a finished build, which nobody asks again."""

    name: str

    def write(self, assignments: Sequence[Assignment]) -> list[Draft | None]:
        """Refuse.

        Raises:
            DataError: Always; the message says how to build again.
        """
        raise DataError(
            f"this data was written by {self.name}, and the texts or settings have changed since. "
            "Build again: persllm build <persona> --teacher <teacher>."
        )


def find_teacher(
    choice: TeacherChoice,
    materials: Sequence[Material],
    *,
    embeddings: Embeddings,
    calls: Path,
) -> Teacher:
    """Return the teacher of that choice.

    Args:
        choice: What the user wants.
        materials: The persona's paragraphs.
        embeddings: Their vectors are looked up by question.
        calls: File in which chat models' answers are kept.

    Raises:
        EngineError: There is no such model, or its package or key is missing.
        DataError: The prompts have faults, or a budget is given and no price known.
    """
    teachers: list[Teacher] = []
    purse = Purse(choice.budget)
    prompts = load_prompts(choice.prompts) if choice.asks_models else None
    for name in dict.fromkeys(choice.names):
        if name == RULES or prompts is None:
            teachers.append(RulesTeacher(materials))
            continue
        teacher = ChatTeacher(
            find_chat_model(name, call_seconds=choice.call_seconds),
            wording=Wording(prompts, plain=choice.plain, remarks=choice.remarks),
            shelves=Shelves(materials, embeddings, choice.budgets),
            store=AnswerStore(calls),
            at_once=choice.at_once,
            other_stages=choice.other_stages,
            meter=_meter(name, choice, purse),
        )
        teachers.append(teacher)
    if len(teachers) == 1:
        return teachers[0]
    return SharedTeacher(tuple(teachers), choice.weights or (1.0,) * len(teachers))


def find_chat_model(name: str, *, call_seconds: float = CALL_SECONDS) -> ChatModel:
    """Return who answers to a name: asked directly where it speaks the OpenAI protocol.

    Raises:
        EngineError: There is none, or its package or key is missing.
    """
    kind, _, served = name.partition(":")
    if name.startswith(("http://", "https://")):
        address, _, served = name.partition("#")
        if not served:
            raise EngineError(f"the teacher {name!r} names no model: {address}#my-model")
        key = os.environ.get(KEY, "")
    elif kind == "openai":
        address, key = os.environ.get("OPENAI_BASE_URL", OPENAI), os.environ.get(OPENAI_KEY, "")
        if not key and address == OPENAI:
            raise EngineError(f"the teacher {name!r} needs a key: export {OPENAI_KEY}=...")
    elif kind == "vllm":
        address, key = os.environ.get("VLLM_BASE_URL", VLLM), os.environ.get(KEY, "")
    else:
        return LangChainModel(find_model(name), name)
    return HttpModel(address, served, name=name, key=key, call_seconds=call_seconds)


def find_model(name: str) -> "BaseChatModel":
    """Return a LangChain chat model by "provider:model", or by "http(s)://address#model".

    Raises:
        EngineError: There is none, or its package or key is missing.
    """
    from langchain.chat_models import init_chat_model

    address, _, served = name.partition("#")
    try:
        if not name.startswith(("http://", "https://")):
            return init_chat_model(name)
        key = os.environ.get(KEY, "none")
        return init_chat_model(served, model_provider="openai", base_url=address, api_key=key)
    except ImportError as error:
        raise EngineError(
            f"the teacher {name!r} needs a package that is missing: {error}"
        ) from error
    except Exception as error:  # each provider has errors of its own for missing keys and names
        raise EngineError(f"there is no teacher {name!r}: {error} {HINT}") from error


def _meter(name: str, choice: TeacherChoice, purse: Purse) -> Meter:
    price = choice.price or price_of(name, prices=choice.prices)
    if purse.limit is not None and price is None:
        raise DataError(
            f"a budget needs a price, and none is known for {name}. Give dollars a million tokens "
            "in and out: --price 0.15,0.60"
        )
    return Meter(price, purse)
