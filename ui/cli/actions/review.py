"""`persllm review`: accept, edit or reject items in the terminal, or by their ids."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

from persllm.errors import DataError
from persllm.persona_catalog import called
from persllm.training.data.review import Desk, Sheet, Wanted
from persllm.workflows.review import MARKS, open_desk

KEYS = "[a]ccept  [e]dit  [r]eject  [s]kip  [u]ndo  [q]uit"
Ask = Callable[[str], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewOptions:
    """What to do without asking."""

    accept: tuple[str, ...] = ()
    reject: tuple[str, ...] = ()
    why: str = ""
    edit: str = ""
    question: str = ""
    response: str = ""
    listed: bool = False

    @property
    def any(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.accept or self.reject or self.edit or self.listed)


def run_review(
    name: str, *, runs: Path, wanted: Wanted, options: ReviewOptions, as_json: bool
) -> None:
    """Review in the terminal; without one, or with options, never ask.

    Raises:
        DataError: There is no build, no such item, or an edit changes nothing.
    """
    desk = open_desk(name, runs)
    if options.any or as_json or not sys.stdin.isatty():
        _carry_out(desk, options)
        _list(desk, wanted, as_json=as_json)
        return
    console = Console()
    sit_down(desk, wanted, console=console, ask=input)
    console.print(_closing(desk, name))


def sit_down(desk: Desk, wanted: Wanted, *, console: Console, ask: Ask) -> None:
    """Show one item after the other and ask what to do with it, until all are seen."""
    waiting = list(desk.sheets(wanted))
    place = 0
    while place < len(waiting):
        sheet = desk.find(waiting[place].item.id)
        console.print(f"\n[bold]{place + 1} of {len(waiting)}[/bold]")
        _show(console, sheet)
        match ask(f"{KEYS} > ").strip().lower()[:1]:
            case "a":
                desk.decide(sheet.item, "accept")
            case "r":
                desk.decide(sheet.item, "reject", why=ask("why (may be empty) > "))
            case "e":
                if not _edit(desk, sheet, console=console, ask=ask):
                    continue
            case "u":
                place = max(0, place - 1) if desk.undo() else place
                continue
            case "q":
                return
            case "s":
                pass
            case _:
                console.print(f"Answer with one of: {escape(KEYS)}")
                continue
        place += 1


def _edit(desk: Desk, sheet: Sheet, *, console: Console, ask: Ask) -> bool:
    question = ask("new question (empty keeps it) > ")
    response = ask("new response (empty keeps it) > ")
    try:
        desk.decide(sheet.item, "edit", question=question, response=response)
    except DataError as error:
        console.print(escape(str(error)))
        return False
    return True


def _show(console: Console, sheet: Sheet) -> None:
    """Print an item with its paragraphs beside it, under it where the terminal is narrow."""
    item = sheet.item
    mark = MARKS[sheet.decision.verdict] if sheet.decision else "not reviewed"
    text = f"[bold]{escape(sheet.question)}[/bold]\n\n{escape(sheet.response)}"
    if sheet.analysis:
        text += f"\n\n[dim]{escape(sheet.analysis)}[/dim]"
    sources = "\n\n".join(
        f"{escape(source.text)}\n[dim]{escape(source.source)}[/dim]" for source in sheet.sources
    )
    table = Table.grid(expand=True)
    table.add_column(ratio=1)
    table.add_column(ratio=1)
    title = f"{item.stage}, {item.pattern}, {mark}"
    table.add_row(Panel(text, title=title), Panel(sources, title="comes from"))
    console.print(table, f"[dim]{escape(item.id)}[/dim]")


def _carry_out(desk: Desk, options: ReviewOptions) -> None:
    for item_id in options.accept:
        desk.decide(desk.find(item_id).item, "accept")
    for item_id in options.reject:
        desk.decide(desk.find(item_id).item, "reject", why=options.why)
    if options.edit:
        item = desk.find(options.edit).item
        desk.decide(item, "edit", question=options.question, response=options.response)


def _list(desk: Desk, wanted: Wanted, *, as_json: bool) -> None:
    console = Console()
    for sheet in desk.sheets(wanted):
        verdict = sheet.decision.verdict if sheet.decision else ""
        if as_json:
            row = {
                "id": sheet.item.id,
                "stage": sheet.item.stage,
                "pattern": sheet.item.pattern,
                "question": sheet.question,
                "response": sheet.response,
                "sources": [source.source for source in sheet.sources],
                "verdict": verdict,
            }
            print(json.dumps(row, ensure_ascii=False))
        else:
            mark = MARKS.get(verdict, "-")
            console.print(
                f"{sheet.item.id}  {mark}  {sheet.question}", markup=False, highlight=False
            )
    if not as_json:
        console.print(_closing(desk, called(desk.persona)))


def _closing(desk: Desk, name: str) -> str:
    counts = desk.counts()
    made = ", ".join(f"{counts[verdict]} {mark}" for verdict, mark in MARKS.items())
    return f"{made}. The next build applies it: persllm build {escape(name)}"
