"""The start screen: a card for each persona."""

from html import escape
from urllib.parse import urlencode

from persllm.persona import Persona, Stage, year_text
from persllm.ui.web.portraits import portrait
from persllm.ui.web.texts import Texts


def gallery(personas: list[Persona], colours: dict[str, str], texts: Texts) -> str:
    """Return all cards, and last how to make one's own."""
    cards = "".join(_card(persona, colours[persona.id], texts) for persona in personas)
    return (
        f'<main class="people"><h1>{texts.html("tagline")}</h1>'
        f'<p class="lead">{texts.html("people_lead")}</p>'
        f'<ul class="cards">{cards}{_own(texts)}</ul>'
        f'<p class="note">{texts.html("note")}</p></main>'
    )


def talk_address(persona: Persona, stage: Stage) -> str:
    """Return where to talk with a persona at a stage."""
    return "talk?" + urlencode({"with": persona.name, "stage": stage.id})


def life(persona: Persona) -> str:
    """Return the years that the stages span."""
    return f"{year_text(persona.stages[0].first)} to {year_text(persona.stages[-1].last)}"


def _card(persona: Persona, colour: str, texts: Texts) -> str:
    stages = "".join(
        f'<a class="stage" href="{escape(talk_address(persona, stage))}" aria-label="'
        f'{texts.html("meet", name=persona.name, year=year_text(stage.last))}">'
        f"{year_text(stage.last)}</a>"
        for stage in persona.stages
    )
    return (
        f'<li class="card" style="--accent:{colour}">{portrait(persona.name, colour)}'
        f'<h2>{escape(persona.name)}</h2><p class="years">{life(persona)}</p>'
        f'<p class="line">{escape(persona.summary)}</p><div class="stages">{stages}</div></li>'
    )


def _own(texts: Texts) -> str:
    return (
        f'<li class="card own"><h2>{texts.html("own_title")}</h2>'
        f'<p class="line">{texts.html("own_text")}</p>'
        "<code>persllm init my-persona</code><code>persllm import my-persona letters/</code></li>"
    )
