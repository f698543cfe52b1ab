"""Pairs: the same question, answered rightly and wrongly, and why the wrong answer is wrong.

The paper takes the rejected reply from a nearest stored question (METHOD 2.12), which may belong
to the same persona. Here it answers the same question from the wrong place: another stage's or
another persona's own paragraph on the matter, or one who falls for the false premise.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from persllm.embeddings import Vectors
from persllm.materials import Material
from persllm.messages import write_reply
from persllm.persona import Persona
from persllm.training import analysis
from persllm.training.data.drafting import Library, PartDraft
from persllm.training.data.items import Item, Pair, Split, Why
from persllm.training.data.rules import excerpt
from persllm.training.data.sampling import BuildSettings, split_of

TOO_LIKE = 0.9
"""Cosine of chosen and rejected source from which the rejected one might be right."""
LEAST_REPLY_WORDS = 12


class Rejections:
    """Finds wrong answers to an item's question.

    Args:
        persona: Whose items they are.
        own: All usable paragraphs of the persona.
        others: Paragraphs of other personas.
        settings: Of the build; a rejected reply comes from a paragraph of the item's own split.
    """

    def __init__(
        self, persona: Persona, own: Library, others: Library, settings: BuildSettings
    ) -> None:
        self._persona = persona
        self._settings = settings
        self._rows = {material.id: row for row, material in enumerate(own.materials)}
        self._own = own
        self._stages = {
            (stage.id, kind): own.where(
                [m.stage == stage.id and m.kind == kind for m in own.materials]
            )
            for stage in persona.stages
            for kind in ("objective", "subjective")
        }
        self._others = {
            kind: others.where([m.kind == kind for m in others.materials])
            for kind in ("objective", "subjective")
        }

    def pairs(self, item: Item, made: PartDraft, question: Vectors) -> Iterator[Pair]:
        """Yield the item's pairs; `question` is the vector of its user turn."""
        source = self._own.materials[self._rows[made.material]]
        if made.draft.wrong_response:
            why: Why = "induced" if item.pattern == "misleading" else "over-denial"
            reply = write_reply(made.draft.wrong_analysis, made.draft.wrong_response)
            yield _pair(item, reply, why, item.id)
            return
        written = made.draft.other_response
        if written:  # the teacher has answered the same question at that stage
            reply = write_reply(made.draft.other_analysis, written)
            yield _pair(item, reply, "other-stage", f"{item.id}@{made.draft.other_stage}")
        for why, library in self._wrong_libraries(item, source):
            if written and why == "other-stage":
                continue
            material = self._unlike(library, source, question, item.split)
            if material is not None:
                yield _pair(item, _answer_from(material, item, made), why, material.id)

    def _wrong_libraries(self, item: Item, source: Material) -> Iterator[tuple[Why, Library]]:
        stages = self._persona.stages
        index = stages.index(self._persona.stage(item.stage))
        # What was once true of a life stays true, so facts are wrong only before their time.
        wrong = (
            [s for s in stages[index + 1 :]]
            if source.kind == "objective"
            else [s for s in (*stages[index + 1 :], *reversed(stages[:index]))]
        )
        if wrong:
            yield "other-stage", self._stages[wrong[0].id, source.kind]
        yield "other-persona", self._others[source.kind]

    def _unlike(
        self, library: Library, source: Material, question: Vectors, split: Split
    ) -> Material | None:
        """Return the paragraph nearest to the question that does not say what the source says."""
        vector = self._own.vectors[self._rows[source.id]]
        alike = library.vectors @ vector if len(library.materials) else np.zeros(0)
        near = dict(zip((m.id for m in library.materials), alike.tolist(), strict=True))
        for material in library.nearest(question) if len(library.materials) else []:
            unlike = near[material.id] < TOO_LIKE and material.text != source.text
            if unlike and split_of(material, self._settings) == split:
                return material
        return None


def count_by_reason(pairs: Sequence[Pair]) -> Mapping[str, int]:
    """Return how many pairs there are of each reason."""
    reasons = sorted({pair.why for pair in pairs})
    return {why: sum(pair.why == why for pair in pairs) for why in reasons}


def _answer_from(material: Material, item: Item, made: PartDraft) -> str:
    """Answer the question from a wrong paragraph, in the right one's form and length."""
    words = max(LEAST_REPLY_WORDS, len(made.draft.response.split()))
    response = excerpt(material.text, words=words)
    if not made.draft.analysis:
        return response
    think = analysis.hold if item.pattern == "thought" else analysis.asked
    return write_reply(think(item.question, response), response)


def _pair(item: Item, rejected: str, why: Why, source: str) -> Pair:
    return Pair(
        id=f"{item.id}-{why}",
        persona=item.persona,
        stage=item.stage,
        prompt=item.prompt,
        chosen=item.reply,
        rejected=rejected,
        why=why,
        chosen_item=item.id,
        rejected_source=source,
        split=item.split,
    )
