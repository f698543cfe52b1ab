"""The demo's report: one HTML file without anything from outside."""

import html
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template

from persllm.agents.dialogue.transcript import Turn
from persllm.files import write_text
from persllm.manifest import read_manifest
from persllm.persona import Persona
from persllm.training.data.build import PersonaData

PAGE = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>persllm: $motion</title>
<style>
body { font: 16px/1.5 Georgia, serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem;
  color: #222; background: #fdfcf9; }
h1, h2, h3 { line-height: 1.2; }
table { border-collapse: collapse; margin: 1rem 0; font: 14px/1.4 system-ui, sans-serif; }
th, td { border-bottom: 1px solid #ccc; padding: .25rem .7rem; text-align: right; }
th:first-child, td:first-child { text-align: left; }
.turn { border-left: 4px solid #36648b; padding: .2rem 1rem; margin: 1rem 0; }
.turn.even { border-color: #a0522d; }
details, .note { font: 13px/1.4 system-ui, sans-serif; color: #555; }
</style>
</head>
<body>
<h1>$motion</h1>
<p class="note">A debate of trained personas, made by <code>persllm demo</code> in $seconds
seconds. They imitate; nothing here is a quotation.</p>
$turns
$chapters
</body>
</html>
""")
SMALL = "Held-out data is small: read the intervals before the means."


@dataclass(frozen=True, slots=True)
class Chapter:
    """What the report says of one persona."""

    persona: Persona
    data: PersonaData
    adapter: Path


def write_report(
    path: Path,
    *,
    motion: str,
    turns: Sequence[Turn],
    chapters: Sequence[Chapter],
    seconds: float,
) -> Path:
    """Write the report; return its path."""
    page = PAGE.substitute(
        motion=html.escape(motion),
        seconds=f"{seconds:.0f}",
        turns="\n".join(_turn(turn, i) for i, turn in enumerate(turns)),
        chapters="\n".join(_chapter(chapter) for chapter in chapters),
    )
    write_text(path, page)
    return path


def _turn(turn: Turn, index: int) -> str:
    recalled = "".join(
        f"<li>{html.escape(f'{passage.source}: {passage.text}')}</li>" for passage in turn.recalled
    )
    return (
        f'<div class="turn {"even" if index % 2 else "odd"}">'
        f"<p><b>{html.escape(turn.speaker)}</b> ({html.escape(turn.stage)}): "
        f"{html.escape(turn.text)}</p>"
        f"<details><summary>{turn.tokens} tokens in {turn.seconds:.1f} s, analysis and "
        f"{len(turn.recalled)} memories</summary><p>{html.escape(turn.analysis)}</p>"
        f"<ul>{recalled}</ul></details></div>"
    )


def _chapter(chapter: Chapter) -> str:
    manifest = read_manifest(chapter.adapter)
    results = [
        (
            system,
            f"{row['pair_accuracy']:.1%} ± {row['pair_error']:.1%}",
            row["pairs"],
            f"{row['perplexity']:.2f}",
            row["items"],
        )
        for system, row in manifest.evaluation.items()
    ]
    parts = chapter.data.statistics["items"].items()
    counts = [(part, count["train"], count["test"]) for part, count in parts]
    pairs = ", ".join(f"{n} {why}" for why, n in chapter.data.statistics["pairs"].items())
    return (
        f"<h2>{html.escape(chapter.persona.name)}</h2>"
        "<h3>Held-out results</h3>"
        + _table(("system", "pair accuracy", "pairs", "reply perplexity", "items"), results)
        + f'<p class="note">{SMALL} base: the bare question; prompt: who speaks, when, what is '
        "recalled; adapter: the same after training.</p><h3>Data</h3>"
        + _table(("stage and pattern", "train", "test"), counts)
        + f'<p class="note">Pairs: {html.escape(pairs)}. Trained in {manifest.seconds:.0f} s over '
        f"{html.escape(manifest.base)}.</p>"
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    cells = "".join(f"<th>{html.escape(name)}</th>" for name in head)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(str(cell))}</td>" for cell in row) + "</tr>"
        for row in rows
    )
    return f"<table><tr>{cells}</tr>{body}</table>"
