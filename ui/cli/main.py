"""The command line. Each command imports what it needs, so that help answers at once."""

import sys
from typing import Annotated

import typer

from persllm.agents.options import RuntimeOptions
from persllm.bases import DEFAULT_BASE
from persllm.errors import PersLLMError
from persllm.ui.cli import base as base_commands
from persllm.ui.cli import data, evaluation, serving, talk, training
from persllm.ui.cli import memory as memory_commands
from persllm.ui.cli.flags import RUNS, AsJson, BaseName, EmbeddingsName, Runs
from persllm.version import __version__

app = typer.Typer(
    name="persllm",
    help="Personas that are trained, not prompted: build their data, train them, let them debate.",
    epilog="Start with: persllm demo",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    # Every flag may be set in the environment: PERSLLM_<COMMAND>_<FLAG>.
    context_settings={"auto_envvar_prefix": "PERSLLM"},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"persllm {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            help="Show the version.",
            is_eager=True,
            callback=_show_version,
            allow_from_autoenv=False,
        ),
    ] = False,
) -> None:
    pass


@app.command(epilog="Example: persllm demo --runs /tmp/first-look")
def demo(
    runs: Runs = RUNS,
    base: BaseName = DEFAULT_BASE,
    embeddings: EmbeddingsName = None,
    turns: Annotated[int, typer.Option(help="Turns of the debate.", min=1)] = 6,
) -> None:
    """Build, train and debate: Nikola Tesla against Thomas Edison, offline."""
    from persllm.ui.cli.actions.demo import run_demo

    run_demo(RuntimeOptions(runs=runs, base=base, embeddings=embeddings), turns=turns)


for part in (data, training, evaluation, talk, serving):
    app.add_typer(part.app)
app.add_typer(base_commands.app, name="base")
app.add_typer(memory_commands.app, name="memory")


@app.command(epilog="Example: persllm doctor --json")
def doctor(runs: Runs = RUNS, as_json: AsJson = False) -> None:
    """Check what is installed, what is found and what is missing."""
    from persllm.ui.cli.actions.doctor import examine

    raise typer.Exit(examine(runs=runs, as_json=as_json))


def main() -> None:
    """Run the command line; an error a user can mend is printed without a traceback."""
    from persllm.workflows.process_env import quiet_libraries

    quiet_libraries()
    try:
        app()
    except PersLLMError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        print("\nstopped; the same command continues", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
