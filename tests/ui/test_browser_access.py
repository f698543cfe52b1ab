"""Nobody is kept out: what axe-core finds on each screen, and the page by keyboard alone."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.ui.browsing import (
    PATIENCE,
    TESLA,
    Shoot,
    address,
    asked_for,
    browser,
    engine,
    grave_faults,
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
WIDTHS = (1280, 390)
THEMES = ("light", "dark")
FOCUSED = """() => {
    const it = document.activeElement;
    const label = it?.labels?.[0]?.innerText;
    const name = it?.ariaLabel || label || it?.innerText || "";
    return [name.trim(), getComputedStyle(it).outlineStyle];
}"""
MOST_TABS = 80


def people_screen(page: Page, address: str) -> None:
    page.goto(address)
    sees(page, "Frederick Douglass")


def start_screen(page: Page, address: str) -> None:
    meet(page, address)


def talk_screen(page: Page, address: str) -> None:
    meet(page, address)
    say(page, "What does your mother do?")
    expect(page.get_by_role("button", name="Another answer")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name="Another answer").click()
    sees(page, "Answer 2 of 2")
    page.locator(".analysis summary").click()


def debate_screen(page: Page, address: str) -> None:
    page.goto(f"{address}/debate")
    page.get_by_role("button", name="Start the debate").click()
    spoken = page.locator(".debate .message", has_text="plainly.").locator("visible=true")
    expect(spoken.nth(5)).to_be_visible(timeout=PATIENCE)


def compare_screen(page: Page, address: str) -> None:
    page.goto(f"{address}/compare")
    page.get_by_role("radio", name="Base, memory and adapter").check()
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("article").nth(3)).to_contain_text("plainly.", timeout=PATIENCE)


SCREENS: dict[str, Callable[[Page, str], None]] = {
    "people": people_screen,
    "start": start_screen,
    "talk": talk_screen,
    "debate": debate_screen,
    "compare": compare_screen,
}


def test_what_keeps_people_out_is_found(page: Page) -> None:
    page.set_content('<html lang="en"><title>x</title><p style="color:#999">Pale</p></html>')
    assert [fault.partition(":")[0] for fault in grave_faults(page)] == ["color-contrast"]


@pytest.mark.parametrize("name", SCREENS)
def test_axe_finds_nothing_serious(page: Page, address: str, shoot: Shoot, name: str) -> None:
    SCREENS[name](page, address)
    faults: list[str] = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        for theme in THEMES:
            page.evaluate("dark => document.body.classList.toggle('dark', dark)", theme == "dark")
            page.wait_for_timeout(300)  # colours change gradually
            faults += [f"{width} {theme} {fault}" for fault in grave_faults(page)]
            shoot(page, f"{name}-{width}-{theme}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert not faults, "\n".join(faults)


def tab_to(page: Page, name: str, key: str = "Tab") -> None:
    """Press a key until something of that name has the focus, and can be seen to have it."""
    passed = []
    for _ in range(MOST_TABS):
        page.keyboard.press(key)
        focused, outline = page.evaluate(FOCUSED)
        if focused == name:
            assert outline != "none", f"{name} has the focus, and nothing shows it"
            return
        passed.append(focused)
    pytest.fail(f"{name} is not reached by {key}: {passed}")


def test_the_page_is_used_by_keyboard_alone(page: Page, address: str) -> None:
    people_screen(page, address)
    tab_to(page, "Talk with Nikola Tesla in 1893")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=TESLA, exact=True)).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_role("textbox", name="Your message")).to_be_focused(timeout=PATIENCE)
    page.keyboard.type("Good day")
    page.keyboard.press("Enter")
    sees(page, "I am Tesla in 1893, and I answer you plainly.")
    tab_to(page, "Debate", "Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Start the debate")).to_be_visible(timeout=PATIENCE)
    tab_to(page, "Motion")
    page.keyboard.press("Control+A")
    page.keyboard.type("The lamp belongs to everybody.")
    tab_to(page, "Scenario", "Shift+Tab")
    tab_to(page, "Start the debate")
    expect(page.get_by_label("Motion")).to_have_value("The lamp belongs to everybody.")
    page.keyboard.press("Enter")
    sees(page, "Thomas Edison (early)")
