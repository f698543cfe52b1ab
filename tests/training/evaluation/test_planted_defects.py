"""Voices with a planted defect: each shows in the figure it should, and the gate fails."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from persllm.embeddings import embed
from persllm.engine import Score
from persllm.materials import Material, read_materials
from persllm.persona import Persona
from persllm.replies import parse_reply
from persllm.sentences import sentences
from persllm.training.data.build import build
from persllm.training.data.items import Item
from persllm.training.data.sampling import BuildSettings
from persllm.training.evaluation.gate import changes
from persllm.training.evaluation.general import TASKS
from persllm.training.evaluation.measures import MEASURES, PART_NAMES
from persllm.training.evaluation.report import PersonaResults, Report, make_report
from persllm.training.evaluation.speakers import Voices, known_paragraphs, voices_of
from persllm.training.evaluation.suite import EvalSettings, Subject, evaluated
from persllm.training.evaluation.systems import Question, Statement, System
from persllm.training.evaluation.unknown import untold
from tests.doubles import MARTA, NANO_PROFILE, OTTO, LetterEmbeddings, write_tiny_persona

LETTERS = LetterEmbeddings()
SETTINGS = EvalSettings(most=8, turns=10, open_questions=2)
GAMED, SCORED = 0.1, 0.8
"""What a habit may reach at most on what it games, and an honest voice at least."""
IGNORANT = "That I do not know. It is only 1879."
Voice = Callable[[Question], str]


@dataclass(frozen=True, slots=True)
class Place:
    """What is evaluated, and what voices are made of."""

    subject: Subject
    voices: Voices
    foreign: tuple[Material, ...]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    root = tmp_path_factory.mktemp("planted")
    marta, otto = (write_tiny_persona(root, name) for name in (MARTA, OTTO))
    own, foreign = read_materials(marta), read_materials(otto)
    settings = BuildSettings(per_part=24, carried_share=0.0)
    data = build(
        marta,
        out=root / "data",
        others=[otto],
        embeddings=LETTERS,
        profile=NANO_PROFILE,
        settings=settings,
    )
    subject = Subject(marta, data.items, data.pairs, own, LETTERS, settings)
    known = {MARTA: known_paragraphs(own, settings), OTTO: foreign}
    return Place(subject, voices_of(known, LETTERS), foreign)


def healthy(place: Place) -> Voice:
    """Tell what the items tell, at their own stage; know nothing of what comes later."""
    items, nothing = place.subject.items, {*untold("")}

    def say(question: Question) -> str:
        if question.text in nothing:
            return "Nobody ever told me that."
        own = _asked(items, question, stage=question.stage)
        if own:
            return parse_reply(own.reply).response
        if question.stage == "early" and _asked(items, question, stage="late"):
            return IGNORANT
        return _paragraph(place.subject.materials, question, stage=question.stage)

    return say


def induced(place: Place) -> Voice:
    """Fall for every false claim."""
    sound = healthy(place)

    def say(question: Question) -> str:
        item = _asked(place.subject.items, question, stage=question.stage)
        false = item is not None and item.pattern == "misleading"
        return f"Yes, that is so. {item.false_premise}" if item and false else sound(question)

    return say


def swapped(place: Place) -> Voice:
    """Speak from the other stage."""
    other = {"early": "late", "late": "early"}

    def say(question: Question) -> str:
        stage = other[question.stage]
        item = _asked(place.subject.items, question, stage=stage)
        if item:
            return parse_reply(item.reply).response
        return _paragraph(place.subject.materials, question, stage=stage)

    return say


def another(place: Place) -> Voice:
    """Speak as Otto."""
    return lambda question: _paragraph(place.foreign, question, stage="")


def overtrained(place: Place) -> Voice:
    """Say one learnt paragraph to everything, which no held-out item asks for."""
    held_out = [item for item in place.subject.items if item.split == "test"]
    wanted = {source for item in held_out for source in item.sources}
    learnt = next(each.text for each in place.subject.materials if each.id not in wanted)
    return lambda question: learnt


@pytest.mark.parametrize(
    ("defect", "loss", "shown"),
    [
        (induced, 3.0, {"corrected"}),
        (swapped, 3.0, {"stage_accuracy", "horizon"}),
        (another, 3.0, {"speaker_claims", "knowledge"}),
        (overtrained, 6.0, {"general_loss", "knowledge", "paraphrase_knowledge"}),
    ],
)
def test_a_planted_defect_shows_where_it_should_and_the_gate_fails(
    defect: Callable[[Place], Voice], loss: float, shown: set[str], place: Place
) -> None:
    old, new = report(place, healthy(place), loss=3.0), report(place, defect(place), loss=loss)
    assert not any(change.fell for change in changes(old, old))
    fallen = {change.measure for change in changes(old, new) if change.fell}
    assert shown <= fallen


def test_falling_for_claims_shows_nowhere_else(place: Place) -> None:
    old, new = (report(place, voice(place), loss=3.0) for voice in (healthy, induced))
    fallen = {change.measure for change in changes(old, new) if change.fell}
    assert fallen <= {"corrected", "accepted", "steadiness", "speaker_claims"}


def parrot(place: Place) -> Voice:
    """Quote the sentence of the materials that fits best, whatever is asked."""
    lines = [line for m in place.subject.materials for line in sentences(m.text)]
    vectors = embed(LETTERS, lines)
    return lambda question: lines[int(np.argmax(vectors @ embed(LETTERS, [question.text])[0]))]


def yes_sayer(place: Place) -> Voice:
    """Agree with everything, and quote what fits."""
    quote = parrot(place)
    return lambda question: f"Yes, that is so. {quote(question)}"


def nay_sayer(place: Place) -> Voice:
    """Deny everything, and quote what fits."""
    quote = parrot(place)
    return lambda question: f"No, that is not so. {quote(question)}"


def echo(place: Place) -> Voice:
    """Say yes and the visitor's words again."""
    return lambda question: f"Yes, indeed. {question.text}"


def agnostic(place: Place) -> Voice:
    """Never know."""
    return lambda question: "That I do not know."


def one_line(place: Place) -> Voice:
    """Say the same line in the own voice to everything, true to the own life."""
    return overtrained(place)


@pytest.mark.parametrize(
    ("habit", "gamed"),
    [
        (parrot, {"corrected", "accepted", "unknown", "horizon"}),
        (yes_sayer, {"accepted", "corrected", "unknown", "horizon"}),
        (nay_sayer, {"accepted", "corrected", "unknown", "horizon"}),
        (echo, {"accepted", "corrected", "knowledge", "unknown", "horizon"}),
        (agnostic, {"unknown", "horizon", "knowledge", "corrected", "accepted", "speaker"}),
        (
            one_line,
            {"speaker", "attitude", "knowledge", "corrected", "accepted", "unknown", "horizon"}
            | {"stage_accuracy", "sound"},
        ),
    ],
)
def test_no_habit_scores_on_what_it_games(
    habit: Callable[[Place], Voice], gamed: set[str], place: Place
) -> None:
    row = report(place, habit(place), loss=3.0).personas[place.subject.persona.id]
    figures = row.systems["adapter"].figures
    high = {name: figures[name].value for name in gamed if figures[name].value > GAMED}
    assert high == {}
    assert figures["steadiness"].value <= GAMED


def test_who_answers_as_the_items_do_scores(place: Place) -> None:
    row = report(place, healthy(place), loss=3.0).personas[place.subject.persona.id]
    figures = row.systems["adapter"].figures
    wanted = ("knowledge", "corrected", "accepted", "unknown", "horizon", "attitude")
    low = {name: figures[name].value for name in wanted if figures[name].value < SCORED}
    assert low == {}


def test_every_part_asks_or_reads_something(place: Place) -> None:
    row = report(place, healthy(place), loss=3.0).personas[place.subject.persona.id]
    made = {MEASURES[name].part for name in row.systems["adapter"].figures}
    assert made == {*PART_NAMES}
    visits = row.systems["adapter"].visits
    assert len(visits) == 30
    assert {each.about for each in visits} >= {"greeting", "requests"}


def report(place: Place, voice: Voice, *, loss: float) -> Report:
    wrong = {text for _, _, text in TASKS}

    def score(statements: Sequence[Statement]) -> list[Score | None]:
        return [Score(-loss - (reply in wrong), 1) for _, reply in statements]

    system = System("adapter", lambda asked: [voice(each) for each in asked], score)
    found = evaluated(place.subject, [system], SETTINGS, voices=place.voices)
    persona: Persona = place.subject.persona
    told = {persona.id: PersonaResults(persona.name, {})}
    return make_report({persona.id: found}, told, leading="adapter", made={}, seed=1)


def _asked(items: Sequence[Item], question: Question, *, stage: str) -> Item | None:
    for item in items:
        if item.stage == stage and item.question in question.text:
            return item
    return None


def _paragraph(materials: Sequence[Material], question: Question, *, stage: str) -> str:
    """Return some paragraph, always the same one for a question."""
    texts = [m.text for m in materials if not stage or m.stage == stage]
    return texts[sum(map(ord, question.text)) % len(texts)]
