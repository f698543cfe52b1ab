"""The invented visitors are well-formed, and what they tell is measured rightly."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from benchmarks.remembering import is_junk, measured, scored
from benchmarks.visits import KINDS, Visitor, holds, read_visitors
from benchmarks.ways_to_remember import NOTHING_CHANGED, Listener, Nearest, Ours, every_turn
from persllm.persona_catalog import find_persona
from tests.contracts.memory_contract import HashedWords

VISITORS = read_visitors()
TINY = """
id: ann
name: Ann
persona: nikola-tesla
stage: late
sessions:
  - when: 2025-03-04T10:00
    turns:
      - {said: "Good morning, sir.", reply: "Good morning."}
      - {said: "My dog is called Rex.", reply: "A short name."}
      - {said: "I live in Leeds.", reply: "I have not seen it."}
      - {said: "Do you feed the pigeons?", reply: "Every day."}
  - when: 2025-05-06T10:00
    turns:
      - {said: "I live in York now.", reply: "An old town."}
questions:
  - {id: a1, kind: single, asked: "What is my dog called?",
     evidence: [{session: 1, turn: 2, answer: [Rex]}]}
  - {id: a2, kind: several, asked: "What of my dog and where I live?",
     evidence: [{session: 1, turn: 2, answer: [Rex]}, {session: 2, turn: 1, answer: [York]}]}
  - {id: a3, kind: time, asked: "When did I tell you of York?",
     evidence: [{session: 2, turn: 1, answer: [York]}]}
  - {id: a4, kind: superseded, asked: "Where do I live?", wrong: [Leeds],
     evidence: [{session: 2, turn: 1, answer: [York]}]}
  - {id: a5, kind: never, asked: "Who is my doctor?"}
"""

of_all = pytest.mark.parametrize("visitor", VISITORS, ids=[each.id for each in VISITORS])


class Told:
    """Keeps and recalls the lines it is given, whatever is asked."""

    def __init__(self, *lines: str) -> None:
        self._lines = lines

    def hear(self, visitor: Visitor) -> Sequence[str]:
        return self._lines

    def recall(self, asked: str) -> Sequence[str]:
        return self._lines


@pytest.fixture
def ann(tmp_path: Path) -> Visitor:
    (tmp_path / "ann.yaml").write_text(TINY, encoding="utf-8")
    (visitor,) = read_visitors(tmp_path)
    return visitor


def test_ten_visitors_ask_twenty_questions_each() -> None:
    assert [len(visitor.questions) for visitor in VISITORS] == [20] * 10
    ids = [question.id for visitor in VISITORS for question in visitor.questions]
    assert len(set(ids)) == 200
    assert len({visitor.id for visitor in VISITORS}) == 10


@of_all
def test_twenty_sessions_of_four_to_eight_turns_follow_one_another(visitor: Visitor) -> None:
    dates = [session.when for session in visitor.sessions]
    assert len(dates) == 20
    assert dates == sorted(set(dates))
    assert all(4 <= len(session.turns) <= 8 for session in visitor.sessions)


@of_all
def test_turns_and_replies_are_text(visitor: Visitor) -> None:
    turns = [turn for session in visitor.sessions for turn in session.turns]
    texts = [text for turn in turns for text in (turn.said, turn.reply)]
    assert all(isinstance(text, str) and text.strip() for text in texts)  # "no" is no text in YAML


@of_all
def test_whom_they_visit_is_in_the_cast(visitor: Visitor) -> None:
    assert find_persona(visitor.persona).stage(visitor.stage).id == visitor.stage


@of_all
def test_the_turn_of_an_evidence_tells_the_answer(visitor: Visitor) -> None:
    for question in visitor.questions:
        for each in question.evidence:
            assert min(each.session, each.turn) >= 1, question.id
            assert holds(visitor.told(each), each.answer), question.id


@of_all
def test_each_kind_has_the_evidence_it_needs(visitor: Visitor) -> None:
    for question in visitor.questions:
        assert question.kind in KINDS
        assert bool(question.evidence) == (question.kind != "never"), question.id
        assert bool(question.wrong) == (question.kind == "superseded"), question.id
        assert len(question.evidence) > 1 or question.kind != "several", question.id
    assert {question.kind for question in visitor.questions} == set(KINDS)


@of_all
def test_what_is_superseded_was_told_before(visitor: Visitor) -> None:
    for question in visitor.questions:
        if question.kind == "superseded":
            (newer,) = question.evidence
            said = [turn.said for each in visitor.sessions[: newer.session] for turn in each.turns]
            before = said[: said.index(visitor.told(newer))]
            assert any(holds(each, question.wrong) for each in before), question.id
            assert not holds(visitor.told(newer), question.wrong), question.id


def test_a_phrase_is_held_as_whole_words_in_any_case() -> None:
    assert holds("His dog, REX, barks", ["rex"])
    assert not holds("The Rexford line", ["rex"])
    assert holds("in A&E now", ["A&E"])


def test_the_share_of_the_evidence_that_is_told_is_counted(ann: Visitor) -> None:
    values = measured(Told("The visitor's dog is called Rex.", "Something else."), [ann])
    assert values["recall@5"] == [1.0, 0.5, 0.0, 0.0]
    assert values["  single"] == [1.0]
    assert values["  several"] == [0.5]
    assert values["lines for never"] == [2.0]
    assert values["kept lines"] == [2]


def test_only_the_first_five_lines_count(ann: Visitor) -> None:
    values = measured(Told("1", "2", "3", "4", "5", "My dog is called Rex."), [ann])
    assert values["  single"] == [0.0]
    assert values["lines for never"] == [5.0]


def test_a_time_is_dated_by_its_month_in_the_line_that_tells(ann: Visitor) -> None:
    question = ann.questions[2]
    for line, dated in (
        ("York, on 6 May 2025", 1.0),
        ("2025-05-06: York", 1.0),
        ("York, on 4 March", 0.0),
    ):
        assert scored(question, ann, [line])["  time, dated"] == dated
    assert scored(question, ann, ["York", "In May"])["  time, dated"] == 0.0


def test_what_is_no_longer_so_counts_unless_the_line_tells_what_is(ann: Visitor) -> None:
    question = ann.questions[3]
    assert scored(question, ann, ["lives in Leeds", "lives in York"])["old told"] == 1.0
    assert scored(question, ann, ["moved from Leeds to York"])["old told"] == 0.0
    assert scored(question, ann, ["lives in York"])["  superseded"] == 1.0


@pytest.mark.parametrize(
    "line",
    [
        "hi",
        "Good evening, Mr Tesla.",
        "A visitor told me: Is it true that my letters are lost?",
        "do you like snow",
        "Tell me about the falls.",
        "how is the view tonight",
    ],
)
def test_questions_commands_and_greetings_are_junk(line: str) -> None:
    assert is_junk(line)


@pytest.mark.parametrize(
    "line",
    ["A visitor told me: My dog is called Rex.", "The visitor's name is Will.", "I play the cello"],
)
def test_what_is_told_is_no_junk(line: str) -> None:
    assert not is_junk(line)


def test_a_plain_memory_brings_what_is_nearest(ann: Visitor) -> None:
    plain = Nearest(HashedWords(), every_turn)
    assert len(plain.hear(ann)) == 5
    assert plain.recall("What is my dog called?")[0] == "My dog is called Rex."


def test_a_persona_hears_a_year_and_tells_of_it_in_a_new_conversation(ann: Visitor) -> None:
    ours = Ours(Listener("test-visits", HashedWords()))
    kept = ours.hear(ann)
    assert any("Rex" in line for line in kept)
    assert not any("pigeons" in line for line in kept)
    assert any("Rex" in line for line in ours.recall("What is my dog called?"))


def test_all_turns_are_kept_where_that_is_asked_for(ann: Visitor) -> None:
    assert len(Listener("test-all-turns", HashedWords(), every_turn=True).lines(ann)) == 5


def test_what_is_told_has_the_date_of_the_visit(ann: Visitor) -> None:
    store = Listener("test-dates", HashedWords()).heard(ann)
    assert {each.when for each in store.told.values()} == {
        "2025-03-04T10:01:00+00:00",
        "2025-03-04T10:02:00+00:00",
        "2025-05-06T10:00:00+00:00",
    }


def test_without_superseding_what_is_no_longer_so_comes_up(ann: Visitor) -> None:
    embeddings = HashedWords()
    listeners = [
        Listener("test-superseding", embeddings),
        Listener("test-none-superseded", embeddings, superseding=False),
    ]
    ways = (Ours(listeners[0]), Ours(listeners[1], NOTHING_CHANGED))
    old = [measured(way, [ann])["old told"] for way in ways]
    assert old == [[0.0], [1.0]]
