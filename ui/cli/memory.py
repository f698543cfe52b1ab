"""`persllm memory`: what personas remember, and caring for it."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from persllm.agents.options import RuntimeOptions
from persllm.ui.cli.flags import RUNS, AsJson, EmbeddingsName, MemoryAt, PersonaName, Runs

app = typer.Typer(
    help="Memory: what personas know and what visitors told them.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
User = Annotated[str, typer.Option("--user", help="Who talked, as in `persllm chat --as`.")]


@app.command(epilog="Example: persllm memory stats")
def stats(runs: Runs = RUNS, memory: MemoryAt = None, as_json: AsJson = False) -> None:
    """Tell what is kept: facts by stage, users, episodes, embeddings, bytes on disk."""
    from persllm.ui.cli.actions.memory import print_stats

    print_stats(RuntimeOptions(runs=runs, memory=memory), as_json=as_json)


@app.command(epilog="Example: persllm memory show nikola-tesla --user Ann")
def show(
    persona: PersonaName,
    user: User,
    runs: Runs = RUNS,
    memory: MemoryAt = None,
    as_json: AsJson = False,
) -> None:
    """Show what a user told a persona, the newest last; what was taken back is marked."""
    from persllm.ui.cli.actions.memory import print_told

    print_told(persona, user, RuntimeOptions(runs=runs, memory=memory), as_json=as_json)


@app.command(epilog='Example: persllm memory search nikola-tesla "pigeons" --stage late')
def search(
    persona: PersonaName,
    text: Annotated[str, typer.Argument(help="What is sought.")],
    stage: Annotated[str | None, typer.Option(help="Stage of life; the last by default.")] = None,
    user: User = "",
    count: Annotated[int, typer.Option(help="At most so many.", min=1)] = 5,
    runs: Runs = RUNS,
    memory: MemoryAt = None,
    embeddings: EmbeddingsName = None,
    as_json: AsJson = False,
) -> None:
    """Find the memories that answer a text best."""
    from persllm.ui.cli.actions.memory import print_found

    options = RuntimeOptions(runs=runs, memory=memory, embeddings=embeddings)
    print_found(persona, text, options, stage=stage, user=user, count=count, as_json=as_json)


@app.command(epilog="Example: persllm memory forget --user Ann")
def forget(
    persona: Annotated[
        str | None, typer.Argument(metavar="[PERSONA]", help="Without one: every persona.")
    ] = None,
    user: User = "",
    ids: Annotated[list[str] | None, typer.Option("--id", help="A memory of the persona.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    runs: Runs = RUNS,
    memory: MemoryAt = None,
) -> None:
    """Forget all that a user told, or single memories, for good."""
    from persllm.ui.cli.actions.memory import forget_user_or_ids

    if bool(user) == bool(ids) or (ids and not persona):
        raise typer.BadParameter("name either --user, or a persona and --id.")
    if not yes and not sys.stdin.isatty():
        raise typer.BadParameter("there is no terminal to ask at; add --yes to forget for good.")
    options = RuntimeOptions(runs=runs, memory=memory)
    forget_user_or_ids(persona, user, ids or [], options, ask=not yes)


@app.command(epilog="Example: persllm memory export nikola-tesla tesla.jsonl")
def export(
    persona: PersonaName,
    file: Annotated[Path, typer.Argument(help="Where the JSON lines go.")],
    runs: Runs = RUNS,
    memory: MemoryAt = None,
) -> None:
    """Write a persona's memories as JSON lines, without vectors."""
    from persllm.ui.cli.actions.memory import export_to

    export_to(persona, file, RuntimeOptions(runs=runs, memory=memory))


@app.command("import", epilog="Example: persllm memory import nikola-tesla tesla.jsonl")
def import_(
    persona: PersonaName,
    file: Annotated[Path, typer.Argument(help="JSON lines, as `export` writes them.")],
    runs: Runs = RUNS,
    memory: MemoryAt = None,
    embeddings: EmbeddingsName = None,
) -> None:
    """Keep the memories of a file; their vectors are made here."""
    from persllm.ui.cli.actions.memory import import_from

    import_from(persona, file, RuntimeOptions(runs=runs, memory=memory, embeddings=embeddings))


@app.command(epilog="Example: persllm memory reembed nikola-tesla")
def reembed(
    persona: PersonaName,
    runs: Runs = RUNS,
    memory: MemoryAt = None,
    embeddings: EmbeddingsName = None,
) -> None:
    """Make a persona's vectors anew where other embeddings made them."""
    from persllm.ui.cli.actions.memory import rebuild_with
    from persllm.workflows.memory import reembed as make_anew

    options = RuntimeOptions(runs=runs, memory=memory, embeddings=embeddings)
    rebuild_with(make_anew, persona, options)


@app.command(epilog="Example: persllm memory repair nikola-tesla")
def repair(
    persona: PersonaName,
    runs: Runs = RUNS,
    memory: MemoryAt = None,
    embeddings: EmbeddingsName = None,
) -> None:
    """Make a persona's index anew from its texts, also where its files are damaged."""
    from persllm.ui.cli.actions.memory import rebuild_with
    from persllm.workflows.memory import repair as mend

    options = RuntimeOptions(runs=runs, memory=memory, embeddings=embeddings)
    rebuild_with(mend, persona, options)
