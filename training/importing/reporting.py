"""The import report: what was taken, what was dropped and why, for people and programs."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from persllm.training.importing.importing import Imported, Read
from persllm.training.importing.sorting import Dropped

EXAMPLES = 3
EXAMPLE_LENGTH = 160


def summary(imported: Imported) -> dict[str, Any]:
    """Return the report as plain data."""
    taken = [piece for read in imported.sources for piece in read.taken]
    return {
        "taken": len(taken),
        "by_stage": dict(Counter(piece.stage for piece in taken)),
        "by_kind": dict(Counter(piece.kind for piece in taken)),
        "dropped": _reasons(imported),
        "sources": [_source(read) for read in imported.sources],
        "refused": {read.name: read.refused for read in imported.sources if read.refused},
        "passed_over": dict(imported.passed),
        "kept_by_hand": [name for read in imported.sources for name in read.kept_by_hand],
    }


def markdown(report: dict[str, Any]) -> str:
    """Return the report as a page."""
    return "\n".join(_page(report)) + "\n"


def _reasons(imported: Imported) -> dict[str, Any]:
    dropped = [(read.name, piece) for read in imported.sources for piece in read.dropped]
    counted = Counter(piece.why for _, piece in dropped)
    return {
        why: {
            "paragraphs": count,
            "words": sum(len(piece.text.split()) for _, piece in dropped if piece.why == why),
            "examples": [
                f"{name}, {piece.where}: {_short(piece.text)}"
                for name, piece in _spread([d for d in dropped if d[1].why == why])
            ],
        }
        for why, count in counted.most_common()
    }


def _spread(rows: list[tuple[str, Dropped]]) -> list[tuple[str, Dropped]]:
    """Return a few rows from all over the list."""
    return [rows[i * len(rows) // EXAMPLES] for i in range(min(EXAMPLES, len(rows)))]


def _source(read: Read) -> dict[str, Any]:
    return {
        "name": read.name,
        "form": read.form,
        "digest": read.digest,
        "taken": len(read.taken),
        "dropped": dict(Counter(piece.why for piece in read.dropped).most_common()),
        "notes": list(read.notes),
    }


def _page(report: dict[str, Any]) -> Iterator[str]:
    stages = ", ".join(f"{n} {stage}" for stage, n in report["by_stage"].items())
    kinds = ", ".join(f"{n} {kind}" for kind, n in report["by_kind"].items())
    yield "# Import report\n"
    yield f"{report['taken']} paragraphs taken: {stages or 'none'} ({kinds or 'none'}).\n"
    yield "| source | form | taken | dropped | notes |\n| --- | --- | ---: | ---: | --- |"
    for source in report["sources"]:
        dropped, notes = sum(source["dropped"].values()), "; ".join(source["notes"])
        row = (source["name"], source["form"] or "refused", source["taken"], dropped, notes)
        yield "| " + " | ".join(_cell(value) for value in row) + " |"
    for title, rows in (("Refused", report["refused"]), ("Passed over", report["passed_over"])):
        if rows:
            yield f"\n## {title}\n"
            yield from (f"- {_cell(name)}: {_cell(why)}" for name, why in rows.items())
    if report["kept_by_hand"]:
        yield "\n## Changed by hand since the last import, and left as they are\n"
        yield from (f"- {_cell(name)}" for name in report["kept_by_hand"])
    yield "\n## Left out"
    for why, row in report["dropped"].items():
        yield f"\n### {why}: {row['paragraphs']} paragraphs, {row['words']:,} words\n"
        yield from (f"- {_cell(example)}" for example in row["examples"])


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= EXAMPLE_LENGTH else flat[:EXAMPLE_LENGTH].rsplit(" ", 1)[0] + " ..."


def _cell(value: object) -> str:
    """Return text that is nothing but text in Markdown."""
    plain = " ".join(str(value).split()).replace("|", "/").replace("`", "'")
    return plain.replace("<", "\\<").replace("[", "\\[")
