"""Conversations as rows of tokens: what is recalled at each turn comes from the recall that serves.

A reply that needs a passage is taught with that passage before it, also where recall would have
missed it; useless passages that recall brings are left in, as a persona meets them.
"""

import json
import lzma
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import torch
from langchain_core.embeddings import Embeddings

from persllm.base_profile import BaseProfile
from persllm.embeddings import Vectors, embed, embeddings_name
from persllm.materials import Material
from persllm.memory.recall import NEAREST, Recall, Recalled, query_of
from persllm.memory.reranking import Query, around_sentence
from persllm.memory.store import Found, memory_from
from persllm.messages import DEBATE_OPENING, Message, Notes, Role, debate_scene, render
from persllm.sentences import sentences
from persllm.words import stems
from tools.conversations.reading import Conversation, Spoken

VISITOR_AT_ONCE = 0.6
"""How often what is known of a visitor comes up at his first turn, else turn by turn."""


@dataclass(frozen=True, slots=True)
class Row:
    """One conversation as tokens."""

    tokens: tuple[int, ...]
    target: tuple[bool, ...]
    """Which tokens are the persona's."""


class EmbeddedTexts(Embeddings):
    """Embeddings of texts that are known beforehand, made in large batches.

    Args:
        embeddings: What makes them.
    """

    def __init__(self, embeddings: Embeddings) -> None:
        self._embeddings = embeddings
        self.model_name = embeddings_name(embeddings)
        self._kept: dict[str, Vectors] = {}

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Return one unit vector a text, in order."""
        new = [text for text in dict.fromkeys(texts) if text not in self._kept]
        if new:
            with torch.autocast("cpu", dtype=torch.bfloat16):
                self._kept.update(zip(new, embed(self._embeddings, new), strict=True))
        return [self._kept[text].tolist() for text in texts]

    def embed_query(self, text: str) -> list[float]:
        """Return the unit vector of one text."""
        return self.embed_documents([text])[0]


class RecallOfMaterials:
    """Recall over a persona's materials, as its memory does it, without a store.

    Args:
        embeddings: Of the memory.
        profile: Of the base.
    """

    def __init__(self, embeddings: EmbeddedTexts, profile: BaseProfile) -> None:
        self._embeddings = embeddings
        self._recall = Recall(embeddings, profile)
        self._vectors = cache(lambda known: embed(embeddings, [each.heard for each in known]))

    def prepare(self, conversations: Sequence[Conversation]) -> None:
        """Embed all that will be asked for, in large batches."""
        known = dict.fromkeys(each for talk in conversations for each in talk.materials)
        texts = [text for each in known for text in (each.heard, *sentences(each.text))]
        queries = [query for talk in conversations for query in queries_of(talk) if query]
        self._embeddings.embed_documents(texts + [text for q in queries for text, _ in q.texts])

    def best(
        self, query: Query, conversation: Conversation, *, told: Sequence[str]
    ) -> list[Recalled]:
        """Return what comes up for a query, the best first; nothing of what was told already."""
        known = conversation.materials
        order = [stage.id for stage in conversation.persona.stages]
        vectors = self._vectors(known)
        near = (vectors @ self._recall.vector(query)).argsort()[::-1]
        found = [
            Found(memory_from(known[at], order), vectors[at]) for at in near[: NEAREST + len(told)]
        ]
        stage = order.index(conversation.stage.id)
        return self._recall.choose(query, found, stage=stage, told=told)


def queries_of(conversation: Conversation) -> list[Query | None]:
    """Return what is sought at each turn of a conversation."""
    history: list[Message] = []
    found: list[Query | None] = []
    for turn in conversation.turns:
        history.append(Message("user", turn.said or DEBATE_OPENING))
        if conversation.motion:
            found.append(Query(f"{conversation.motion} {turn.said}".strip()))
        else:
            found.append(query_of(history))
        history.append(Message("assistant", turn.reply))
    return found


def as_messages(
    conversation: Conversation,
    recall: RecallOfMaterials,
    profile: BaseProfile,
    chance: random.Random,
) -> tuple[Message, ...]:
    """Return a conversation as the base sees it, notes and replies included."""
    by_id = {each.id: each for each in conversation.materials}
    history: list[Message] = []
    notes: dict[int, Notes] = {}
    told: list[str] = []
    visitor = _visitor(conversation, chance)
    for place, (turn, query) in enumerate(
        zip(conversation.turns, queries_of(conversation), strict=True)
    ):
        history.append(Message("user", turn.said or DEBATE_OPENING))
        found = recall.best(query, conversation, told=told) if query else []
        needed = [by_id[each] for each in turn.needs]
        texts = _with_needed(found, needed, told, turn, profile, chance)
        told += texts
        notes[len(history) - 1] = Notes(tuple(texts), visitor.get(place, ()))
        history.append(Message("assistant", turn.reply))
    scene = (
        debate_scene(conversation.motion, conversation.side)
        if conversation.motion
        else conversation.scene
    )
    prompt = render(
        conversation.persona,
        conversation.stage,
        history[:-1],
        profile=profile,
        notes=notes,
        scene=scene,
    )
    return (*prompt, history[-1])


def _with_needed(
    found: Sequence[Recalled],
    needed: Sequence[Material],
    told: Sequence[str],
    turn: Spoken,
    profile: BaseProfile,
    chance: random.Random,
) -> list[str]:
    """Return what is told, with what a reply rests on in the place of what is least relevant."""
    missing = [
        excerpt
        for each in needed
        for excerpt in (_excerpt(each, turn, profile),)
        if not any(excerpt[1] in text for text in (*told, *(r.prompt_text for r in found)))
    ]
    texts = [each.prompt_text for each in found]
    if not missing:
        return texts
    wanted = {each.id for each in needed}
    kept = [each.prompt_text for each in found if each.memory.id in wanted]
    useless = [each.prompt_text for each in found if each.memory.id not in wanted]
    # An excerpt of the right passage that lacks what the reply uses gives way to one that has it.
    kept = kept[: max(0, profile.passages - len(missing))]
    room = max(0, profile.passages - len(kept) - len(missing))
    whole = [*kept, *useless[:room], *(text for text, _ in missing)]
    chance.shuffle(whole)
    return whole


def _excerpt(material: Material, turn: Spoken, profile: BaseProfile) -> tuple[str, str]:
    """Return what a prompt tells of a passage for a reply, and the sentence that it rests on."""
    lines = sentences(material.text) or [material.text]
    used, asked = stems(turn.reply), stems(turn.said)
    scores = [len(stems(line) & used) + 0.5 * len(stems(line) & asked) for line in lines]
    place = scores.index(max(scores))
    words = profile.passage_words
    return around_sentence(material.text, place, words) if words else material.text, lines[place]


def _visitor(conversation: Conversation, chance: random.Random) -> dict[int, tuple[str, ...]]:
    """Return what is known of the visitor, by the turn at which it comes up."""
    lines = conversation.remembered
    if not lines:
        return {}
    if chance.random() < VISITOR_AT_ONCE or len(conversation.turns) < 2:
        return {0: lines}
    cut = chance.randint(1, len(lines))
    return {0: lines[:cut]} | ({1: lines[cut:]} if cut < len(lines) else {})


def row_of(tokenizer: Any, messages: Sequence[Message], *, most: int) -> Row | None:  # noqa: ANN401
    """Return a conversation as tokens, None where it is too long; every reply is a target."""
    tokens: list[int] = []
    target: list[bool] = []
    for message in messages:
        opened = tokenizer(f"<|im_start|>{message.role}\n", add_special_tokens=False).input_ids
        body = tokenizer(f"{message.content}<|im_end|>", add_special_tokens=False).input_ids
        end = tokenizer("\n", add_special_tokens=False).input_ids
        own = message.role == "assistant"
        tokens += [*opened, *body, *end]
        target += [*([False] * len(opened)), *([own] * len(body)), *([False] * len(end))]
    return Row(tuple(tokens), tuple(target)) if len(tokens) <= most else None


def general_rows(folder: Path, chance: random.Random, count: int) -> Iterator[tuple[Message, ...]]:
    """Yield general conversations and instructions, so that the base stays one that can talk."""
    for name, share in (("chat", 0.5), ("instruct", 0.5)):
        with lzma.open(folder / f"{name}.jsonl.xz", "rt", encoding="utf-8") as lines:
            rows = [json.loads(line) for line in lines]
        for turns in chance.sample(rows, round(count * share)):
            even = turns[: len(turns) // 2 * 2][:8]
            roles: tuple[Role, Role] = ("user", "assistant")
            said = [Message(roles[at % 2], text) for at, text in enumerate(even)]
            if said:
                yield tuple(said)
