"""The whole evaluation of one persona: every system, the same questions, the same seeds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from langchain_core.embeddings import Embeddings

from persllm.materials import Material
from persllm.persona import Persona
from persllm.training.data.drafting import BY_HAND
from persllm.training.data.items import Item, Pair
from persllm.training.data.sampling import BuildSettings
from persllm.training.evaluation.answers import is_right, measurable, measure_of
from persllm.training.evaluation.distinction import (
    OPEN_QUESTIONS,
    Voice,
    distinction_part,
    inter_cases,
    voice_of,
)
from persllm.training.evaluation.drift import DriftPoint, drift
from persllm.training.evaluation.figures import Case
from persllm.training.evaluation.general import general_part
from persllm.training.evaluation.paraphrases import paraphrases_part
from persllm.training.evaluation.parts import Part
from persllm.training.evaluation.reference import reference_part
from persllm.training.evaluation.speakers import Voices, guessed_speakers, voices_of
from persllm.training.evaluation.stages import stages_part
from persllm.training.evaluation.statements import likelihood_part
from persllm.training.evaluation.systems import Outcome, Question, System, Told, ask


@dataclass(frozen=True, slots=True, kw_only=True)
class EvalSettings:
    """How much is asked."""

    most: int = 8
    """Most items of one measure and stage."""
    open_questions: int = 6
    """Questions whose answers are sampled for the distinction of voices."""
    turns: int = 50
    """Turns of the long talks; 0 leaves them out."""
    seed: int = 1

    def __post_init__(self) -> None:
        if self.most < 1:
            raise ValueError(f"most must be at least 1, got {self.most}")
        if not 1 <= self.open_questions <= len(OPEN_QUESTIONS):
            known = len(OPEN_QUESTIONS)
            raise ValueError(f"open_questions must be 1 to {known}, got {self.open_questions}")
        if self.turns < 0:
            raise ValueError(f"turns must be at least 0, got {self.turns}")


@dataclass(frozen=True, slots=True)
class Subject:
    """Who is evaluated, with the held-out data and what the measures compare with."""

    persona: Persona
    items: tuple[Item, ...]
    pairs: tuple[Pair, ...]
    materials: tuple[Material, ...]
    embeddings: Embeddings


@dataclass(frozen=True, slots=True)
class Result:
    """What one system reached with one persona."""

    cases: tuple[Case, ...]
    curve: tuple[DriftPoint, ...]
    voice: Voice
    """Sampled answers, for the comparison with other personas."""


def evaluated(
    subject: Subject,
    systems: Sequence[System],
    settings: EvalSettings,
    *,
    voices: Voices,
    told: Told = lambda what, done, total: None,
) -> dict[str, Result]:
    """Return what each system reached, by name.

    Args:
        subject: Who is evaluated.
        systems: Who answers.
        settings: How much is asked.
        voices: Among whom the speaker of an answer is guessed.
        told: Told of every system and of every turn of the long talks.
    """
    parts = parts_of(subject, settings, voices)
    asked: dict[str, tuple[list[Case], Voice]] = {}
    for done, system in enumerate(systems):
        told(system.name, done, len(systems))
        asked[system.name] = _asked(subject.persona, system, parts)
    held = _long_talks(subject, systems, settings, told) if settings.turns else {}
    told("done", len(systems), len(systems))
    results = {}
    for name, (cases, voice) in asked.items():
        late, curve = held.get(name, ([], []))
        results[name] = Result((*cases, *late), tuple(curve), voice)
    return results


def _asked(persona: Persona, system: System, parts: Sequence[Part]) -> tuple[list[Case], Voice]:
    chosen = [part for part in parts if system.takes(part.name)]
    outcome = ask(
        system,
        (question for part in chosen for question in part.questions),
        (statement for part in chosen for statement in part.statements),
    )
    return [case for part in chosen for case in part.cases(outcome)], voice_of(persona, outcome)


def _long_talks(
    subject: Subject, systems: Sequence[System], settings: EvalSettings, told: Told
) -> dict[str, tuple[list[Case], list[DriftPoint]]]:
    own = {subject.persona.name: subject.materials}
    return drift(
        [system for system in systems if system.takes("drift")],
        subject.persona,
        ordered(subject.items),
        turns=settings.turns,
        voices=voices_of(own, subject.embeddings, BuildSettings()),
        embeddings=subject.embeddings,
        told=told,
    )


def parts_of(subject: Subject, settings: EvalSettings, voices: Voices) -> list[Part]:
    """Return the parts that are asked in one go."""
    items, persona, most = ordered(subject.items), subject.persona, settings.most
    stages = stages_part(persona, items, subject.materials, subject.embeddings, most=most)
    return [
        answers_part(persona, items, subject.embeddings, most=most, voices=voices),
        reference_part(items, subject.pairs, subject.embeddings, most=most),
        likelihood_part(items, subject.pairs, subject.materials, most=most, seed=settings.seed),
        *([stages] if stages else []),
        paraphrases_part(items, subject.embeddings, most=max(1, most // 2)),
        distinction_part(persona, most=settings.open_questions),
        general_part(persona.stages[0].id),
    ]


def answers_part(
    persona: Persona,
    items: Sequence[Item],
    embeddings: Embeddings,
    *,
    most: int,
    voices: Voices,
) -> Part:
    """Return the part that asks for facts and makes false and true claims."""
    chosen = chosen_items(items, most=most)
    asked = [Question(stage=item.stage, text=item.question) for item in chosen]

    def guessed(answers: Sequence[str], *, suffix: str = "") -> list[Case]:
        speakers = guessed_speakers(answers, voices, embeddings)
        return [
            _case(_speaker_measure(item) + suffix, item, answer, speaker == persona.name)
            for item, answer, speaker in zip(chosen, answers, speakers, strict=True)
        ]

    written = guessed([item.response for item in chosen], suffix="_written")

    def judged(outcome: Outcome) -> list[Case]:
        given = [outcome.answers[question] for question in asked]
        cases = [
            _case(str(measure_of(item)), item, answer, is_right(item, answer))
            for item, answer in zip(chosen, given, strict=True)
        ]
        return [*cases, *guessed(given), *written]

    return Part(name="answers", questions=tuple(asked), cases=judged)


def with_inter(results: Mapping[str, Mapping[str, Result]]) -> dict[str, dict[str, Result]]:
    """Add, by persona and system, how far each persona's sampled answers are from the others'."""
    made: dict[str, dict[str, Result]] = {}
    for name, systems in results.items():
        made[name] = {}
        for system, result in systems.items():
            others = [
                each[system].voice
                for other, each in results.items()
                if other != name and system in each
            ]
            cases = (*result.cases, *inter_cases(result.voice, others))
            made[name][system] = Result(cases, result.curve, result.voice)
    return made


def chosen_items(items: Sequence[Item], *, most: int) -> list[Item]:
    """Return up to `most` items of each measure and stage, those written by hand first."""
    taken: dict[tuple[str, str], int] = {}
    chosen = []
    for item in ordered(measurable(items)):
        part = item.stage, str(measure_of(item))
        taken[part] = taken.get(part, 0) + 1
        if taken[part] <= most:
            chosen.append(item)
    return chosen


def _speaker_measure(item: Item) -> str:
    """Return a measure; an answer to a claim repeats it, which gives nobody away."""
    return "speaker" if measure_of(item) == "knowledge" else "speaker_claims"


def ordered(items: Sequence[Item]) -> list[Item]:
    """Return the items written by hand first; the order is the same in every run."""
    return sorted(items, key=lambda item: (item.teacher != BY_HAND, item.id))


def _case(measure: str, item: Item, answer: str, right: bool) -> Case:
    return Case(
        measure=measure,
        id=item.id,
        value=float(right),
        stage=item.stage,
        question=item.question,
        answer=answer,
        reference=item.response,
        sources=item.sources,
    )
