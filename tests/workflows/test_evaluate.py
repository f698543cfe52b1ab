"""`persllm eval`: systems told apart, every answer on disk, a report, a gate."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from persllm.agents.engines.scripted import ScriptedEngine
from persllm.agents.options import RuntimeOptions
from persllm.agents.runtime import Runtime
from persllm.bases import find_base
from persllm.engine import Request, Score
from persllm.errors import AdapterError, DataError, GateError
from persllm.files import read_jsonl
from persllm.manifest import WEIGHTS_NAME, Manifest, prompt_hash_of, read_manifest, write_manifest
from persllm.persona import Persona
from persllm.training.evaluation.page import page
from persllm.training.evaluation.report import ALL, Report, read_report
from persllm.training.evaluation.suite import EvalSettings
from persllm.training.evaluation.systems import Question
from persllm.ui.cli.actions.evaluate import ReportOptions, run_eval
from persllm.workflows.eval_systems import (
    ADAPTER,
    BEFORE_DPO,
    BOTH,
    EXAMPLES,
    MEMORY,
    OWN,
    PROMPT,
    systems_for,
)
from persllm.workflows.evaluate import (
    BEGIN,
    END,
    EvalOptions,
    answers_path,
    evaluate,
    put_between_marks,
    table,
    write_report,
)
from tests.doubles import MARTA, OTTO, LetterEmbeddings, MakePersona, write_tiny_persona

QUICK = EvalOptions(settings=EvalSettings(most=3, turns=2, open_questions=1))


class GroundedEngine(ScriptedEngine):
    """Answers from what is recalled when there is an adapter; else says the same to everything."""

    def __init__(self) -> None:
        super().__init__(grounded)

    def score(self, requests: Sequence[Request], replies: Sequence[str]) -> list[Score]:
        """Find short replies likely."""
        return [Score(-float(len(reply)), 10) for reply in replies]


def grounded(request: Request) -> str:
    prompt = request.messages[-1].content
    if request.adapter is None:
        return "[Response] Yes, that is so."
    recalled = prompt.partition("You recall:")[2]
    return f"[Response] No. {recalled or 'I do not remember.'}"


def pretend_adapter(persona: Persona, runs: Path, *, before_dpo: bool = False) -> Path:
    base = find_base("nano")
    folder = runs / persona.id / "run" / "adapter"
    states = (folder, folder.parent / "sft" / "adapter") if before_dpo else (folder,)
    for state in states:
        state.mkdir(parents=True)
        (state / WEIGHTS_NAME).write_bytes(b"")
    (folder / "README.md").write_text("# A card\n", encoding="utf-8")
    manifest = Manifest(
        persona=persona.id,
        persona_hash=persona.digest(),
        stages=("early", "late"),
        base=base.name,
        base_key=base.key,
        prompt_hash=prompt_hash_of(base),
        data_hash="",
        settings={},
        versions={},
        seconds=0.0,
    )
    write_manifest(folder, manifest)
    return folder


def place_with(people: Sequence[Persona], runs: Path, *, before_dpo: bool = False) -> Runtime:
    for persona in people:
        pretend_adapter(persona, runs, before_dpo=before_dpo)
    return Runtime(RuntimeOptions(base="nano", runs=runs), engine=GroundedEngine())


@pytest.fixture(scope="module", autouse=True)
def quick_embeddings(letter_embeddings: LetterEmbeddings) -> Iterator[None]:
    """Building, memory and measures take vectors that cost nothing."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (
            "workflows.data",
            "workflows.evaluate",
            "workflows.parallel_eval",
            "agents.runtime",
        ):
            patch.setattr(f"persllm.{module}.find_embeddings", lambda name: letter_embeddings)
        yield


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> tuple[Report, Path]:
    root = tmp_path_factory.mktemp("evaluated")
    people = [write_tiny_persona(root, name) for name in (MARTA, OTTO)]
    report = evaluate(people, place_with(people, root / "runs", before_dpo=True), QUICK)
    return report, root / "runs"


@pytest.fixture
def untrained(tiny_persona: MakePersona, tmp_path: Path) -> tuple[Persona, Runtime]:
    engine = GroundedEngine()
    return tiny_persona(), Runtime(
        RuntimeOptions(base="nano", runs=tmp_path / "runs"), engine=engine
    )


def test_without_an_adapter_memory_is_held_against_the_prompt(
    untrained: tuple[Persona, Runtime],
) -> None:
    marta, place = untrained
    report = evaluate([marta], place, QUICK)
    assert list(report.personas[marta.id].systems) == [PROMPT, EXAMPLES, MEMORY]
    assert table(report).startswith("memory against prompt: ")


def test_an_adapter_that_is_named_and_missing_is_told_before_anything_is_built(
    untrained: tuple[Persona, Runtime],
) -> None:
    marta, place = untrained
    with pytest.raises(AdapterError, match=f"persllm train {marta.folder}"):
        evaluate([marta], place, replace(QUICK, systems=(MEMORY, ADAPTER)))
    assert not place.runs.exists()


def test_prompt_examples_memory_and_adapter_are_told_apart(evaluated: tuple[Report, Path]) -> None:
    report, _ = evaluated
    systems = report.personas["marta-lind"].systems
    assert list(systems) == [*OWN, BEFORE_DPO]
    for name in (PROMPT, EXAMPLES, MEMORY):  # they say yes to everything
        assert systems[name].figures["corrected"].value == 0
        assert systems[name].figures["accepted"].value == 0
    assert systems[ADAPTER].figures["knowledge"].value == 0
    assert systems[BOTH].figures["knowledge"].value > 0
    assert systems[PROMPT].behind["knowledge"].figure.value > 0
    assert "general_loss" not in systems[BOTH].figures
    assert {"bleu_intra", "bleu_stage"} <= systems[BEFORE_DPO].figures.keys()
    assert "knowledge" not in systems[BEFORE_DPO].figures


def test_a_system_is_asked_exactly_as_chat_is(tiny_persona: MakePersona, tmp_path: Path) -> None:
    """The engine's reply tells all of the request but its seed."""
    marta = tiny_persona()
    pretend_adapter(marta, tmp_path / "runs")
    engine = ScriptedEngine(lambda request: repr(replace(request, seed=None)))
    place = Runtime(RuntimeOptions(base="nano", runs=tmp_path / "runs"), engine=engine)
    found = {
        each.name: each
        for each in systems_for(marta, place, [], seed=1, scratch=tmp_path / "scratch")
    }
    for text in ("Hello!", "Who paid you two shillings a week?", "Are you an AI?"):
        [said] = found[BOTH].answer([Question(stage="late", text=text)])
        assert said == place.chat(marta, stage="late").invoke(text).text
    assert "language model" in said


def test_the_page_lists_what_visitors_hear_and_begins_with_what_is_added(
    evaluated: tuple[Report, Path],
) -> None:
    report, _ = evaluated
    text = page(report)
    assert f"{BOTH} against {MEMORY}: " in text.partition("<h2>")[0]
    assert text.count("What visitors hear") == 2
    assert "Would you write me a short poem about the rain?" in text


def test_only_the_named_systems_are_asked_and_the_card_stays(
    tiny_persona: MakePersona, tmp_path: Path
) -> None:
    marta = tiny_persona()
    place = place_with([marta], tmp_path / "runs")
    report = evaluate([marta], place, replace(QUICK, systems=(ADAPTER,)))
    assert list(report.personas[marta.id].systems) == [ADAPTER]
    assert ADAPTER in page(report)
    assert (place.adapter(marta) / "README.md").read_text(encoding="utf-8") == "# A card\n"
    with pytest.raises(DataError, match="no system 'adaptor'"):
        evaluate([marta], place, replace(QUICK, systems=("adaptor",)))


def test_several_personas_are_also_pooled_and_guessed_among(evaluated: tuple[Report, Path]) -> None:
    report, _ = evaluated
    assert list(report.personas) == ["marta-lind", "otto-brand", ALL]
    single = [report.personas[name].systems[BOTH] for name in ("marta-lind", "otto-brand")]
    pooled = report.personas[ALL].systems[BOTH]
    for measure in ("knowledge", "speaker", "bleu_inter"):
        assert pooled.figures[measure].n == sum(
            row.figures[measure].n for row in single if measure in row.figures
        )


def test_every_answer_to_an_item_is_on_disk_with_its_reference(
    evaluated: tuple[Report, Path],
) -> None:
    report, runs = evaluated
    figures = report.personas["marta-lind"].systems[BOTH].figures
    rows = [row for row in read_jsonl(runs / "marta-lind" / "evaluation" / "answers.jsonl")]
    for measure in ("knowledge", "corrected"):
        own = [row for row in rows if row["system"] == BOTH and row["measure"] == measure]
        assert len(own) == figures[measure].n
        assert sum(row["right"] for row in own) / len(own) == pytest.approx(
            figures[measure].value, abs=1e-3
        )
    assert all(row["reference"] and row["question"] for row in rows)


def test_card_and_manifest_get_the_short_form_once(
    evaluated: tuple[Report, Path], tmp_path: Path
) -> None:
    _, runs = evaluated
    folder = runs / "marta-lind" / "run" / "adapter"
    measured = read_manifest(folder).measured
    assert measured[BOTH]["knowledge"]["n"] > 0
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert card.startswith("# A card\n")
    assert card.count(BEGIN) == 1
    assert f"| Marta Lind | {BOTH} |" in card


def test_the_same_seed_gives_the_same_report(tiny_persona: MakePersona, tmp_path: Path) -> None:
    persona = tiny_persona()
    reports = [
        evaluate([persona], place_with([persona], tmp_path / name), QUICK).model_dump(
            exclude={"made": {"seconds"}}
        )
        for name in ("one", "two")
    ]
    assert reports[0] == reports[1]


def test_a_report_is_read_again_and_opens_offline(
    evaluated: tuple[Report, Path], tmp_path: Path
) -> None:
    report, _ = evaluated
    write_report(tmp_path, report)
    assert read_report(tmp_path / "report.json") == report
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<script" not in text
    assert "src=" not in text
    assert "href=" not in text
    assert text.count("<svg") >= 3 + 2 * 8  # a radar each, two plots a tone and persona


def test_a_report_passes_its_own_gate_and_a_worse_one_does_not(
    evaluated: tuple[Report, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report, _ = evaluated
    write_report(tmp_path, report)
    same = tmp_path / "report.json"

    def held(old: Path, new: Path) -> None:
        run_eval(
            [],
            runtime=RuntimeOptions(base="nano", runs=tmp_path),
            options=EvalOptions(),
            report_options=ReportOptions(gate=old, of=new, as_json=True),
        )

    held(same, same)
    assert json.loads(capsys.readouterr().out)["leading"] == BOTH
    worse = json.loads(same.read_text(encoding="utf-8"))
    row = worse["personas"]["marta-lind"]["systems"][PROMPT]
    row["cases"]["general_tasks"] = dict.fromkeys(row["cases"]["general_tasks"], 0.0)
    row["figures"]["general_tasks"]["value"] = 0.0
    (tmp_path / "worse.json").write_text(json.dumps(worse), encoding="utf-8")
    with pytest.raises(GateError, match="marta-lind") as caught:
        held(same, tmp_path / "worse.json")
    assert caught.value.exit_code == 20
    held(tmp_path / "worse.json", same)


def test_what_is_no_report_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{}", encoding="utf-8")
    with pytest.raises(DataError, match="no report"):
        read_report(tmp_path / "x.json")
    with pytest.raises(DataError, match="cannot be read"):
        read_report(tmp_path / "none.json")


def test_the_table_has_a_row_for_each_persona_and_system(evaluated: tuple[Report, Path]) -> None:
    report, _ = evaluated
    lines = table(report).splitlines()
    assert lines[0].startswith(f"{BOTH} against {MEMORY}: ")
    assert lines[1] == ""
    assert len(lines) == 4 + 3 * len(OWN)
    assert len({line.count("|") for line in lines[2:]}) == 1
    assert "unknown declined" in lines[2]
    assert "beyond the horizon declined" in lines[2]


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


def test_where_answers_stand(tiny_persona: MakePersona, tmp_path: Path) -> None:
    path = answers_path(tmp_path, tiny_persona())
    assert path == tmp_path / "marta-lind" / "evaluation" / "answers.jsonl"
