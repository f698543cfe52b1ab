"""The whole evaluation of one persona: every system, the same questions, the same seeds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from langchain_core.embeddings import Embeddings

from persllm.materials import Material
from persllm.persona import Persona
from persllm.progress import Progress, no_progress
from persllm.training.data.drafting import BY_HAND
from persllm.training.data.items import Item, Pair
from persllm.training.data.sampling import BuildSettings
from persllm.training.evaluation import claims
from persllm.training.evaluation.answers import AnswerReader
from persllm.training.evaluation.distinction import (
    OPEN_QUESTIONS,
    Voice,
    distinction_part,
    inter_cases,
    voice_of,
)
from persllm.training.evaluation.drift import DriftPoint, drift
from persllm.training.evaluation.figures import Case
from persllm.training.evaluation.form import form_part, form_rules
from persllm.training.evaluation.general import general_part
from persllm.training.evaluation.paraphrases import paraphrases_part
from persllm.training.evaluation.parts import Part
from persllm.training.evaluation.reading.form import said_twice
from persllm.training.evaluation.reference import reference_part
from persllm.training.evaluation.speakers import (
    Voices,
    guessed_speakers,
    known_paragraphs,
    voices_of,
)
from persllm.training.evaluation.stages import stages_part
from persllm.training.evaluation.statements import likelihood_part
from persllm.training.evaluation.systems import Outcome, Question, System, ask
from persllm.training.evaluation.unknown import unknown_part
from persllm.training.evaluation.visitors import Visit, visit


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
    settings: BuildSettings
    """Of the build that held the items out: its paragraphs are no voice to be compared with."""

    @property
    def reader(self) -> AnswerReader:
        """What reads the answers."""
        return AnswerReader(self.materials)


@dataclass(frozen=True, slots=True)
class Result:
    """What one system reached with one persona."""

    cases: tuple[Case, ...]
    curve: tuple[DriftPoint, ...]
    voice: Voice
    """Sampled answers, for the comparison with other personas."""
    visits: tuple[Visit, ...] = ()
    """What visitors said, and what they were answered."""


def evaluated(
    subject: Subject,
    systems: Sequence[System],
    settings: EvalSettings,
    *,
    voices: Voices,
    told: Progress = no_progress,
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
    asked: dict[str, Result] = {}
    for done, system in enumerate(systems):
        told(system.name, done, len(systems))
        asked[system.name] = _asked(subject, system, parts)
    held = _long_talks(subject, systems, settings, told) if settings.turns else {}
    told("done", len(systems), len(systems))
    results = {}
    for name, result in asked.items():
        late, curve = held.get(name, ([], []))
        results[name] = replace(result, cases=(*result.cases, *late), curve=tuple(curve))
    return results


def _asked(subject: Subject, system: System, parts: Sequence[Part]) -> Result:
    chosen = [part for part in parts if system.takes(part.name)]
    outcome = ask(
        system,
        (question for part in chosen for question in part.questions),
        (statement for part in chosen for statement in part.statements),
    )
    cases = [case for part in chosen for case in part.judged(outcome)]
    visits: list[Visit] = []
    if system.takes("visitors"):
        rules, items = form_rules(subject.materials), ordered(subject.items)
        found, visits = visit(system, subject.persona, items, rules)
        cases += found
    return Result(tuple(cases), (), voice_of(subject.persona, outcome), tuple(visits))


def _long_talks(
    subject: Subject, systems: Sequence[System], settings: EvalSettings, told: Progress
) -> dict[str, tuple[list[Case], list[DriftPoint]]]:
    own = {subject.persona.name: known_paragraphs(subject.materials, subject.settings)}
    return drift(
        [system for system in systems if system.takes("drift")],
        subject.persona,
        ordered(subject.items),
        reader=subject.reader,
        turns=settings.turns,
        voices=voices_of(own, subject.embeddings),
        embeddings=subject.embeddings,
        told=told,
    )


def parts_of(subject: Subject, settings: EvalSettings, voices: Voices) -> list[Part]:
    """Return the parts that are asked in one go."""
    items, pairs, materials = ordered(subject.items), subject.pairs, subject.materials
    persona, embeddings, most = subject.persona, subject.embeddings, settings.most
    reader = subject.reader
    stages = stages_part(persona, items, materials, reader, embeddings, most=most)
    return [
        answers_part(persona, items, reader, embeddings, most=most, voices=voices),
        unknown_part(persona, items, materials, reader, most=most),
        reference_part(items, pairs, materials, embeddings, most=most),
        likelihood_part(items, pairs, materials, most=most, seed=settings.seed),
        *([stages] if stages else []),
        paraphrases_part(items, reader, embeddings, most=max(1, most // 2)),
        distinction_part(persona, most=settings.open_questions),
        general_part(persona.stages[0].id),
        form_part(form_rules(materials)),
    ]


def answers_part(
    persona: Persona,
    items: Sequence[Item],
    reader: AnswerReader,
    embeddings: Embeddings,
    *,
    most: int,
    voices: Voices,
) -> Part:
    """Return the part that asks for facts and makes false and true claims."""
    chosen = chosen_items(items, reader, most=most)
    asked = [Question(stage=item.stage, text=item.question) for item in chosen]
    measures = [str(reader.measure_of(item)) for item in chosen]

    def guessed(answers: Sequence[str], *, suffix: str = "") -> list[Case]:
        speakers = guessed_speakers(answers, voices, embeddings)
        twice = said_twice([(i.question, said) for i, said in zip(chosen, answers, strict=True)])
        return [
            _case(
                _speaker_measure(measure) + suffix,
                item,
                answer,
                speaker == persona.name and answer not in twice,
            )
            for measure, item, answer, speaker in zip(
                measures, chosen, answers, speakers, strict=True
            )
        ]

    written = guessed([item.response for item in chosen], suffix="_written")

    def judged(outcome: Outcome) -> list[Case]:
        given = [outcome.answers[question] for question in asked]
        said = {item.id: answer for item, answer in zip(chosen, given, strict=True)}
        right = claims.judged(chosen, said, reader)
        cases = [
            _case(measure, item, said[item.id], right[item.id])
            for measure, item in zip(measures, chosen, strict=True)
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
            made[name][system] = replace(result, cases=cases)
    return made


def chosen_items(items: Sequence[Item], reader: AnswerReader, *, most: int) -> list[Item]:
    """Return up to `most` items of each measure and stage, those written by hand first."""
    taken: dict[tuple[str, str], int] = {}
    chosen = []
    for item in ordered(reader.measurable(items)):
        part = item.stage, str(reader.measure_of(item))
        if part[1] == "unknown":  # a part of its own
            continue
        taken[part] = taken.get(part, 0) + 1
        if taken[part] <= most:
            chosen.append(item)
    return chosen


def _speaker_measure(measure: str) -> str:
    """Return a measure; an answer to a claim repeats it, which gives nobody away."""
    return "speaker" if measure == "knowledge" else "speaker_claims"


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
