"""The page in a real Chromium, answered by the scripted engine.

Chromium is looked for in $PERSLLM_CHROMIUM, /usr/bin/chromium and Playwright's own place.
Screenshots go to the test's folder, and to $PERSLLM_SCREENSHOTS if that is set.
"""

import os
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlparse

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from persllm.ui.web.talk import Company

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SYSTEM_CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE = 60_000
"""Milliseconds; the first reply loads the embeddings."""
Shoot = Callable[[Page, str], Path]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chosen = os.environ.get("PERSLLM_CHROMIUM", SYSTEM_CHROMIUM)
        path = chosen if Path(chosen).exists() else playwright.chromium.executable_path
        if not Path(path).exists():
            pytest.skip("no Chromium: apt-get install chromium, or playwright install chromium")
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def address(people: Company) -> Iterator[str]:
    from persllm.ui.web.app import build_app
    from persllm.workflows.process_env import quiet_libraries

    quiet_libraries()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    app = build_app(people)
    app.queue().launch(
        server_name="127.0.0.1", server_port=port, quiet=True, share=False, prevent_thread_lock=True
    )
    yield f"http://127.0.0.1:{port}"
    app.close()


@pytest.fixture
def asked_for() -> list[str]:
    """Every address the page asked for."""
    return []


@pytest.fixture
def page(browser: Browser, address: str, asked_for: list[str]) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1100, "height": 1000})
    page.on("request", lambda request: asked_for.append(request.url))
    page.set_default_timeout(PATIENCE)
    page.goto(address)
    expect(page.get_by_role("tab", name="Debate")).to_be_visible(timeout=PATIENCE)
    yield page
    page.close()


@pytest.fixture
def shoot(tmp_path: Path) -> Shoot:
    def take(page: Page, name: str) -> Path:
        path = tmp_path / f"{name}.png"
        page.screenshot(path=path, full_page=True)
        if folder := os.environ.get("PERSLLM_SCREENSHOTS"):
            Path(folder).mkdir(parents=True, exist_ok=True)
            shutil.copy(path, folder)
        return path

    return take


def say(page: Page, text: str) -> None:
    box = page.get_by_label("You", exact=True)
    box.fill(text)
    box.press("Enter")


def choose(page: Page, label: str, option: str) -> None:
    page.get_by_label(label, exact=True).click()
    page.get_by_role("option", name=option).click()


def sees(page: Page, text: str) -> None:
    expect(page.get_by_text(text).locator("visible=true").first).to_be_visible(timeout=PATIENCE)


def test_a_visitor_chats_and_sees_what_was_recalled(page: Page, shoot: Shoot) -> None:
    say(page, "What does your mother do?")
    sees(page, "I am Tesla in 1893, and I answer you plainly.")
    sees(page, "experiences.md:")
    assert shoot(page, "chat").stat().st_size > 10_000


def test_what_was_typed_is_sent_and_the_box_is_empty(page: Page) -> None:
    say(page, "Good day to you, sir")
    sees(page, "Good day to you, sir")
    expect(page.get_by_label("You", exact=True)).to_have_value("", timeout=PATIENCE)


def test_another_stage_answers_from_its_year(page: Page, shoot: Shoot) -> None:
    choose(page, "Stage", "late")
    say(page, "Good day")
    sees(page, "I am Tesla in 1937")
    shoot(page, "stage")


def test_another_persona_answers_and_begins_anew(page: Page, shoot: Shoot) -> None:
    say(page, "Good day")
    sees(page, "I am Tesla in 1893")
    choose(page, "Persona", "Thomas Edison")
    expect(page.get_by_text("I am Tesla in 1893")).to_have_count(0, timeout=PATIENCE)
    say(page, "Good evening")
    sees(page, "I am Edison in 1889")
    shoot(page, "persona")


def test_an_example_question_of_the_chosen_persona_is_asked_by_a_click(
    page: Page, people: Company, shoot: Shoot
) -> None:
    choose(page, "Persona", "Frederick Douglass")
    question = people.personas["Frederick Douglass"].questions[0]
    page.get_by_role("button", name=question).or_(page.get_by_text(question)).first.click()
    sees(page, "and I answer you plainly.")
    shoot(page, "question")


def test_a_scenario_sets_motion_speakers_and_stages(page: Page, shoot: Shoot) -> None:
    page.get_by_role("tab", name="Debate").click()
    choose(page, "Scenario", "The Constitution")
    expect(page.get_by_label("Motion")).to_have_value(
        "The Constitution of the United States stands on the side of liberty.", timeout=PATIENCE
    )
    expect(page.get_by_label("For", exact=True)).to_have_value("Frederick Douglass")
    expect(page.get_by_label("Stage of the first")).to_have_value("late: 1851 to 1888")
    expect(page.get_by_label("Stage of the second")).to_have_value("early: 1818 to 1850")
    page.get_by_role("button", name="Start the debate").click()
    sees(page, "and I answer you plainly.")
    shoot(page, "scenario")


def test_a_new_conversation_begins_empty(page: Page) -> None:
    say(page, "Good day")
    sees(page, "I am Tesla in 1893")
    page.get_by_role("button", name="New conversation").click()
    expect(page.get_by_text("I am Tesla in 1893")).to_have_count(0, timeout=PATIENCE)
    sees(page, "Nothing was recalled.")


def test_what_a_visitor_types_is_no_html(page: Page) -> None:
    say(page, "<img src=x onerror=\"document.title='broken'\"> hello")
    sees(page, "I am Tesla in 1893")
    assert page.title() == "persllm"


def test_a_visitor_watches_a_debate(page: Page, shoot: Shoot) -> None:
    page.get_by_role("tab", name="Debate").click()
    page.get_by_label("number input for Turns").fill("4")
    page.get_by_label("number input for Turns").press("Enter")
    page.get_by_role("button", name="Start the debate").click()
    answers = page.get_by_text("and I answer you plainly.").locator("visible=true")
    expect(answers).to_have_count(4, timeout=PATIENCE)
    sees(page, "Thomas Edison (early)")
    shoot(page, "debate")


def test_the_page_asks_nobody_else(page: Page, asked_for: list[str]) -> None:
    say(page, "Good day")
    sees(page, "I am Tesla in 1893")
    asked = {urlparse(url).hostname for url in asked_for if not url.startswith(("data:", "blob:"))}
    assert asked == {"127.0.0.1"}


def test_the_page_fits_a_telephone(page: Page, shoot: Shoot) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    sees(page, "Recalled for the last reply")
    shoot(page, "telephone")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
