"""What a tab has open changes by one at a time, and is told to the browser's store."""

import json
from copy import deepcopy

from persllm.ui.web.conversation import Answer, answered, asked, begun, read_rows, stopped
from persllm.ui.web.keeping import OpenTalk, to_keep

TALK = begun("Nikola Tesla", "early")


def test_a_reply_that_was_stopped_changes_nothing_more() -> None:
    tab = OpenTalk(TALK)
    order = tab.change(lambda talk: asked(talk, "Why?"))
    ended = tab.change(stopped)
    assert not tab.went_on(order, answered(order, Answer("So.")))
    assert tab.talk is ended


def test_of_two_who_change_the_same_talk_the_first_counts() -> None:
    tab = OpenTalk(TALK)
    assert tab.went_on(TALK, asked(TALK, "One"))
    assert not tab.went_on(TALK, asked(TALK, "Two"))
    assert [each.said for each in tab.talk.exchanges] == ["One"]


def test_every_tab_begins_with_a_talk_of_its_own() -> None:
    tab = OpenTalk(TALK)
    other = deepcopy(tab)
    other.change(lambda talk: asked(talk, "Why?"))
    assert tab.talk is TALK


def test_the_address_names_a_talk_or_else_whom_to_meet() -> None:
    kept = json.loads(to_keep(answered(asked(TALK, "Why?"), Answer("So."))))
    assert kept["address"] == f"?open={TALK.id}"
    assert json.loads(to_keep(TALK))["address"] == "?with=Nikola+Tesla&stage=early"


def test_what_is_left_is_kept_with_what_is_begun_and_nothing_empty_is() -> None:
    left = asked(TALK, "Why?")
    kept = json.loads(to_keep(begun("Nikola Tesla", "late"), left))
    assert [talk.id for talk in read_rows(kept["talks"])] == [left.id]
