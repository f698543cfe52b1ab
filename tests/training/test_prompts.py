"""What a chat model is told: templates a user may change, forms, and the paragraphs given."""

import json
from pathlib import Path

import pytest

from persllm.errors import DataError
from persllm.materials import Kind, Material
from persllm.training.data.items import SPLITS
from persllm.training.data.sampling import Division
from persllm.training.data.teachers import forms
from persllm.training.data.teachers.prompts import NAMES, SHIPPED, copy_prompts, load_prompts
from persllm.training.data.teachers.retrieval import Budgets, Shelves, Sought, words_of
from tests.doubles import LetterEmbeddings


def test_changed_prompts_are_another_teacher(tmp_path: Path) -> None:
    copy_prompts(tmp_path / "mine")
    (tmp_path / "mine" / "task.ordinary.txt").write_text("Answer $said in rhyme.\n")
    mine = load_prompts(tmp_path / "mine")
    assert mine.digest() != load_prompts().digest()
    assert mine.fill("task.ordinary", said="it") == "Answer it in rhyme."


def test_copied_prompts_do_not_overwrite_changed_ones(tmp_path: Path) -> None:
    assert len(copy_prompts(tmp_path)) == len(NAMES)
    (tmp_path / "answer.txt").write_text("Mine.")
    assert copy_prompts(tmp_path) == []
    assert (tmp_path / "answer.txt").read_text() == "Mine."


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "empty"),
        ("It costs $5.", r"Write '\$\$'"),
        ("Be $nice.", "no field is called nice"),
    ],
)
def test_a_prompt_with_a_fault_is_told(text: str, fault: str, tmp_path: Path) -> None:
    (tmp_path / "answer.txt").write_text(text)
    with pytest.raises(DataError, match=fault):
        load_prompts(tmp_path)
    with pytest.raises(DataError, match="is no folder"):
        load_prompts(tmp_path / "none")


def test_every_shipped_prompt_is_named() -> None:
    assert {path.stem for path in SHIPPED.glob("*.txt")} == set(NAMES)


def test_five_demonstrations_think_before_they_answer() -> None:
    shown = load_prompts().texts["demonstrations"].split("\n\n")
    assert len(shown) == 5
    for each in shown:
        starts = [line.split(":")[0] for line in each.splitlines()]
        assert starts == ["Visitor", "Analysis", "Response"]


@pytest.mark.parametrize(
    "text",
    [
        '{"response": "Yes."}',
        'Sure!\n```json\n{"response": "Yes."}\n```\nAnything else?',
        '<think>{"a": 1} or {"response": "No."}?</think> {"response": "Yes."}',
        '{"response": "Yes.", "more": {"x": [1]}}',
    ],
)
def test_an_answer_is_found_in_what_surrounds_it(text: str) -> None:
    assert forms.filled(text, forms.Plain) == forms.Plain(response="Yes.")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "no whole JSON object"),
        ("I would rather not.", "no whole JSON object"),
        ('{"response": "cut off he', "no whole JSON object"),
        ("[1, 2]", "no whole JSON object"),
        ('{"response": "  "}', "response: .*at least 1 character"),
        ('{"answer": "Yes."}', "response: Field required"),
    ],
)
def test_an_answer_of_another_form_is_told(text: str, fault: str) -> None:
    import re

    made = forms.filled(text, forms.Plain)
    assert isinstance(made, str) and re.search(fault, made)


def test_a_schema_wants_every_field_and_no_other() -> None:
    schema = forms.schema_of(forms.AnswerOnClaim)
    assert set(schema["required"]) == {"analysis", "response", "wrong_response"}
    assert schema["additionalProperties"] is False
    assert set(json.loads(forms.example_of(forms.AnswerOnClaim))) == set(schema["properties"])


def shelf(kind: Kind, count: int, words: int, stage: str = "early") -> list[Material]:
    return [
        Material(
            id=f"{stage}-{kind}-{number}",
            stage=stage,
            kind=kind,
            text=" ".join(f"{kind}{number}x{word}" for word in range(words - 1)) + " sea",
            source="",
        )
        for number in range(count)
    ]


def chosen(materials: list[Material], budgets: Budgets, seed: str | None = None) -> list[Material]:
    shelves = Shelves(materials, LetterEmbeddings(), budgets)
    ids = shelves.choose([Sought("the sea", frozenset({"early"}), seed)])[0]
    return [next(m for m in materials if m.id == each) for each in ids]


def test_each_kind_of_text_has_a_budget_of_its_own() -> None:
    materials = [*shelf("objective", 40, 50), *shelf("subjective", 40, 50)]
    found = chosen(materials, Budgets(1000, 300))
    words = {kind: 0 for kind in ("objective", "subjective")}
    for material in found:
        words[material.kind] += words_of(material.text)
    assert words == {"objective": 1000, "subjective": 300}
    assert len({material.id for material in found}) == len(found)


def test_the_items_own_paragraph_comes_first_whatever_its_length() -> None:
    materials = [*shelf("objective", 5, 20), *shelf("subjective", 5, 200)]
    found = chosen(materials, Budgets(100, 100), seed="early-subjective-3")
    assert [m.id for m in found if m.kind == "subjective"] == ["early-subjective-3"]


def test_what_is_out_of_reach_is_not_given() -> None:
    late = shelf("objective", 5, 20, stage="late")
    found = chosen([*shelf("objective", 2, 20), *late], Budgets())
    assert {material.stage for material in found} == {"early"}


def test_chinese_text_is_counted_by_characters() -> None:
    assert words_of("我在康河边上读书") == 8
    assert words_of("徐志摩 wrote 再别康桥 in 1928") == 3 + 1 + 4 + 2
    one = Material(id="early-a", stage="early", kind="objective", text="我" * 90, source="")
    two = Material(id="early-b", stage="early", kind="objective", text="你" * 90, source="")
    assert len(chosen([one, two], Budgets(100, 100))) == 1


def test_nothing_of_the_other_split_is_given() -> None:
    materials = shelf("objective", 40, 6)
    shelves = Shelves(materials, LetterEmbeddings(), Budgets())
    train, test = (Division(split, seed=1, test_share=0.3) for split in SPLITS)
    asked = [Sought("the sea", frozenset({"early"}), None, side) for side in (train, test)]
    given = [set(ids) for ids in shelves.choose(asked)]
    assert all(given)
    assert not given[0] & given[1]
    sides = [{m.id for m in materials if side.holds(m)} for side in (train, test)]
    assert [each <= side for each, side in zip(given, sides, strict=True)] == [True, True]
