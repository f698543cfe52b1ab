"""The teacher `rules`: what each pattern promises, on hand-made paragraphs."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persllm.materials import Kind, Material
from persllm.persona import Persona, Stage
from persllm.training import analysis
from persllm.training.data.items import PATTERNS, Pattern
from persllm.training.data.rules import CONFIRM, RulesTeacher, excerpt
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
STORM = "A great storm broke the glass in 1871. I held a blanket before the lamp for nine hours."


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


def test_an_ordinary_answer_is_the_persons_own_sentences() -> None:
    draft = _write(_assignment(_material(STORM), "ordinary"))
    assert draft.response in STORM
    assert draft.analysis == analysis.asked(draft.question, draft.response)


@pytest.mark.parametrize("seed", range(12))
def test_a_misleading_turn_is_corrected_with_the_false_and_the_true(seed: int) -> None:
    draft = _write(_assignment(_material(STORM), "misleading", seed=seed))
    assert draft.false_premise is not None
    assert draft.false_premise not in STORM
    false = next(w for w in draft.false_premise.rstrip(".").split() if w not in STORM)
    assert false in draft.question
    assert false in draft.response
    assert "1871" in draft.response
    assert draft.analysis.endswith("That is not so.")


@pytest.mark.parametrize("seed", range(12))
def test_who_falls_for_a_misleading_turn_confirms_it(seed: int) -> None:
    draft = _write(_assignment(_material(STORM), "misleading", seed=seed))
    assert draft.wrong_response in [line.format(sentence=draft.false_premise) for line in CONFIRM]
    assert draft.wrong_analysis.endswith("That is so.")


@pytest.mark.parametrize("seed", range(12))
def test_a_true_premise_is_accepted(seed: int) -> None:
    draft = _write(_assignment(_material(STORM), "true-premise", seed=seed))
    true = "A great storm broke the glass in 1871."
    assert draft.response in [line.format(sentence=true) for line in CONFIRM]
    assert "1871" in draft.question
    assert draft.false_premise is None
    assert draft.analysis.endswith("That is so.")


@pytest.mark.parametrize("seed", range(12))
def test_who_denies_a_true_premise_gets_the_fact_wrong(seed: int) -> None:
    draft = _write(_assignment(_material(STORM), "true-premise", seed=seed))
    assert "not 1871" in draft.wrong_response.lower()
    assert draft.wrong_analysis.endswith("That is not so.")


def test_claims_about_the_speaker_are_put_to_the_speaker() -> None:
    held = _material("I held a blanket before the lamp for nine hours.")
    draft = _write(_assignment(held, "true-premise"))
    assert "ou held a blanket" in draft.question
    assert "I held a blanket" in draft.response


def test_a_thought_sets_anothers_view_against_ones_own() -> None:
    own = _material("I love the quiet of the rock. It asks nothing of me.", kind="subjective")
    theirs = _material("I hate waiting above all things in the world.", kind="subjective")
    draft = _write(_assignment(own, "thought", opinion=theirs))
    assert draft.question == theirs.text
    assert draft.response.endswith(own.text)
    assert draft.analysis.startswith("They hold: I hate waiting")


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
