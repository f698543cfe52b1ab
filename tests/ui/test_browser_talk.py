"""What happens amid a reply, in another tab or on the way back loses and doubles nothing."""

from urllib.parse import urlencode

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.ui.browsing import (
    PATIENCE,
    TESLA,
    HeldEngine,
    address,
    asked_for,
    browser,
    composer,
    engine,
    held,
    meet,
    page,
    people,
    say,
    sees,
    visitor,
)

pytestmark = [pytest.mark.browser, pytest.mark.slow]
__all__ = ["address", "asked_for", "browser", "engine", "held", "page", "people", "visitor"]
EDISON = "Thomas Edison"
BEGUN = "and I answer you"
ANSWER = "I am Tesla in 1893, and I answer you plainly."


def asked(page: Page) -> Locator:
    return page.locator(".chat .user.message")


def answers(page: Page, text: str = BEGUN) -> Locator:
    return page.locator(".chat .bot.message").filter(has_text=text)


def count(found: Locator, number: int) -> None:
    expect(found).to_have_count(number, timeout=PATIENCE)


def begin(page: Page, address: str) -> None:
    """Ask something, and wait until half of the answer is there."""
    meet(page, address)
    say(page, "Good day")
    count(answers(page), 1)


def finished(page: Page) -> None:
    """Wait for the end of the answer: with it the browser keeps it."""
    expect(page.get_by_role("button", name="Another answer")).to_be_visible(timeout=PATIENCE)


def settle(page: Page) -> None:
    """Give whatever might still come the time to come."""
    page.wait_for_timeout(1500)


def test_stop_keeps_what_was_said_and_the_talk_goes_on(
    page: Page, address: str, held: HeldEngine
) -> None:
    begin(page, address)
    page.get_by_role("button", name="Stop").click()
    sees(page, "Stopped.")
    held.free.set()
    settle(page)
    count(answers(page), 1)
    expect(page.get_by_text(ANSWER)).to_have_count(0)
    say(page, "Go on")
    count(answers(page, ANSWER), 1)
    finished(page)
    count(asked(page), 2)
    count(answers(page), 2)


def test_enter_amid_a_reply_keeps_the_message_in_the_box(
    page: Page, address: str, held: HeldEngine
) -> None:
    begin(page, address)
    say(page, "And then?")
    sees(page, "Nikola Tesla is still speaking.")
    held.free.set()
    finished(page)
    settle(page)
    expect(composer(page)).to_have_value("And then?")
    count(asked(page), 1)
    composer(page).press("Enter")
    count(answers(page, ANSWER), 2)
    expect(composer(page)).to_have_value("")
    count(asked(page), 2)


def test_a_reply_of_one_age_never_stands_under_another(
    page: Page, address: str, held: HeldEngine
) -> None:
    begin(page, address)
    page.get_by_role("radio", name="1937").check()
    sees(page, "You meet Nikola Tesla in the year 1937.")
    held.free.set()
    settle(page)
    expect(page.get_by_text(BEGUN).locator("visible=true")).to_have_count(0)
    say(page, "And now?")
    count(answers(page, "I am Tesla in 1937, and I answer you plainly."), 1)
    count(answers(page), 1)
    page.go_back()
    count(answers(page, "I am Tesla in 1893"), 1)
    count(asked(page), 1)


def test_a_reply_of_one_persona_never_stands_under_another(
    page: Page, address: str, held: HeldEngine
) -> None:
    begin(page, address)
    meet(page, address, EDISON, "late")
    held.free.set()
    settle(page)
    expect(page.get_by_text(BEGUN).locator("visible=true")).to_have_count(0)
    say(page, "And you?")
    count(answers(page, "I am Edison in 1929"), 1)
    count(answers(page), 1)


def test_a_reload_amid_a_reply_finds_the_talk_again(
    page: Page, address: str, held: HeldEngine
) -> None:
    begin(page, address)
    page.reload()
    count(asked(page), 1)
    sees(page, "This has no answer yet.")
    held.free.set()
    settle(page)
    page.get_by_role("button", name="Ask again").click()
    count(answers(page, ANSWER), 1)
    finished(page)
    count(asked(page), 1)
    count(page.locator(".kept li"), 1)
    page.reload()
    count(answers(page, ANSWER), 1)


def test_two_tabs_forget_nothing_of_each_other(
    page: Page, visitor: BrowserContext, address: str
) -> None:
    meet(page, address)
    other = visitor.new_page()
    meet(other, address, EDISON, "late")
    say(other, "To Edison")
    count(answers(other, "plainly."), 1)
    finished(other)
    say(page, "To Tesla")
    count(answers(page, "plainly."), 1)
    finished(page)
    count(page.locator(".kept li"), 2)
    other.goto(f"{address}/talk")
    count(other.locator(".kept li"), 2)


def test_a_talk_in_two_tabs_stays_one_talk(
    page: Page, visitor: BrowserContext, address: str
) -> None:
    meet(page, address)
    say(page, "One")
    count(answers(page, "plainly."), 1)
    finished(page)
    other = visitor.new_page()
    other.goto(f"{address}/talk")
    count(answers(other, "plainly."), 1)
    say(other, "Two")
    count(answers(other, "plainly."), 2)
    finished(other)
    say(page, "Three")
    count(answers(page, "plainly."), 3)
    finished(page)
    other.reload()
    count(asked(other), 3)
    count(other.locator(".kept li"), 1)


def test_back_leads_to_the_talk_that_was_left(page: Page, address: str) -> None:
    page.goto(address)
    page.get_by_role("link", name="Talk with Nikola Tesla in 1893").click()
    sees(page, "You meet Nikola Tesla in the year 1893.")
    say(page, "Good day")
    count(answers(page, ANSWER), 1)
    finished(page)
    page.goto(f"{address}/talk?{urlencode({'with': EDISON, 'stage': 'late'})}")
    sees(page, "You meet Thomas Edison")
    page.go_back()
    count(answers(page, ANSWER), 1)
    page.go_back()
    sees(page, "Frederick Douglass")
    page.go_forward()
    expect(page.get_by_role("heading", name=TESLA, exact=True)).to_be_visible(timeout=PATIENCE)
    count(answers(page, ANSWER), 1)
