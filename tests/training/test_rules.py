"""The teacher `rules`: what each pattern promises, on hand-made paragraphs."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persllm.materials import Kind, Material
from persllm.persona import Persona, Stage
from persllm.training import analysis
from persllm.training.data.items import PATTERNS, TOLD, Pattern
from persllm.training.data.named_things import ThingKind
from persllm.training.data.questions import answer_of
from persllm.training.data.rules import RulesTeacher
from persllm.training.data.talk import now_of, who_is
from persllm.training.data.teacher import Assignment, Draft
from persllm.training.data.texts import read_texts
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
    "In 1871 I held a blanket before the lamp for nine hours.",
    "A great storm had broken the glass.",
)
STORM = " ".join(STORM_SENTENCES)
PLACES = (
    "In 1862 I came to Bergen with Anna Holm. She taught me to read the sky.",
    "I sailed from Trieste to Lisbon in 1868. It rained all the way.",
    "In Hamburg I met Clara Voss in 1869. We shared a room above the harbour.",
    "I bought my first boat in Aberdeen with Mary Thorn. It leaked.",
)


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
    variation: int = 0,
    seed: int = 1,
    stance: bool = True,
) -> Assignment:
    return Assignment(
        persona=PERSONA,
        stage=STAGE,
        pattern=pattern,
        material=material,
        variation=variation,
        seed=seed,
        stance=stance,
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


@pytest.mark.parametrize("seed", range(12))
def test_an_ordinary_answer_is_the_persons_own_sentences(seed: int) -> None:
    draft = _write(_assignment(_material(STORM), "ordinary", seed=seed))
    assert draft.response == STORM
    assert "in 1871" in draft.question
    assert draft.analysis == analysis.asked(draft.question, draft.response)


@pytest.mark.parametrize(
    ("text", "kind", "about"),
    [
        ("My father Ole built boats. He sold three.", "objective", "your father"),
        ("When I was nine I fell from the mast.", "objective", "when you were nine"),
        ("A lighthouse is a tower with a lamp.", "objective", "a lighthouse"),
        ("I believe that a logbook never lies.", "subjective", "that a logbook never lies"),
        ("I miss the smell of tar.", "subjective", "miss"),
    ],
)
def test_the_form_of_a_sentence_says_what_it_is_asked(text: str, kind: Kind, about: str) -> None:
    assert about in _write(_assignment(_material(text, kind=kind), "ordinary")).question


@pytest.mark.parametrize(
    "text",
    [
        "A muddle of rocks lay there, and your mouth went dry.",
        "But the lamp was out.",
        "Yet I stayed.",
        "This was the end of it all for me.",
        "Slowly, as the day went, the fog came down.",
        "I think the lamp the most beautiful thing on Skarn.",
        "Food cannot keep on Skarn.",
    ],
)
def test_a_sentence_of_no_known_form_is_not_asked_about(text: str) -> None:
    assert RulesTeacher([_material(text)]).write([_assignment(_material(text), "ordinary")]) == [
        None
    ]


@pytest.mark.parametrize("seed", range(12))
def test_a_misleading_turn_is_corrected_by_the_sentence_that_tells_what_is_true(seed: int) -> None:
    draft = _write(_assignment(_material(STORM), "misleading", seed=seed))
    assert draft.false_premise is not None
    assert draft.false_premise not in STORM
    assert draft.known in STORM
    assert draft.said not in STORM
    assert draft.said in draft.question
    assert draft.response.count(draft.known) == 1
    assert draft.response.endswith(STORM_SENTENCES[0])
    assert draft.analysis.endswith("That is not so.")


def _claims(pattern: Pattern) -> list[Draft]:
    materials = [
        _material(text) for text in (*PLACES, "In 1875 I moved to Trieste. I stayed there.")
    ]
    wanted = [
        _assignment(material, pattern, seed=seed) for material in materials for seed in range(8)
    ]
    return [draft for draft in RulesTeacher(materials).write(wanted) if draft]


def test_a_detail_is_exchanged_for_another_of_its_own_type_alone() -> None:
    women = {"Anna Holm", "Clara Voss", "Mary Thorn"}
    drafts = _claims("misleading")
    assert drafts
    for draft in drafts:
        if draft.known.isdigit():
            assert draft.said.isdigit()
            assert 1850 <= int(draft.said) <= STAGE.last
        elif draft.known in women:
            assert draft.said in women
        else:
            assert draft.said not in women
            assert not draft.said.isdigit()


def test_names_keep_their_capitals() -> None:
    text = "Anna Holm taught me to read the sky in 1862. She was never wrong."
    for seed in range(24):
        draft = _write(_assignment(_material(text), "true-premise", seed=seed))
        assert "Anna Holm" in draft.question


@pytest.mark.parametrize("seed", range(12))
def test_who_falls_for_a_misleading_turn_confirms_it(seed: int) -> None:
    draft = _write(_assignment(_material(STORM), "misleading", seed=seed))
    assert draft.wrong_response.endswith(str(draft.false_premise))
    assert draft.wrong_analysis.endswith("That is so.")


@pytest.mark.parametrize("seed", range(12))
def test_a_true_premise_is_confirmed_by_its_detail_and_what_comes_next(seed: int) -> None:
    draft = _write(_assignment(_material(STORM), "true-premise", seed=seed))
    assert draft.response.endswith(STORM_SENTENCES[1])
    assert STORM_SENTENCES[0] not in draft.response
    assert draft.known in draft.question
    assert draft.known in draft.response
    assert draft.false_premise is None
    assert draft.analysis.endswith("That is so.")


@pytest.mark.parametrize("seed", range(12))
def test_who_denies_a_true_premise_names_its_detail(seed: int) -> None:
    draft = _write(_assignment(_material(STORM), "true-premise", seed=seed))
    assert draft.known in draft.wrong_response
    assert draft.wrong_response != draft.response
    assert draft.wrong_analysis.endswith("That is not so.")


def test_a_claim_in_which_a_verb_is_far_from_its_subject_is_left_alone() -> None:
    text = "In 1862 I came to Bergen and was ill for a month. It passed."
    assert RulesTeacher([_material(text)]).write([_assignment(_material(text), "misleading")]) == [
        None
    ]


def test_claims_about_the_speaker_are_put_to_the_speaker() -> None:
    draft = _write(_assignment(_material(STORM), "misleading"))
    assert "you held a blanket" in draft.question
    assert "I held a blanket" in draft.response


OWN_VIEW = "A quiet rock is always a good teacher. It asks nothing of me."


def _thoughts(*, stance: bool = True) -> list[Draft]:
    own = _material(OWN_VIEW, kind="subjective")
    return [_write(_assignment(own, "opinion", seed=n, stance=stance)) for n in range(24)]


def test_ones_own_view_and_its_opposite_are_held_up() -> None:
    held = {draft.question for draft in _thoughts()}
    assert any("quiet rock is always a good" in question for question in held)
    assert any("quiet rock is never a good" in question for question in held)


def test_the_answer_to_an_opinion_takes_a_side() -> None:
    texts = read_texts("views")
    for draft in _thoughts():
        side = "differ" if "never" in draft.question else "agree"
        assert any(draft.response.startswith(said) for said in texts[side])
        assert draft.response.endswith("It asks nothing of me.")


def test_for_a_base_that_thinks_in_forms_no_answer_takes_a_side() -> None:
    for draft in _thoughts(stance=False):
        assert draft.response in OWN_VIEW
        assert not draft.wrong_response


def test_a_view_with_nothing_beside_it_is_not_held_up_to_be_repeated() -> None:
    lone = _material("A quiet rock is always a good teacher.", kind="subjective")
    held = [_write(_assignment(lone, "opinion", seed=seed)).question for seed in range(12)]
    assert not any("quiet rock is always a good teacher" in question for question in held)


def test_a_follow_up_is_answered_by_the_next_sentence_or_the_reason() -> None:
    more = _write(_assignment(_material(STORM), "follow-up"))
    assert more.before[1] == STORM_SENTENCES[0]
    assert more.response == STORM_SENTENCES[1]
    why = _material("In 1871 I left the island for good, because the lamp was sold for scrap.")
    reason = _write(_assignment(why, "follow-up"))
    assert reason.before[1] == "In 1871 I left the island for good."
    assert reason.question in read_texts("follow_up")["because"]
    assert reason.response == "Because the lamp was sold for scrap."


def test_nothing_unknown_is_asked_that_the_materials_tell_of() -> None:
    told = _material("In 1871 I had a cat, three dogs and a barber with soft hands at Skarn.")
    drafts = [_write(_assignment(told, "unknown", seed=seed)) for seed in range(60)]
    asked = {word for draft in drafts for word in re.findall(r"\w+", draft.question)}
    assert not asked & {"cat", "barber", "dog", "hair"}
    assert len({draft.question for draft in drafts}) > 20


def test_years_to_come_are_unknown() -> None:
    drafts = [_write(_assignment(_material(STORM), "unknown", seed=seed)) for seed in range(60)]
    years = [int(year) for d in drafts for year in re.findall(r"\d{4}", d.question)]
    assert any(year > STAGE.last for year in years)


def test_one_says_who_one_is_and_how_life_stands() -> None:
    assert who_is(PERSONA) == "a keeper"
    assert now_of(STAGE) == "I keep the light"
    drafts = [_write(_assignment(_material(STORM), "small-talk", seed=n)) for n in range(60)]
    said = {draft.response for draft in drafts}
    assert any("I am Marta, a keeper" in each for each in said)
    assert any("I keep the light" in each for each in said)
    assert any(draft.before for draft in drafts)


@pytest.mark.parametrize(
    ("label", "said"),
    [
        ("you are old and mend clocks", "I am old and mend clocks"),
        ("your lamp has gone out", "My lamp has gone out"),
        ("you and Pierre have shown radium to the world", "Pierre and I have shown radium to"),
        ("the town has honoured you", None),
        ("they laugh at you", None),
    ],
)
def test_a_stages_label_is_said_in_the_first_person_where_that_is_safe(
    label: str, said: str | None
) -> None:
    turned = now_of(replace(STAGE, label=label))
    assert turned is None if said is None else str(turned).startswith(said)


def test_a_view_is_held_under_pressure() -> None:
    own = _material("I believe that a logbook never lies.", kind="subjective")
    draft = _write(_assignment(own, "provocation"))
    assert draft.question in read_texts("provocation")["pressure"]["asked"]
    assert draft.response.endswith("I believe that a logbook never lies.")


def test_words_about_the_person_by_somebody_else_are_no_answer() -> None:
    told = _material("Marta said that the lamp was always clean. The light at Skarn is high.")
    patterns = [_assignment(told, pattern) for pattern in PATTERNS]
    assert RulesTeacher([told]).write(patterns) == [None] * len(PATTERNS)


@pytest.mark.parametrize("pattern", TOLD)
def test_a_paragraph_without_a_sentence_of_its_own_yields_nothing(pattern: Pattern) -> None:
    bare = _material("and then it was over", kind="subjective")
    assert RulesTeacher([bare]).write([_assignment(bare, pattern)]) == [None]


def test_another_seed_writes_other_words() -> None:
    questions = {
        _write(_assignment(_material(STORM), "misleading", seed=seed)).question
        for seed in range(12)
    }
    assert len(questions) > 4


def test_an_answer_is_whole_sentences() -> None:
    assert (
        answer_of(["One two three.", "Four five.", "Six."], words=5) == "One two three. Four five."
    )
    assert answer_of(["One two three.", "Four."], words=1) == "One two three."


@pytest.mark.parametrize("words", ["deny", "deny_shortly", "confirm"])
def test_a_claim_of_every_kind_of_thing_can_be_answered(words: str) -> None:
    assert set(read_texts("claims")[words]) == set(get_args(ThingKind))


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
        _assignment(material, pattern, variation=variation, seed=seed)
        for material in (plain, spoken)
        for pattern in PATTERNS
        for variation in (0, 1)
    ]
    assert len(RulesTeacher([plain, spoken]).write(wanted)) == len(wanted)
