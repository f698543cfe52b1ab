"""Real personas on the real nano base: neither processes nor batches change a figure."""

from pathlib import Path

import pytest

from persllm.agents.engines.local import LocalEngine
from persllm.agents.options import RuntimeOptions
from persllm.agents.runtime import Runtime
from persllm.bases import find_base
from persllm.persona_catalog import find_persona
from persllm.training.evaluation.report import Report
from persllm.training.evaluation.suite import EvalSettings
from persllm.workflows.evaluate import EvalOptions, evaluate

PEOPLE = [find_persona(name) for name in ("ada-lovelace", "thomas-edison")]
SETTINGS = EvalSettings(most=1, open_questions=1, turns=2)


@pytest.mark.slow
def test_processes_side_by_side_find_what_one_with_small_batches_finds(tmp_path: Path) -> None:
    few_rows = LocalEngine(find_base("nano"), rows=3)
    alone = Runtime(RuntimeOptions(base="nano", runs=tmp_path), engine=few_rows)
    one = evaluate(PEOPLE, alone, EvalOptions(settings=SETTINGS))
    apart = Runtime(RuntimeOptions(base="nano", runs=tmp_path))
    two = evaluate(PEOPLE, apart, EvalOptions(settings=SETTINGS, jobs=2))
    assert figures(one) == figures(two)
    assert any(system.curve for each in two.personas.values() for system in each.systems.values())


def figures(report: Report) -> dict[str, object]:
    """Everything but how long it took."""
    told = report.model_dump()
    del told["made"]["seconds"]
    return told
