"""The commands push and export: what is done with an adapter that is trained."""

from pathlib import Path

from rich.console import Console
from rich.markup import escape

from persllm.bases import find_base
from persllm.manifest import find_adapter
from persllm.persona_catalog import find_persona
from persllm.training.export import merge, push


def push_adapter(name: str, *, to: str, private: bool, runs: Path, base_name: str) -> None:
    """`persllm push`."""
    persona = find_persona(name)
    adapter = find_adapter(persona, base=find_base(base_name), runs=runs)
    where = push(adapter, persona, to=to, private=private)
    Console().print(f"{escape(persona.name)}'s adapter is at {escape(where)}")


def export_merged(name: str, *, into: Path, runs: Path, base_name: str) -> None:
    """`persllm export --merge`."""
    persona, base = find_persona(name), find_base(base_name)
    folder = merge(find_adapter(persona, base=base, runs=runs), base, into=into)
    Console().print(f"{escape(persona.name)} and {base.name} as one model: {escape(str(folder))}")
