"""The compare screen: one question, the answers of a persona side by side."""

from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

import gradio

from persllm.errors import PersLLMError
from persllm.persona import Persona, year_text
from persllm.ui.web.greeting import questions_for
from persllm.ui.web.portraits import portrait
from persllm.ui.web.talk import MOST_SAID, Company, train_command
from persllm.ui.web.texts import Texts
from persllm.workflows.compare import MADE_OF, PARTS, STAGES, Column, compare

BY_TEXTS = {STAGES: "by_stages", PARTS: "by_parts"}
PART_TEXTS = dict(
    zip(MADE_OF, ("part_base", "part_memory", "part_adapter", "part_both"), strict=True)
)
COMPARISONS_AT_ONCE = 4


def compare_page(people: Company, texts: Texts) -> None:
    """Add the screen to the page that is being built."""
    offered = {
        name: questions_for(each, each.stages[0])[0] for name, each in people.personas.items()
    }
    first = people.personas[people.names[0]]
    gradio.HTML(
        f'<div class="lead-in"><h1>{texts.html("compare")}</h1>'
        f'<p class="lead">{texts.html("compare_lead")}</p></div>'
    )
    with gradio.Column(elem_classes="compare"):
        with gradio.Row(elem_classes="asked"):
            who = gradio.Dropdown(people.names, value=first.name, label=texts("persona"))
            by = gradio.Radio(
                [(texts(text), way) for way, text in BY_TEXTS.items()],
                value=STAGES,
                label=texts("by"),
            )
            stage = gradio.Dropdown(
                _years(first), value=first.stages[0].id, label=texts("year"), visible=False
            )
        with gradio.Row(elem_classes="ask"):
            question = gradio.Textbox(
                label=texts("question"),
                value=offered[first.name],
                max_length=MOST_SAID,
                max_lines=4,
                scale=1,
            )
            start = gradio.Button(texts("start_compare"), variant="primary", min_width=0, scale=0)
        shown = gradio.HTML(elem_classes="answers")

    def choose(name: str, before: str, asked: str) -> list[Any]:
        """Offer a question of whoever is chosen, in place of one that was only offered too."""
        if name == before:  # the choice was only left, as on the way through the page by Tab
            return [gradio.skip()] * 3
        persona = people.personas[name]
        is_own = asked.strip() and asked not in offered.values()
        return [
            name,
            gradio.Dropdown(_years(persona), value=persona.stages[0].id),
            gradio.skip() if is_own else offered[name],
        ]

    def answer(name: str, way: str, stage_id: str, asked: str) -> Iterator[str]:
        persona = people.personas[name]
        yield f'<p class="quiet" role="status">{texts.html("comparing", name=name)}</p>'
        try:
            columns = compare(people.runtime, persona, asked, by=way, stage=stage_id)
        except PersLLMError as error:
            gradio.Warning(texts.html("not_answered", error=error))
            yield ""
            return
        yield columns_page(people, persona, way, columns, texts)

    before = gradio.State(first.name)
    who.input(
        choose,
        [who, before, question],
        [before, stage, question],
        api_name="compare_stages",
        show_progress="hidden",
    )
    by.input(lambda way: gradio.Dropdown(visible=way == PARTS), by, stage, api_name="compare_by")
    gradio.on(
        [start.click, question.submit],
        answer,
        [who, by, stage, question],
        shown,
        api_name="compare",
        show_progress="hidden",
        concurrency_limit=COMPARISONS_AT_ONCE,
    )


def columns_page(
    people: Company, persona: Persona, by: str, columns: Sequence[Column], texts: Texts
) -> str:
    """Return the answers side by side, their differences marked."""
    colour = people.colours[persona.id]
    answers = "".join(_answer(persona, colour, by, column, texts) for column in columns)
    notes = [texts.html("marked")]
    if by == PARTS and len(columns) < len(MADE_OF):
        notes.append(texts.html("adapter_off", command=train_command(people, persona.name)))
    told = "".join(f'<p class="quiet">{note}</p>' for note in notes)
    return (
        f'<section aria-label="{texts.html("answers")}"><div class="columns" '
        f'style="--accent:{colour}">{answers}</div>{told}</section>'
    )


def _years(persona: Persona) -> list[tuple[str, str]]:
    return [(year_text(stage.last), stage.id) for stage in persona.stages]


def _answer(persona: Persona, colour: str, by: str, column: Column, texts: Texts) -> str:
    year = year_text(persona.stage(column.stage).last)
    title = texts.html(PART_TEXTS[column.name]) if by == PARTS else year
    below = f"{escape(persona.name)}, {year}" if by == PARTS else escape(persona.name)
    pieces = "".join(
        f"<mark>{escape(text)}</mark>" if differs else escape(text)
        for text, differs in column.pieces
    )
    return (
        f"<article><header>{portrait(persona.name, colour, size=44)}<div><h2>{title}</h2>"
        f'<p class="years">{below}</p></div></header><p class="said">{pieces}</p></article>'
    )
