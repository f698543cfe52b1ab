"""Pairs: the same question, answered rightly and wrongly, and why the wrong answer is wrong.

The paper takes the rejected reply from a nearest stored question (METHOD 2.12), which may belong
to the same persona. Here it answers the same question from the wrong place: another stage's or
another persona's own paragraph on the matter, or one who falls for the false premise.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

from persllm.embeddings import Vectors
from persllm.materials import Material
from persllm.persona import Persona
from persllm.replies import write_reply
from persllm.training import analysis
from persllm.training.data.drafting import Library, PartDraft
from persllm.training.data.items import Item, Pair, Split, Why
from persllm.training.data.prose import plain
from persllm.training.data.rules import excerpt
from persllm.training.data.sampling import BuildSettings, split_of

TOO_LIKE = 0.9
"""Cosine of chosen and rejected source from which the rejected one might be right."""
LEAST_REPLY_WORDS = 12
TRIED = 24
"""So many of the nearest paragraphs are tried for a wrong answer of the right length."""
LENGTH_OFF = 0.15
"""Share by which a wrong answer may be longer or shorter than the right one, if one is found."""
Kind = Literal["objective", "subjective"]


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
        self._own = own
        self._rows = {material.id: row for row, material in enumerate(own.materials)}
        self._stages = _shelves(own, settings)
        self._others = _shelves(
            Library(tuple(replace(m, stage="") for m in others.materials), others.vectors), settings
        )

    def pairs(self, item: Item, made: PartDraft, question: Vectors) -> Iterator[Pair]:
        """Yield the item's pairs; `question` is the vector of its user turn."""
        source = self._own.materials[self._rows[made.material]]
        if made.draft.wrong_response:
            why: Why = "induced" if item.pattern == "misleading" else "over-denial"
            reply = write_reply(made.draft.wrong_analysis, made.draft.wrong_response)
            yield pair_of(item, reply, why, item.id)
            return
        written = made.draft.other_response
        if written:  # the teacher has answered the same question at that stage
            reply = write_reply(made.draft.other_analysis, written)
            yield pair_of(item, reply, "other-stage", f"{item.id}@{made.draft.other_stage}")
        for why, library in self._wrong_libraries(item, source):
            if written and why == "other-stage":
                continue
            found = self._unlike(library, source, question, made)
            if found is not None:
                material, response = found
                yield pair_of(item, _in_form(response, item, made), why, material.id)

    def _wrong_libraries(
        self, item: Item, source: Material
    ) -> Iterator[tuple[Why, Library | None]]:
        stages = self._persona.stages
        index = stages.index(self._persona.stage(item.stage))
        # What was once true of a life stays true, so facts are wrong only before their time.
        wrong = (
            [s for s in stages[index + 1 :]]
            if source.kind == "objective"
            else [s for s in (*stages[index + 1 :], *reversed(stages[:index]))]
        )
        if wrong:
            yield "other-stage", self._stages.get((wrong[0].id, source.kind, item.split))
        yield "other-persona", self._others.get(("", source.kind, item.split))

    def _unlike(
        self, library: Library | None, source: Material, question: Vectors, made: PartDraft
    ) -> tuple[Material, str] | None:
        """Return a near paragraph that does not say what the source says, and what it answers.

        Of the nearest ones the first whose answer is about as long as the right one; else the one
        that comes nearest to that. So length does not tell the wrong answer.
        """
        if library is None:
            return None
        vector = self._own.vectors[self._rows[source.id]]
        wanted = len(made.draft.response.split())
        best: tuple[float, Material, str] | None = None
        for row in library.top_rows(question, TRIED):
            material = library.materials[row]
            if library.vectors[row] @ vector >= TOO_LIKE or material.text == source.text:
                continue
            response = excerpt(plain(material.text), words=max(LEAST_REPLY_WORDS, wanted))
            off = abs(len(response.split()) - wanted) / max(wanted, 1)
            if not response or response == made.draft.response:
                continue
            if off <= LENGTH_OFF:
                return material, response
            if best is None or off < best[0]:
                best = (off, material, response)
        return best[1:] if best else None


def _shelves(library: Library, settings: BuildSettings) -> dict[tuple[str, Kind, Split], Library]:
    """Return a library apart by stage, kind and split."""
    keys: list[tuple[str, Kind, Split]] = [
        (m.stage, m.kind, split_of(m, settings)) for m in library.materials
    ]
    return {key: library.where([other == key for other in keys]) for key in dict.fromkeys(keys)}


def _in_form(response: str, item: Item, made: PartDraft) -> str:
    """Return a wrong answer in the right one's form."""
    if not made.draft.analysis:
        return response
    think = analysis.hold if item.pattern == "thought" else analysis.asked
    return write_reply(think(item.question, response), response)


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
