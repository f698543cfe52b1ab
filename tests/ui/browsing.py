"""A browser, the page it opens, and what a visitor does there; the scripted engine answers.

Chromium is looked for in $PERSLLM_CHROMIUM, /usr/bin/chromium and Playwright's own place.
Screenshots go to the test's folder, and to $PERSLLM_SCREENSHOTS if that is set.
"""

import os
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from urllib.parse import urlencode

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect, sync_playwright

from persllm.agents.engines.scripted import ScriptedEngine
from persllm.agents.options import RuntimeOptions
from persllm.agents.runtime import Runtime
from persllm.engine import Piece, Request
from persllm.ui.web.talk import Company, company
from persllm.ui.web.texts import read_texts
from tests.contracts.memory_contract import HashedWords
from tests.ui.conftest import scripted_answer

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
GRAVE = ("serious", "critical")
TESLA = "Nikola Tesla"
HELD_BEFORE = "plainly"
Shoot = Callable[[Page, str], Path]


class HeldEngine(ScriptedEngine):
    """Waits before a word of its replies until it is free: something may happen amid a reply."""

    def __init__(self) -> None:
        super().__init__(scripted_answer, context=1024)
        self.free = Event()
        self.free.set()

    def stream(self, request: Request) -> Iterator[Piece]:
        for piece in super().stream(request):
            if piece.text.startswith(HELD_BEFORE):
                self.free.wait(PATIENCE / 1000)
            yield piece


@pytest.fixture(scope="module")
def engine() -> HeldEngine:
    return HeldEngine()


@pytest.fixture
def held(engine: HeldEngine) -> Iterator[HeldEngine]:
    """The engine, which stops in the midst of its next reply."""
    engine.free.clear()
    yield engine
    engine.free.set()


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
def people(tmp_path_factory: pytest.TempPathFactory, engine: HeldEngine) -> Iterator[Company]:
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
def visitor(browser: Browser) -> Iterator[BrowserContext]:
    """A visitor who comes for the first time."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(PATIENCE)
    yield context
    context.close()


@pytest.fixture
def page(visitor: BrowserContext, asked_for: list[str]) -> Page:
    """A tab of the visitor's."""
    page = visitor.new_page()
    page.on("request", lambda request: asked_for.append(request.url))
    return page


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


def grave_faults(page: Page) -> Iterator[str]:
    """Yield what axe-core finds on the page as it is."""
    for found in Axe().run(page).response["violations"]:
        if found["impact"] in GRAVE:
            for node in found["nodes"]:
                yield f"{found['id']}: {node['target']} {node['failureSummary']}"
