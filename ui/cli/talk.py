"""Commands that let personas talk: chat, debate, ui, serve, mcp."""

from pathlib import Path
from typing import Annotated

import typer

from persllm.ui.cli.flags import (
    RUNS,
    BaseName,
    EngineName,
    MemoryAt,
    NoAdapter,
    PersonaName,
    PersonaNames,
    Runs,
)

app = typer.Typer()


@app.command(epilog='Example: persllm chat nikola-tesla --stage late --ask "Do you like pigeons?"')
def chat(
    persona: PersonaName,
    stage: Annotated[str | None, typer.Option(help="Stage of life; the first by default.")] = None,
    ask: Annotated[str | None, typer.Option(help="Ask once and leave.")] = None,
    runs: Runs = RUNS,
    base: BaseName = "nano",
    engine: EngineName = "local",
    memory: MemoryAt = None,
    no_adapter: NoAdapter = False,
    no_memory: Annotated[bool, typer.Option("--no-memory", help="Recall nothing.")] = False,
    as_: Annotated[
        str, typer.Option("--as", help="Your name: the persona remembers what you say.")
    ] = "",
    temperature: Annotated[
        float | None, typer.Option(help="0 is greedy; by default the base's own.", min=0)
    ] = None,
    show_recalled: Annotated[
        bool, typer.Option("--show-recalled", help="Show what each reply recalled.")
    ] = False,
) -> None:
    """Talk with a persona at a stage of its life."""
    from persllm.ui.cli.chat_session import hold_chat

    hold_chat(
        persona,
        stage=stage,
        ask=ask,
        runs=runs,
        base_name=base,
        engine=engine,
        memory=memory,
        use_adapter=False if no_adapter else None,
        use_memory=not no_memory,
        audience=as_,
        temperature=temperature,
        show_recalled=show_recalled,
    )


@app.command(
    epilog="Example: persllm debate nikola-tesla@late thomas-edison@late "
    '--motion "Power will be sent without wires."'
)
def debate(
    speakers: Annotated[
        list[str] | None,
        typer.Argument(metavar="PERSONA[@STAGE]...", help="The first speaks for the motion."),
    ] = None,
    motion: Annotated[str | None, typer.Option(help="What is debated, as a statement.")] = None,
    scenario: Annotated[
        str, typer.Option(help="Speakers and motion: currents, constitution or machines.")
    ] = "currents",
    turns: Annotated[int, typer.Option(help="Turns in all.", min=1)] = 6,
    runs: Runs = RUNS,
    base: BaseName = "nano",
    engine: EngineName = "local",
    memory: MemoryAt = None,
    no_adapter: NoAdapter = False,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the transcript. Default: in --runs.")
    ] = None,
) -> None:
    """Let personas debate a motion; writes the transcript as JSONL and Markdown."""
    from persllm.workflows.data import run_debate

    run_debate(
        speakers or [],
        motion=motion,
        scenario=scenario,
        turns=turns,
        runs=runs,
        base_name=base,
        engine=engine,
        memory=memory,
        use_adapter=False if no_adapter else None,
        out=out,
    )


@app.command(epilog="Example: persllm ui --port 7861")
def ui(
    host: Annotated[str, typer.Option(help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen at.", min=1, max=65535)] = 7860,
    personas: Annotated[
        list[str] | None, typer.Option("--persona", help="Also offer this persona folder.")
    ] = None,
    runs: Runs = RUNS,
    base: BaseName = "nano",
    engine: EngineName = "local",
    memory: MemoryAt = None,
) -> None:
    """Open the web page: chat with a persona, watch a debate."""
    from persllm.ui.web.app import serve

    serve(
        host=host,
        port=port,
        more=personas or [],
        runs=runs,
        base_name=base,
        engine=engine,
        memory=memory,
    )


@app.command(epilog="Example: persllm serve nikola-tesla --port 8000 --api-key SECRET")
def serve(
    personas: PersonaNames = None,
    host: Annotated[str, typer.Option(help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen at.", min=1, max=65535)] = 8000,
    engine: EngineName = "local",
    base: BaseName = "nano",
    runs: Runs = RUNS,
    memory: MemoryAt = None,
    no_adapter: NoAdapter = False,
    no_memory: Annotated[bool, typer.Option("--no-memory", help="Recall nothing.")] = False,
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
) -> None:
    """Serve personas to OpenAI clients; what follows -- goes to vLLM (with --engine vllm)."""
    from persllm.agents.serving.limits import Access, Limits
    from persllm.workflows.serve import Served, print_command, run_serve, split_flags

    names, flags = split_flags(personas or [])
    served = Served(
        names=names,
        engine=engine,
        base_name=base,
        runs=runs,
        memory=memory,
        use_adapter=False if no_adapter else None,
        use_memory=not no_memory,
        flags=flags,
    )
    if show_command:
        print_command(served, port=port)
        return
    limits = Limits(
        at_once=at_once,
        waiting=waiting,
        max_tokens=max_tokens,
        body_bytes=max_body,
        drain_seconds=drain,
    )
    access = Access(keys=tuple(api_key or ()), origins=tuple(cors_origin or ()))
    run_serve(served, host=host, port=port, limits=limits, access=access)


@app.command(epilog="Example: persllm mcp nikola-tesla thomas-edison")
def mcp(
    personas: PersonaNames = None,
    engine: EngineName = "local",
    base: BaseName = "nano",
    runs: Runs = RUNS,
    memory: MemoryAt = None,
) -> None:
    """Offer personas as tools to an MCP client, over standard input and output."""
    from persllm.workflows.serve import run_mcp

    run_mcp(personas or [], engine=engine, base_name=base, runs=runs, memory=memory)
