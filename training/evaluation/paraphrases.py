"""Is the answer the same when words stand around the question? Frames, not paraphrases.

A frame is set around the question, so that it stays as grammatical as it is.
Facts are judged as for the plain question; agreement is the cosine of the two answers.
"""

from collections.abc import Sequence

from langchain_core.embeddings import Embeddings

from persllm.embeddings import embed
from persllm.training.data.items import Item
from persllm.training.evaluation.answers import AnswerReader
from persllm.training.evaluation.figures import Case
from persllm.training.evaluation.parts import Part
from persllm.training.evaluation.systems import Outcome, Question

FRAMES = (
    "There is something I have long wanted to ask you. {0}",
    "{0} I ask because a friend and I could not agree on it.",
    "Forgive a plain question from a stranger: {0}",
)


def paraphrases(question: str) -> tuple[str, ...]:
    """Return the question put in other ways."""
    return tuple(frame.format(question) for frame in FRAMES)


def paraphrases_part(
    items: Sequence[Item], reader: AnswerReader, embeddings: Embeddings, *, most: int
) -> Part:
    """Return the part that asks for facts again in other words."""
    facts = [item for item in items if reader.measure_of(item) == "knowledge"]
    chosen = [
        item
        for stage in dict.fromkeys(item.stage for item in facts)
        for item in [i for i in facts if i.stage == stage][:most]
    ]
    rows = [(item, text) for item in chosen for text in paraphrases(item.question)]

    def judged(outcome: Outcome) -> list[Case]:
        again = [outcome.answers[_question(item, text)] for item, text in rows]
        plain = [outcome.answers[_question(item, item.question)] for item, _ in rows]
        vectors = embed(embeddings, [*again, *plain])  # (2 rows, dimensions)
        alike = (vectors[: len(rows)] * vectors[len(rows) :]).sum(axis=1).tolist()
        cases = []
        for (item, text), answer, cosine in zip(rows, again, alike, strict=True):
            right = float(reader.is_right(item, answer))
            cases.append(_case("paraphrase_knowledge", item, text, answer, right))
            cases.append(_case("paraphrase_agreement", item, text, answer, cosine))
        return cases

    asked = [_question(item, text) for item, text in rows]
    asked += [_question(item, item.question) for item in chosen]
    return Part(name="paraphrases", questions=tuple(asked), cases=judged)


def _question(item: Item, text: str) -> Question:
    return Question(stage=item.stage, text=text)


def _case(measure: str, item: Item, text: str, answer: str, value: float) -> Case:
    return Case(
        measure=measure,
        id=f"{item.id}/{text}",
        value=value,
        stage=item.stage,
        question=text,
        answer=answer,
        reference=item.response,
        sources=item.sources,
    )
