"""Second half of a build: drafts become items and pairs, one batch after the other.

Drafts are filtered, made unlike each other, given what is recalled beside them, and rendered. The
texts recalled beside a question, and the wrong answers to it, come from its own split. Nothing
is held but the vectors' first directions: items and pairs are handed on as they are made.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from langchain_core.embeddings import Embeddings

from persllm.embeddings import Vectors, embed
from persllm.fitting import Fitting, Near, by_fitness, comes_to_mind
from persllm.materials import Material
from persllm.messages import Message, render, write_reply
from persllm.persona import Persona
from persllm.training.data.cleaning import Asked, asked_of, clash, fault_of
from persllm.training.data.decisions import Decision, draft_key
from persllm.training.data.drafting import Batch, Library, PartDraft
from persllm.training.data.items import CLAIMS, SPLITS, Item, Pair, Pattern, Reviewed, Split
from persllm.training.data.pairs import Rejections, pair_of
from persllm.training.data.sampling import BuildSettings, split_of
from persllm.training.data.teacher import Draft
from persllm.training.data.turn_index import TurnIndex

NEIGHBOURS = 12
"""So many of the nearest paragraphs are weighed as company for the source."""
UNRECALLED: tuple[Pattern, ...] = ("small-talk", "provocation")
"""What no paragraph comes to mind for."""


class Assembler:
    """Makes items and pairs from batches of drafts.

    Args:
        persona: Whose.
        own: The persona's usable paragraphs.
        others: Those of other personas.
        settings: Of the build.
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
        decisions: Mapping[str, Decision],
        embeddings: Embeddings,
        scratch: Path,
    ) -> None:
        self._persona = persona
        self._decisions = decisions
        self._embeddings = embeddings
        self._fitting = Fitting(embeddings)
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
                rejected = write_reply(old.analysis, old.response)
                pairs.append(pair_of(item, rejected, "edited", item.id))
            yield item, pairs

    def _item(self, made: PartDraft, split: Split, question: Vectors) -> Item:
        recalled = self._recalled(made, split, question)
        item = item_of(self._persona, made, split, recalled)
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
        """Return the source and paragraphs of its split, what fits best first, as memory does.

        None for some items, which are asked without a memory.
        """
        chance = random.Random(f"{self._settings.seed}/{made.id}").random()
        if chance >= self._settings.recalled_share and made.pattern not in CLAIMS:
            return None
        if made.pattern in UNRECALLED:
            return {}
        source = self._own.materials[self._rows[made.material]]
        near = self._shelf(made.stage, split).top(question, NEIGHBOURS)
        weighed = [source, *(material for material in near if material.id != source.id)]
        told = self._fitting.weigh(
            made.draft.question, question, [self._near(each, question) for each in weighed]
        )
        most = self._settings.recalled_words - len(source.text.split())
        best = max(fit.fitness for fit in told)
        recalled: dict[str, str] = {}
        for material, fit in by_fitness(weighed, told):
            length = len(material.text.split())
            if material.id == source.id:
                recalled[source.id] = fit.told
            elif length <= most and comes_to_mind(fit.fitness, best):
                recalled[material.id] = fit.told
                most -= length
        return recalled

    def _near(self, material: Material, question: Vectors) -> Near:
        likeness = float(self._own.vectors[self._rows[material.id]] @ question)
        return Near(text=material.text, likeness=likeness, before=material.partner)

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
) -> Item:
    """Return a draft as an item, asked after what is recalled (texts by id, in order), if asked."""
    draft = made.draft
    spoken = [Message("assistant" if n % 2 else "user", t) for n, t in enumerate(draft.before)]
    prompt = render(
        persona,
        persona.stage(made.stage),
        (*spoken, Message("user", draft.question)),
        recalled=None if recalled is None else [*recalled.values()],
    )
    return Item(
        id=f"{persona.id}-{made.id}",
        persona=persona.id,
        stage=made.stage,
        pattern=made.pattern,
        messages=(*prompt, Message("assistant", write_reply(draft.analysis, draft.response))),
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
