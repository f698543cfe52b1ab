"""The debate screen: wiring only; what it does is in `persllm.ui.web.talk`."""

from collections.abc import Iterator
from html import escape
from typing import Any

import gradio

from persllm.agents.scenarios import OFFERED_FIRST, find_scenario, ready_debates
from persllm.ui.web.talk import ChatRow, Company, debate_between, seat
from persllm.ui.web.texts import Texts


def debate_page(people: Company, texts: Texts) -> None:
    """Add the screen to the page that is being built."""
    gradio.HTML(
        f'<div class="lead-in"><h1>{texts.html("debate")}</h1>'
        f'<p class="lead">{texts.html("debate_lead")}</p></div>'
    )
    with gradio.Column(elem_classes="debate"):
        ready = gradio.Dropdown(
            [(scenario.motion, scenario.id) for scenario in ready_debates()],
            value=OFFERED_FIRST,
            label=texts("scenario"),
        )
        motion = gradio.Textbox(label=texts("motion"), value=find_scenario(OFFERED_FIRST).motion)
        with gradio.Row():
            first, first_stage, first_before = _who(people, 0, texts, "for", "first")
            second, second_stage, second_before = _who(people, 1, texts, "against", "second")
        turns = gradio.Slider(2, 12, value=6, step=1, label=texts("turns"))
        with gradio.Row(elem_classes="actions"):
            start = gradio.Button(texts("start_debate"), variant="primary", scale=0)
            stop = gradio.Button(texts("stop"), scale=0)
        shown = gradio.Chatbot(
            label=texts("debate"),
            show_label=False,
            elem_classes="chat",
            height="auto",
            render_markdown=False,
            latex_delimiters=[],
            allow_tags=False,
            buttons=["copy"],
        )

    def hold(*given: Any) -> Iterator[list[ChatRow]]:  # noqa: ANN401 (what the page sends)
        one, one_stage, two, two_stage, text, count = given
        for rows in debate_between(people, (one, one_stage), (two, two_stage), text, int(count)):
            yield [as_text(row) for row in rows]

    def set_up(scenario_id: str, before: str) -> list[Any]:
        if scenario_id == before:
            return [gradio.skip()] * (2 + len(seats) + len(befores))
        scenario = find_scenario(scenario_id)
        shown: list[Any] = [scenario_id, scenario.motion]
        taken = seat(scenario.first), seat(scenario.second)
        for name, stage_id in taken:
            shown += [name, gradio.Dropdown(people.stages(name), value=stage_id)]
        return [*shown, *(name for name, _ in taken)]

    seats, befores = [first, first_stage, second, second_stage], [first_before, second_before]
    scenario_before = gradio.State(OFFERED_FIRST)
    set_by_it = [scenario_before, motion, *seats, *befores]
    ready.input(set_up, [ready, scenario_before], set_by_it, api_name="scenario")
    holding = start.click(hold, [*seats, motion, turns], shown, api_name="debate")
    stop.click(None, None, None, cancels=[holding])


def as_text(row: ChatRow) -> ChatRow:
    """Return a row whose speaker is set off and whose words are only text."""
    speaker, gap, said = row["content"].partition("\n\n")
    if not gap:
        return {**row, "content": escape(row["content"])}
    name = speaker.replace("**", "")
    return {**row, "content": f"<strong>{escape(name)}</strong><br>{escape(said)}"}


def _who(people: Company, number: int, texts: Texts, side: str, place: str) -> tuple[Any, Any, Any]:
    """Return two choices, a persona and one of its stages, and the state of who was chosen.

    A choice tells of input also when it is only left, as on the way through the page by Tab.
    """
    name = people.names[number]
    who = gradio.Dropdown(people.names, value=name, label=texts(side))
    stages = people.stages(name)
    stage = gradio.Dropdown(stages, value=stages[0][1], label=texts(f"stage_of_{place}"))
    before = gradio.State(name)

    def stages_of(chosen: str, before: str) -> Any:  # noqa: ANN401 (gradio's update)
        if chosen == before:
            return gradio.skip(), gradio.skip()
        offered = people.stages(chosen)
        return gradio.Dropdown(offered, value=offered[0][1]), chosen

    # Only what a visitor chooses: a scenario sets person and stage together.
    who.input(stages_of, [who, before], [stage, before], api_name=f"stages_of_{place}")
    return who, stage, before
