"""`persllm doctor`: a table of what is there and what is missing."""

import importlib.metadata
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from persllm.workflows.doctor import Finding, findings


def examine(*, runs: Path, as_json: bool) -> int:
    """Print what was found; return 0 if everything needed is there, else 1."""
    found = findings(runs)
    if as_json:
        print(json.dumps([asdict(each) for each in found]))
    else:
        _print(found)
    return int(any(each.state == "missing" for each in found))


def _print(found: Sequence[Finding]) -> None:
    table = Table(title=f"persllm {importlib.metadata.version('persllm')}", expand=False)
    for column in ("what", "state", "detail"):
        table.add_column(column, overflow="fold")
    for finding in found:
        table.add_row(finding.what, finding.state, escape(finding.detail))
    Console(file=sys.stdout).print(table)
