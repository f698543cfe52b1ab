"""Personas behind an OpenAI-compatible endpoint, or as tools of MCP clients."""

import shlex
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from persllm.agents.engines.served import parse_address
from persllm.agents.options import VLLM, RuntimeOptions
from persllm.agents.runtime import Runtime
from persllm.agents.serving.casting import adapters_of, chats_of
from persllm.agents.serving.limits import Access, Limits
from persllm.agents.serving.vllm_process import free_port, running, vllm_command
from persllm.errors import EngineError, ServeError
from persllm.persona import Persona
from persllm.persona_catalog import bundled, find_persona
from persllm.progress import Progress, no_progress
from persllm.workflows.reporting import SILENT, Reporter


@dataclass(frozen=True, slots=True)
class Served:
    """Who is served, and by what."""

    runtime: Runtime
    personas: tuple[Persona, ...]
    adapters: dict[str, Path]
    """Of those that have one, by persona id."""


def opened(
    names: Sequence[str],
    options: RuntimeOptions,
    stack: ExitStack,
    *,
    flags: Sequence[str] = (),
    progress: Progress = no_progress,
    reporter: Reporter = SILENT,
) -> Served:
    """Return who is served, checked before anything starts; vLLM runs until the stack closes.

    Args:
        names: Personas; the bundled ones if empty.
        options: What they run on.
        stack: Ends what was started.
        flags: Passed to vLLM.
        progress: Told while materials are remembered for the first time.
        reporter: Told which command starts vLLM.

    Raises:
        ServeError: Flags are given and the engine is not vLLM.
        PersLLMError: A persona, adapter, base, engine or memory cannot be had.
    """
    if flags and options.engine != VLLM:
        raise ServeError(
            f"only --engine vllm takes flags after --, got {shlex.join(flags)}. Leave them "
            "out, or name that engine."
        )
    personas = tuple(find_persona(name) for name in names or bundled())
    runtime = Runtime(options, progress=progress)
    adapters = adapters_of(runtime, personas, use_adapter=options.use_adapter)
    if options.engine != VLLM:
        return Served(runtime, personas, adapters)
    from persllm.agents.engines.http import HttpEngine

    port = free_port()
    command = vllm_command(runtime.base, adapters, port=port, flags=flags)
    reporter.line(f"starting {shlex.join(command)}")
    address = parse_address(f"{stack.enter_context(running(command, port=port))}")
    ids = {folder: name for name, folder in adapters.items()}
    engine = HttpEngine(address, base=runtime.base, names=ids)
    return Served(Runtime(options, engine=engine, progress=progress), personas, adapters)


def serving_command(
    names: Sequence[str], options: RuntimeOptions, *, port: int, flags: Sequence[str] = ()
) -> str:
    """Return how vLLM would be started.

    Raises:
        EngineError: Another engine was named.
    """
    if options.engine != VLLM:
        raise EngineError(f"--print-command is for --engine vllm, got {options.engine!r}.")
    personas = [find_persona(name) for name in names or bundled()]
    runtime = Runtime(options)
    adapters = adapters_of(runtime, personas, use_adapter=options.use_adapter)
    return shlex.join(vllm_command(runtime.base, adapters, port=port, flags=flags))


def application(served: Served, *, limits: Limits, access: Access) -> Any:  # noqa: ANN401 (FastAPI is optional, so its type is too)
    """Return the web application.

    Raises:
        ServeError: A package is missing.
        PersLLMError: The base or a memory cannot be had.
    """
    try:
        from persllm.agents.serving.application import build_application
        from persllm.agents.serving.voices import Company
    except ImportError as error:
        raise ServeError("serving needs its extra: pip install 'persllm[serve]'.") from error
    runtime = served.runtime
    chats = chats_of(
        runtime, served.personas, served.adapters, use_memory=runtime.options.use_memory
    )
    return build_application(Company(runtime.engine, chats), limits=limits, access=access)


def serve_mcp(names: Sequence[str], options: RuntimeOptions) -> None:
    """Serve the MCP tools over standard input and output until the client leaves.

    Raises:
        ServeError: The SDK is not installed.
        PersLLMError: A persona or base cannot be had.
    """
    from persllm.agents.serving.mcp_server import build_mcp_server
    from persllm.agents.serving.persona_tools import PersonaTools

    personas = [find_persona(name) for name in names or bundled()]
    build_mcp_server(PersonaTools(Runtime(options), personas)).run("stdio")
