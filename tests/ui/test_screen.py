"""What the talk screen shows of a conversation; no model and no browser is needed for it."""

import pytest

from persllm.agents.runtime import Runtime
from persllm.ui.web import screen
from persllm.ui.web.conversation import (
    Answer,
    Conversation,
    answered,
    as_rows,
    asked,
    asked_again,
    at_stage,
    begun,
    kept_with,
)
from persllm.ui.web.debate_page import as_text
from persllm.ui.web.greeting import OFFERED, line_for, questions_for, suggestions, welcome
from persllm.ui.web.talk import Company, company
from persllm.ui.web.texts import read_texts

TESLA, EDISON = "Nikola Tesla", "Thomas Edison"
TEXTS = read_texts()
HOSTILE = '<div style="position:fixed;inset:0">![x](http://a.example/x.png)</div>'


@pytest.fixture
def talk() -> Conversation:
    return answered(asked(begun(TESLA, "early"), "Why?"), Answer("So.", seconds=0.21))


def test_all_that_people_and_models_say_is_text() -> None:
    talk = answered(asked(begun(TESLA, "early"), HOSTILE), Answer(HOSTILE))
    assert all("<" not in row["content"] for row in screen.chat_rows(talk))


def test_a_question_is_shown_at_once_and_the_answer_where_it_will_stand() -> None:
    rows = screen.chat_rows(asked(begun(TESLA, "early"), "Why?"))
    assert [row["content"] for row in rows] == ["Why?", screen.DOTS]


def test_a_further_answer_is_written_in_place_of_the_one_shown(talk: Conversation) -> None:
    assert [row["content"] for row in screen.chat_rows(asked_again(talk))] == ["Why?", screen.DOTS]


def test_a_row_of_the_chat_leads_to_its_exchange(talk: Conversation) -> None:
    open_talk = asked(asked(talk, "Two"), "Three")
    assert [screen.place_of(open_talk, row) for row in range(5)] == [0, 0, 1, 2, 2]


def test_an_address_names_persona_and_stage(people: Company) -> None:
    talk = screen.opened(people, {"with": EDISON, "stage": "late"}, [])
    assert (talk.persona, talk.stage, talk.exchanges) == (EDISON, "late", ())


@pytest.mark.parametrize("asked_for", [{"with": "Nobody"}, {"stage": "late"}, {"open": "gone"}, {}])
def test_an_address_that_names_nobody_opens_a_talk_all_the_same(
    people: Company, asked_for: dict[str, str]
) -> None:
    assert screen.opened(people, asked_for, []).persona == TESLA


def test_a_kept_talk_is_found_again(people: Company, talk: Conversation) -> None:
    other = answered(asked(begun(EDISON, "late"), "And you?"), Answer("I."))
    kept = kept_with(kept_with([], talk), other)
    assert screen.opened(people, {"open": talk.id}, kept) == talk
    assert screen.opened(people, {}, kept) == other


def test_a_kept_talk_with_somebody_who_is_gone_is_passed_over(people: Company) -> None:
    gone = answered(asked(begun("Nobody", "early"), HOSTILE), Answer("I."))
    wrong = answered(asked(begun(TESLA, "never"), "And you?"), Answer("I."))
    kept = as_rows([gone, wrong])
    assert screen.opened(people, {"open": gone.id}, kept).persona == TESLA
    assert "<li" not in screen.conversation_list(people, kept, begun(TESLA, "early"), TEXTS)


def test_the_list_has_an_address_for_each_talk(people: Company, talk: Conversation) -> None:
    page = screen.conversation_list(people, kept_with([], talk), talk, TEXTS)
    assert f'href="talk?open={talk.id}" aria-current="true"' in page
    assert "Nikola Tesla, 1893" in page


def test_each_stage_has_four_whole_questions_of_its_own(people: Company) -> None:
    for persona in people.personas.values():
        sets = [questions_for(persona, stage) for stage in persona.stages]
        assert all(len(questions) == OFFERED for questions in sets)
        assert all(q.endswith("?") for questions in sets for q in questions)
        assert len(set(sets)) == len(persona.stages)


def test_each_stage_greets_with_words_of_its_own(people: Company) -> None:
    for persona in people.personas.values():
        lines = [line_for(persona, stage) for stage in persona.stages]
        assert all(lines)
        assert len(set(lines)) == len(lines)


def test_a_branch_offers_the_question_it_came_from(people: Company, talk: Conversation) -> None:
    branch = at_stage(talk, "late")
    persona, stage = screen.who(people, branch)
    assert suggestions(persona, stage, branch)[0] == "Why?"
    page = welcome(persona, stage, branch, TEXTS)
    assert "You meet Nikola Tesla in the year 1937." in page
    assert "Your talk of 1893 is kept" in page


def test_the_line_below_says_how_the_answer_came_about(people: Company, talk: Conversation) -> None:
    assert screen.status(people, talk, TEXTS).startswith("0.2 s · nano · ")


def test_the_line_below_says_why_the_first_answer_takes_longer(
    people: Company, talk: Conversation
) -> None:
    fresh = company(Runtime(people.runtime.options, engine=people.runtime.engine), [])
    assert "is gathering memories" in screen.status(fresh, asked_again(talk), TEXTS)


def test_one_of_several_answers_is_numbered(talk: Conversation) -> None:
    assert screen.which_answer(talk, TEXTS) == ""
    assert screen.which_answer(answered(talk, Answer("Or so.")), TEXTS) == "Answer 2 of 2"


def test_a_debate_shows_the_speaker_apart_and_words_as_text() -> None:
    row = as_text({"role": "user", "content": f"**{TESLA}** (early)\n\n{HOSTILE}"})
    assert row["content"].startswith("<strong>Nikola Tesla (early)</strong><br>&lt;div")
    assert "<" not in as_text({"role": "user", "content": HOSTILE})["content"]
