"""`persllm serve`: who speaks, from what, and where; then it serves until stopped."""

import sys
from collections.abc import Sequence
from contextlib import ExitStack

from persllm.agents.options import RuntimeOptions
from persllm.agents.serving.limits import Access, Limits
from persllm.ui.cli.terminal import remembering
from persllm.workflows.ports import check_port, is_loopback, shown_host
from persllm.workflows.reporting import Reporter
from persllm.workflows.serve import Served, application, opened


def split_flags(given: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return personas, and vLLM's flags, which begin with the first dash (they stand after --)."""
    first = next((place for place, each in enumerate(given) if each.startswith("-")), len(given))
    return list(given[:first]), list(given[first:])


def run_serve(
    names: Sequence[str],
    options: RuntimeOptions,
    *,
    flags: Sequence[str],
    host: str,
    port: int,
    limits: Limits,
    access: Access,
) -> None:
    """Serve until stopped.

    Raises:
        ServeError: The port is taken, or a package is missing.
        PersLLMError: A persona, adapter, base, engine or memory cannot be had.
    """
    check_port(host, port, command="serve")
    reporter = Reporter(line=lambda text: print(text, file=sys.stderr, flush=True))
    with ExitStack() as stack:
        served = opened(names, options, stack, flags=flags, progress=remembering, reporter=reporter)
        app = application(served, limits=limits, access=access)
        _tell(served, host, port, access)
        from persllm.agents.serving.listen import serve_until_stopped

        serve_until_stopped(app, host=host, port=port, drain_seconds=limits.drain_seconds)


def _tell(
    served: Served,
    host: str,
    port: int,
    access: Access,
) -> None:
    """Say who speaks, from what, and where."""
    for persona in served.personas:
        stages = ", ".join(f"{persona.id}@{stage.id}" for stage in persona.stages)
        how = "its adapter" if persona.id in served.adapters else "the base alone (no adapter)"
        print(f"{persona.id}, {stages}: {how}")
    if not is_loopback(host) and not access.keys:
        print("warning: everyone who reaches this address may ask; set --api-key", file=sys.stderr)
    print(f"persllm at http://{shown_host(host)}:{port}/v1 (stop with Ctrl-C)", flush=True)
