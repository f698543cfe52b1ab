"""`persllm serve`: personas behind an OpenAI-compatible endpoint."""

import shlex
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from persllm.agents.engines.served import parse_address
from persllm.agents.runtime import VLLM, Runtime
from persllm.agents.serving.casting import adapters_of, chats_of
from persllm.agents.serving.limits import Access, Limits
from persllm.agents.serving.vllm_process import free_port, running, vllm_command
from persllm.errors import EngineError, ServeError
from persllm.persona import Persona
from persllm.persona_catalog import bundled, find_persona
from persllm.workflows.ports import check_port
from persllm.workflows.progress import remembering

LOOPBACK = {"127.0.0.1", "localhost", "::1"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """What is served, and from what."""

    names: Sequence[str]
    """Personas; the bundled cast if empty."""
    engine: str
    base_name: str
    runs: Path
    memory: str | None
    use_adapter: bool | None
    use_memory: bool
    flags: Sequence[str] = ()
    """Passed to vLLM."""


def split_flags(given: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return personas, and vLLM's flags, which begin with the first dash (they stand after --)."""
    first = next((place for place, each in enumerate(given) if each.startswith("-")), len(given))
    return list(given[:first]), list(given[first:])


def run_serve(served: Served, *, host: str, port: int, limits: Limits, access: Access) -> None:
    """Serve until stopped.

    Raises:
        ServeError: The port is taken, or a package is missing.
        PersLLMError: A persona, adapter, base, engine or memory cannot be had.
    """
    if served.flags and served.engine != VLLM:
        raise ServeError(
            f"only --engine vllm takes flags after --, got {shlex.join(served.flags)}. Leave them "
            "out, or name that engine."
        )
    check_port(host, port, command="serve")
    personas = [find_persona(name) for name in served.names or bundled()]
    with ExitStack() as stack:
        runtime, adapters = _runtime(served, personas, stack)
        app = _application(runtime, personas, adapters, served, limits, access)
        _tell(personas, adapters, served, host, port, access)
        from persllm.agents.serving.listen import serve_until_stopped

        serve_until_stopped(app, host=host, port=port, drain_seconds=limits.drain_seconds)


def print_command(served: Served, *, port: int) -> None:
    """Print how vLLM would be started.

    Raises:
        EngineError: Another engine was named.
    """
    if served.engine != VLLM:
        raise EngineError(f"--print-command is for --engine vllm, got {served.engine!r}.")
    personas = [find_persona(name) for name in served.names or bundled()]
    runtime = _plain_runtime(served, engine=VLLM)
    adapters = adapters_of(runtime, personas, use_adapter=served.use_adapter)
    print(shlex.join(vllm_command(runtime.base, adapters, port=port, flags=served.flags)))


def run_mcp(
    names: Sequence[str], *, engine: str, base_name: str, runs: Path, memory: str | None
) -> None:
    """Serve the MCP tools over standard input and output until the client leaves.

    Raises:
        ServeError: The SDK is not installed.
        PersLLMError: A persona or base cannot be had.
    """
    from persllm.agents.serving.mcp_server import build_mcp_server
    from persllm.agents.serving.persona_tools import PersonaTools

    runtime = Runtime(base_name=base_name, engine=engine, runs=runs, memory=memory)
    personas = [find_persona(name) for name in names or bundled()]
    build_mcp_server(PersonaTools(runtime, personas)).run("stdio")


def _runtime(
    served: Served, personas: Sequence[Persona], stack: ExitStack
) -> tuple[Runtime, dict[str, Path]]:
    """Return the runtime with its engine, and the adapters, checked before anything starts."""
    runtime = _plain_runtime(served, engine=served.engine)
    adapters = adapters_of(runtime, personas, use_adapter=served.use_adapter)
    if served.engine != VLLM:
        return runtime, adapters
    from persllm.agents.engines.http import HttpEngine

    port = free_port()
    command = vllm_command(runtime.base, adapters, port=port, flags=served.flags)
    print(f"starting {shlex.join(command)}", file=sys.stderr, flush=True)
    address = parse_address(f"{stack.enter_context(running(command, port=port))}")
    names = {folder: name for name, folder in adapters.items()}
    engine = HttpEngine(address, base=runtime.base, names=names)
    return _plain_runtime(served, engine=engine), adapters


def _plain_runtime(served: Served, *, engine: Any) -> Runtime:  # noqa: ANN401 (name or engine)
    return Runtime(
        base_name=served.base_name,
        runs=served.runs,
        memory=served.memory,
        engine=engine,
        progress=remembering,
    )


def _application(
    runtime: Runtime,
    personas: Sequence[Persona],
    adapters: dict[str, Path],
    served: Served,
    limits: Limits,
    access: Access,
) -> Any:  # noqa: ANN401 (FastAPI is optional, so its type is too)
    try:
        from persllm.agents.serving.application import build_application
        from persllm.agents.serving.voices import Company
    except ImportError as error:
        raise ServeError("serving needs its extra: pip install 'persllm[serve]'.") from error
    chats = chats_of(runtime, personas, adapters, use_memory=served.use_memory)
    return build_application(Company(runtime.engine, chats), limits=limits, access=access)


def _tell(
    personas: Sequence[Persona],
    adapters: dict[str, Path],
    served: Served,
    host: str,
    port: int,
    access: Access,
) -> None:
    """Say who speaks, from what, and where."""
    for persona in personas:
        stages = ", ".join(f"{persona.id}@{stage.id}" for stage in persona.stages)
        how = "its adapter" if persona.id in adapters else "the base alone (no adapter)"
        print(f"{persona.id}, {stages}: {how}")
    if host not in LOOPBACK and not access.keys:
        print("warning: everyone who reaches this address may ask; set --api-key", file=sys.stderr)
    shown = f"[{host}]" if ":" in host else host
    print(f"persllm at http://{shown}:{port}/v1 (stop with Ctrl-C)", flush=True)
