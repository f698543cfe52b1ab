"""Second half of a build: drafts become items and pairs, one batch after the other.

Drafts are filtered, made unlike each other, given what is recalled beside them, and rendered. The
texts recalled beside a question, and the wrong answers to it, come from its own split. Nothing
is held but the vectors' first directions: items and pairs are handed on as they are made.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from langchain_core.embeddings import Embeddings

from persllm.base_profile import BaseProfile
from persllm.embeddings import Vectors, embed
from persllm.materials import Material
from persllm.memory.recall import NEAREST, Recall
from persllm.memory.reranking import Query
from persllm.memory.store import Found, memory_from
from persllm.messages import Message, Notes, render
from persllm.persona import Persona
from persllm.replies import write_reply
from persllm.sentences import sentences
from persllm.training.data.cleaning import Asked, asked_of, clash, fault_of
from persllm.training.data.decisions import Decision, draft_key
from persllm.training.data.drafting import Batch, Library, PartDraft
from persllm.training.data.items import CLAIMS, SPLITS, Item, Pair, Pattern, Reviewed, Split
from persllm.training.data.pairs import Rejections, pair_of, reply_like
from persllm.training.data.sampling import BuildSettings, split_of
from persllm.training.data.teacher import Draft
from persllm.training.data.turn_index import TurnIndex

UNRECALLED: tuple[Pattern, ...] = ("small-talk", "provocation")
"""What no paragraph comes to mind for."""


class Assembler:
    """Makes items and pairs from batches of drafts.

    Args:
        persona: Whose.
        own: The persona's usable paragraphs.
        others: Those of other personas.
        settings: Of the build.
        profile: Of the base that the items are for.
        decisions: Of a review, by the key of a draft.
        embeddings: Vectors of edited user turns.
        scratch: File that may be written over.
    """

    def __init__(
        self,
        persona: Persona,
        *,
        own: Library,
        others: Library,
        settings: BuildSettings,
        profile: BaseProfile,
        decisions: Mapping[str, Decision],
        embeddings: Embeddings,
        scratch: Path,
    ) -> None:
        self._persona = persona
        self._order = [stage.id for stage in persona.stages]
        self._decisions = decisions
        self._embeddings = embeddings
        self._profile = profile
        self._recall = Recall(embeddings, profile)
        self._before: dict[str, Draft] = {}
        self._settings = settings
        self._scratch = scratch
        self._own = own
        self._rows = {material.id: row for row, material in enumerate(own.materials)}
        self._splits = [split_of(material, settings) for material in own.materials]
        self._rejections = Rejections(persona, own, others, settings, embeddings)
        self._shelves: dict[tuple[str, Split], Library] = {}
        self.dropped: Counter[str] = Counter()
        """How many drafts fell out, by reason."""

    def assemble(self, batches: Callable[[], Iterator[Batch]]) -> Iterator[tuple[Item, list[Pair]]]:
        """Yield each item with its pairs.

        Training items come first: a test question must not shadow the training question that it
        repeats. `batches` is called for each pass and yields the same every time.
        """
        index: TurnIndex[Asked] | None = None
        self._embed(line for each in self._own.materials for line in sentences(each.text))
        for split in SPLITS:
            for batch in map(self._decided, batches()):
                if index is None:
                    index = TurnIndex(
                        self._scratch,
                        similarity=self._settings.similarity,
                        sample=batch.questions,
                    )
                yield from self._made(batch, split, index)

    def _made(
        self, batch: Batch, split: Split, index: TurnIndex[Asked]
    ) -> Iterator[tuple[Item, list[Pair]]]:
        rows = list(self._sound(batch, split))
        if not rows:
            return
        drafts = [batch.drafts[row].draft for row in rows]
        self._embed(text for draft in drafts for text in (draft.question, draft.heard))
        marks = [asked_of(batch.drafts[row], split) for row in rows]
        reasons = index.keep_unlike(batch.questions[rows], marks, clash)
        for row, reason in zip(rows, reasons, strict=True):
            if reason:
                self.dropped[reason] += 1
                continue
            made, question = batch.drafts[row], batch.questions[row]
            item = self._item(made, split, question)
            pairs = list(self._rejections.pairs(item, made, question))
            old = self._before.get(made.id)
            if old is not None and old.response != made.draft.response:
                rejected = reply_like(item, old.analysis, old.response)
                pairs.append(pair_of(item, rejected, "edited", item.id))
            yield item, pairs

    def _embed(self, texts: Iterable[str]) -> None:
        """Embed at once what recall will ask for one by one, which takes many times as long."""
        self._embeddings.embed_documents(list(dict.fromkeys(texts)))

    def _item(self, made: PartDraft, split: Split, question: Vectors) -> Item:
        recalled = self._recalled(made, split, question)
        item = item_of(self._persona, made, split, recalled, profile=self._profile)
        key = self._key(made)
        decision = self._decisions.get(key)
        reviewed: Reviewed = "edited" if made.id in self._before else "accepted"
        return replace(item, key=key, reviewed=reviewed if decision else "")

    def _key(self, made: PartDraft) -> str:
        return draft_key(made.stage, made.pattern, self._before.get(made.id, made.draft))

    def _decided(self, batch: Batch) -> Batch:
        """Put a reviewer's words in the place of the teacher's."""
        drafts, questions = list(batch.drafts), batch.questions
        for row, made in enumerate(drafts) if self._decisions else ():
            draft = self._before.get(made.id, made.draft)
            decision = self._decisions.get(draft_key(made.stage, made.pattern, draft))
            if decision is None or decision.verdict != "edit":
                continue
            self._before[made.id] = draft
            drafts[row] = replace(made, draft=_edited(draft, decision))
            if decision.question:
                asked = embed(self._embeddings, [drafts[row].draft.heard])
                questions = np.concatenate([questions[:row], asked, questions[row + 1 :]])
        return Batch(tuple(drafts), questions)

    def _sound(self, batch: Batch, split: Split) -> Iterator[int]:
        """Yield the rows of one split that have no fault; faults are counted."""
        for row, made in enumerate(batch.drafts):
            if self._splits[self._rows[made.material]] != split:
                continue
            decision = self._decisions.get(self._key(made))
            rejected = decision is not None and decision.verdict == "reject"
            fault = "rejected in review" if rejected else fault_of(made, self._persona)
            if fault:
                self.dropped[fault] += 1
            else:
                yield row

    def _recalled(self, made: PartDraft, split: Split, question: Vectors) -> dict[str, str] | None:
        """Return the source and what recall brings of its split, the most relevant first.

        None for some items, which are asked without a memory.
        """
        chance = random.Random(f"{self._settings.seed}/{made.id}").random()
        if chance >= self._settings.recalled_share and made.pattern not in CLAIMS:
            return None
        if made.pattern in UNRECALLED:
            return {}
        source = self._own.materials[self._rows[made.material]]
        near = self._shelf(made.stage, split).top(question, NEAREST)
        found = [self._found(each) for each in dict.fromkeys((*near, source))]
        stage = self._order.index(made.stage)
        query = Query(made.draft.question, made.draft.heard if made.draft.before else "")
        ranked = self._recall.rank(query, found, stage=stage)
        chosen = self._recall.choose(query, found, stage=stage)
        kept = {each.memory.id for each in chosen}
        if source.id not in kept:
            kept = {each.memory.id for each in chosen[: self._profile.passages - 1]} | {source.id}
        return {each.memory.id: each.prompt_text for each in ranked if each.memory.id in kept}

    def _found(self, material: Material) -> Found:
        vector = self._own.vectors[self._rows[material.id]]
        return Found(memory_from(material, self._order), vector)

    def _shelf(self, stage_id: str, split: Split) -> Library:
        """Return what a stage may recall in one split."""
        if (stage_id, split) not in self._shelves:
            reach = {stage.id for stage in self._persona.reaches(self._persona.stage(stage_id))}
            self._shelves[stage_id, split] = self._own.where(
                [
                    material.stage in reach and own_split == split
                    for material, own_split in zip(self._own.materials, self._splits, strict=True)
                ]
            )
        return self._shelves[stage_id, split]


def _edited(draft: Draft, decision: Decision) -> Draft:
    """Return a draft in a reviewer's words; what was not written anew stays."""
    return replace(
        draft,
        question=decision.question or draft.question,
        analysis=decision.analysis or draft.analysis,
        response=decision.response or draft.response,
    )


def item_of(
    persona: Persona,
    made: PartDraft,
    split: Split,
    recalled: Mapping[str, str] | None,
    *,
    profile: BaseProfile,
) -> Item:
    """Return a draft as an item, asked after what is recalled (texts by id, in order), if asked."""
    draft = made.draft
    spoken = [Message("assistant" if n % 2 else "user", t) for n, t in enumerate(draft.before)]
    prompt = render(
        persona,
        persona.stage(made.stage),
        (*spoken, Message("user", draft.question)),
        profile=profile,
        notes=None if recalled is None else {len(spoken): Notes(tuple(recalled.values()))},
    )
    analysis = "" if profile.analysis == "none" else draft.analysis
    return Item(
        id=f"{persona.id}-{made.id}",
        persona=persona.id,
        stage=made.stage,
        pattern=made.pattern,
        messages=(*prompt, Message("assistant", write_reply(analysis, draft.response))),
        question=draft.question,
        recalled=tuple(recalled or ()),
        false_premise=draft.false_premise,
        sources=(made.material,),
        teacher=made.teacher,
        kind=draft.kind,
        split=split,
        said=draft.said,
        known=draft.known,
    )
