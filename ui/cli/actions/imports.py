"""The commands init and import: a persona's folder, and foreign files into its materials."""

import json
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from persllm.files import write_json, write_text
from persllm.persona_catalog import find_persona
from persllm.training.importing.importing import import_materials
from persllm.training.importing.reporting import markdown, summary
from persllm.training.importing.skeleton import make_persona, read_stage
from persllm.training.importing.sorting import ImportOptions
from persllm.ui.cli.terminal import reporting_on

REPORT = "import-report"


def run_init(
    folder: Path, *, name: str, summary: str, stages: Sequence[str], language: str
) -> None:
    """`persllm init`."""
    persona = make_persona(
        folder,
        name=name,
        summary=summary,
        stages=tuple(map(read_stage, stages)),
        language=language,
    )
    console = Console()
    console.print(f"{escape(persona.name)}: {escape(str(folder))}")
    console.print(f"next: persllm import {escape(str(folder))} <files or folders>")


def run_import(
    name: str,
    paths: Sequence[Path],
    *,
    stage: str | None,
    speakers: Sequence[str],
    teacher: str,
    licence: str,
    links: bool,
    anybody: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """`persllm import`."""
    persona = find_persona(name)
    options = ImportOptions(
        stage=persona.stage(stage) if stage else None, speakers=tuple(speakers), anybody=anybody
    )
    if teacher != "rules":
        from persllm.training.importing.asking import classified_by

        options = classified_by(teacher, options)
    console = Console(stderr=True)
    with reporting_on(console) as reporter:
        imported = import_materials(
            persona,
            paths,
            options=options,
            licence=licence,
            links=links,
            dry_run=dry_run,
            progress=reporter.bar(f"importing for {persona.name}"),
        )
    report = summary(imported)
    if not dry_run:
        write_json(persona.folder / f"{REPORT}.json", report)
        write_text(persona.folder / f"{REPORT}.md", markdown(report))
    if as_json:
        print(json.dumps(report))
        return
    out = Console()
    dropped = sum(row["paragraphs"] for row in report["dropped"].values())
    stages = ", ".join(f"{count} {stage}" for stage, count in report["by_stage"].items())
    out.print(f"taken: {report['taken']} paragraphs ({escape(stages)}); left out: {dropped}")
    for why, row in report["dropped"].items():
        out.print(f"  {row['paragraphs']:>6} {escape(why)}", highlight=False)
    for source, why in report["refused"].items():
        out.print(f"refused: {escape(source)}: {escape(why)}", highlight=False)
    for source, why in report["passed_over"].items():
        out.print(f"passed over: {escape(source)}: {escape(why)}", highlight=False)
    for kept in report["kept_by_hand"]:
        out.print(f"changed by hand, left as it is: {escape(kept)}", highlight=False)
    where = "nothing was written" if dry_run else str(persona.folder / f"{REPORT}.md")
    out.print(f"report: {escape(where)}")
