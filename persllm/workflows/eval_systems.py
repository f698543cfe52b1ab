"""The systems that `persllm eval` compares: personas of the runtime, ready to be asked.

Everything is rendered by `ChatPersona`, so that all systems see the prompts they would see in use.
"""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from persllm.agents.answering import answered
from persllm.agents.chat_persona import ChatPersona, Prepared
from persllm.agents.engines.chat_model import ChatModelEngine
from persllm.agents.reply_reading import ReplyLimits
from persllm.agents.runtime import Runtime
from persllm.engine import Engine, Request, Score, count_text
from persllm.files import digest
from persllm.manifest import ADAPTER_FOLDER, read_manifest, write_manifest
from persllm.messages import Message
from persllm.persona import Persona
from persllm.training.data.items import Item
from persllm.training.data.teachers import find_model
from persllm.training.evaluation.distinction import TEMPERATURE, TOP_P
from persllm.training.evaluation.measures import PART_NAMES, PartName
from persllm.training.evaluation.suite import ordered
from persllm.training.evaluation.systems import Question, Statement, System

PROMPT = "prompt"
EXAMPLES = "few-shot"
MEMORY = "memory"
ADAPTER = "adapter"
BOTH = "adapter + memory"
BEFORE_DPO = "adapter before DPO"
OWN = (PROMPT, EXAMPLES, MEMORY, ADAPTER, BOTH)
TRAINED = (ADAPTER, BOTH, BEFORE_DPO)
"""Systems that only a persona with an adapter has."""
BEFORE_FOLDER = "before-dpo"
SHOTS = 3
"""Training items that the few-shot prompt shows as turns."""
LONGEST_SHOT = 60
"""Words of question and answer together; longer items leave no room for the talk."""
SINGLE: frozenset[PartName] = frozenset({"general"})
SHORT: frozenset[PartName] = frozenset({"general", "drift"})
"""Parts that are not measured of a system: another one has them already."""
MARGIN = 16
"""Tokens kept free beside a reply that is to be scored: templates add some around it."""


def systems_for(
    persona: Persona, runtime: Runtime, train: Sequence[Item], *, seed: int, scratch: Path
) -> list[System]:
    """Return base and adapter, with and without memory, and the base shown examples.

    Where the persona has no adapter for this base, the systems without one.

    Args:
        persona: Who is evaluated.
        runtime: Engine, adapters and memories.
        train: Training items, for the examples.
        seed: Of sampled answers.
        scratch: Where the state before DPO is put together, if the run kept it.
    """
    shots = {stage.id: shown_examples(train, stage.id) for stage in persona.stages}
    plain, recalling = (
        _chats(persona, runtime, use_adapter=False, use_memory=memory) for memory in (False, True)
    )
    systems = [
        _system(PROMPT, plain, runtime.engine, seed),
        _system(EXAMPLES, plain, runtime.engine, seed, shots, without=SHORT),
        _system(MEMORY, recalling, runtime.engine, seed, without=SHORT),
    ]
    if runtime.has_adapter(persona):
        systems += _trained_systems(persona, runtime, seed=seed, scratch=scratch)
    return systems


def _trained_systems(
    persona: Persona, runtime: Runtime, *, seed: int, scratch: Path
) -> list[System]:
    alone, both = (
        _chats(persona, runtime, use_adapter=True, use_memory=memory) for memory in (False, True)
    )
    systems = [
        _system(ADAPTER, alone, runtime.engine, seed),
        _system(BOTH, both, runtime.engine, seed, without=SINGLE),
    ]
    before = state_before_dpo(runtime.adapter(persona), scratch)
    if before:
        early = {
            stage: chat.model_copy(update={"adapter": before}) for stage, chat in alone.items()
        }
        only: frozenset[PartName] = frozenset(PART_NAMES) - {"distinction"}
        systems.append(_system(BEFORE_DPO, early, runtime.engine, seed, without=only))
    return systems


def base_system(persona: Persona, runtime: Runtime, *, seed: int = 1) -> System:
    """Return the base told who speaks and when; it needs no adapter."""
    chats = _chats(persona, runtime, use_adapter=False, use_memory=False)
    return _system(PROMPT, chats, runtime.engine, seed)


def other_systems(
    persona: Persona, runtime: Runtime, names: Sequence[str], *, seed: int
) -> list[System]:
    """Return other chat models, by name, with the persona's prompt and with its memory too.

    Raises:
        EngineError: There is no such model, or its package or key is missing.
    """
    made = []
    for name in names:
        engine = ChatModelEngine(find_model(name), name=name)
        for memory in (False, True):
            chats = _chats(persona, runtime, use_adapter=False, use_memory=memory, engine=engine)
            without = SHORT if memory else SINGLE
            title = f"{name} + memory" if memory else name
            made.append(_system(title, chats, engine, seed, without=without))
    return made


def shown_examples(train: Sequence[Item], stage: str) -> tuple[Message, ...]:
    """Return a few training items of a stage as turns: a fact, a false claim, an opinion."""
    turns: list[Message] = []
    for patterns in (("ordinary",), ("misleading",), ("opinion", "ordinary"))[:SHOTS]:
        kind = "attitude" if "opinion" in patterns else "knowledge"
        for item in ordered(train):
            said = item.response
            fits = item.stage == stage and item.pattern in patterns and item.kind == kind
            if fits and len(f"{item.question} {said}".split()) <= LONGEST_SHOT:
                turns += [Message("user", item.question), Message("assistant", said)]
                break
    return tuple(turns)


def state_before_dpo(adapter: Path, scratch: Path) -> Path | None:
    """Return the run's SFT state as an adapter that an engine loads, or None if none was kept."""
    kept = adapter.parent / "sft" / ADAPTER_FOLDER
    if not kept.is_dir():
        return None
    folder = scratch / BEFORE_FOLDER
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(kept, folder)
    write_manifest(folder, read_manifest(adapter))
    return folder


def _chats(
    persona: Persona,
    runtime: Runtime,
    *,
    use_adapter: bool,
    use_memory: bool,
    engine: Engine | None = None,
) -> dict[str, ChatPersona]:
    chats = {
        stage.id: runtime.chat(
            persona, stage=stage.id, use_adapter=use_adapter, use_memory=use_memory
        )
        for stage in persona.stages
    }
    if engine is None:
        return chats
    return {stage: chat.model_copy(update={"engine": engine}) for stage, chat in chats.items()}


def _system(
    name: str,
    chats: Mapping[str, ChatPersona],
    engine: Engine,
    seed: int,
    shots: Mapping[str, tuple[Message, ...]] | None = None,
    *,
    without: frozenset[PartName] = frozenset(),
) -> System:
    def prepared(question: Question, max_tokens: int | None = None) -> Prepared:
        chat = chats[question.stage]
        if question.bare:
            request = Request(
                messages=(Message("user", question.text),),
                adapter=chat.adapter,
                max_tokens=max_tokens or chat.reply_tokens,
            )
            return Prepared(question.text, "", request, [], ReplyLimits(request.max_tokens))
        before = (*(shots or {}).get(question.stage, ()), *question.before)
        turns = [*map(_turn, before), HumanMessage(question.text)]
        return _sampled(chat, question, seed).prepare(turns, max_tokens=max_tokens)

    def answer(questions: Sequence[Question]) -> list[str]:
        return answered([prepared(each) for each in questions], engine)

    def score(statements: Sequence[Statement]) -> list[Score | None]:
        requests: list[Request | None] = []
        for question, reply in statements:
            length = count_text(engine, reply) + MARGIN
            requests.append(prepared(question, length).request)
        rows = [(ask, text) for ask, (_, text) in zip(requests, statements, strict=True) if ask]
        scorer: Any = engine
        scores = iter(scorer.score([ask for ask, _ in rows], [text for _, text in rows]))
        return [next(scores) if ask else None for ask in requests]

    return System(name, answer, score if hasattr(engine, "score") else None, without)


def _sampled(chat: ChatPersona, question: Question, seed: int) -> ChatPersona:
    """Return the persona as it chats; its seed belongs to stage, question and sample.

    Independent samples are drawn at the temperature of the distinction of voices.
    """
    mark = digest(str(seed), question.stage, question.text, str(question.sample))
    update: dict[str, Any] = {"seed": int(mark[:8], 16)}
    if question.sample is not None:
        update |= {"temperature": TEMPERATURE, "top_p": TOP_P}
    return chat.model_copy(update=update)


def _turn(message: Message) -> BaseMessage:
    kind = AIMessage if message.role == "assistant" else HumanMessage
    return kind(content=message.content)
