"""How near an answer is to the written one: ROUGE-L, chrF and the cosine of embeddings.

Nearness alone is no accuracy: any text in the right tone is somewhat near. An attitude therefore
counts as right where the answer is nearer to the persona's own reply than to each reply that the
pairs call wrong (another persona's, or that of another stage), agrees or disagrees as that reply
does, and is not given to another question too.
"""

import re
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from langchain_core.embeddings import Embeddings
from sacrebleu.metrics.chrf import CHRF

from persllm.embeddings import embed
from persllm.materials import Material
from persllm.replies import parse_reply
from persllm.training.data.items import Item, Pair
from persllm.training.evaluation.figures import Case
from persllm.training.evaluation.parts import Part
from persllm.training.evaluation.reading.form import said_twice
from persllm.training.evaluation.reading.verdicts import own_words, stance
from persllm.training.evaluation.systems import Outcome, Question

KINDS = ("knowledge", "attitude")


def reference_part(
    items: Sequence[Item],
    pairs: Sequence[Pair],
    materials: Sequence[Material],
    embeddings: Embeddings,
    *,
    most: int,
) -> Part:
    """Return the part that compares answers with the written ones."""
    chosen = _asked(items, most=most)
    wrong: dict[str, list[str]] = defaultdict(list)
    for pair in pairs:
        wrong[pair.chosen_item].append(parse_reply(pair.rejected).response)

    texts = [material.text for material in materials]

    def judged(outcome: Outcome) -> list[Case]:
        given = [outcome.answers[_question(item)] for item in chosen]
        twice = said_twice([(i.question, said) for i, said in zip(chosen, given, strict=True)])
        cases: list[Case] = []
        for item, answer, near in zip(chosen, given, _nearness(chosen, given, wrong), strict=True):
            right = item.response
            figures = {
                f"{item.kind}_rouge_l": rouge_l(answer, right),
                f"{item.kind}_chrf": chrf(answer, right),
                f"{item.kind}_embedding": near[0],
            }
            if item.kind == "attitude" and len(near) > 1:
                own = near[0] > max(near[1:]) and _same_side(item, answer, texts)
                figures["attitude"] = float(own and answer not in twice)
            cases += [_case(item, name, value, answer) for name, value in figures.items()]
        return cases

    def _nearness(
        items: Sequence[Item], given: Sequence[str], wrong: dict[str, list[str]]
    ) -> list[list[float]]:
        """Return each answer's cosine with the right reply, then with each wrong one."""
        compared = [[item.response, *wrong[item.id]] for item in items]
        answers = embed(embeddings, list(given))  # (answers, dimensions)
        texts = embed(embeddings, [text for row in compared for text in row])
        ends = np.cumsum([len(row) for row in compared])
        return [
            (texts[end - len(row) : end] @ answers[i]).tolist()
            for i, (row, end) in enumerate(zip(compared, ends, strict=True))
        ]

    return Part(name="reference", questions=tuple(map(_question, chosen)), cases=judged)


def _same_side(item: Item, answer: str, texts: Sequence[str]) -> bool:
    """Tell whether an answer takes the written answer's side; any will do where that takes none."""
    wanted = stance(item.response)
    return not wanted or stance(own_words(answer, texts)) == wanted


def rouge_l(answer: str, reference: str) -> float:
    """Return ROUGE-L as F1 over words, from 0 to 1 (Lin 2004; case and marks do not count)."""
    one, other = _words(answer), _words(reference)
    shared = _longest_common(one, other)
    return 2 * shared / (len(one) + len(other)) if shared else 0.0


def chrf(answer: str, reference: str) -> float:
    """Return chrF2 as sacrebleu defines it, from 0 to 1."""
    return float(CHRF().sentence_score(answer, [reference]).score) / 100


def _asked(items: Sequence[Item], *, most: int) -> list[Item]:
    """Return up to `most` plain questions and opinions of each stage and kind."""
    chosen: list[Item] = []
    for stage in dict.fromkeys(item.stage for item in items):
        for kind in KINDS:
            own = [i for i in items if i.stage == stage and i.kind == kind]
            chosen += [i for i in own if i.pattern in ("ordinary", "opinion")][:most]
    return chosen


def _question(item: Item) -> Question:
    return Question(stage=item.stage, text=item.question)


def _case(item: Item, measure: str, value: float, answer: str) -> Case:
    return Case(
        measure=measure,
        id=item.id,
        value=value,
        stage=item.stage,
        question=item.question,
        answer=answer,
        reference=item.response,
        sources=item.sources,
    )


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def _longest_common(one: Sequence[str], other: Sequence[str]) -> int:
    """Return the length of the longest common subsequence."""
    row = [0] * (len(other) + 1)
    for word in one:
        before = 0
        for i, match in enumerate(other, start=1):
            before, row[i] = row[i], before + 1 if word == match else max(row[i], row[i - 1])
    return row[-1]
