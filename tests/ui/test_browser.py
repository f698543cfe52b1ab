"""The page in a real Chromium, answered by the scripted engine."""

from urllib.parse import urlparse

import pytest
from playwright.sync_api import Page, expect

from persllm.agents.engines.scripted import ScriptedEngine
from persllm.ui.web.screen import LONGEST_TITLE
from tests.ui.browsing import (
    PATIENCE,
    TESLA,
    Shoot,
    address,
    asked_for,
    browser,
    choose,
    composer,
    engine,
    meet,
    page,
    people,
    say,
    sees,
    shoot,
    visitor,
)

pytestmark = [pytest.mark.browser, pytest.mark.slow]
__all__ = ["address", "asked_for", "browser", "engine", "page", "people", "shoot", "visitor"]
HOSTILE = [
    "<img src=x onerror=\"document.title='broken'\"> hello",
    "![x](http://outside.example/x.png) hello",
    '<div style="position:fixed;inset:0;background:red">log in</div>',
    "{{value}} ${1+1} <script>document.title='broken'</script>",
]


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
        shown = hostile[: LONGEST_TITLE - 1]
        listed = page.locator(".kept").get_by_text(shown).locator("visible=true")
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


def test_a_visitor_compares_two_ages(page: Page, address: str) -> None:
    page.goto(f"{address}/compare")
    question = page.get_by_label("Question")
    offered = question.input_value()
    choose(page, "Persona", "Frederick Douglass")
    expect(question).not_to_have_value(offered, timeout=PATIENCE)
    question.fill("What do you fear?")
    choose(page, "Persona", TESLA)
    page.get_by_role("button", name="Compare").click()
    answers = page.get_by_role("article")
    expect(answers).to_have_count(2, timeout=PATIENCE)
    expect(question).to_have_value("What do you fear?")
    assert answers.locator("mark").all_inner_texts() == ["1893", "1937"]


@pytest.mark.parametrize("screen", ["", "/talk", "/debate", "/compare"])
def test_every_screen_fits_a_telephone(page: Page, address: str, screen: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(address + screen)
    expect(page.get_by_role("link", name="Talk", exact=True)).to_be_visible(timeout=PATIENCE)
    if screen == "/talk":
        send = page.get_by_role("button", name="Send")
        expect(send).to_have_count(1, timeout=PATIENCE)  # two for a moment, while the page is built
        expect(send).to_be_in_viewport(timeout=PATIENCE)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
