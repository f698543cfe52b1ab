"""What every place to keep memories promises; and sentence vectors that need no model."""

import re
import uuid
import zlib
from abc import ABC, abstractmethod
from dataclasses import replace
from typing import Literal

import pytest
from langchain_core.embeddings import Embeddings

from persllm.errors import MemoryStoreError
from persllm.materials import Material
from persllm.memory.chroma_memory import ChromaMemory, keep_materials
from persllm.memory.store import EVERYONE, Memory, Recalled
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


def ids(recalled: list[Recalled]) -> list[str]:
    return [each.memory.id for each in recalled]


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

    def test_an_empty_store_recalls_nothing(self, store: ChromaMemory) -> None:
        assert store.recall("anything", stage=1, count=3) == []

    def test_what_was_added_is_found_the_nearest_first(self, store: ChromaMemory) -> None:
        store.add([memory("a", "pigeons in the park"), memory("b", "a motor with a rotor")])
        assert ids(store.recall("Do you like pigeons?", stage=0, count=2)) == ["a", "b"]

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
        assert store.recall("Ann", stage=1, count=1, audience="Ann")[0].memory == kept

    def test_the_same_words_are_as_near_as_can_be(self, store: ChromaMemory) -> None:
        store.add([memory("a", "pigeons in the park")])
        (recalled,) = store.recall("pigeons in the park", stage=0, count=1)
        assert recalled.similarity == pytest.approx(1.0, abs=1e-4)

    def test_a_memory_is_told_from_the_sentence_that_answers(self, store: ChromaMemory) -> None:
        text = "Graz was dear. In Maribor I drew machines."
        store.add([memory("a", text)])
        (recalled,) = store.recall("What did you do in Maribor?", stage=0, count=1)
        assert recalled.told == "In Maribor I drew machines. Graz was dear."
        assert recalled.memory.text == text

    def test_what_a_partner_said_keeps_its_order(self, store: ChromaMemory) -> None:
        text = "Ann told me: Graz was dear. In Maribor I drew machines."
        store.add([memory("a", text, kind="episode", audience="Ann")])
        (recalled,) = store.recall("Maribor", stage=0, count=1, audience="Ann")
        assert recalled.told == text

    def test_a_memory_is_found_by_the_cue_it_answered(self, store: ChromaMemory) -> None:
        answer = replace(memory("answer", "Seldom, and badly."), cue="How do you sleep?")
        store.add([answer, memory("other", "The fair was lit by two hundred thousand lamps.")])
        assert ids(store.recall("How do you sleep?", stage=0, count=1)) == ["answer"]

    def test_no_more_is_recalled_than_asked_for(self, store: ChromaMemory) -> None:
        store.add([memory(str(i), f"pigeon number {i}") for i in range(20)])
        assert len(store.recall("pigeon", stage=0, count=5)) == 5

    def test_nothing_is_recalled_where_nothing_is_asked_for(self, store: ChromaMemory) -> None:
        store.add([memory("a", "pigeon")])
        assert store.recall("pigeon", stage=0, count=0) == []

    def test_a_later_stages_memory_is_never_recalled_earlier(self, store: ChromaMemory) -> None:
        later = [memory(f"late{i}", "pigeons in the park", stage=1) for i in range(30)]
        store.add([*later, memory("early", "something else altogether", stage=0)])
        assert ids(store.recall("pigeons in the park", stage=0, count=10)) == ["early"]

    def test_an_earlier_stages_facts_stay(self, store: ChromaMemory) -> None:
        store.add(
            [
                memory("fact", "the tower at Wardenclyffe", stage=0),
                memory("view", "the tower at Wardenclyffe stood", kind="subjective", stage=1),
            ]
        )
        assert ids(store.recall("the tower at Wardenclyffe", stage=1, count=1)) == ["fact"]

    def test_outgrown_views_sink_below_equal_ones_of_this_stage(self, store: ChromaMemory) -> None:
        store.add(
            [
                memory("then", "I love the crowd", kind="subjective", stage=0),
                memory("now", "I love the crowd no", kind="subjective", stage=1),
            ]
        )
        assert ids(store.recall("I love the crowd", stage=1, count=2)) == ["now", "then"]

    def test_views_are_not_outgrown_at_their_own_stage(self, store: ChromaMemory) -> None:
        store.add(
            [
                memory("view", "I love the crowd", kind="subjective", stage=0),
                memory("fact", "I love the crowd no", stage=0),
            ]
        )
        assert ids(store.recall("I love the crowd", stage=0, count=2)) == ["view", "fact"]

    def test_what_one_partner_said_is_not_recalled_for_another(self, store: ChromaMemory) -> None:
        store.add([memory("secret", "Ann owes me money", kind="episode", audience="Ann")])
        assert store.recall("Ann owes me money", stage=1, count=3, audience="Bob") == []
        assert store.recall("Ann owes me money", stage=1, count=3) == []

    def test_what_a_partner_said_is_recalled_for_that_partner(self, store: ChromaMemory) -> None:
        store.add([memory("secret", "Ann owes me money", kind="episode", audience="Ann")])
        recalled = store.recall("Ann owes me money", stage=0, count=3, audience="Ann")
        assert ids(recalled) == ["secret"]

    def test_a_known_id_is_replaced(self, store: ChromaMemory) -> None:
        store.add([memory("a", "pigeons")])
        store.add([memory("a", "motors")])
        assert store.count() == 1
        assert store.recall("pigeons", stage=0, count=1)[0].memory.text == "motors"

    def test_ids_without_are_left_out_and_others_take_their_place(
        self, store: ChromaMemory
    ) -> None:
        store.add([memory(str(i), f"pigeon number {i}") for i in range(8)])
        left_out = frozenset("0123")
        recalled = store.recall("pigeon number 0", stage=0, count=4, without=left_out)
        assert sorted(ids(recalled)) == ["4", "5", "6", "7"]

    def test_memories_are_counted(self, store: ChromaMemory) -> None:
        store.add([memory(str(i), f"pigeon number {i}") for i in range(7)])
        assert store.count() == 7

    def test_adding_nothing_changes_nothing(self, store: ChromaMemory) -> None:
        store.add([])
        assert store.count() == 0

    def test_personas_do_not_share_memories(self, store: ChromaMemory) -> None:
        store.add([memory("a", "pigeons")])
        assert self.make(new_persona()).recall("pigeons", stage=1, count=3) == []

    def test_a_store_opened_twice_holds_the_same(
        self, persona: Persona, store: ChromaMemory
    ) -> None:
        store.add([memory("a", "pigeons")])
        assert ids(self.make(persona).recall("pigeons", stage=0, count=1)) == ["a"]

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
        assert ids(store.recall("pigeons", stage=1, count=3)) == ["b"]

    def test_episodes_stay_when_materials_change(
        self, persona: Persona, store: ChromaMemory
    ) -> None:
        store.add([memory("talk", "Ann told me: hello", kind="episode", audience="Ann")])
        keep_materials(store, persona, [material("a", "pigeons")])
        keep_materials(store, persona, [])
        assert ids(store.recall("hello", stage=0, count=3, audience="Ann")) == ["talk"]

    def test_materials_keep_their_stage(self, persona: Persona, store: ChromaMemory) -> None:
        keep_materials(store, persona, [material("b", "pigeons", stage="late")])
        assert store.recall("pigeons", stage=0, count=3) == []
        assert ids(store.recall("pigeons", stage=1, count=3)) == ["b"]
