"""The raters' desk without the web: what is shown, what is kept, what it comes to."""

import csv
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from persllm.agents.engines.scripted import ScriptedEngine
from persllm.agents.options import RuntimeOptions
from persllm.agents.runtime import Runtime
from persllm.errors import DataError
from persllm.files import read_jsonl, write_jsonl
from persllm.training.evaluation.judging.tasks import Answer
from persllm.ui.cli.actions.study import contest_line
from persllm.ui.web.study_page import (
    DONE,
    FILL_ALL,
    LEFT,
    RIGHT,
    SYSTEMS,
    TIE,
    WHO_FIRST,
    Desk,
    compare_with,
    rate_talk_with,
    rate_with,
    talk_with,
)
from persllm.workflows.study import (
    COMPARISON,
    RATING,
    SCALES,
    SESSION,
    Study,
    as_csv,
    contests,
    read_rows,
    scale_agreement,
    scores,
    study_of,
)
from tests.doubles import MakePersona
from tests.workflows.test_evaluate import pretend_adapter

MARKS = (5, 4, 3, 2)
Make = Callable[..., Study]


def answers(items: int = 6, systems: tuple[str, ...] = ("base", "tuned")) -> list[Answer]:
    return [
        Answer(system, f"i{n}", "early", f"Question {n}?", f"{system} says {n}", "", None)
        for n in range(items)
        for system in systems
    ]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    def study(items: int = 6, *, seed: int = 0, most: int = 30) -> Study:
        return study_of(answers(items), [], tmp_path / "ratings.jsonl", most=most, seed=seed)

    yield study


def vote_for(study: Study, rater: str, system: str, *, ties: int = 0) -> None:
    number = 0
    while shown := study.next_comparison(rater):
        side = "left" if shown.left.system == system else "right"
        study.vote(rater, shown, "tie" if number < ties else side)  # type: ignore[arg-type]
        number += 1


def test_sides_are_dealt_by_seed_and_the_same_for_every_rater(make: Make) -> None:
    study = make(40, most=40)
    lefts = [each.left.system for each in study.comparisons]
    assert 10 < lefts.count("base") < 30
    assert make(40, most=40).comparisons == study.comparisons
    assert make(40, most=40, seed=1).comparisons != study.comparisons
    assert study.next_comparison("Ann") == study.next_comparison("Bob")


def test_a_rater_sees_every_question_once_and_goes_on_after_a_break(make: Make) -> None:
    vote_for(make(), "Ann", "tuned")
    assert make().next_comparison("Ann") is None
    assert make().left_to_do(" Ann ") == (0, 12)
    assert make().next_comparison("Bob") is not None


def test_the_page_shows_no_name_of_a_system(make: Make) -> None:
    study = study_of(
        [
            Answer(system, "i", "early", "Who?", said, "", None)
            for system, said in (("base", "I."), ("tuned", "We."))
        ],
        [],
        make().path,
        most=1,
    )
    shown = compare_with(study)("Ann")
    assert sorted(shown[1:3]) == ["I.", "We."]
    assert not any("base" in text or "tuned" in text for text in shown)


def test_a_vote_is_kept_with_the_system_that_stood_on_that_side(make: Make) -> None:
    study = make()
    first = study.comparisons[0]
    compare = compare_with(study)
    seen = compare("Ann")[0]
    for choice in (LEFT, RIGHT, TIE):
        seen = compare("Ann", choice, seen)[0]
    assert seen == study.comparisons[3].left.question
    rows = list(read_jsonl(study.path))
    assert rows[0]["winner"] == first.left.system
    assert rows[1]["winner"] == study.comparisons[1].right.system
    assert rows[2]["winner"] == "tie"
    assert rows[0]["item"] == first.item


def test_a_second_click_does_not_judge_what_was_not_seen(make: Make) -> None:
    study = make()
    compare = compare_with(study)
    seen = compare("Ann")[0]
    compare("Ann", LEFT, seen)
    assert compare("Ann", LEFT, seen)[0] == study.comparisons[1].left.question
    assert len(study.rows()) == 1


def test_nobody_votes_without_a_name(make: Make) -> None:
    study = make()
    assert compare_with(study)(" ", LEFT)[-1] == WHO_FIRST
    assert rate_with(study)("", "", *MARKS)[-1] == WHO_FIRST
    assert not study.path.exists()


def test_the_desk_says_when_all_is_done(make: Make) -> None:
    study = make(1)
    assert compare_with(study)("Ann", LEFT, study.comparisons[0].left.question)[-1] == DONE
    rate = rate_with(study)
    assert rate("Ann", "", *MARKS)[-1] == "1 to go"
    assert rate("Ann", "", *MARKS)[-1] == DONE
    assert rate("Ann", "", *MARKS)[-1] == DONE
    assert len(study.rows()) == 3


def test_a_form_with_a_gap_is_not_kept(make: Make) -> None:
    study = make()
    shown = rate_with(study)("Ann", "fine", 5, None, 3, 2)
    assert shown[-1].startswith(FILL_ALL)
    assert shown[1] == study.answers[0].answer
    assert not study.path.exists()


def test_the_last_word_of_a_rater_counts(make: Make) -> None:
    study = make()
    shown = study.comparisons[0]
    study.vote("Ann", shown, "left")
    study.vote("Ann", shown, "right")
    (row,) = read_rows(study.path)
    assert row["winner"] == shown.right.system


def test_votes_come_to_a_win_rate_with_interval_and_sign_test(make: Make) -> None:
    study = make(10)
    for rater in ("Ann", "Bob"):
        vote_for(study, rater, "tuned", ties=2)
    (found,) = contests(read_rows(study.path))
    assert (found.system, found.wins, found.losses, found.ties) == ("base", 0, 16, 4)
    assert found.chance == pytest.approx(2 / 2**16)
    assert found.won.interval[1] == pytest.approx(0.194, abs=0.001)
    assert found.alpha == 1
    assert found.kappa == 1
    assert "0 won, 16 lost, 4 ties" in contest_line(found)


def test_raters_who_disagree_have_an_alpha_below_chance(make: Make) -> None:
    study = make(10)
    vote_for(study, "Ann", "tuned")
    vote_for(study, "Bob", "base")
    (found,) = contests(read_rows(study.path))
    assert found.alpha is not None
    assert found.alpha < 0
    assert found.chance == 1


def test_no_kappa_where_raters_left_questions_out(make: Make) -> None:
    study = make(3)
    vote_for(study, "Ann", "tuned")
    study.vote("Bob", study.comparisons[0], "left")
    (found,) = contests(read_rows(study.path))
    assert found.kappa is None


def test_ratings_come_to_means_and_agreement(make: Make) -> None:
    study = make(3)
    for rater in ("Ann", "Bob"):
        while answer := study.next_answer(rater):
            mark = 5 if answer.system == "tuned" else 2
            study.rate(rater, answer, dict.fromkeys(SCALES, mark))
    rows = read_rows(study.path)
    found = scores(rows, RATING)
    assert found["tuned"]["liking"].value == 5
    assert found["base"]["knowledge"].value == 2
    assert set(scale_agreement(rows).values()) == {1.0}


def test_the_export_is_a_table_of_every_judgement(make: Make) -> None:
    study = make(1)
    vote_for(study, "Ann", "tuned")
    study.rate("Ann", study.answers[0], dict.fromkeys(SCALES, 3), remark='dry, "but" true')
    turns = [{"role": "user", "content": "Ho,\nthere"}]
    study.rate_session("Ann", dict.fromkeys(SCALES, 1), system="base", stage="early", turns=turns)
    rows = list(csv.DictReader(io.StringIO(as_csv(read_rows(study.path)))))
    assert [row["kind"] for row in rows] == [COMPARISON, RATING, SESSION]
    assert rows[0]["winner"] == "tuned"
    assert rows[1]["remark"] == 'dry, "but" true'
    assert "Ho," in rows[2]["turns"]


@pytest.mark.parametrize("systems", [["base"], ["base", "base"], ["base", "nobody"]])
def test_other_than_two_known_systems_are_refused(tmp_path: Path, systems: list[str]) -> None:
    with pytest.raises(DataError, match="These answered: base, tuned"):
        study_of(answers(), systems, tmp_path / "r.jsonl", most=3)


def test_systems_without_a_common_question_are_refused(tmp_path: Path) -> None:
    apart = [Answer("a", "1", "s", "q", "x", "", None), Answer("b", "2", "s", "q", "y", "", None)]
    with pytest.raises(DataError, match="no question in common"):
        study_of(apart, [], tmp_path / "r.jsonl", most=3)


def test_a_file_that_is_not_there_says_that_nobody_rated(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nobody has rated yet"):
        read_rows(tmp_path / "none.jsonl")


@pytest.fixture
def desk(tmp_path: Path, tiny_persona: MakePersona, make: Make) -> Desk:
    persona = tiny_persona()
    runs = tmp_path / "runs"
    pretend_adapter(persona, runs)
    engine = ScriptedEngine(lambda request: f"adapter {request.adapter is not None}")
    return Desk(make(), persona, Runtime(RuntimeOptions(base="nano", runs=runs), engine=engine))


@pytest.mark.slow
def test_a_rater_talks_with_both_systems_in_turn_and_rates_each(desk: Desk) -> None:
    talk, rate = talk_with(desk), rate_talk_with(desk)
    said = []
    for _ in range(2):
        *_, rows = talk("Ann", "early", "Good day", [])
        assert [row["role"] for row in rows] == ["user", "assistant"]
        said.append(rows[-1]["content"])
        left, note = rate("Ann", "early", rows, "", *MARKS)
        assert not left
        assert note.startswith("Kept")
    assert sorted(said) == ["adapter False", "adapter True"]
    rows = read_rows(desk.study.path)
    assert {row["system"] for row in rows} == set(SYSTEMS)
    adapter = next(row for row in rows if row["system"] == "adapter + memory")
    turns: Any = adapter["turns"]
    assert turns[-1]["content"] == "adapter True"


def test_a_conversation_is_rated_after_it_was_held_only(desk: Desk) -> None:
    rate = rate_talk_with(desk)
    assert "Talk first" in rate("Ann", "early", [], "", *MARKS)[1]
    turns = [{"role": "user", "content": "Ho"}, {"role": "assistant", "content": "Hm"}]
    assert rate("Ann", "early", turns, "", 5, None, 3, 2) == (turns, FILL_ALL)
    assert rate(" ", "early", turns, "", *MARKS) == (turns, WHO_FIRST)
    assert not desk.study.path.exists()


def test_broken_lines_of_ratings_are_named(make: Make) -> None:
    study = make()
    write_jsonl(study.path, [])
    study.path.write_text("{broken\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"ratings\.jsonl:1"):
        study.rows()
