"""Pairs: the same question, answered rightly and wrongly, and why the wrong answer is wrong.

The paper takes the rejected reply from a nearest stored question (METHOD 2.12), which may belong
to the same persona and answers another question. Here it answers this very question from the wrong
place (another stage's or persona's own answer to it, or none: `other_answers`), falls for a false
premise, denies a true one, or makes up what nobody told. Chosen and rejected are alike in the form
of their analysis, in length and in how they end, so that only what they say tells them apart.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

from langchain_core.embeddings import Embeddings

from persllm.embeddings import Vectors
from persllm.materials import Material
from persllm.persona import Persona
from persllm.replies import parse_reply, write_reply
from persllm.training import analysis
from persllm.training.data.drafting import BY_HAND, Library, PartDraft
from persllm.training.data.items import CLAIMS, Item, Pair, Split, Why
from persllm.training.data.other_answers import OtherAnswers, fits
from persllm.training.data.rules import RULES
from persllm.training.data.sampling import BuildSettings, split_of

TOO_LIKE = 0.9
"""Cosine of chosen and rejected source from which the rejected one might be right."""
FORMS = (RULES, BY_HAND)
"""Teachers that think in the fixed forms of `persllm.training.analysis`."""
WRONG: dict[str, Why] = {"true-premise": "over-denial", "unknown": "unfounded"}
"""Why an item's own wrong answer is wrong, by pattern; else it was induced."""
Kind = Literal["objective", "subjective"]
Key = tuple[str, Kind, Split]


class Rejections:
    """Finds wrong answers to an item's question.

    Args:
        persona: Whose items they are.
        own: All usable paragraphs of the persona.
        others: Paragraphs of other personas.
        settings: Of the build; a rejected reply comes from a paragraph of the item's own split.
        embeddings: Vectors of questions.
    """

    def __init__(
        self,
        persona: Persona,
        own: Library,
        others: Library,
        settings: BuildSettings,
        embeddings: Embeddings,
    ) -> None:
        self._persona = persona
        self._own = own
        self._rows = {material.id: row for row, material in enumerate(own.materials)}
        placeless = Library(tuple(replace(m, stage="") for m in others.materials), others.vectors)
        self._vectors = {
            material.id: vector
            for library in (own, others)
            for material, vector in zip(library.materials, library.vectors, strict=True)
        }
        self._stages = _answers(own, settings, embeddings, own_life=False)
        self._others = _answers(placeless, settings, embeddings, own_life=True)

    def pairs(self, item: Item, made: PartDraft, question: Vectors) -> Iterator[Pair]:
        """Yield the item's pairs; `question` is the vector of its user turn."""
        draft = made.draft
        if draft.wrong_response and fits(draft.response, draft.wrong_response):
            reply = _in_form(item, draft.wrong_response, draft.wrong_analysis, made)
            yield pair_of(item, reply, WRONG.get(item.pattern, "induced"), item.id)
        if item.pattern in CLAIMS:
            return
        written = draft.other_response
        if written and fits(draft.response, written):  # the same question, answered at that stage
            reply = _in_form(item, written, draft.other_analysis, made)
            yield pair_of(item, reply, "other-stage", f"{item.id}@{draft.other_stage}")
        yield from self._from_elsewhere(item, made, question)

    def _from_elsewhere(self, item: Item, made: PartDraft, question: Vectors) -> Iterator[Pair]:
        """Yield what other stages and personas say to the same question.

        Opinions that the rules hold up have an answer that takes a side, which nobody else's words
        do; and a follow-up says nothing without the turns before it.
        """
        draft = made.draft
        if item.pattern not in ("ordinary", "opinion") or draft.before:
            return
        if item.pattern == "opinion" and made.teacher == RULES:
            return
        source = self._own.materials[self._rows[made.material]]
        for why, answers in self._places(item, source, skip_stages=bool(draft.other_response)):
            found = answers.answer(item.question, draft.about, draft.response, question)
            if found is None or self._too_like(source, found[0]):
                continue
            material, said = found
            think = analysis.hold if item.pattern == "opinion" else analysis.asked
            reply = _in_form(item, said, think(item.question, said), made)
            yield pair_of(item, reply, why, material.id)

    def _places(
        self, item: Item, source: Material, *, skip_stages: bool
    ) -> Iterator[tuple[Why, OtherAnswers]]:
        """Yield where wrong answers may come from: the nearest stage that has any, and others."""
        stage = self._persona.stage(item.stage)
        attitude = source.kind == "subjective"
        stages = () if skip_stages else self._persona.contradicting(stage, attitude=attitude)
        for other in stages:
            answers = self._stages.get((other.id, source.kind, item.split))
            if answers is not None:
                yield "other-stage", answers
                break
        answers = self._others.get(("", source.kind, item.split))
        if answers is not None:
            yield "other-persona", answers

    def _too_like(self, source: Material, other: Material) -> bool:
        likeness = float(self._vectors[source.id] @ self._vectors[other.id])
        return likeness >= TOO_LIKE or source.text == other.text


def _answers(
    library: Library, settings: BuildSettings, embeddings: Embeddings, *, own_life: bool
) -> dict[Key, OtherAnswers]:
    """Return a library's answers apart by stage, kind and split."""
    keys: list[Key] = [(m.stage, m.kind, split_of(m, settings)) for m in library.materials]
    return {
        key: OtherAnswers(
            library.where([other == key for other in keys]), embeddings, own_life=own_life
        )
        for key in dict.fromkeys(keys)
    }


def _in_form(item: Item, response: str, thought: str, made: PartDraft) -> str:
    """Return a wrong answer in the form of the right one.

    Where the right one's thoughts are free, a thought in a fixed form would give the wrong one
    away: then both think the same, and only what is said differs.
    """
    own = made.draft.analysis
    free = made.teacher not in FORMS and thought != made.draft.other_analysis
    return reply_like(item, own if free or not thought else thought, response)


def reply_like(item: Item, thought: str, response: str) -> str:
    """Return a reply that thinks first only if the item's own reply does."""
    return write_reply(thought if parse_reply(item.reply).analysis else "", response)


def pair_of(item: Item, rejected: str, why: Why, source: str) -> Pair:
    """Return the pair of an item's reply and a wrong one."""
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
