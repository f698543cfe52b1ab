"""The review desk in the terminal, by orders, and as a page; and exports by command."""

import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from rich.console import Console
from typer.testing import CliRunner

from persllm.persona import Persona
from persllm.training.data.build import build
from persllm.training.data.decisions import read_decisions
from persllm.training.data.review import Desk, Wanted
from persllm.ui.cli.actions.review import sit_down
from persllm.ui.cli.main import app
from tests.doubles import NANO_PROFILE, LetterEmbeddings, write_tiny_persona
from tests.ui.browsing import PATIENCE, Shoot, browser, shoot  # noqa: F401 (fixtures)

RUNNER = CliRunner()


@pytest.fixture
def marta(tmp_path: Path) -> Persona:
    persona = write_tiny_persona(tmp_path)
    data = tmp_path / "runs" / persona.id / "data"
    build(persona, out=data, others=[], embeddings=LetterEmbeddings(), profile=NANO_PROFILE)
    return persona


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    return tmp_path / "runs"


def _run(*arguments: str | Path) -> str:
    result = RUNNER.invoke(app, list(map(str, arguments)))
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def _listed(persona: Persona, runs: Path, *more: str) -> list[dict[str, str]]:
    output = _run("review", persona.folder, "--runs", runs, "--json", *more)
    return [json.loads(line) for line in output.splitlines()]


def test_without_a_terminal_items_are_listed_and_nothing_is_asked(
    marta: Persona, runs: Path
) -> None:
    output = _run("review", marta.folder, "--runs", runs, "--pattern", "opinion")
    assert "-opinion-" in output
    assert "-ordinary-" not in output
    assert "0 accepted, 0 edited, 0 rejected" in output


def test_items_are_decided_about_by_their_ids(marta: Persona, runs: Path) -> None:
    first, second, third = (row["id"] for row in _listed(marta, runs)[:3])
    _run(
        *("review", marta.folder, "--runs", runs, "--accept", first),
        *("--reject", second, "--why", "dull", "--edit", third, "--response", "I wept."),
    )
    verdicts = {row["id"]: row["verdict"] for row in _listed(marta, runs)}
    assert [verdicts[each] for each in (first, second, third)] == ["accept", "reject", "edit"]
    left = {row["id"] for row in _listed(marta, runs, "--unreviewed")}
    assert not left & {first, second, third}


def test_a_sitting_takes_one_item_after_the_other(marta: Persona, runs: Path) -> None:
    desk = Desk(marta, runs / marta.id / "data")
    ids = [sheet.item.id for sheet in desk.sheets()]
    answers = iter(["a", "r", "dull", "u", "e", "", "I wept.", "x", "s", "q"])
    console = Console(record=True, width=120)
    sit_down(desk, Wanted(), console=console, ask=lambda prompt: next(answers))
    made = {decision.item: decision for decision in read_decisions(marta).values()}
    assert {made[ids[0]].verdict, made[ids[1]].verdict} == {"accept", "edit"}
    assert made[ids[1]].response == "I wept."
    assert len(made) == 2
    shown = console.export_text()
    assert "comes from" in shown
    assert "Answer with one of" in shown


@pytest.mark.parametrize("form", ["openai", "trl", "sharegpt", "datasets"])
def test_a_build_is_exported_by_command(
    marta: Persona, runs: Path, tmp_path: Path, form: str
) -> None:
    command = ("export-data", marta.folder, "--runs", runs, "--format", form, "--json")
    files = json.loads(_run(*command, "--to", tmp_path / form))["files"]
    assert files
    assert all(Path(path).stat().st_size for path in files)


@pytest.fixture
def page(browser: Browser, marta: Persona, runs: Path) -> Iterator[Page]:  # noqa: F811 (fixture)
    import gradio

    from persllm.ui.web.look import theme
    from persllm.ui.web.review_page import build_page
    from persllm.workflows.process_env import quiet_libraries
    from persllm.workflows.review import open_desk

    quiet_libraries()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    desk = build_page(open_desk(str(marta.folder), runs))
    desk.launch(
        server_name="127.0.0.1",
        server_port=port,
        quiet=True,
        share=False,
        prevent_thread_lock=True,
        theme=theme(gradio),
    )
    page = browser.new_page(viewport={"width": 1100, "height": 900})
    page.set_default_timeout(PATIENCE)
    page.goto(f"http://127.0.0.1:{port}")
    yield page
    page.close()
    desk.close()


@pytest.mark.slow
@pytest.mark.browser
def test_a_reviewer_accepts_edits_rejects_and_undoes_on_the_page(
    page: Page,
    marta: Persona,
    shoot: Shoot,  # noqa: F811 (fixture)
) -> None:
    where = page.get_by_label("Where you are")
    expect(where).to_have_value(_begins("1 of"), timeout=PATIENCE)
    expect(page.get_by_label("Comes from")).not_to_have_value("")
    shoot(page, "review")
    page.get_by_role("button", name="Accept").click()
    expect(where).to_have_value(_begins("2 of"), timeout=PATIENCE)
    page.get_by_label("Response").fill("I was proud of it all my life.")
    page.get_by_role("button", name="Keep my words").click()
    expect(where).to_have_value(_begins("3 of"), timeout=PATIENCE)
    page.get_by_label("Why rejected").fill("dull")
    page.get_by_role("button", name="Reject").click()
    expect(where).to_have_value(_begins("4 of"), timeout=PATIENCE)
    page.get_by_role("button", name="Undo").click()
    expect(where).to_have_value(_begins("3 of"), timeout=PATIENCE)
    decisions = list(read_decisions(marta).values())
    assert sorted(decision.verdict for decision in decisions) == ["accept", "edit"]
    assert "I was proud of it all my life." in {decision.response for decision in decisions}
    shoot(page, "undone")


def _begins(text: str) -> re.Pattern[str]:
    return re.compile(f"^{text} ")
