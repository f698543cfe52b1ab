"""The page in a real Chromium, answered by the scripted engine.

Chromium is looked for in $PERSLLM_CHROMIUM, /usr/bin/chromium and Playwright's own place.
Screenshots go to the test's folder, and to $PERSLLM_SCREENSHOTS if that is set.
"""

import os
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlencode, urlparse

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from persllm.agents.engines.scripted import ScriptedEngine
from persllm.agents.options import RuntimeOptions
from persllm.agents.runtime import Runtime
from persllm.ui.web.talk import Company, company
from persllm.ui.web.texts import read_texts
from tests.contracts.memory_contract import HashedWords

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
"""Milliseconds."""
TESLA = "Nikola Tesla"
HOSTILE = [
    "<img src=x onerror=\"document.title='broken'\"> hello",
    "![x](http://outside.example/x.png) hello",
    '<div style="position:fixed;inset:0;background:red">log in</div>',
    "{{value}} ${1+1} <script>document.title='broken'</script>",
]
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
def people(tmp_path_factory: pytest.TempPathFactory, engine: ScriptedEngine) -> Iterator[Company]:
    """The cast, remembered by words instead of by a model: what the page does is the same."""
    runtime = Runtime(
        RuntimeOptions(base="nano", runs=tmp_path_factory.mktemp("runs")), engine=engine
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("persllm.agents.runtime.find_embeddings", lambda name: HashedWords())
        yield company(runtime, [])


@pytest.fixture(scope="module")
def address(people: Company) -> Iterator[str]:
    from persllm.ui.web.app import build_app, launch
    from persllm.workflows.process_env import quiet_libraries

    quiet_libraries()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    app = build_app(people, read_texts())
    launch(app, read_texts(), host="127.0.0.1", port=port)
    yield f"http://127.0.0.1:{port}"
    app.close()


@pytest.fixture
def asked_for() -> list[str]:
    """Every address the page asked for."""
    return []


@pytest.fixture
def page(browser: Browser, asked_for: list[str]) -> Iterator[Page]:
    """A visitor who comes for the first time."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.on("request", lambda request: asked_for.append(request.url))
    page.set_default_timeout(PATIENCE)
    yield page
    context.close()


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


def meet(page: Page, address: str, name: str = TESLA, stage: str = "early") -> None:
    page.goto(f"{address}/talk?{urlencode({'with': name, 'stage': stage})}")
    expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible(timeout=PATIENCE)


def composer(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Your message")


def say(page: Page, text: str) -> None:
    composer(page).fill(text)
    composer(page).press("Enter")


def sees(page: Page, text: str) -> None:
    expect(page.get_by_text(text).locator("visible=true").first).to_be_visible(timeout=PATIENCE)


def choose(page: Page, label: str, option: str) -> None:
    page.get_by_label(label, exact=True).click()
    page.get_by_role("option", name=option).click()


def test_a_visitor_meets_somebody_talks_and_goes_back(
    page: Page, address: str, shoot: Shoot
) -> None:
    page.goto(address)
    sees(page, "Frederick Douglass")
    shoot(page, "people")
    page.get_by_role("link", name="Talk with Nikola Tesla in 1893").click()
    sees(page, "You meet Nikola Tesla in the year 1893.")
    shoot(page, "start")
    say(page, "What does your mother do?")
    sees(page, "I am Tesla in 1893, and I answer you plainly.")
    sees(page, "experiences.md, line")
    expect(composer(page)).to_have_value("", timeout=PATIENCE)
    shoot(page, "talk")
    page.go_back()
    sees(page, "Frederick Douglass")


def test_a_question_of_the_stage_is_asked_by_a_click(page: Page, address: str) -> None:
    meet(page, address, "Frederick Douglass", "late")
    question = page.locator("button.question:visible").first
    asked = question.inner_text()
    question.click()
    sees(page, asked)
    sees(page, "and I answer you plainly.")


def test_another_age_begins_a_branch_and_deletes_nothing(page: Page, address: str) -> None:
    meet(page, address)
    say(page, "Good day")
    sees(page, "I am Tesla in 1893")
    page.get_by_role("radio", name="1937").check()
    sees(page, "You meet Nikola Tesla in the year 1937.")
    page.locator("button.question:visible", has_text="Good day").click()
    sees(page, "I am Tesla in 1937")
    page.get_by_role("link", name="Nikola Tesla, 1893").click()
    sees(page, "I am Tesla in 1893")


def test_a_talk_is_found_again_after_a_reload(page: Page, address: str) -> None:
    meet(page, address, "Thomas Edison", "late")
    say(page, "Good day to you, sir")
    expect(page.get_by_role("button", name="Another answer")).to_be_visible(timeout=PATIENCE)
    page.goto(f"{address}/talk")
    sees(page, "I am Edison in 1929")


def test_a_further_answer_is_one_of_two(page: Page, address: str) -> None:
    meet(page, address)
    say(page, "Good day")
    sees(page, "I am Tesla in 1893")
    page.get_by_role("button", name="Another answer").click()
    sees(page, "Answer 2 of 2")
    page.get_by_role("button", name="Earlier answer").click()
    sees(page, "Answer 1 of 2")


def test_a_refused_message_stays_in_the_box_and_is_nobodys_words(page: Page, address: str) -> None:
    meet(page, address)
    composer(page).evaluate("box => box.removeAttribute('maxlength')")
    long = "long " * 500
    say(page, long)
    sees(page, "Your message has 2500 characters; at most 2000 are read.")
    expect(composer(page)).to_have_value(long)
    expect(page.get_by_role("button", name="Another answer")).to_have_count(0)


@pytest.mark.parametrize("hostile", HOSTILE)
def test_what_people_and_models_say_is_only_text(
    page: Page, address: str, asked_for: list[str], hostile: str, engine: ScriptedEngine
) -> None:
    before, engine._answer = engine._answer, lambda request: f"[Analysis] A. [Response] {hostile}"
    try:
        meet(page, address)
        say(page, hostile)
        sees(page, "0.")
        spoken = page.locator(".chat").get_by_text(hostile, exact=True).locator("visible=true")
        expect(spoken).to_have_count(2, timeout=PATIENCE)
        listed = page.locator(".kept").get_by_text(hostile, exact=True).locator("visible=true")
        expect(listed).to_have_count(1, timeout=PATIENCE)
    finally:
        engine._answer = before
    assert page.title() == "persllm"
    asked = {urlparse(url).hostname for url in asked_for if not url.startswith(("data:", "blob:"))}
    assert asked == {"127.0.0.1"}


def test_a_scenario_sets_motion_speakers_and_stages(page: Page, address: str) -> None:
    page.goto(f"{address}/debate")
    choose(page, "Scenario", "The Constitution")
    expect(page.get_by_label("Motion")).to_have_value(
        "The Constitution of the United States stands on the side of liberty.", timeout=PATIENCE
    )
    expect(page.get_by_label("For", exact=True)).to_have_value("Frederick Douglass")
    expect(page.get_by_label("Stage of the first")).to_have_value("late: 1851 to 1888")
    expect(page.get_by_label("Stage of the second")).to_have_value("early: 1818 to 1850")


def test_a_visitor_watches_a_debate(page: Page, address: str, shoot: Shoot) -> None:
    page.goto(f"{address}/debate")
    page.get_by_label("number input for Turns").fill("4")
    page.get_by_label("number input for Turns").press("Enter")
    page.get_by_role("button", name="Start the debate").click()
    answers = page.get_by_text("and I answer you plainly.").locator("visible=true")
    expect(answers).to_have_count(4, timeout=PATIENCE)
    sees(page, "Thomas Edison (early)")
    shoot(page, "debate")


@pytest.mark.parametrize("screen", ["", "/talk", "/debate"])
def test_every_screen_fits_a_telephone(page: Page, address: str, screen: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(address + screen)
    expect(page.get_by_role("link", name="Talk", exact=True)).to_be_visible(timeout=PATIENCE)
    if screen == "/talk":
        send = page.get_by_role("button", name="Send")
        expect(send).to_have_count(1, timeout=PATIENCE)  # two for a moment, while the page is built
        expect(send).to_be_in_viewport(timeout=PATIENCE)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
