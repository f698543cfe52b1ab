"""One question is answered side by side, and what differs is told apart."""

import json
from pathlib import Path

import pytest

from persllm.agents.engines.scripted import ScriptedEngine
from persllm.agents.options import RuntimeOptions
from persllm.agents.runtime import Runtime
from persllm.errors import PersonaError
from persllm.persona_catalog import find_persona
from persllm.ui.cli.actions.compare import show_comparison
from persllm.workflows.compare import MADE_OF, PARTS, compare, differences
from tests.contracts.memory_contract import HashedWords
from tests.ui.conftest import scripted_answer

TESLA = find_persona("nikola-tesla")


@pytest.fixture
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runtime:
    monkeypatch.setattr("persllm.agents.runtime.find_embeddings", lambda name: HashedWords())
    engine = ScriptedEngine(scripted_answer, context=1024)
    return Runtime(RuntimeOptions(base="nano", runs=tmp_path), engine=engine)


def marked(*texts: str) -> list[list[str]]:
    found = differences(texts)
    assert ["".join(text for text, _ in pieces) for pieces in found] == list(texts)
    return [[text for text, differs in pieces if differs] for pieces in found]


def test_of_two_answers_each_is_marked_where_the_other_has_nothing() -> None:
    early, late = "I feed pigeons and I am glad.", "I was tired: the white pigeon died in 1922."
    assert marked(early, late) == [["feed", "glad"], ["tired", "white", "died", "1922"]]


def test_of_several_the_first_is_what_the_others_are_held_to() -> None:
    assert marked("A motor.", "A motor turns.", "A coil turns.") == [
        [],
        ["turns"],
        ["coil turns"],
    ]


def test_scripts_without_spaces_are_compared_by_character() -> None:
    assert marked("\u6211\u7231\u7535", "\u6211\u7231\u9e3d\u5b50") == [
        ["\u7535"],
        ["\u9e3d\u5b50"],
    ]


def test_nothing_differs_from_itself() -> None:
    assert marked("Good day.", "Good day.") == [[], []]
    assert marked("Good day.") == [[]]


def test_each_stage_answers_the_question(runtime: Runtime) -> None:
    early, late = compare(runtime, TESLA, "Who are you?")
    assert (early.name, early.stage) == ("early", "early")
    assert early.text == "I am Tesla in 1893, and I answer you plainly."
    assert ("1937", True) in late.pieces


def test_each_part_is_asked_with_what_it_is_made_of(runtime: Runtime) -> None:
    columns = compare(runtime, TESLA, "What did your mother make?", by=PARTS, stage="late")
    asked = runtime.engine.asked  # type: ignore[attr-defined]
    assert [column.name for column in columns] == list(MADE_OF)
    assert {column.stage for column in columns} == {"late"}
    assert len({request.messages for request in asked}) == 2, "with memory, and without"
    assert len({(request.adapter, request.messages) for request in asked}) == len(MADE_OF)


@pytest.mark.parametrize(("question", "by"), [(" ", PARTS), ("Why?", "weather")])
def test_what_cannot_be_compared_is_refused(runtime: Runtime, question: str, by: str) -> None:
    with pytest.raises(PersonaError, match="by one of: stages, parts"):
        compare(runtime, TESLA, question, by=by)


def test_the_command_prints_what_programs_read(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("persllm.ui.cli.actions.compare.Runtime", lambda *_, **__: runtime)
    show_comparison(
        "nikola-tesla", runtime.options, question="Who?", by="stages", stage=None, as_json=True
    )
    rows = json.loads(capsys.readouterr().out)
    assert [(row["name"], row["differs"]) for row in rows] == [
        ("early", ["1893"]),
        ("late", ["1937"]),
    ]
