"""The raters' desk in a real Chromium; see `browsing.py` for where that is looked for."""

import socket
from collections.abc import Iterator
from pathlib import Path

import gradio
import pytest
from playwright.sync_api import Browser, Page, expect

from persllm.agents.engines.scripted import ScriptedEngine
from persllm.agents.options import RuntimeOptions
from persllm.agents.runtime import Runtime
from persllm.persona_catalog import find_persona
from persllm.training.evaluation.judging.tasks import Answer
from persllm.ui.web.look import theme
from persllm.ui.web.study_page import DONE, LABELS, Desk, build_desk
from persllm.workflows.study import SCALES, read_rows, study_of
from tests.ui.browsing import PATIENCE, Shoot, browser, grave_faults, shoot
from tests.workflows.test_evaluate import pretend_adapter

pytestmark = [pytest.mark.browser, pytest.mark.slow]
__all__ = ["browser", "shoot"]
SAID = {
    "base": "Alternating current is a type of electrical current.",
    "tuned": "I saw the rotating field in the park at Budapest, and I drew it in the sand.",
}


@pytest.fixture(scope="module")
def ratings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("study") / "ratings.jsonl"


@pytest.fixture(scope="module")
def address(ratings: Path) -> Iterator[str]:
    tesla = find_persona("nikola-tesla")
    pretend_adapter(tesla, ratings.parent)
    answers = [
        Answer(system, f"i{n}", "early", f"What did you see in the park ({n})?", said, "", None)
        for n in range(2)
        for system, said in SAID.items()
    ]
    engine = ScriptedEngine("[Analysis] Hm. [Response] It was a fine evening.")
    runtime = Runtime(RuntimeOptions(base="nano", runs=ratings.parent), engine=engine)
    page = build_desk(Desk(study_of(answers, [], ratings, most=5), tesla, runtime))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    page.queue().launch(
        server_name="127.0.0.1",
        server_port=port,
        quiet=True,
        share=False,
        prevent_thread_lock=True,
        theme=theme(gradio),
    )
    yield f"http://127.0.0.1:{port}"
    page.close()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1100, "height": 900})
    page.set_default_timeout(PATIENCE)
    page.goto(address)
    expect(page.get_by_role("tab", name="Compare")).to_be_visible(timeout=PATIENCE)
    yield page
    page.close()


def mark_all(page: Page, mark: int) -> None:
    for scale in SCALES:
        group = page.locator("fieldset", has_text=LABELS[scale]).locator("visible=true")
        group.get_by_label(str(mark), exact=True).check()


def test_a_rater_compares_rates_and_talks(page: Page, ratings: Path, shoot: Shoot) -> None:
    page.get_by_label("Your name or number").fill("Ann")
    expect(page.get_by_label("Left answer")).not_to_have_value("", timeout=PATIENCE)
    both = {page.get_by_label(f"{side} answer").input_value() for side in ("Left", "Right")}
    assert both == set(SAID.values())
    shoot(page, "compare")
    assert not [*grave_faults(page)]
    page.get_by_role("button", name="The left one").click()
    expect(page.get_by_text("1 to go").locator("visible=true")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name="Equally good").click()
    expect(page.get_by_text(DONE).locator("visible=true")).to_be_visible(timeout=PATIENCE)

    page.get_by_role("tab", name="Rate").click()
    mark_all(page, 4)
    shoot(page, "rate")
    assert not [*grave_faults(page)]
    page.get_by_role("button", name="Keep and go on").click()
    expect(page.get_by_text("3 to go").locator("visible=true")).to_be_visible(timeout=PATIENCE)

    page.get_by_role("tab", name="Talk").click()
    page.get_by_label("You", exact=True).fill("Good day")
    page.get_by_label("You", exact=True).press("Enter")
    expect(page.get_by_text("It was a fine evening.")).to_be_visible(timeout=PATIENCE)
    mark_all(page, 5)
    shoot(page, "talk")
    page.get_by_role("button", name="Rate this conversation").click()
    expect(page.get_by_text("Kept. The next")).to_be_visible(timeout=PATIENCE)

    rows = read_rows(ratings)
    assert [row["kind"] for row in rows] == ["comparison"] * 2 + ["rating", "session"]
    assert rows[0]["winner"] in SAID
    assert rows[1]["winner"] == "tie"
    assert rows[2]["liking"] == 4
    assert rows[3]["turns"][-1]["content"] == "It was a fine evening."
