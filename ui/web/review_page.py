"""The review desk as a web page."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from persllm.errors import DataError, ServeError
from persllm.training.data.items import PATTERNS
from persllm.training.data.review import Desk, Sheet, Wanted
from persllm.ui.web.look import theme
from persllm.workflows.ports import check_port
from persllm.workflows.review import MARKS, open_desk

ALL = "all"
NOTHING = "Nothing is left to review here. Choose another stage or pattern, or show all."


def serve_review(name: str, *, runs: Path, host: str, port: int) -> None:
    """Serve the desk until stopped.

    Raises:
        ServeError: Gradio is not installed, or the port is taken.
        DataError: There is no build.
    """
    check_port(host, port)
    page = build_page(open_desk(name, runs))
    print(f"review at http://{host}:{port} (stop with Ctrl-C)", flush=True)
    import gradio

    page.launch(
        server_name=host,
        server_port=port,
        quiet=True,
        share=False,
        footer_links=[],
        theme=theme(gradio),
    )


class Sitting:
    """What one page shows: the items that are wanted, and which of them lies on top."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._ids: list[str] = []
        self._place = 0

    def choose(self, stage: str, pattern: str, unreviewed: bool) -> list[str]:
        """Lay the wanted items out; return what is shown."""
        wanted = Wanted(
            stage="" if stage == ALL else stage,
            pattern="" if pattern == ALL else pattern,
            unreviewed=unreviewed,
        )
        self._ids = [sheet.item.id for sheet in self._desk.sheets(wanted)]
        self._place = 0
        return self._shown()

    def accept(self) -> list[str]:
        """Accept the item and go on."""
        return self._decide(lambda sheet: self._desk.decide(sheet.item, "accept"))

    def reject(self, why: str) -> list[str]:
        """Reject the item and go on."""
        return self._decide(lambda sheet: self._desk.decide(sheet.item, "reject", why=why))

    def edit(self, question: str, response: str) -> list[str]:
        """Keep other words for the item and go on."""
        return self._decide(
            lambda sheet: self._desk.decide(
                sheet.item, "edit", question=question, response=response
            )
        )

    def skip(self) -> list[str]:
        """Go on."""
        self._place = min(self._place + 1, len(self._ids))
        return self._shown()

    def undo(self) -> list[str]:
        """Take the last decision back and return to its item."""
        if self._desk.undo():
            self._place = max(0, self._place - 1)
        return self._shown()

    def _decide(self, decide: Callable[[Sheet], None]) -> list[str]:
        if self._place < len(self._ids):
            try:
                decide(self._desk.find(self._ids[self._place]))
            except DataError as error:
                return self._shown(str(error))
            self._place += 1
        return self._shown()

    def _shown(self, fault: str = "") -> list[str]:
        """Return status, question, response, analysis, sources and an empty reason."""
        counts = self._desk.counts()
        made = ", ".join(f"{counts[verdict]} {mark}" for verdict, mark in MARKS.items())
        if self._place >= len(self._ids):
            return [f"{made}. {NOTHING}", "", "", "", "", ""]
        sheet = self._desk.find(self._ids[self._place])
        mark = MARKS[sheet.decision.verdict] if sheet.decision else "not reviewed"
        where = f"{self._place + 1} of {len(self._ids)}"
        status = f"{where}: {sheet.item.stage}, {sheet.item.pattern}, {mark}. In all {made}."
        sources = "\n\n".join(f"{source.text}\n({source.source})" for source in sheet.sources)
        return [
            f"{fault} {status}".strip(),
            sheet.question,
            sheet.response,
            sheet.analysis,
            sources,
            "",
        ]


def build_page(desk: Desk) -> Any:  # noqa: ANN401 (gradio is optional, so its type is too)
    """Return the page.

    Raises:
        ServeError: Gradio is not installed.
    """
    try:
        import gradio
    except ImportError as error:
        raise ServeError("the page needs gradio: pip install 'persllm[ui]'.") from error
    sitting = Sitting(desk)
    with gradio.Blocks(title=f"Review: {desk.persona.name}") as page:
        gradio.Markdown(f"# Review: {desk.persona.name}")
        with gradio.Row():
            stages = [ALL, *(stage.id for stage in desk.persona.stages)]
            stage = gradio.Dropdown(stages, value=ALL, label="Stage")
            pattern = gradio.Dropdown([ALL, *PATTERNS], value=ALL, label="Pattern")
            unreviewed = gradio.Checkbox(value=True, label="Only what is not reviewed")
        status = gradio.Textbox(label="Where you are", interactive=False)
        with gradio.Row():
            with gradio.Column():
                question = gradio.Textbox(label="Question", lines=3)
                response = gradio.Textbox(label="Response", lines=6)
                analysis = gradio.Textbox(label="Analysis", lines=4, interactive=False)
            sources = gradio.Textbox(label="Comes from", lines=16, interactive=False)
        with gradio.Row():
            accept = gradio.Button("Accept", variant="primary")
            edit = gradio.Button("Keep my words")
            reject = gradio.Button("Reject", variant="stop")
            skip = gradio.Button("Skip")
            undo = gradio.Button("Undo")
        why = gradio.Textbox(label="Why rejected", placeholder="May be empty")
        shown = [status, question, response, analysis, sources, why]
        filters = [stage, pattern, unreviewed]
        for trigger in (page.load, stage.change, pattern.change, unreviewed.change):
            trigger(sitting.choose, filters, shown)
        accept.click(sitting.accept, None, shown)
        edit.click(sitting.edit, [question, response], shown)
        reject.click(sitting.reject, why, shown)
        skip.click(sitting.skip, None, shown)
        undo.click(sitting.undo, None, shown)
    return page
