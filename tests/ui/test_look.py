"""Texts, colours, cards and what leaves the server: all without a browser."""

import re
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from persllm.errors import ServeError
from persllm.persona import Persona, Stage
from persllm.ui.web import look
from persllm.ui.web.conversation import Answer, Source
from persllm.ui.web.gallery import gallery
from persllm.ui.web.portraits import ACCENTS, accents, initials, portrait
from persllm.ui.web.shell import header
from persllm.ui.web.sources import marked, sources_page
from persllm.ui.web.texts import languages, read_texts

FIELD = re.compile(r"\{(\w+)\}")
ENGLISH = read_texts("en")
HOSTILE = '<img src=x onerror=alert(1)><b style="position:fixed">{name}'


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours as WCAG 2 defines it."""
    light = sorted((luminance(one), luminance(other)))
    return (light[1] + 0.05) / (light[0] + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(
    ("ink", "ground"),
    [
        (look.INK, look.PAPER),
        (look.QUIET, look.PAPER),
        (look.QUIET, look.CARD),
        (look.QUIET, "#E6EFEC"),
        (look.INK, "#F3E3B3"),
        ("#FFFFFF", look.PRIMARY),
        ("#FFFFFF", "#174A47"),
        (look.DARK_INK, look.DARK),
        (look.QUIET_DARK, look.DARK),
        (look.QUIET_DARK, look.CARD_DARK),
        (look.DARK_INK, "#22332F"),
        (look.DARK_INK, "#5A4A16"),
        (look.DARK, look.PRIMARY_DARK),
        *((("#FFFFFF"), accent) for accent in ACCENTS),
    ],
)
def test_text_stands_out_from_its_ground(ink: str, ground: str) -> None:
    assert contrast(ink, ground) >= 4.5


def test_all_languages_have_the_same_texts_with_the_same_fields() -> None:
    assert {"en", "zh"} <= set(languages())
    for language in languages():
        texts = read_texts(language).by_name
        assert {name: set(FIELD.findall(text)) for name, text in texts.items()} == {
            name: set(FIELD.findall(text)) for name, text in ENGLISH.by_name.items()
        }


def test_every_text_is_used() -> None:
    code = "".join(path.read_text() for path in Path(look.__file__).parent.glob("*.py"))
    unused = [name for name in ENGLISH.by_name if not re.search(f"[\"']{name}[\"']", code)]
    assert unused == ["stage_of_first", "stage_of_second"]


def test_a_language_that_the_page_does_not_speak_is_refused() -> None:
    with pytest.raises(ServeError, match="Choose one of: en, zh"):
        read_texts("xx")


@pytest.mark.parametrize(
    ("name", "letters"),
    [("Nikola Tesla", "NT"), ("W. E. B. Du Bois", "WB"), ("Plato", "P"), ("孔子", "孔")],
)
def test_initials(name: str, letters: str) -> None:
    assert initials(name) == letters


def test_no_two_people_of_a_page_have_one_colour() -> None:
    assert len(set(accents([f"p{n}" for n in range(len(ACCENTS))]).values())) == len(ACCENTS)


def person(name: str) -> Persona:
    stages = (Stage("early", "young", -50, 10, ("early",)), Stage("late", "old", 11, 20, ("late",)))
    return Persona(
        id="p",
        name=name,
        summary=HOSTILE,
        language="en",
        stages=stages,
        disclosure="honest",
        rights=None,
        folder=Path("p"),
        materials_folder=Path("p/materials"),
    )


def test_a_card_has_an_address_for_every_stage_and_only_text_of_the_persona() -> None:
    page = gallery([person(HOSTILE)], {"p": ACCENTS[0]}, ENGLISH)
    assert "<img" not in page
    assert "<b " not in page
    assert "50 BC to 20" in page
    assert len(re.findall(r'href="talk\?with=[^"<>]+&amp;stage=(?:early|late)"', page)) == 2


def test_a_portrait_is_only_a_drawing() -> None:
    assert "<img" not in portrait(HOSTILE, ACCENTS[0])
    assert portrait("Ada", ACCENTS[0]) == portrait("Ada", ACCENTS[0])


def test_the_header_marks_the_open_screen_and_says_what_runs() -> None:
    page = header(ENGLISH, "talk", "<small>")
    assert '<a href="talk" aria-current=page>Talk</a>' in page
    assert "runs &lt;small&gt;" in page
    assert "persllm ui --base nano" in page


def test_words_that_the_answer_shares_are_marked() -> None:
    found = marked("My mother made looms & tools.", "She invented tools for her loom, my mother.")
    assert found == "My <mark>mother</mark> made <mark>looms</mark> &amp; <mark>tools</mark>."


def test_sources_have_a_readable_origin_and_the_analysis_is_folded() -> None:
    answer = Answer("Looms.", (Source(HOSTILE, "experiences.md:12"),), "I weigh <it>.")
    page = sources_page(answer, ENGLISH)
    assert "experiences.md, line 12" in page
    assert "<img" not in page
    assert '<details class="analysis"><summary>What was weighed before the answer' in page
    assert "I weigh &lt;it&gt;." in page


@pytest.mark.parametrize("answer", [None, Answer("Yes.")])
def test_an_answer_without_sources_says_so(answer: Answer | None) -> None:
    name = "sources_none" if answer else "sources_first"
    assert ENGLISH(name) in sources_page(answer, ENGLISH)


def guarded_site() -> TestClient:
    async def page(request: Request) -> HTMLResponse:
        return HTMLResponse('<head><meta property="og:title" content="Gradio" /><b>it</b></head>')

    async def data(request: Request) -> JSONResponse:
        return JSONResponse({"a": 1})

    routes = [Route("/", page), Route("/data", data)]
    return TestClient(
        Starlette(routes=routes, middleware=[Middleware(look.Guarded, texts=ENGLISH)])
    )


def test_pages_have_our_preview_and_not_gradios() -> None:
    text = guarded_site().get("/").text
    assert '<meta property="og:title" content="persllm">' in text
    assert "Gradio" not in text
    assert "<b>it</b>" in text


@pytest.mark.parametrize("path", ["/", "/data", "/nowhere"])
def test_every_answer_forbids_to_fetch_from_elsewhere(path: str) -> None:
    policy = guarded_site().get(path).headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "img-src 'self' data: blob:" in policy
    assert "http" not in policy
