"""The teacher `rules`: what each pattern promises, on hand-made paragraphs."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persllm.materials import Kind, Material
from persllm.persona import Persona, Stage
from persllm.training import analysis
from persllm.training.data.forms import CONFIRM, OWN, OWN_PAST
from persllm.training.data.items import PATTERNS, Pattern
from persllm.training.data.rules import RulesTeacher, excerpt
from persllm.training.data.teacher import Assignment, Draft
from tests.contracts.teacher_contract import TeacherContract

STAGE = Stage("early", "you keep the light", 1850, 1879, ("early",))
PERSONA = Persona(
    id="marta",
    name="Marta",
    summary="A keeper.",
    language="en",
    stages=(STAGE,),
    disclosure="honest",
    rights=None,
    folder=Path(),
    materials_folder=Path(),
)
STORM_SENTENCES = (
    "A great storm broke the glass in 1871.",
    "I held a blanket before the lamp for nine hours.",
)
STORM = " ".join(STORM_SENTENCES)


def _material(text: str, *, kind: Kind = "objective", partner: str = "") -> Material:
    return Material(
        id=f"early-a-{len(text)}",
        stage="early",
        kind=kind,
        text=text,
        partner=partner,
        source="a:1",
    )


def _assignment(
    material: Material,
    pattern: Pattern,
    *,
    opinion: Material | None = None,
    variation: int = 0,
    seed: int = 1,
) -> Assignment:
    return Assignment(
        persona=PERSONA,
        stage=STAGE,
        pattern=pattern,
        material=material,
        opinion=opinion,
        variation=variation,
        seed=seed,
    )


def _write(assignment: Assignment) -> Draft:
    (draft,) = RulesTeacher([assignment.material]).write([assignment])
    assert draft is not None
    return draft


class TestRules(TeacherContract):
    def make(self, materials: Sequence[Material]) -> RulesTeacher:
        return RulesTeacher(materials)


def test_an_exchange_is_taken_as_it_was_said() -> None:
    spoken = _material("I fear a dirty lamp.", kind="subjective", partner="What do you fear?")
    draft = _write(_assignment(spoken, "ordinary"))
    assert (draft.question, draft.response) == ("What do you fear?", "I fear a dirty lamp.")
    assert draft.kind == "attitude"


def test_an_exchange_gives_one_item_only() -> None:
    spoken = _material("I fear a dirty lamp.", kind="subjective", partner="What do you fear?")
    assignment = _assignment(spoken, "ordinary", variation=1)
    assert RulesTeacher([spoken]).write([assignment]) == [None]


def test_a_question_names_the_year_of_what_several_paragraphs_name() -> None:
    texts = ("I came to Skarn in 1861.", "I left Skarn in 1866.", "I saw Bergen in 1866.")
    materials = [_material(text) for text in texts]
    assigned = [_assignment(materials[1], "ordinary", variation=n) for n in range(3)]
    asked = [draft.question for draft in RulesTeacher(materials).write(assigned) if draft]
    assert any("Skarn in 1866" in question for question in asked)
    assert all(("Skarn" in question) == ("1866" in question) for question in asked)


@pytest.mark.parametrize("seed", range(12))
def test_an_ordinary_answer_is_the_persons_own_sentences(seed: int) -> None:
    draft = _write(_assignment(_material(STORM), "ordinary", seed=seed))
    openings = [form.format("") for form in (*OWN, *OWN_PAST)]
    opening = next((each for each in openings if draft.response.startswith(each)), "")
    said = draft.response.removeprefix(opening)
    assert said[0].upper() + said[1:] in STORM
    assert draft.analysis == analysis.asked(draft.question, draft.response)


@pytest.mark.parametrize("seed", range(12))
def test_a_misleading_turn_is_corrected_by_the_sentence_that_tells_what_is_true(seed: int) -> None:
    draft = _write(_assignment(_material(STORM), "misleading", seed=seed))
    assert draft.false_premise is not None
    assert draft.false_premise not in STORM
    assert draft.known in STORM
    assert draft.said not in STORM
    assert draft.said in draft.question
    assert draft.response.count(draft.known) == 1
    assert any(true in draft.response for true in STORM_SENTENCES)
    assert draft.analysis.endswith("That is not so.")


@pytest.mark.parametrize("seed", range(12))
def test_who_falls_for_a_misleading_turn_confirms_it(seed: int) -> None:
    draft = _write(_assignment(_material(STORM), "misleading", seed=seed))
    assert draft.wrong_response in [line.format(sentence=draft.false_premise) for line in CONFIRM]
    assert draft.wrong_analysis.endswith("That is so.")


@pytest.mark.parametrize("seed", range(12))
def test_a_true_premise_is_accepted(seed: int) -> None:
    draft = _write(_assignment(_material(STORM), "true-premise", seed=seed))
    assert draft.response in [
        line.format(sentence=true) for line in CONFIRM for true in STORM_SENTENCES
    ]
    assert draft.known in draft.question
    assert draft.false_premise is None
    assert draft.analysis.endswith("That is so.")


@pytest.mark.parametrize("seed", range(12))
def test_who_denies_a_true_premise_gets_the_fact_wrong(seed: int) -> None:
    draft = _write(_assignment(_material(STORM), "true-premise", seed=seed))
    assert draft.known in draft.wrong_response
    assert not any(true in draft.wrong_response for true in STORM_SENTENCES)
    assert draft.wrong_analysis.endswith("That is not so.")


def test_claims_about_the_speaker_are_put_to_the_speaker() -> None:
    held = _material("I held a blanket before the lamp for nine hours.")
    draft = _write(_assignment(held, "true-premise"))
    assert "ou held a blanket" in draft.question
    assert "I held a blanket" in draft.response


OWN_VIEW = "A quiet rock is always a good teacher. It asks nothing of me."
THEIRS = "I hate waiting above all things in the world."


def _thoughts() -> list[Draft]:
    own = _material(OWN_VIEW, kind="subjective")
    theirs = _material(THEIRS, kind="subjective")
    return [_write(_assignment(own, "thought", opinion=theirs, seed=seed)) for seed in range(24)]


def test_ones_own_view_its_opposite_and_anothers_are_held_up() -> None:
    held = {draft.question for draft in _thoughts()}
    assert THEIRS in held
    own, other = ("quiet rock is always a good", "quiet rock is always a bad")
    assert any(own in question for question in held)
    assert any(other in question for question in held)


def test_whatever_is_held_the_own_view_is_told_without_a_verdict() -> None:
    for draft in _thoughts():
        assert draft.analysis == analysis.hold(draft.question, OWN_VIEW)
        assert draft.response.endswith(OWN_VIEW)
        assert "agree" not in draft.response


def test_a_view_with_nothing_beside_it_is_not_held_up_to_be_repeated() -> None:
    lone = _material("A quiet rock is always a good teacher.", kind="subjective")
    held = [_write(_assignment(lone, "thought", seed=seed)).question for seed in range(12)]
    assert not any("quiet rock is always a good teacher" in question for question in held)


def test_the_stage_reaches_some_questions() -> None:
    questions = [
        _write(_assignment(_material(STORM), "ordinary", seed=seed)).question for seed in range(40)
    ]
    in_time = [q for q in questions if "1879" in q or "you keep the light" in q]
    assert 2 < len(in_time) < 25


def test_words_about_the_person_by_somebody_else_are_no_answer() -> None:
    told = _material("Marta said that the lamp was always clean. The light at Skarn is high.")
    patterns = [_assignment(told, pattern) for pattern in PATTERNS]
    assert RulesTeacher([told]).write(patterns) == [None] * 4


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_paragraph_without_a_sentence_of_its_own_yields_nothing(pattern: Pattern) -> None:
    bare = _material("and then it was over", kind="subjective")
    assert RulesTeacher([bare]).write([_assignment(bare, pattern, opinion=bare)]) == [None]


def test_another_seed_writes_other_words() -> None:
    questions = {
        _write(_assignment(_material(STORM), "misleading", seed=seed)).question
        for seed in range(12)
    }
    assert len(questions) > 4


def test_an_excerpt_is_whole_sentences() -> None:
    assert excerpt("One two three. Four five. Six.", words=5) == "One two three. Four five."
    assert excerpt("One two three. Four.", words=1) == "One two three."


WORDS = st.sampled_from(
    "I me was Mr. Holm in 1871 six 'tis {0} {} Skarn. The the you \" mine, Why? %s".split()
)
TEXT = st.one_of(st.text(max_size=80), st.lists(WORDS, max_size=30).map(" ".join))


@settings(max_examples=150, deadline=None)
@given(text=TEXT, partner=TEXT, seed=st.integers(0, 9))
def test_no_text_makes_the_teacher_fail(text: str, partner: str, seed: int) -> None:
    plain = _material(text, kind="subjective")
    spoken = _material(text, kind="subjective", partner=partner)
    wanted = [
        _assignment(material, pattern, opinion=plain, variation=variation, seed=seed)
        for material in (plain, spoken)
        for pattern in PATTERNS
        for variation in (0, 1)
    ]
    assert len(RulesTeacher([plain, spoken]).write(wanted)) == len(wanted)
