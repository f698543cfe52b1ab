"""Do answers differ by who speaks and when? BLEU Intra, Stage and Inter (METHOD 1 and 5.2).

Intra(p, t): between two sampled answers of one persona and stage to the same input. Stage(p):
between its answers at two stages. Inter(p): the mean with each other persona. Wanted: Intra above
Stage, far above Inter. The paper names neither variant nor settings; ours are sacrebleu's sentence
BLEU (13a tokens, 4-grams, exponential smoothing, effective order), the mean of both directions,
over the open questions below, sampled at `TEMPERATURE` and `TOP_P` with a seed for each answer.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from itertools import pairwise
from statistics import mean

from sacrebleu.metrics.bleu import BLEU

from persllm.persona import Persona
from persllm.training.evaluation.figures import Case
from persllm.training.evaluation.parts import Part
from persllm.training.evaluation.systems import Outcome, Question

TEMPERATURE = 0.8
TOP_P = 0.95
SAMPLES = 2
OPEN_QUESTIONS = (
    "What matters most to you?",
    "Tell me about your work.",
    "Who has helped you the most?",
    "What do you think of machines?",
    "What would you say to a young person who wants to follow you?",
    "Where do you live, and how do you spend your days?",
    "What was the hardest thing you ever did?",
    "Do you believe that the world is getting better?",
)

Voice = Mapping[tuple[int, str, int], str]
"""Sampled answers by (place of the stage, question, sample)."""


def distinction_part(persona: Persona, *, most: int) -> Part:
    """Return the part that samples answers to open questions, the same for every persona."""
    rows = {
        (place, text, sample): Question(stage=stage.id, text=text, sample=sample)
        for place, stage in enumerate(persona.stages)
        for text in OPEN_QUESTIONS[:most]
        for sample in range(SAMPLES)
    }

    def judged(outcome: Outcome) -> list[Case]:
        return own_cases({key: outcome.answers[question] for key, question in rows.items()})

    return Part(name="distinction", questions=tuple(rows.values()), cases=judged)


def voice_of(persona: Persona, outcome: Outcome) -> Voice:
    """Return a persona's sampled answers, to be compared with other personas'."""
    place = {stage.id: i for i, stage in enumerate(persona.stages)}
    return {
        (place[question.stage], question.text, question.sample): answer
        for question, answer in outcome.answers.items()
        if question.sample is not None
    }


def own_cases(voice: Voice) -> list[Case]:
    """Return Intra, Stage and the gap between them, for each question."""
    places = sorted({place for place, _, _ in voice})
    cases: list[Case] = []
    for text in dict.fromkeys(text for _, text, _ in voice):
        intra = mean(bleu(voice[p, text, 0], voice[p, text, 1]) for p in places)
        cases.append(_case("bleu_intra", text, intra))
        if len(places) > 1:
            stage = mean(
                bleu(voice[one, text, sample], voice[other, text, sample])
                for one, other in pairwise(places)
                for sample in range(SAMPLES)
            )
            cases.append(_case("bleu_stage", text, stage))
            cases.append(_case("bleu_gap", text, intra - stage))
    return cases


def inter_cases(voice: Voice, others: Sequence[Voice]) -> list[Case]:
    """Return the mean BLEU with each other persona, for each question; stages go by their place."""
    cases = []
    for text in dict.fromkeys(text for _, text, _ in voice):
        values = [
            bleu(answer, other[place, text, sample])
            for other in others
            for (place, question, sample), answer in voice.items()
            if question == text and (place, text, sample) in other
        ]
        if values:
            cases.append(_case("bleu_inter", text, mean(values)))
    return cases


def bleu(one: str, other: str) -> float:
    """Return BLEU between two answers, from 0 to 100, the mean of both directions."""
    there = _bleu().sentence_score(one, [other]).score
    back = _bleu().sentence_score(other, [one]).score
    return float(there + back) / 2


@cache
def _bleu() -> BLEU:
    return BLEU(effective_order=True)


def _case(measure: str, text: str, value: float) -> Case:
    return Case(measure=measure, id=text, value=value, question=text)
