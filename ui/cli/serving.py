"""Commands that let others talk with personas: ui, serve, mcp."""

from typing import Annotated

import typer

from persllm.agents.options import RuntimeOptions
from persllm.ui.cli.flags import Host, PersonaNames, Port, with_runtime_flags
from persllm.ui.cli.run_files import RunFileCommand

app = typer.Typer()


@app.command(epilog="Example: persllm ui --port 7861")
@with_runtime_flags()
def ui(
    host: Host = "127.0.0.1",
    port: Port = 7860,
    personas: Annotated[
        list[str] | None, typer.Option("--persona", help="Also offer this persona folder.")
    ] = None,
    language: Annotated[str, typer.Option(help="What the page speaks: en or zh.")] = "en",
    *,
    options: RuntimeOptions,
) -> None:
    """Open the web page: meet people, talk with them, watch a debate."""
    from persllm.agents.runtime import Runtime
    from persllm.ui.cli.terminal import remembering
    from persllm.ui.web.app import serve

    runtime = Runtime(options, progress=remembering)
    serve(runtime, host=host, port=port, more=personas or [], language=language)


@app.command(
    cls=RunFileCommand,
    epilog="Example: persllm serve nikola-tesla --port 8000 --api-key SECRET; "
    "persllm serve run.yaml",
)
@with_runtime_flags(without=("max_tokens",))
def serve(
    personas: PersonaNames = None,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    api_key: Annotated[
        list[str] | None,
        typer.Option(help="Who asks must send one of these.", envvar="PERSLLM_API_KEYS"),
    ] = None,
    cors_origin: Annotated[
        list[str] | None, typer.Option(help="Web pages from here may ask; * for all.")
    ] = None,
    at_once: Annotated[int, typer.Option(help="Replies written at one time.", min=1)] = 32,
    waiting: Annotated[int, typer.Option(help="Requests that may wait.", min=0)] = 256,
    max_tokens: Annotated[
        int | None, typer.Option(help="Most tokens a reply may ask for.", min=1)
    ] = None,
    max_body: Annotated[int, typer.Option(help="Largest request, in bytes.", min=1)] = 1024 * 1024,
    drain: Annotated[float, typer.Option(help="Seconds given to replies at the end.")] = 30.0,
    show_command: Annotated[
        bool, typer.Option("--print-command", help="Print how vLLM would be started, and leave.")
    ] = False,
    *,
    options: RuntimeOptions,
) -> None:
    """Serve personas to OpenAI clients; what follows -- goes to vLLM (with --engine vllm)."""
    from persllm.agents.serving.limits import Access, Limits
    from persllm.ui.cli.actions.serve import run_serve, split_flags
    from persllm.workflows.serve import serving_command

    names, flags = split_flags(personas or [])
    if show_command:
        print(serving_command(names, options, port=port, flags=flags))
        return
    limits = Limits(
        at_once=at_once,
        waiting=waiting,
        max_tokens=max_tokens,
        body_bytes=max_body,
        drain_seconds=drain,
    )
    access = Access(keys=tuple(api_key or ()), origins=tuple(cors_origin or ()))
    run_serve(names, options, flags=flags, host=host, port=port, limits=limits, access=access)


@app.command(epilog="Example: persllm mcp nikola-tesla thomas-edison")
@with_runtime_flags()
def mcp(personas: PersonaNames = None, *, options: RuntimeOptions) -> None:
    """Offer personas as tools to an MCP client, over standard input and output."""
    from persllm.workflows.serve import serve_mcp

    serve_mcp(personas or [], options)
