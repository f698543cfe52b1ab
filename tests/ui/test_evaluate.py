"""`persllm eval`: four systems, the same held-out items, every answer on disk."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from persllm.agents.engines.scripted import ScriptedEngine
from persllm.agents.workplace import Workplace
from persllm.bases import find_base
from persllm.engine import Request
from persllm.errors import AdapterError, DataError
from persllm.files import read_jsonl
from persllm.manifest import WEIGHTS_NAME, Manifest, write_manifest
from persllm.messages import template_hash
from persllm.persona import Persona
from persllm.training.evaluation.answers import MEASURES, Measure, Tally
from persllm.ui.evaluate import (
    ALL,
    BEGIN,
    END,
    SYSTEMS,
    Row,
    answers_path,
    as_record,
    chosen_items,
    evaluate,
    put_between_marks,
    summed,
    table,
)
from tests.doubles import MakePersona
from tests.training.test_answers import KNOWLEDGE, MISLEADING, TRUE


def grounded(request: Request) -> str:
    """Answer from what is recalled when there is an adapter; else say the same to everything."""
    prompt = request.messages[-1].content
    if request.adapter is None:
        return "[Response] Yes, that is so."
    recalled = prompt.partition("You recall:")[2]
    return f"[Response] No. {recalled or 'I do not remember.'}"


def pretend_adapter(persona: Persona, runs: Path) -> None:
    base = find_base("nano")
    folder = runs / persona.id / "run" / "adapter"
    folder.mkdir(parents=True)
    (folder / WEIGHTS_NAME).write_bytes(b"")
    manifest = Manifest(
        persona=persona.id,
        persona_hash="",
        stages=("early", "late"),
        base=base.name,
        base_revision=base.revision,
        template_hash=template_hash(),
        data_hash="",
        settings={},
        versions={},
        seconds=0.0,
    )
    write_manifest(folder, manifest)


def test_a_persona_without_an_adapter_is_told_so_before_anything_is_built(
    tiny_persona: MakePersona, tmp_path: Path
) -> None:
    place = Workplace(base_name="nano", runs=tmp_path / "runs", engine=ScriptedEngine("x"))
    with pytest.raises(AdapterError, match="persllm train marta"):
        evaluate(tiny_persona(), place, most=5)
    assert not (tmp_path / "runs").exists()


def test_memory_and_adapter_are_told_apart_and_every_answer_is_written(
    tiny_persona: MakePersona, tmp_path: Path
) -> None:
    persona, runs = tiny_persona(), tmp_path / "runs"
    pretend_adapter(persona, runs)
    place = Workplace(base_name="nano", runs=runs, engine=ScriptedEngine(grounded))
    rows = {row.system: row.counts for row in evaluate(persona, place, most=4)}
    assert list(rows) == list(SYSTEMS)
    asked = {name: tally.asked for name, tally in rows["base"].items()}
    assert all(count > 0 for count in asked.values())
    assert rows["base"]["corrected"].right == 0
    assert rows["base"]["accepted"] == Tally(asked["accepted"], asked["accepted"])
    assert rows["tuned"]["knowledge"].right == 0
    assert rows["tuned + memory"]["corrected"].right > 0
    records = list(read_jsonl(answers_path(runs, persona)))
    assert len(records) == len(SYSTEMS) * sum(asked.values())
    told = [each for each in records if each["system"] == "tuned + memory"]
    for measure, tally in rows["tuned + memory"].items():
        assert sum(each["right"] for each in told if each["measure"] == measure) == tally.right


def test_items_by_hand_come_first_and_no_part_has_more_than_was_asked() -> None:
    items = [replace(KNOWLEDGE, id=f"rules-{n}") for n in range(5)]
    items += [replace(KNOWLEDGE, id=f"x-{n}", teacher="hand") for n in range(2)]
    items += [replace(MISLEADING, id="m"), replace(TRUE, id="t"), replace(TRUE, pattern="thought")]
    chosen = [item.id for item in chosen_items(items, most=3)]
    assert chosen == ["x-0", "x-1", "m", "rules-0", "t"]


def test_the_table_has_shares_intervals_numbers_and_a_sum() -> None:
    counts: dict[Measure, Tally] = {name: Tally(3, 4) for name in MEASURES}
    rows = [Row(name, system, counts) for name in ("Ann", "Bob") for system in SYSTEMS]
    lines = table([*rows, *summed(rows)]).splitlines()
    assert len(lines) == 2 + 3 * len(SYSTEMS)
    assert lines[2] == (
        "| Ann | base | 75% (30% to 95%) of 4 | 75% (30% to 95%) of 4 "
        "| 75% (30% to 95%) of 4 | 75% | - |"
    )
    told = table([Row("Ann", "base", counts, Tally(3, 4))])
    assert told.endswith("| 75% | 75% (30% to 95%) of 4 |")
    assert lines[-1].startswith(f"| {ALL} | tuned + memory | 75% (41% to 93%) of 8 |")


def test_the_table_goes_between_the_marks_and_nowhere_else(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", encoding="utf-8")
    put_between_marks(page, "new")
    put_between_marks(page, "newer")
    assert page.read_text(encoding="utf-8") == f"before\n{BEGIN}\nnewer\n{END}\nafter\n"
    page.write_text("no marks\n", encoding="utf-8")
    with pytest.raises(DataError, match="Put in two lines"):
        put_between_marks(page, "new")
    with pytest.raises(DataError, match="cannot be read"):
        put_between_marks(tmp_path / "none.md", "new")


def test_a_row_is_a_json_record() -> None:
    record = as_record(Row("Ann", "base", {name: Tally(3, 4) for name in MEASURES}))
    assert json.loads(json.dumps(record))["corrected"]["share"] == 0.75
