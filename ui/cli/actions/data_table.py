"""What a build holds, as tables for the terminal (METHOD 2.3)."""

from typing import Any

from rich.console import Group
from rich.table import Table

from persllm.persona import Persona


def data_table(persona: Persona, statistics: dict[str, Any]) -> Group:
    """Return the counts of a build: items by stage and pattern, and pairs by reason."""
    return Group(_items(persona, statistics), _pairs(statistics))


def _items(persona: Persona, statistics: dict[str, Any]) -> Table:
    table = Table(title=f"Data of {persona.name} (teacher: {statistics['teacher']})")
    for column in ("stage", "pattern", "train", "test"):
        table.add_column(column, justify="left" if column in ("stage", "pattern") else "right")
    for stage in persona.stages:
        told = statistics["materials"][stage.id]
        kinds = ", ".join(f"{told[kind]:,} {kind}" for kind in ("objective", "subjective"))
        table.add_row(stage.id, f"paragraphs: {kinds}", "", "", style="dim")
        for part, count in statistics["items"].items():
            name, _, pattern = part.partition(".")
            if name == stage.id:
                table.add_row("", pattern, str(count["train"]), str(count["test"]))
    if "general" in statistics["items"]:
        general = statistics["items"]["general"]
        table.add_row("", "general", str(general["train"]), str(general["test"]))
    table.add_section()
    totals = statistics["totals"]
    for row, title in (("items", "items in all"), ("words", "words"), ("pairs", "pairs")):
        table.add_row(title, "", *(f"{totals[split][row]:,}" for split in ("train", "test")))
    for kind in sorted({kind for split in totals.values() for kind in split["kinds"]}):
        counts = (totals[split]["kinds"].get(kind, 0) for split in ("train", "test"))
        table.add_row(f"  {kind}", "", *(f"{count:,}" for count in counts), style="dim")
    dropped = ", ".join(f"{n} {why}" for why, n in statistics["dropped"].items())
    reviewed = ", ".join(f"{n} {what}" for what, n in statistics["reviewed"].items())
    table.caption = f"dropped: {dropped or 'none'}\nreviewed: {reviewed or 'none'}"
    return table


def _pairs(statistics: dict[str, Any]) -> Table:
    table = Table(title="Pairs, and the words of their responses", caption="means, per reason")
    for column in ("why rejected", "train", "test", "chosen", "rejected"):
        table.add_column(column, justify="left" if column[0] == "w" else "right")
    for why, count in statistics["pairs_by_split"].items():
        words = statistics["mean_pair_words_by_reason"][why]
        lengths = (str(words[side]) for side in ("chosen", "rejected"))
        table.add_row(why, str(count["train"]), str(count["test"]), *lengths)
    return table
