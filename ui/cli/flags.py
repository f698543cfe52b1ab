"""Flags that several commands share, and what they mean together."""

import functools
import inspect
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Annotated, Any

import typer

from persllm.agents.options import LOCAL, RuntimeOptions
from persllm.bases import DEFAULT_BASE
from persllm.errors import PersonaError

PersonaName = Annotated[
    str, typer.Argument(metavar="PERSONA", help="A bundled persona's name, or a persona folder.")
]
PersonaNames = Annotated[
    list[str] | None,
    typer.Argument(metavar="PERSONA...", help="Bundled personas' names, or persona folders."),
]
Bundled = Annotated[bool, typer.Option("--bundled", help="All bundled personas.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what it will take.")]
Host = Annotated[str, typer.Option(help="Address to listen at.")]
Port = Annotated[int, typer.Option(help="Port to listen at.", min=1, max=65535)]
Runs = Annotated[
    Path,
    typer.Option("--runs", help="Folder for data, adapters and memory.", envvar="PERSLLM_RUNS"),
]
BaseName = Annotated[
    str,
    typer.Option(
        "--base",
        help="auto (small, else nano), small, nano, a local model folder, or a hub id such as "
        "Qwen/Qwen3-0.6B.",
        envvar="PERSLLM_BASE",
    ),
]
EmbeddingsName = Annotated[
    str | None,
    typer.Option(
        "--embeddings",
        help="By what texts are compared, such as openai:text-embedding-3-small. Default: the "
        "packaged all-MiniLM-L6-v2.",
        envvar="PERSLLM_EMBEDDINGS",
    ),
]
EngineName = Annotated[
    str,
    typer.Option(
        "--engine",
        help="local, local:int8 (CPU), vllm, or any OpenAI-compatible server: "
        "http://host:port/v1#model.",
        envvar="PERSLLM_ENGINE",
    ),
]
MemoryAt = Annotated[
    str | None,
    typer.Option(
        "--memory",
        help="Chroma folder or server (http://host:port). Default: in --runs.",
        envvar="PERSLLM_MEMORY",
    ),
]
Threads = Annotated[
    int | None,
    typer.Option(
        "--threads",
        help="CPU threads of the local engine. Default: its own choice.",
        min=1,
        envvar="PERSLLM_THREADS",
    ),
]
Recall = Annotated[
    int | None,
    typer.Option(
        "--recall",
        help="Most passages recalled for a turn. Default: the persona's.",
        min=1,
        envvar="PERSLLM_RECALL",
    ),
]
MaxTokens = Annotated[
    int | None,
    typer.Option(
        "--max-tokens",
        help="Longest reply, in tokens. Default: the persona's.",
        min=1,
        envvar="PERSLLM_MAX_TOKENS",
    ),
]
Temperature = Annotated[
    float | None,
    typer.Option(
        "--temperature",
        help="0 is greedy. Default: the persona's.",
        min=0,
        envvar="PERSLLM_TEMPERATURE",
    ),
]
TopP = Annotated[
    float | None,
    typer.Option(
        "--top-p",
        help="Above 0: share of likelihood that words are drawn from. Default: the persona's.",
        min=0,
        max=1,
        envvar="PERSLLM_TOP_P",
    ),
]
NoMemory = Annotated[bool, typer.Option("--no-memory", help="Recall nothing.")]
NoAdapter = Annotated[
    bool, typer.Option("--no-adapter", help="Ask the base alone, without the trained adapter.")
]
RUNS = Path("runs")


def _flag(name: str, annotation: Any, default: Any) -> inspect.Parameter:  # noqa: ANN401 (of any type)
    kind = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter(name, kind, default=default, annotation=annotation)


RUNTIME_FLAGS = (
    _flag("base", BaseName, DEFAULT_BASE),
    _flag("engine", EngineName, LOCAL),
    _flag("runs", Runs, RUNS),
    _flag("memory", MemoryAt, None),
    _flag("embeddings", EmbeddingsName, None),
    _flag("threads", Threads, None),
    _flag("recall", Recall, None),
    _flag("max_tokens", MaxTokens, None),
    _flag("temperature", Temperature, None),
    _flag("top_p", TopP, None),
    _flag("no_memory", NoMemory, False),
    _flag("no_adapter", NoAdapter, False),
)
"""What makes `RuntimeOptions`; the only place where these flags are declared."""
REPLIES = frozenset({"max_tokens", "temperature", "top_p", "no_memory", "no_adapter"})
"""Those of them that are not for commands which measure: these ask as they must."""


def with_runtime_flags(
    *, without: Collection[str] = ()
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return a decorator that gives a command the runtime's flags in place of `options`.

    Args:
        without: Names of flags that the command has not.
    """
    flags = [flag for flag in RUNTIME_FLAGS if flag.name not in without]

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        signature = inspect.signature(command, eval_str=True)
        own = [each for each in signature.parameters.values() if each.name != "options"]

        @functools.wraps(command)
        def run(**given: Any) -> None:  # noqa: ANN401 (what typer parsed)
            said = {flag.name: given.pop(flag.name) for flag in flags}
            command(**given, options=runtime_options(said))

        shown = [*own, *flags]
        named = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in shown]
        run.__signature__ = signature.replace(parameters=named)  # type: ignore[attr-defined]
        run.__annotations__ = {each.name: each.annotation for each in named}
        return run

    return decorate


def runtime_options(said: dict[str, Any]) -> RuntimeOptions:
    """Return what the flags say.

    Raises:
        typer.BadParameter: A value is out of its range.
    """
    values = dict(said)
    values["use_memory"] = not values.pop("no_memory", False)
    values["use_adapter"] = False if values.pop("no_adapter", False) else None
    try:
        return RuntimeOptions(**values)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def named(personas: list[str] | None, bundled: bool) -> list[str]:
    """Return the personas that were asked for.

    Raises:
        PersonaError: None was.
    """
    from persllm import persona_catalog

    names = [*(personas or []), *(persona_catalog.bundled() if bundled else ())]
    if not names:
        raise PersonaError(
            f"no persona was named. Name one or several of {', '.join(persona_catalog.bundled())}, "
            "give a persona's folder, or take them all with --bundled."
        )
    return list(dict.fromkeys(names))
