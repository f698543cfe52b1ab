"""Flags that several commands share, and what they mean together."""

from pathlib import Path
from typing import Annotated

import typer

from persllm.errors import PersonaError

PersonaName = Annotated[
    str, typer.Argument(metavar="PERSONA", help="A bundled persona's name, or a persona folder.")
]
PersonaNames = Annotated[
    list[str] | None,
    typer.Argument(metavar="PERSONA...", help="Bundled personas' names, or persona folders."),
]
Bundled = Annotated[bool, typer.Option("--bundled", help="All bundled personas.")]
Runs = Annotated[
    Path,
    typer.Option("--runs", help="Folder for data, adapters and memory.", envvar="PERSLLM_RUNS"),
]
BaseName = Annotated[
    str,
    typer.Option(
        "--base",
        help="nano, a local model folder, or a hub id such as Qwen/Qwen3-0.6B.",
        envvar="PERSLLM_BASE",
    ),
]
MemoryAt = Annotated[
    str | None,
    typer.Option(
        "--memory", help="Chroma folder or server (http://host:port). Default: in --runs."
    ),
]
NoAdapter = Annotated[
    bool, typer.Option("--no-adapter", help="Ask the base alone, without the trained adapter.")
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
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
RUNS = Path("runs")


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
