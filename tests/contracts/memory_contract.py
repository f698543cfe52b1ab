"""What every place to keep memories promises; and sentence vectors that need no model."""

import re
import uuid
import zlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
from langchain_core.embeddings import Embeddings

from persllm.embeddings import embed
from persllm.errors import MemoryStoreError
from persllm.materials import Material
from persllm.memory.chroma_memory import ChromaMemory
from persllm.memory.keep_materials import keep_materials
from persllm.memory.recall import Recalled
from persllm.memory.store import EVERYONE, Found, Memory
from persllm.persona import Persona
from persllm.persona_catalog import find_persona

DIMENSIONS = 256
Kind = Literal["objective", "subjective", "episode"]


class HashedWords(Embeddings):
    """Bags of words, hashed: texts are as near as the words they share."""

    def __init__(self, model_name: str = "hashed-words") -> None:
        self.model_name = model_name
        self.embedded: list[str] = []
        """Every text so far."""

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        self.embedded += texts
        return [_bag(text) for text in texts]

    def embed_query(self, text: str) -> list[float]:
        return self.embed_documents([text])[0]


class DrawnVectors(HashedWords):
    """Vectors drawn at random, by the text: among thousands each text is nearest to itself."""

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        self.embedded += texts
        drawn = [np.random.default_rng(zlib.crc32(text.encode())) for text in texts]
        return [[float(x) for x in each.standard_normal(DIMENSIONS)] for each in drawn]


def _bag(text: str) -> list[float]:
    bag = [0.0] * DIMENSIONS
    bag[0] = 0.01  # no text is the zero vector
    for word in re.findall(r"\w+", text.lower()):
        bag[zlib.crc32(word.encode()) % DIMENSIONS] += 1.0
    return bag


def new_persona() -> Persona:
    """Return a persona nobody else uses; Chroma in the process is shared by all tests."""
    return replace(find_persona("nikola-tesla"), id=f"test-{uuid.uuid4().hex}")


def memory(
    id_: str, text: str, *, kind: Kind = "objective", stage: int = 0, audience: str = EVERYONE
) -> Memory:
    return Memory(id=id_, text=text, kind=kind, stage=stage, source="test:1", audience=audience)


def material(id_: str, text: str, *, stage: str = "early") -> Material:
    return Material(id=id_, stage=stage, kind="objective", text=text, source="test.md:1")


def ids(found: Sequence[Found | Recalled]) -> list[str]:
    return [each.memory.id for each in found]


def find(
    store: ChromaMemory,
    text: str,
    *,
    stage: int = 0,
    count: int = 3,
    audience: str = EVERYONE,
    without: frozenset[str] = frozenset(),
) -> list[Found]:
    """Find what lies near a text."""
    vector = embed(store.embeddings, [text])[0]
    return store.find(vector, stage=stage, count=count, audience=audience, without=without)


class MemoryContract(ABC):
    @abstractmethod
    def make(self, persona: Persona, embeddings: Embeddings | None = None) -> ChromaMemory:
        """Open a persona's memory, with `HashedWords` if no embeddings are given."""

    @pytest.fixture
    def persona(self) -> Persona:
        return new_persona()

    @pytest.fixture
    def store(self, persona: Persona) -> ChromaMemory:
        return self.make(persona)

    def test_an_empty_store_finds_nothing(self, store: ChromaMemory) -> None:
        assert find(store, "anything", stage=1, count=3) == []

    def test_what_was_added_is_found_the_nearest_first(self, store: ChromaMemory) -> None:
        store.add([memory("a", "pigeons in the park"), memory("b", "a motor with a rotor")])
        assert ids(find(store, "Do you like pigeons?", stage=0, count=2)) == ["a", "b"]

    def test_a_memory_comes_back_as_it_was_kept(self, store: ChromaMemory) -> None:
        kept = Memory(
            id="full",
            text="Ann told me: 'žižek & <b>co</b>'\nand more",
            kind="episode",
            stage=1,
            source="Ann, 1931",
            cue="Who told you?",
            audience="Ann",
        )
        store.add([kept])
        assert find(store, "Ann", stage=1, count=1, audience="Ann")[0].memory == kept

    def test_the_same_words_are_as_near_as_can_be(self, store: ChromaMemory) -> None:
        store.add([memory("a", "pigeons in the park")])
        (found,) = find(store, "pigeons in the park", stage=0, count=1)
        (vector,) = embed(store.embeddings, ["pigeons in the park"])
        assert float(found.vector @ vector) == pytest.approx(1.0, abs=1e-4)

    def test_a_memory_is_found_by_the_cue_it_answered(self, store: ChromaMemory) -> None:
        answer = replace(memory("answer", "Seldom, and badly."), cue="How do you sleep?")
        store.add([answer, memory("other", "The fair was lit by two hundred thousand lamps.")])
        assert ids(find(store, "How do you sleep?", stage=0, count=1)) == ["answer"]

    def test_no_more_is_found_than_asked_for(self, store: ChromaMemory) -> None:
        store.add([memory(str(i), f"pigeon number {i}") for i in range(20)])
        assert len(find(store, "pigeon", stage=0, count=5)) == 5

    def test_nothing_is_found_where_nothing_is_asked_for(self, store: ChromaMemory) -> None:
        store.add([memory("a", "pigeon")])
        assert find(store, "pigeon", stage=0, count=0) == []

    def test_a_later_stages_memory_is_never_found_earlier(self, store: ChromaMemory) -> None:
        later = [memory(f"late{i}", "pigeons in the park", stage=1) for i in range(30)]
        store.add([*later, memory("early", "something else altogether", stage=0)])
        assert ids(find(store, "pigeons in the park", stage=0, count=10)) == ["early"]

    def test_what_an_earlier_stage_knew_and_held_is_found_later(self, store: ChromaMemory) -> None:
        text = "the tower at Wardenclyffe"
        store.add([memory("fact", text), memory("view", f"{text} stood", kind="subjective")])
        assert ids(find(store, text, stage=1)) == ["fact", "view"]

    def test_what_is_found_has_the_vector_it_was_kept_by(self, store: ChromaMemory) -> None:
        store.add([replace(memory("a", "Seldom."), cue="How do you sleep?")])
        (found,) = find(store, "How do you sleep?")
        (vector,) = embed(store.embeddings, ["How do you sleep? Seldom."])
        assert found.vector == pytest.approx(vector, abs=1e-6)

    def test_what_one_partner_said_is_not_found_for_another(self, store: ChromaMemory) -> None:
        store.add([memory("secret", "Ann owes me money", kind="episode", audience="Ann")])
        assert find(store, "Ann owes me money", stage=1, count=3, audience="Bob") == []
        assert find(store, "Ann owes me money", stage=1, count=3) == []

    def test_what_a_partner_said_is_found_for_that_partner(self, store: ChromaMemory) -> None:
        store.add([memory("secret", "Ann owes me money", kind="episode", audience="Ann")])
        found = find(store, "Ann owes me money", stage=0, count=3, audience="Ann")
        assert ids(found) == ["secret"]

    def test_all_that_a_partner_said_is_listed_the_oldest_first(self, store: ChromaMemory) -> None:
        told = [
            replace(
                memory(f"told{day}", f"Ann has {day} cats", kind="episode", audience="Ann"),
                when=f"2026-12-0{day}T10:00:00.000+00:00",
                superseded_by="told3" if day < 3 else "",
            )
            for day in (2, 3, 1)
        ]
        other = memory("other", "Bob has a cat", kind="episode", audience="Bob")
        store.add([*told, other, memory("fact", "My cat was called Macak")])
        assert store.episodes("Ann") == sorted(told, key=lambda each: each.when)
        assert store.episodes("Zoe") == []

    def test_a_known_id_is_replaced(self, store: ChromaMemory) -> None:
        store.add([memory("a", "pigeons")])
        store.add([memory("a", "motors")])
        assert store.count() == 1
        assert find(store, "pigeons", stage=0, count=1)[0].memory.text == "motors"

    def test_ids_without_are_left_out_and_others_take_their_place(
        self, store: ChromaMemory
    ) -> None:
        store.add([memory(str(i), f"pigeon number {i}") for i in range(8)])
        left_out = frozenset("0123")
        found = find(store, "pigeon number 0", stage=0, count=4, without=left_out)
        assert sorted(ids(found)) == ["4", "5", "6", "7"]

    def test_memories_are_counted(self, store: ChromaMemory) -> None:
        store.add([memory(str(i), f"pigeon number {i}") for i in range(7)])
        assert store.count() == 7

    def test_adding_nothing_changes_nothing(self, store: ChromaMemory) -> None:
        store.add([])
        assert store.count() == 0

    def test_a_memory_that_belongs_to_another_stage_now_is_there_once(
        self, store: ChromaMemory
    ) -> None:
        store.add([memory("a", "pigeons", stage=1)])
        store.add([memory("a", "pigeons", stage=0)])
        assert ids(find(store, "pigeons", stage=1)) == ["a"]
        assert store.count() == 1

    def test_the_version_changes_with_what_a_listener_may_hear(self, store: ChromaMemory) -> None:
        versions = [store.version("Ann")]
        store.add([memory("a", "pigeons")])
        versions.append(store.version("Ann"))
        store.add([memory("b", "motors", kind="episode", audience="Ann")])
        versions.append(store.version("Ann"))
        store.add([memory("b", "lamps", kind="episode", audience="Ann")])  # replaced
        versions.append(store.version("Ann"))
        store.forget(["b"])
        versions.append(store.version("Ann"))
        assert len(set(versions)) == len(versions)

    def test_the_version_stays_while_others_tell_something(self, store: ChromaMemory) -> None:
        before = store.version("Ann")
        store.add([memory("b", "motors", kind="episode", audience="Bob")])
        assert store.version("Ann") == before

    def test_what_a_visitor_told_comes_back_in_order(self, store: ChromaMemory) -> None:
        told = [
            replace(
                memory(f"{day}", "hello", kind="episode", stage=day % 2, audience="Ann"),
                when=f"1900-01-0{day}",
            )
            for day in (3, 1, 2)
        ]
        store.add([*told, memory("bob", "hello", kind="episode", audience="Bob")])
        assert [each.id for each in store.episodes("Ann")] == ["1", "2", "3"]
        assert store.episodes("Cleo") == []

    def test_of_a_visitor_of_whom_all_is_forgotten_nothing_stays(self, store: ChromaMemory) -> None:
        store.add([memory("a", "hello", kind="episode", audience="Ann")])
        store.forget(["a"])
        assert store.episodes("Ann") == [] and store.count() == 0
        store.add([memory("a", "hello", kind="episode", audience="Ann")])
        assert ids(find(store, "hello", audience="Ann")) == ["a"]

    def test_personas_do_not_share_memories(self, store: ChromaMemory) -> None:
        store.add([memory("a", "pigeons")])
        assert find(self.make(new_persona()), "pigeons", stage=1, count=3) == []

    def test_a_store_opened_twice_holds_the_same(
        self, persona: Persona, store: ChromaMemory
    ) -> None:
        store.add([memory("a", "pigeons")])
        assert ids(find(self.make(persona), "pigeons", stage=0, count=1)) == ["a"]

    def test_a_store_made_with_other_embeddings_is_refused(
        self, persona: Persona, store: ChromaMemory
    ) -> None:
        with pytest.raises(MemoryStoreError, match=r"'hashed-words', these are 'other'"):
            self.make(persona, HashedWords("other"))

    def test_materials_are_kept_once(self, persona: Persona, store: ChromaMemory) -> None:
        materials = [material("a", "pigeons"), material("b", "motors", stage="late")]
        assert keep_materials(store, persona, materials) == 2
        assert keep_materials(store, persona, materials) == 0

    def test_only_new_materials_are_embedded(self, persona: Persona) -> None:
        embeddings = HashedWords()
        store = self.make(persona, embeddings)
        keep_materials(store, persona, [material("a", "pigeons")])
        keep_materials(store, persona, [material("a", "pigeons"), material("b", "motors")])
        assert embeddings.embedded == ["pigeons", "motors"]

    def test_materials_that_are_gone_are_forgotten(
        self, persona: Persona, store: ChromaMemory
    ) -> None:
        keep_materials(store, persona, [material("a", "pigeons"), material("b", "motors")])
        keep_materials(store, persona, [material("b", "motors")])
        assert ids(find(store, "pigeons", stage=1, count=3)) == ["b"]

    def test_episodes_stay_when_materials_change(
        self, persona: Persona, store: ChromaMemory
    ) -> None:
        store.add([memory("talk", "Ann told me: hello", kind="episode", audience="Ann")])
        keep_materials(store, persona, [material("a", "pigeons")])
        keep_materials(store, persona, [])
        assert ids(find(store, "hello", stage=0, count=3, audience="Ann")) == ["talk"]

    def test_materials_keep_their_stage(self, persona: Persona, store: ChromaMemory) -> None:
        keep_materials(store, persona, [material("b", "pigeons", stage="late")])
        assert find(store, "pigeons", stage=0, count=3) == []
        assert ids(find(store, "pigeons", stage=1, count=3)) == ["b"]
