"""The Gradio application: wiring only; what it does is in `persllm.ui.web.talk`."""

from collections.abc import Iterator
from typing import Any

from persllm.agents.runtime import Runtime
from persllm.agents.scenarios import CURRENTS, SCENARIOS, find_scenario
from persllm.errors import ServeError
from persllm.ui.web.talk import (
    NO_MEMORY,
    ChatRow,
    Company,
    company,
    debate_between,
    plain_rows,
    reply_to,
    seat,
)
from persllm.workflows.ports import check_port

TITLE = "persllm"
NOTE = (
    "Personas trained on texts about people. They imitate; what they say is no quotation. "
    "Ask sincerely whether you talk with a machine and you get a true answer."
)
BUTTONS = ["copy_all"]
"""Gradio's own choice would add one that shares the conversation on a public site."""


def serve(runtime: Runtime, *, host: str, port: int, more: list[str]) -> None:
    """Serve the page until stopped.

    Raises:
        ServeError: Gradio is not installed, or the port is taken.
        PersLLMError: A persona or the base cannot be loaded.
    """
    check_port(host, port)
    people = company(runtime, more)
    app = build_app(people)
    print(f"persllm at http://{host}:{port} (stop with Ctrl-C)", flush=True)
    app.queue().launch(server_name=host, server_port=port, quiet=True, share=False, footer_links=[])


def build_app(people: Company) -> Any:  # noqa: ANN401 (gradio is optional, so its type is too)
    """Return the page with its two tabs.

    Raises:
        ServeError: Gradio is not installed.
    """
    try:
        import gradio
    except ImportError as error:
        raise ServeError("the page needs gradio: pip install 'persllm[ui]'.") from error
    with gradio.Blocks(title=TITLE) as page:
        gradio.Markdown(f"# {TITLE}\n{NOTE}")
        with gradio.Tab("Chat"):
            _chat_tab(gradio, people)
        with gradio.Tab("Debate"):
            _debate_tab(gradio, people)
    return page


def _chat_tab(gradio: Any, people: Company) -> None:  # noqa: ANN401 (the module)
    with gradio.Row():
        who, stage = _who(gradio, people, people.names[0], "Persona", "Stage")
    chat = gradio.Chatbot(label="Conversation", height=420, buttons=BUTTONS)
    said = gradio.Textbox(label="You", placeholder="Say something and press Enter")
    with gradio.Row():
        send = gradio.Button("Send", variant="primary")
        clear = gradio.Button("New conversation")
    examples = gradio.Dataset(
        label="You might ask",
        components=[said],
        samples=people.questions(people.names[0]),
        type="values",
    )
    with gradio.Accordion("Recalled for the last reply", open=True):
        recalled = gradio.Markdown(NO_MEMORY)

    def answer(
        name: str, stage_id: str, text: str, history: list[dict[str, Any]]
    ) -> Iterator[tuple[list[ChatRow], str, str]]:
        for rows, memories in reply_to(people, name, stage_id, text, plain_rows(history)):
            yield rows, memories, ""

    answering = [
        trigger(answer, [who, stage, said, chat], [chat, recalled, said])
        for trigger in (send.click, said.submit)
    ]
    examples.click(lambda chosen: chosen[0], examples, said).then(
        answer, [who, stage, said, chat], [chat, recalled, said]
    )
    who.change(lambda name: gradio.Dataset(samples=people.questions(name)), who, examples)
    # Another person or another year is another conversation.
    for begin_anew in (clear.click, who.change, stage.change):
        begin_anew(lambda: ([], NO_MEMORY), None, [chat, recalled], cancels=answering)


def _debate_tab(gradio: Any, people: Company) -> None:  # noqa: ANN401 (the module)
    ready = gradio.Dropdown(
        [(scenario.motion, scenario.id) for scenario in SCENARIOS], label="Scenario"
    )
    motion = gradio.Textbox(label="Motion", value=CURRENTS.motion)
    with gradio.Row():
        first, first_stage = _who(gradio, people, people.names[0], "For", "Stage of the first")
        second, second_stage = _who(
            gradio, people, people.names[1], "Against", "Stage of the second"
        )
        turns = gradio.Slider(2, 12, value=6, step=1, label="Turns")
    with gradio.Row():
        start = gradio.Button("Start the debate", variant="primary")
        stop = gradio.Button("Stop")
    shown = gradio.Chatbot(label="Debate", height=480, buttons=BUTTONS)

    def hold(*given: Any) -> Iterator[list[ChatRow]]:  # noqa: ANN401 (what the page sends)
        one, one_stage, two, two_stage, text, count = given
        yield from debate_between(people, (one, one_stage), (two, two_stage), text, int(count))

    def set_up(scenario_id: str) -> list[Any]:
        scenario = find_scenario(scenario_id)
        shown: list[Any] = [scenario.motion]
        for name, stage_id in (seat(scenario.first), seat(scenario.second)):
            shown += [name, gradio.Dropdown(people.stages(name), value=stage_id)]
        return shown

    ready.input(set_up, ready, [motion, first, first_stage, second, second_stage])
    given = [first, first_stage, second, second_stage, motion, turns]
    holding = start.click(hold, given, shown)
    stop.click(None, None, None, cancels=[holding])


def _who(gradio: Any, people: Company, name: str, label: str, stage_label: str) -> tuple[Any, Any]:  # noqa: ANN401 (gradio's components)
    """Return two choices, a persona and one of its stages."""
    who = gradio.Dropdown(people.names, value=name, label=label)
    stages = people.stages(name)
    stage = gradio.Dropdown(stages, value=stages[0][1], label=stage_label)

    def stages_of(chosen: str) -> Any:  # noqa: ANN401 (gradio's update)
        offered = people.stages(chosen)
        return gradio.Dropdown(offered, value=offered[0][1])

    # Only what a visitor chooses: a scenario sets person and stage together.
    who.input(stages_of, who, stage)
    return who, stage
