"""`persllm compare`: the answers one below the other, what differs underlined."""

import json

from rich.console import Console
from rich.text import Text

from persllm.agents.options import RuntimeOptions
from persllm.agents.runtime import Runtime
from persllm.persona import year_text
from persllm.persona_catalog import find_persona
from persllm.ui.cli.terminal import remembering
from persllm.workflows.compare import PARTS, Column, compare


def show_comparison(
    name: str, options: RuntimeOptions, *, question: str, by: str, stage: str | None, as_json: bool
) -> None:
    """Ask, and print what was answered."""
    persona = find_persona(name)
    persona.stage(stage)
    runtime = Runtime(options, progress=remembering)
    columns = compare(runtime, persona, question, by=by, stage=stage)
    if as_json:
        print(json.dumps([_row(column) for column in columns], ensure_ascii=False, indent=2))
        return
    console = Console(highlight=False)
    for column in columns:
        year = year_text(persona.stage(column.stage).last)
        console.print(Text(column.name if by == PARTS else f"{year} ({column.name})", style="bold"))
        pieces = ((text, "underline" if differs else "") for text, differs in column.pieces)
        console.print(Text.assemble(*pieces), end="\n\n")


def _row(column: Column) -> dict[str, object]:
    return {
        "name": column.name,
        "stage": column.stage,
        "text": column.text,
        "differs": [text for text, differs in column.pieces if differs],
    }
