"""Teachers by name: "rules", "openai:gpt-4o-mini", "http://127.0.0.1:8000/v1#model"."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from langchain_core.embeddings import Embeddings
from langchain_core.language_models import BaseChatModel

from persllm.embeddings import embed
from persllm.errors import DataError, EngineError
from persllm.materials import Material
from persllm.training.data.calls import CallStore
from persllm.training.data.chat_teacher import AT_ONCE, ChatTeacher, Told
from persllm.training.data.drafting import Library
from persllm.training.data.prompts import load_prompts
from persllm.training.data.rules import RULES, RulesTeacher
from persllm.training.data.teacher import Assignment, Draft, Teacher


@dataclass(frozen=True, slots=True)
class TeacherChoice:
    """Which teacher the user wants, and how it is asked."""

    name: str = RULES
    prompts: Path | None = None
    """A folder of templates; the shipped ones by default."""
    at_once: int = AT_ONCE
    """Most calls under way at once."""


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
    told: Told,
) -> Teacher:
    """Return the teacher of that name.

    Args:
        choice: What the user wants.
        materials: The persona's paragraphs.
        embeddings: Their vectors are looked up by question.
        calls: File in which a chat model's answers are kept.
        told: Told of every answer.

    Raises:
        EngineError: There is no such model, or its package or key is missing.
        DataError: The prompts have faults.
    """
    if choice.name == RULES:
        return RulesTeacher(materials)
    prompts = load_prompts(choice.prompts)
    texts = [f"{material.partner} {material.text}".strip() for material in materials]
    return ChatTeacher(
        model=find_model(choice.name),
        model_name=choice.name,
        library=Library(tuple(materials), embed(embeddings, texts)),
        embeddings=embeddings,
        prompts=prompts,
        calls=CallStore(calls),
        at_once=choice.at_once,
        told=told,
    )


def find_model(name: str) -> BaseChatModel:
    """Return a LangChain chat model by "provider:model", or by "http(s)://address#model".

    Raises:
        EngineError: There is none, or its package or key is missing.
    """
    from langchain.chat_models import init_chat_model

    address, _, served = name.partition("#")
    try:
        if not name.startswith(("http://", "https://")):
            return init_chat_model(name)
        key = os.environ.get("OPENAI_API_KEY", "none")
        return init_chat_model(served, model_provider="openai", base_url=address, api_key=key)
    except ImportError as error:
        raise EngineError(
            f"the teacher {name!r} needs a package that is missing: {error}"
        ) from error
    except Exception as error:  # each provider has errors of its own for missing keys and names
        raise EngineError(
            f"there is no teacher {name!r}: {error} Name one as 'rules', 'openai:gpt-4o-mini' or "
            "'http://127.0.0.1:8000/v1#model', with its key in the environment."
        ) from error
