"""The raters' desk: Gradio wiring of `persllm.workflows.study`."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from persllm.agents.runtime import Runtime
from persllm.errors import PersLLMError, ServeError
from persllm.persona import Persona
from persllm.ui.web.look import theme
from persllm.ui.web.talk import ChatRow, as_messages, plain_rows
from persllm.workflows.eval_systems import BOTH, MEMORY
from persllm.workflows.ports import check_port
from persllm.workflows.study import (
    HIGHEST,
    SCALES,
    Choice,
    Study,
)

TITLE = "persllm study"
NOTE = (
    "You judge answers of a character. Who gave them is hidden. There is no right or wrong: say "
    "what you find. Write your name or a number that you keep, so that you can go on later."
)
WHO_FIRST = "Write your name or number first."
DONE = "You have judged everything here. Thank you."
FILL_ALL = "Mark all four lines."
LEFT, RIGHT, TIE = "The left one", "The right one", "Equally good"
CHOICES: Mapping[str, Choice] = {LEFT: "left", RIGHT: "right", TIE: "tie"}
LABELS = {
    "in character": "It is this person, then and there",
    "knowledge": "It knows what this person would know",
    "consistency": "Nothing in it contradicts itself or this person",
    "liking": "I would like to go on talking",
}
SYSTEMS = {BOTH: (True, True), MEMORY: (False, True)}
"""Who talks in a session: whether the adapter is used, whether the memory is."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What the page is built from."""

    study: Study
    persona: Persona
    runtime: Runtime


def serve_desk(desk: Desk, *, host: str, port: int) -> None:
    """Serve the desk until stopped.

    Raises:
        ServeError: Gradio is not installed, or the port is taken.
    """
    check_port(host, port, command="study")
    page = build_desk(desk)
    import gradio

    print(
        f"raters' desk at http://{host}:{port} (stop with Ctrl-C)\nratings: {desk.study.path}",
        flush=True,
    )
    page.queue().launch(
        server_name=host,
        server_port=port,
        quiet=True,
        share=False,
        footer_links=[],
        theme=theme(gradio),
    )


def build_desk(desk: Desk) -> Any:  # noqa: ANN401 (gradio is optional, so its type is too)
    """Return the page with its three tabs.

    Raises:
        ServeError: Gradio is not installed.
    """
    try:
        import gradio
    except ImportError as error:
        raise ServeError("the desk needs gradio: pip install 'persllm[ui]'.") from error
    with gradio.Blocks(title=TITLE) as page:
        gradio.Markdown(f"# {TITLE}: {desk.persona.name}\n{NOTE}")
        rater = gradio.Textbox(label="Your name or number", max_length=40)
        with gradio.Tab("Compare"):
            _compare_tab(gradio, desk, rater)
        with gradio.Tab("Rate"):
            _rate_tab(gradio, desk, rater)
        with gradio.Tab("Talk"):
            _talk_tab(gradio, desk, rater)
    return page


def compare_with(study: Study) -> Callable[..., list[str]]:
    """Return what the Compare tab calls with rater, choice and the question that was in view.

    It keeps the choice, if one was made, and returns the next (question, left, right, note). A
    choice about a question that is no longer the next one, as after a double click, is none.
    """

    def compare(rater: str, choice: str | None = None, seen: str = "") -> list[str]:
        if not rater.strip():
            return ["", "", "", WHO_FIRST]
        shown = study.next_comparison(rater)
        if shown and choice is not None and choice in CHOICES and seen == shown.left.question:
            study.vote(rater, shown, CHOICES[choice])
            shown = study.next_comparison(rater)
        if not shown:
            return ["", "", "", DONE]
        left, _ = study.left_to_do(rater)
        return [shown.left.question, shown.left.answer, shown.right.answer, f"{left} to go"]

    return compare


def rate_with(study: Study) -> Callable[..., list[str]]:
    """Return what the Rate tab calls with rater, remark and the marks, or with rater alone."""

    def rate(rater: str, remark: str = "", *marks: int | None) -> list[str]:
        if not rater.strip():
            return ["", "", WHO_FIRST]
        shown = study.next_answer(rater)
        note = ""
        if shown and marks:
            if None in marks:
                note = f"{FILL_ALL} "
            else:
                study.rate(rater, shown, _marked(marks), remark=remark)
                shown = study.next_answer(rater)
        if not shown:
            return ["", "", DONE]
        _, left = study.left_to_do(rater)
        return [shown.question, shown.answer, f"{note}{left} to go"]

    return rate


def talk_with(desk: Desk) -> Callable[[str, str, str, list[ChatRow]], Iterator[list[ChatRow]]]:
    """Return what answers in the Talk tab: a system dealt to the rater, whose name is hidden."""

    def talk(rater: str, stage: str, said: str, history: list[ChatRow]) -> Iterator[list[ChatRow]]:
        if not rater.strip() or not said.strip():
            yield history or [{"role": "assistant", "content": f"({WHO_FIRST})"}]
            return
        rows = [*history, {"role": "user", "content": said}]
        yield [*rows, {"role": "assistant", "content": "…"}]
        use_adapter, use_memory = SYSTEMS[desk.study.session_system(rater, list(SYSTEMS))]
        try:
            chat = desk.runtime.chat(
                desk.persona, stage=stage, use_adapter=use_adapter, use_memory=use_memory
            )
            text = str(chat.invoke(as_messages(rows)).text)
        except PersLLMError as error:
            text = f"({error})"
        yield [*rows, {"role": "assistant", "content": text}]

    return talk


def rate_talk_with(desk: Desk) -> Callable[..., tuple[list[ChatRow], str]]:
    """Return what keeps a conversation's form; it returns the next (chat, note)."""

    def rate(
        rater: str, stage: str, history: list[ChatRow], remark: str, *marks: int | None
    ) -> tuple[list[ChatRow], str]:
        if not rater.strip():
            return history, WHO_FIRST
        if len(history) < 2:
            return history, "Talk first, then rate."
        if None in marks:
            return history, FILL_ALL
        system = desk.study.session_system(rater, list(SYSTEMS))
        desk.study.rate_session(
            rater, _marked(marks), system=system, stage=stage, turns=history, remark=remark
        )
        return [], "Kept. The next conversation may be with another."

    return rate


def _compare_tab(gradio: Any, desk: Desk, rater: Any) -> None:  # noqa: ANN401 (gradio's own)
    question = gradio.Textbox(label="Question", interactive=False)
    with gradio.Row():
        left = gradio.Textbox(label="Left answer", lines=6, interactive=False)
        right = gradio.Textbox(label="Right answer", lines=6, interactive=False)
    gradio.Markdown("Which answer is the better one for this person?")
    with gradio.Row():
        buttons = [gradio.Button(label) for label in CHOICES]
    note = gradio.Markdown(WHO_FIRST)
    compare, shown = compare_with(desk.study), [question, left, right, note]
    rater.change(compare, rater, shown, trigger_mode="always_last")
    for button, label in zip(buttons, CHOICES, strict=True):
        button.click(
            lambda who, seen, label=label: compare(who, label, seen), [rater, question], shown
        )


def _rate_tab(gradio: Any, desk: Desk, rater: Any) -> None:  # noqa: ANN401 (gradio's own)
    question = gradio.Textbox(label="Question to be rated", interactive=False)
    answer = gradio.Textbox(label="Answer", lines=4, interactive=False)
    marks, remark = _form(gradio)
    keep = gradio.Button("Keep and go on", variant="primary")
    note = gradio.Markdown(WHO_FIRST)
    rate, shown = rate_with(desk.study), [question, answer, note]
    rater.change(rate, rater, shown, trigger_mode="always_last")

    def keep_form(*given: Any) -> list[Any]:  # noqa: ANN401 (what the page sends)
        found = rate(*given)
        kept = FILL_ALL not in found[-1]
        return [*found, *([None] * len(SCALES) if kept else given[2:]), "" if kept else given[1]]

    keep.click(keep_form, [rater, remark, *marks], [*shown, *marks, remark])


def _talk_tab(gradio: Any, desk: Desk, rater: Any) -> None:  # noqa: ANN401 (gradio's own)
    stages = [(f"{s.id}: {s.first} to {s.last}", s.id) for s in desk.persona.stages]
    stage = gradio.Dropdown(stages, value=stages[0][1], label="Stage")
    chat = gradio.Chatbot(label="Conversation", height=320, buttons=["copy_all"])
    said = gradio.Textbox(label="You", placeholder="Say something and press Enter")
    marks, remark = _form(gradio)
    keep = gradio.Button("Rate this conversation", variant="primary")
    note = gradio.Markdown("Talk for some turns, then rate the whole.")
    talk, rate = talk_with(desk), rate_talk_with(desk)

    def answer(who: str, when: str, text: str, history: list[Any]) -> Iterator[Any]:
        for rows in talk(who, when, text, plain_rows(history)):
            yield rows, ""

    def keep_form(who: str, when: str, history: list[Any], *given: Any) -> list[Any]:  # noqa: ANN401
        rows, told = rate(who, when, plain_rows(history), *given)
        kept = told.startswith("Kept")
        return [
            rows,
            told,
            *([None] * len(SCALES) if kept else given[1:]),
            "" if kept else given[0],
        ]

    said.submit(answer, [rater, stage, said, chat], [chat, said])
    stage.change(list, None, chat)
    keep.click(keep_form, [rater, stage, chat, remark, *marks], [chat, note, *marks, remark])


def _form(gradio: Any) -> tuple[list[Any], Any]:  # noqa: ANN401 (gradio's own)
    """Return the four lines of a form and the place for a remark."""
    marks = [
        gradio.Radio(list(range(1, HIGHEST + 1)), label=LABELS[scale], info="1 no, 5 yes")
        for scale in SCALES
    ]
    return marks, gradio.Textbox(label="Remark", max_length=2000)


def _marked(marks: Sequence[int | None]) -> dict[str, int]:
    return dict(zip(SCALES, (int(cast("int", mark)) for mark in marks), strict=True))
