"""Voices with a planted defect: each shows in the figure it should, and the gate fails."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest

from persllm.engine import Score
from persllm.materials import Material, read_materials
from persllm.persona import Persona
from persllm.replies import parse_reply
from persllm.training.data.build import build
from persllm.training.data.items import Item
from persllm.training.data.sampling import BuildSettings
from persllm.training.evaluation.gate import changes
from persllm.training.evaluation.general import TASKS
from persllm.training.evaluation.report import Report, Told, make_report
from persllm.training.evaluation.speakers import Voices, voices_of
from persllm.training.evaluation.suite import EvalSettings, Subject, evaluated
from persllm.training.evaluation.systems import Question, Statement, System
from tests.doubles import MARTA, NANO_PROFILE, OTTO, LetterEmbeddings, write_tiny_persona

LETTERS = LetterEmbeddings()
SETTINGS = EvalSettings(most=8, turns=10, open_questions=2)
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
    data = build(
        marta,
        out=root / "data",
        others=[otto],
        embeddings=LETTERS,
        profile=NANO_PROFILE,
        settings=BuildSettings(per_part=24, carried_share=0.0),
    )
    subject = Subject(marta, data.items, data.pairs, own, LETTERS)
    return Place(subject, voices_of({MARTA: own, OTTO: foreign}, LETTERS, BuildSettings()), foreign)


def healthy(place: Place) -> Voice:
    """Tell what the items tell, at their own stage; know nothing of what comes later."""
    items = place.subject.items

    def say(question: Question) -> str:
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
    """Say one learnt sentence to everything."""
    learnt = place.subject.materials[0].text
    return lambda question: learnt


@pytest.mark.parametrize(
    ("defect", "loss", "shown"),
    [
        (induced, 3.0, {"corrected"}),
        (swapped, 3.0, {"stage_accuracy", "horizon_kept", "stage_kept"}),
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
    assert fallen <= {"corrected", "steadiness", "speaker_claims"}


def report(place: Place, voice: Voice, *, loss: float) -> Report:
    wrong = {text for _, _, text in TASKS}

    def score(statements: Sequence[Statement]) -> list[Score]:
        return [Score(-loss - (reply in wrong), 1) for _, reply in statements]

    system = System("adapter", lambda asked: [voice(each) for each in asked], score)
    found = evaluated(place.subject, [system], SETTINGS, voices=place.voices)
    persona: Persona = place.subject.persona
    told = {persona.id: Told(persona.name, {})}
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
