"""`persllm memory`: what is asked and printed."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import typer

from persllm.agents.options import RuntimeOptions
from persllm.persona_catalog import find_persona
from persllm.ui.cli.terminal import remembering
from persllm.workflows import memory as workflow
from persllm.workflows.bases import write_out


def print_stats(options: RuntimeOptions, *, as_json: bool) -> None:
    """Print what is kept of every persona."""
    write_out(workflow.statistics(workflow.open_memory(options)), _stats, as_json=as_json)


def print_told(name: str, user: str, options: RuntimeOptions, *, as_json: bool) -> None:
    """Print what a user told a persona."""
    told = workflow.memories(workflow.open_memory(options), find_persona(name), user)
    write_out([asdict(each) for each in told], _told, as_json=as_json)


def print_found(
    name: str,
    text: str,
    options: RuntimeOptions,
    *,
    stage: str | None,
    user: str,
    count: int,
    as_json: bool,
) -> None:
    """Print what answers a text best."""
    persona = find_persona(name)
    wanted = persona.stage(stage) if stage else persona.stages[-1]
    how = {"stage": persona.stages.index(wanted), "audience": user, "count": count}
    client = workflow.open_memory(options)
    found = workflow.search(client, persona, text, options, **how)
    write_out(found, _found, as_json=as_json)


def forget_user_or_ids(
    name: str | None, user: str, ids: Sequence[str], options: RuntimeOptions, *, ask: bool
) -> None:
    """Forget, after asking if asked to, and say how much."""
    persona = find_persona(name) if name else None
    client = workflow.open_memory(options, to_write=True)
    if persona is not None and ids:
        _ask(f"Forget {len(ids)} memories of {persona.name} for good?", ask)
        done = workflow.forget_ids(client, persona, ids)
    else:
        told = workflow.told_by(client, user, persona)
        _ask(f"Forget {sum(told.values())} memories of {user} ({', '.join(told)}) for good?", ask)
        done = workflow.forget_user(client, user, persona)
    print(f"{done} memories are forgotten")


def export_to(name: str, file: Path, options: RuntimeOptions) -> None:
    """Write a persona's memories to a file."""
    count = workflow.export_memories(workflow.open_memory(options), find_persona(name), file)
    print(f"{count} memories are in {file}")


def import_from(name: str, file: Path, options: RuntimeOptions) -> None:
    """Keep the memories of a file."""
    client = workflow.open_memory(options, to_write=True)
    count = workflow.import_memories(client, find_persona(name), file, options)
    print(f"{count} memories are kept")


def rebuild_with(make: Callable[..., int], name: str, options: RuntimeOptions) -> None:
    """Make vectors anew, by `reembed` or `repair`."""
    client = workflow.open_memory(options, to_write=True)
    count = make(client, find_persona(name), options, progress=remembering)
    print(f"{count} memories have new vectors")


def _ask(question: str, ask: bool) -> None:
    if ask and not typer.confirm(question):
        print("nothing is forgotten", file=sys.stderr)
        raise typer.Exit(1)


def _stats(found: dict[str, Any]) -> str:
    size = "" if found["bytes"] is None else f", {found['bytes']:,} bytes"
    lines = [f"{found['where']}{size}"]
    for row in found["personas"]:
        facts = ", ".join(f"stage {stage}: {count}" for stage, count in row["facts"].items())
        lines.append(
            f"{row['persona']}: facts of {facts}; {row['episodes']} told by {row['users']} users; "
            f"{row['embeddings']}"
        )
    return "\n".join(lines)


def _told(rows: list[dict[str, Any]]) -> str:
    return "\n".join(
        f"{row['when'] or row['source']}  {row['id']}  {row['text']}"
        + (f"  [taken back: {row['superseded_by']}]" if row["superseded_by"] else "")
        for row in rows
    )


def _found(rows: list[dict[str, Any]]) -> str:
    return "\n".join(f"{row['relevance']:.2f}  {row['source']}  {row['text']}" for row in rows)
