"""A conversation on the page changes by values, and is read back without trust."""

import json

import pytest

from persllm.ui.web.conversation import (
    MOST_KEPT,
    Answer,
    Conversation,
    Source,
    answered,
    as_markdown,
    as_rows,
    asked,
    asked_again,
    at_stage,
    begun,
    caught_up,
    edited,
    kept_with,
    read_rows,
    stopped,
    thought_of,
    turned,
    undone,
)

TESLA = "Nikola Tesla"


def talk_of(*said: str) -> Conversation:
    talk = begun(TESLA, "early")
    for text in said:
        talk = answered(asked(talk, text), Answer(f"answer to {text}"))
    return talk


def test_what_is_said_stands_there_before_the_answer() -> None:
    talk = asked(talk_of(), "  Good day ")
    assert talk.exchanges[0].said == "Good day"
    assert talk.exchanges[0].answer is None
    assert talk.writing == ""


def test_a_further_answer_is_shown_and_the_first_one_is_kept() -> None:
    talk = answered(asked_again(talk_of("Why?")), Answer("another"))
    assert talk.exchanges[-1].answer == Answer("another")
    assert turned(talk, -1).exchanges[-1].answer == Answer("answer to Why?")
    assert turned(turned(talk, -1), -5) == turned(talk, -1)
    assert turned(talk, 9) == talk


def test_answers_are_not_turned_while_one_is_written() -> None:
    talk = asked_again(answered(asked_again(talk_of("Why?")), Answer("another")))
    assert turned(talk, -1) is talk


def test_stopping_keeps_what_was_written() -> None:
    talk = Conversation("a", TESLA, "early", asked(talk_of(), "Why?").exchanges, writing="I was")
    assert stopped(talk).exchanges[-1].answer == Answer("I was")
    assert stopped(talk).writing is None


def test_stopping_before_the_first_word_leaves_the_question_open() -> None:
    talk = stopped(asked(talk_of(), "Why?"))
    assert not talk.is_answered
    assert talk.exchanges[-1].said == "Why?"


def test_undoing_gives_the_words_back() -> None:
    talk, said = undone(talk_of("One", "Two"))
    assert said == "Two"
    assert [each.said for each in talk.exchanges] == ["One"]
    assert undone(talk_of())[1] == ""


def test_an_edit_is_a_branch_and_the_talk_stays_as_it_was() -> None:
    talk = talk_of("One", "Two", "Three")
    branch = edited(talk, 1, "Zwei")
    assert [each.said for each in branch.exchanges] == ["One", "Zwei"]
    assert branch.id != talk.id
    assert [each.said for each in talk.exchanges] == ["One", "Two", "Three"]


def test_another_age_begins_a_branch_that_knows_the_last_question() -> None:
    branch = at_stage(talk_of("One", "Two"), "late")
    assert (branch.stage, branch.exchanges, branch.branched_from) == ("late", (), "early|Two")


def test_an_opinion_belongs_to_one_answer() -> None:
    talk = thought_of(talk_of("One", "Two"), 0, "Wrong")
    assert [each.opinion for each in talk.exchanges] == ["Wrong", ""]


def test_what_a_browser_keeps_is_found_again() -> None:
    source = Source("My mother made looms.", "experiences.md:12")
    talk = answered(
        asked(begun(TESLA, "early"), "Why?"), Answer("So.", (source,), "Hm.", 0.2, True)
    )
    assert read_rows(json.loads(json.dumps(as_rows([talk])))) == [talk]


def test_a_reload_in_mid_answer_finds_the_question_without_answer() -> None:
    (talk,) = read_rows(kept_with([], asked(talk_of("One"), "Two")))
    assert talk.writing is None
    assert [each.said for each in talk.exchanges] == ["One", "Two"]
    assert not talk.is_answered


@pytest.mark.parametrize(
    "rows", [None, 7, "x", [None], [{"id": 1}], [{"id": "a", "persona": [], "stage": ""}]]
)
def test_what_is_no_conversation_is_left_out(rows: object) -> None:
    assert read_rows(rows) == []


def test_an_answer_that_does_not_exist_is_not_shown() -> None:
    row = as_rows([talk_of("One")])[0]
    row["exchanges"][0]["shown"] = -7
    (talk,) = read_rows([row])
    assert talk.exchanges[0].answer is None


def test_a_browser_keeps_the_latest_conversations_each_once() -> None:
    rows: object = []
    talks = [talk_of(f"question {n}") for n in range(MOST_KEPT + 3)]
    for talk in [*talks, talks[-2]]:
        rows = kept_with(rows, talk)
    kept = read_rows(rows)
    assert len(kept) == MOST_KEPT
    assert kept[:2] == [talks[-2], talks[-1]]


def test_an_empty_conversation_is_not_kept() -> None:
    assert kept_with([], begun(TESLA, "early")) == []


def test_a_talk_is_caught_up_with_what_another_tab_made_of_it() -> None:
    here = talk_of("One")
    there = answered(asked(here, "Two"), Answer("So."))
    assert caught_up(here, as_rows([talk_of("Other"), there])) == there
    assert caught_up(there, as_rows([here])) is there
    assert caught_up(here, "rubbish") is here


def test_nothing_said_is_markdown_of_the_document() -> None:
    talk = answered(asked(begun(TESLA, "early"), "# No\n![x](http://a.example)"), Answer("Yes."))
    text = as_markdown(talk, heading="A talk", you="You", name=TESLA, note="Made by a machine.")
    assert "\n    # No\n    ![x](http://a.example)\n" in text
    assert text.startswith("# A talk\n\n**You**")
    assert "**Nikola Tesla**\n\n    Yes." in text
