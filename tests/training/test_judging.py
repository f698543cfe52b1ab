"""A judge that behaves, one that babbles, and one that dies on the way."""

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult

from persllm.errors import DataError, EngineError
from persllm.files import write_jsonl
from persllm.training.data.teachers.store import AnswerStore
from persllm.training.evaluation.judging.judge import Judge
from persllm.training.evaluation.judging.prompts import (
    FIELDS,
    RUBRICS,
    SHIPPED,
    load_judge_prompts,
)
from persllm.training.evaluation.judging.summary import (
    agreement,
    agreement_of_judges,
    agreement_with_measures,
    item_types,
    noise,
    system_rows,
)
from persllm.training.evaluation.judging.tasks import (
    Answer,
    Judged,
    mark_accuracy,
    mark_rubrics,
    rank_systems,
    read_answers,
    type_items,
)

Says = Callable[[Sequence[BaseMessage]], str]
PROMPTS = load_judge_prompts()
REFERENCE = "The lamp burned oil."
WORDS = {"good": "The lamp burned oil.", "fair": "It burned.", "same": "It burned.", "bad": "No."}
"""What each system says; the judge below likes long answers."""


class FakeJudge(BaseChatModel):
    """Writes what a function makes of the messages, and counts."""

    says: Says
    calls: list[str] = []  # noqa: RUF012  pydantic copies it for each model

    @property
    def _llm_type(self) -> str:
        return "fake"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **_: object,
    ) -> ChatResult:
        self.calls.append(messages[-1].text)
        message = AIMessage(content=self.says(messages))
        return ChatResult(generations=[ChatGeneration(message=message)])


def judges_by_length(messages: Sequence[BaseMessage]) -> str:
    """Return well-formed verdicts of every kind."""
    told = messages[1].text
    if '"ranking"' in told:
        found = re.findall(r'<answer letter="(\w)">\n(.*?)\n</answer>', told, re.DOTALL)
        lengths = sorted({len(text) for _, text in found}, reverse=True)
        places = [{"answer": a, "rank": lengths.index(len(text)) + 1} for a, text in found]
        return json.dumps({"ranking": places})
    if '"type"' in told:
        return json.dumps({"type": "attitude" if "like" in told else "knowledge"})
    (answer,) = re.findall(r"<answer>\n(.*?)\n</answer>", told, re.DOTALL)
    return f"Well: {json.dumps({'reason': 'r', 'score': min(5, 1 + len(answer) // 5)})}"


def rows_of(items: int = 2, systems: Sequence[str] = tuple(WORDS)) -> list[Judged]:
    questions = ["What burned?", "Do you like it?"]
    return [
        Judged(
            Answer(
                system,
                f"i{item}",
                "early",
                questions[item % 2] + "!" * item,
                WORDS[system],
                REFERENCE,
                right=system == "good",
            )
        )
        for item in range(items)
        for system in systems
    ]


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    return tmp_path / "judge.sqlite"


def judge_of(kept: Path, says: Says = judges_by_length) -> tuple[Judge, FakeJudge]:
    model = FakeJudge(says=says)
    return Judge(model, "fake:judge", AnswerStore(kept)), model


def judged_rows(judge: Judge, *, repeats: int = 2) -> list[Judged]:
    rows = rows_of()
    type_items(rows, judge, PROMPTS)
    mark_accuracy(rows, judge, PROMPTS, repeats=repeats)
    rank_systems(rows, judge, PROMPTS, repeats=repeats)
    mark_rubrics(rows, judge, PROMPTS, who=lambda stage: f"Marta, {stage}", repeats=1)
    return rows


def test_items_are_typed_once_each_and_counted(kept: Path) -> None:
    judge, model = judge_of(kept)
    rows = rows_of(4)
    type_items(rows, judge, PROMPTS)
    assert item_types(rows) == {"knowledge": 2, "attitude": 2}
    assert len(model.calls) == 4


def test_knowledge_and_attitude_have_prompts_of_their_own(kept: Path) -> None:
    judge, model = judge_of(kept)
    judged_rows(judge)
    assert any("same knowledge as the reference" in call for call in model.calls)
    assert any("same attitude as the reference" in call for call in model.calls)


def test_accuracy_is_marked_by_repeats_and_averaged_over_items(kept: Path) -> None:
    judge, _ = judge_of(kept)
    rows = judged_rows(judge)
    assert rows[0].accuracy == [5, 5]
    found = {row.system: row.figures for row in system_rows(rows)}
    assert found["good"]["knowledge"].value == 5
    assert found["bad"]["attitude"].value == 1
    assert found["good"]["knowledge"].n == 1
    assert noise(rows) == 0


def test_items_that_ask_for_neither_are_not_marked(kept: Path) -> None:
    judge, _ = judge_of(kept, lambda messages: '{"type": "neither"}')
    rows = rows_of()
    type_items(rows, judge, PROMPTS)
    mark_accuracy(rows, judge, PROMPTS, repeats=1)
    assert not any(row.accuracy for row in rows)


def test_systems_are_ranked_with_ties(kept: Path) -> None:
    judge, _ = judge_of(kept)
    found = {row.system: row.figures for row in system_rows(judged_rows(judge))}
    assert [found[name]["mean rank"].value for name in WORDS] == [1, 2, 2, 3]
    assert found["good"]["win rate"].value == 1
    assert found["fair"]["win rate"].value == 0.5
    assert found["bad"]["win rate"].value == 0


def test_the_judge_sees_letters_in_a_dealt_order_and_no_names(kept: Path) -> None:
    judge, model = judge_of(kept)
    rank_systems(rows_of(12), judge, PROMPTS, repeats=1)
    orders = {tuple(re.findall(r"\n(.*?)\n</answer>", call)) for call in model.calls}
    assert len(orders) > 3
    assert not any(re.search(r"\b(?:fair|bad)\b", call) for call in model.calls)


def test_a_single_system_is_not_ranked(kept: Path) -> None:
    judge, model = judge_of(kept)
    rank_systems(rows_of(systems=["good"]), judge, PROMPTS, repeats=1)
    assert not model.calls


def test_rubrics_know_who_should_be_speaking(kept: Path) -> None:
    judge, model = judge_of(kept)
    rows = judged_rows(judge)
    assert set(rows[0].rubrics) == set(RUBRICS)
    assert any("Marta, early" in call for call in model.calls)


def test_what_is_no_verdict_is_mended_once(kept: Path) -> None:
    def stumbles(messages: Sequence[BaseMessage]) -> str:
        return judges_by_length(messages) if len(messages) > 2 else "I would rather not say."

    judge, model = judge_of(kept, stumbles)
    rows = rows_of()
    type_items(rows, judge, PROMPTS)
    assert [judge.wanted, judge.mended, judge.failed] == [2, 2, 0]
    assert "there is no JSON object in it" in model.calls[-1]
    assert rows[0].type == "knowledge"


@pytest.mark.parametrize(
    "babble",
    ["", "no JSON", '{"score": 9, "type": "both", "ranking": []}', "{broken", '{"ranking": 3}'],
)
def test_what_is_never_a_verdict_is_counted_and_left_out(kept: Path, babble: str) -> None:
    judge, model = judge_of(kept, lambda messages: babble)
    rows = rows_of()
    for row in rows:
        row.type = "knowledge"
    mark_accuracy(rows, judge, PROMPTS, repeats=1)
    rank_systems(rows, judge, PROMPTS, repeats=1)
    assert judge.failed == judge.wanted == 10
    assert judge.failure_rate == 1
    assert len(model.calls) <= 2 * 10
    assert all(row.accuracy == [None] and row.ranks == [None] for row in rows)
    assert not system_rows(rows)[0].figures


def test_a_ranking_that_leaves_out_an_answer_is_none(kept: Path) -> None:
    judge, _ = judge_of(kept, lambda m: '{"ranking": [{"answer": "A", "rank": 1}]}')
    rows = rows_of(1)
    rank_systems(rows, judge, PROMPTS, repeats=1)
    assert judge.failed == 1
    assert rows[0].ranks == [None]


def test_a_second_run_asks_nothing_again(kept: Path) -> None:
    first = judged_rows(judge_of(kept)[0])
    judge, model = judge_of(kept)
    assert judged_rows(judge) == first
    assert not model.calls


def test_a_judge_that_dies_is_named_and_its_verdicts_are_kept(kept: Path) -> None:
    def dies(messages: Sequence[BaseMessage]) -> str:
        if "like" in messages[1].text:
            raise ConnectionError("cut off")
        return judges_by_length(messages)

    judge, _ = judge_of(kept, dies)
    with pytest.raises(EngineError, match=r"fake:judge failed: cut off"):
        type_items(rows_of(), judge, PROMPTS)
    again, model = judge_of(kept)
    type_items(rows_of(), again, PROMPTS)
    assert len(model.calls) == 1


def test_agreement_with_the_measures_is_told(kept: Path) -> None:
    found = agreement_with_measures(judged_rows(judge_of(kept)[0]))
    assert found.answers == 8
    assert found.spearman is not None
    assert found.spearman > 0.7


def test_two_judges_are_compared_on_what_both_marked(kept: Path, tmp_path: Path) -> None:
    def other_way_round(messages: Sequence[BaseMessage]) -> str:
        said = judges_by_length(messages)
        return re.sub(r'"score": (\d)', lambda m: f'"score": {6 - int(m[1])}', said)

    one = judged_rows(judge_of(kept)[0])
    two = judged_rows(judge_of(tmp_path / "two.sqlite", other_way_round)[0])
    assert agreement_of_judges(one, one).alpha == 1
    opposite = agreement_of_judges(one, two)
    assert opposite.spearman == pytest.approx(-1)
    assert opposite.answers == 8


def test_agreement_takes_any_two_score_lists() -> None:
    assert agreement([1, 2, 3], [2, 4, 9]).kendall == pytest.approx(1)


def test_answers_are_read_from_the_evaluations_file(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    fields = ("system", "item", "stage", "question", "answer", "reference")
    row = {name: name for name in fields} | {"right": True, "more": 3}
    write_jsonl(path, [row])
    (answer,) = read_answers(path)
    assert answer.reference == "reference"
    assert answer.right is True


@pytest.mark.parametrize(
    ("rows", "told"),
    [([], "holds no answers"), ([{"system": "a", "item": "i"}], ":1: without stage, question")],
)
def test_a_file_without_answers_is_refused(
    tmp_path: Path, rows: list[dict[str, str]], told: str
) -> None:
    path = tmp_path / "answers.jsonl"
    write_jsonl(path, rows)
    with pytest.raises(DataError, match=told):
        read_answers(path)
    with pytest.raises(DataError, match="persllm eval"):
        read_answers(tmp_path / "none.jsonl")


def test_a_changed_prompt_is_used_and_its_faults_are_listed(tmp_path: Path) -> None:
    (tmp_path / "typing.txt").write_text("Which? $question", encoding="utf-8")
    assert load_judge_prompts(tmp_path).texts["typing"] == "Which? $question"
    (tmp_path / "typing.txt").write_text("$wish and $reward", encoding="utf-8")
    (tmp_path / "ranking.txt").write_text("", encoding="utf-8")
    with pytest.raises(DataError, match="3 fault") as error:
        load_judge_prompts(tmp_path)
    assert "'wish'" in str(error.value)
    assert "known here: question, reference" in str(error.value)


def test_every_shipped_prompt_is_known() -> None:
    assert {path.stem for path in SHIPPED.glob("*.txt")} == set(FIELDS)
