"""What comes to mind beside what plain Chroma finds: the same hand-written questions, in turns.

    python -m benchmarks.recalling    # the bundled cast; --people: invented people, by hand

Prints how often the paragraph that a question rests on came first and among three, how often its
very sentence came first, and milliseconds a question, with the ratio to plain Chroma: once over
fresh stores, and once more over the same.
"""

import argparse
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import chromadb

from persllm.base_profile import BaseProfile
from persllm.embeddings import default_embeddings, embed
from persllm.materials import Material, read_materials
from persllm.memory.chroma_client import quiet
from persllm.memory.chroma_memory import ChromaMemory
from persllm.memory.chroma_opening import open_client
from persllm.memory.keep_materials import keep_materials
from persllm.memory.recall import Recall
from persllm.persona import Persona, load_persona
from persllm.persona_catalog import bundled, find_persona
from persllm.sentences import sentences
from persllm.training.data.drafting import PartDraft
from persllm.training.data.handwritten import read_handwritten
from tools.nano.written import people_folders

MOST = 3
Found = Sequence[tuple[str, str]]
"""Ids and texts, best first."""
Way = Callable[[str, int], Found]


@dataclass
class Tally:
    """How one way did."""

    hits: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    def ask(self, way: Way, made: PartDraft, stage: int) -> None:
        """Ask one question and count what came."""
        started = time.perf_counter()
        found = way(made.draft.question, stage)
        self.seconds += time.perf_counter() - started
        first, text = found[0]
        self.hits["first"] += first == made.material
        self.hits["among three"] += made.material in (id_ for id_, _ in found)
        needed = sentences(text)[0] in made.draft.analysis
        self.hits["sentence first"] += first == made.material and needed


def main() -> None:
    options = _options()
    people = map(load_persona, people_folders()) if options.people else map(find_persona, bundled())
    asked = [_opened(persona) for persona in people]
    total = sum(len(drafts) for _, drafts, _, _ in asked)
    for title in ("fresh", "again"):
        plain, ours = Tally(), Tally()
        for persona, drafts, chroma, store in asked:
            order = [stage.id for stage in persona.stages]
            for made in drafts:
                plain.ask(chroma, made, order.index(made.stage))
                ours.ask(store, made, order.index(made.stage))
        print(f"{title}, {total} questions")
        for name, tally in (("plain Chroma", plain), ("persllm", ours)):
            shares = "  ".join(f"{what} {hit / total:.1%}" for what, hit in tally.hits.items())
            ratio = tally.seconds / plain.seconds
            print(f"  {name:13} {shares}  {1000 * tally.seconds / total:.1f} ms ({ratio:.1f}x)")


def _opened(persona: Persona) -> tuple[Persona, Sequence[PartDraft], Way, Way]:
    store = ChromaMemory(open_client(None), persona, default_embeddings())
    materials = read_materials(persona)
    keep_materials(store, persona, materials)
    return persona, read_handwritten(persona, materials), _plain(persona, materials), _ours(store)


def _plain(persona: Persona, materials: Sequence[Material]) -> Way:
    order = [stage.id for stage in persona.stages]
    heard = [f"{each.partner} {each.text}".strip() for each in materials]
    collection = chromadb.EphemeralClient(settings=quiet()).create_collection(
        f"plain-{persona.id}", embedding_function=None, metadata={"hnsw:space": "cosine"}
    )
    collection.add(
        ids=[each.id for each in materials],
        documents=[each.text for each in materials],
        embeddings=embed(default_embeddings(), heard),
        metadatas=[{"stage": order.index(each.stage)} for each in materials],
    )

    def find(question: str, stage: int) -> Found:
        found = collection.query(
            query_embeddings=embed(default_embeddings(), [question]),
            n_results=MOST,
            where={"stage": {"$lte": stage}},
            include=["documents"],
        )
        return list(zip(found["ids"][0], found["documents"][0], strict=True))

    return find


def _ours(store: ChromaMemory) -> Way:
    recall = Recall(store.embeddings, BaseProfile(name="benchmark", annotated=True))

    def find(question: str, stage: int) -> Found:
        recalled = recall.search(store, question, stage=stage, count=MOST)
        return [(each.memory.id, each.prompt_text) for each in recalled]

    return find


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Recall beside plain Chroma.")
    parser.add_argument("--people", action="store_true", help="ask the invented people")
    return parser.parse_args()


if __name__ == "__main__":
    main()
