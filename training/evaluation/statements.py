"""What a system believes, by likelihood: true against false, own against foreign, no sampling.

Replies of like form are compared by their log-probability a token. A false statement is the
persona's own reply with one year, number, name or place exchanged that the question does not give
away.
"""

import random
from collections import Counter
from collections.abc import Sequence

from persllm.engine import Score
from persllm.materials import Material
from persllm.replies import parse_reply
from persllm.sentences import sentences
from persllm.training.data.facts import FactPool, find_facts
from persllm.training.data.items import Item, Pair
from persllm.training.data.topics import Vocabulary
from persllm.training.evaluation.figures import Case
from persllm.training.evaluation.parts import Part
from persllm.training.evaluation.systems import Outcome, Question

MARGIN = "margin"
"""Begins the names of the measures in nats; the others tell only which reply is likelier."""


def likelihood_part(
    items: Sequence[Item],
    pairs: Sequence[Pair],
    materials: Sequence[Material],
    *,
    most: int,
    seed: int,
) -> Part:
    """Return the part that compares how likely two replies to one question are."""
    asked = {item.id: item for item in items}
    pool = FactPool(materials, vocabulary=Vocabulary(materials))
    told = [
        *_facts(items, pool, most=most, seed=seed),
        *_views([pair for pair in pairs if pair.chosen_item in asked], asked, most=most),
    ]

    def judged(outcome: Outcome) -> list[Case]:
        return [
            Case(
                measure=measure,
                id=id_,
                value=_value(
                    measure,
                    _each(outcome.scores[question, right]) - _each(outcome.scores[question, wrong]),
                ),
                stage=question.stage,
                question=question.text,
                answer=f"{right} | {wrong}",
                reference=right,
                sources=sources,
            )
            for measure, id_, question, right, wrong, sources in told
            if {(question, right), (question, wrong)} <= outcome.scores.keys()
        ]

    statements = tuple((row[2], text) for row in told for text in row[3:5])
    return Part(name="likelihood", statements=statements, cases=judged)


def false_statement(text: str, question: str, pool: FactPool, draw: random.Random) -> str | None:
    """Return the text with one fact exchanged that the question does not hold, or None."""
    for sentence in sentences(text):
        for fact in find_facts(sentence):
            wrong = None if fact.text in question else pool.wrong(fact, text, draw)
            if wrong:
                return text.replace(sentence, fact.swapped(sentence, wrong))
    return None


_Compared = tuple[str, str, Question, str, str, tuple[str, ...]]
"""Measure, id, question, right reply, wrong reply, sources."""


def _facts(items: Sequence[Item], pool: FactPool, *, most: int, seed: int) -> list[_Compared]:
    made: list[_Compared] = []
    taken: Counter[str] = Counter()
    for item in items:
        if item.pattern != "ordinary" or item.kind != "knowledge" or taken[item.stage] == most:
            continue
        right = item.response
        draw = random.Random(f"{seed}/{item.id}")
        wrong = false_statement(right, item.question, pool, draw)
        if wrong:
            taken[item.stage] += 1
            question = Question(stage=item.stage, text=item.question)
            made.append(("knowledge_likelihood", item.id, question, right, wrong, item.sources))
    return made


def _views(pairs: Sequence[Pair], asked: dict[str, Item], *, most: int) -> list[_Compared]:
    """Return the pairs as whole replies, and those of opinions without their analysis too."""
    made: list[_Compared] = []
    taken: Counter[tuple[str, str]] = Counter()
    for pair in pairs:
        item = asked[pair.chosen_item]
        taken[pair.stage, pair.why] += 1
        if taken[pair.stage, pair.why] > most:
            continue
        question = Question(stage=pair.stage, text=item.question)
        why = pair.why.replace("-", "_")
        for measure in ("pairs", f"pairs_{why}", f"{MARGIN}_{why}"):
            made.append((measure, pair.id, question, pair.chosen, pair.rejected, item.sources))
        if item.kind == "attitude":
            own, other = (parse_reply(text).response for text in (pair.chosen, pair.rejected))
            made.append(("attitude_likelihood", pair.id, question, own, other, item.sources))
    return made


def _value(measure: str, margin: float) -> float:
    """Return the margin where it is measured, else whether the right one is likelier."""
    return margin if measure.startswith(MARGIN) else float(margin > 0)


def _each(score: Score) -> float:
    return score.log_probability / max(1, score.tokens)
