"""`persllm eval`: the systems compared on held-out items, a report, and a gate for CI."""

import importlib.metadata
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from persllm.agents.runtime import Runtime
from persllm.embeddings import default_embeddings
from persllm.errors import DataError, GateError
from persllm.files import write_jsonl, write_text
from persllm.manifest import MANIFEST_NAME, read_manifest, write_manifest
from persllm.materials import read_materials
from persllm.persona import Persona
from persllm.persona_catalog import bundled, find_persona
from persllm.training.data.sampling import BuildSettings
from persllm.training.data.vectors import KeptVectors
from persllm.training.evaluation.figures import Case
from persllm.training.evaluation.gate import Change, changes
from persllm.training.evaluation.measures import MEASURE_TEXTS
from persllm.training.evaluation.page import page
from persllm.training.evaluation.report import (
    ALL,
    FigureRow,
    PersonaRow,
    Report,
    Told,
    make_report,
    read_report,
    write_report_json,
)
from persllm.training.evaluation.speakers import Voices, voices_of
from persllm.training.evaluation.suite import EvalSettings, Result, with_inter
from persllm.workflows.data import VECTORS_FOLDER
from persllm.workflows.eval_systems import BEFORE_DPO, BOTH, OWN
from persllm.workflows.parallel_eval import (
    EVALUATION_FOLDER,
    Asked,
    evaluate_each,
    evaluation_folder,
)
from persllm.workflows.progress import remembering

REPORT_NAME, PAGE_NAME, ANSWERS_NAME, CASES_NAME = (
    "report.json",
    "report.html",
    "answers.jsonl",
    "cases.jsonl",
)
BEGIN, END = "<!-- persllm eval: begin -->", "<!-- persllm eval: end -->"
CARD_TITLE = "## Evaluation"
COLUMNS = (
    "knowledge",
    "attitude",
    "corrected",
    "accepted",
    "steadiness",
    "stage_accuracy",
    "stage_kept",
    "speaker",
)
ANSWERED = ("knowledge", "corrected", "accepted", "attitude")
"""Measures whose cases are answers to items; those are what a judge reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvalWishes:
    """What the user wants of an evaluation beside the personas."""

    settings: EvalSettings = field(default_factory=EvalSettings)
    also: tuple[str, ...] = ()
    """Other chat models, by name."""
    systems: tuple[str, ...] = ()
    """Which of our own systems are asked, by name; all where none is named."""
    out: Path | None = None
    """Folder of the report; in the runs folder by default."""
    into: Path | None = None
    """A Markdown file with marks that the table goes between."""
    gate: Path | None = None
    """An older report; figures must not have fallen since."""
    jobs: int | None = None
    """Personas evaluated side by side; None is as many as cores and memory allow."""
    of: Path | None = None
    """A finished report that goes through the gate, instead of a new evaluation."""


def run_eval(
    names: Sequence[str],
    *,
    runs: Path,
    base_name: str,
    engine: str,
    memory: str | None,
    wishes: EvalWishes,
    as_json: bool,
) -> None:
    """`persllm eval`.

    Raises:
        GateError: A figure fell by more than its noise.
    """
    older = read_report(wishes.gate) if wishes.gate else None
    console = Console(stderr=as_json)
    if wishes.of:
        report = read_report(wishes.of)
    else:
        runtime = Runtime(
            base_name=base_name, engine=engine, runs=runs, memory=memory, progress=remembering
        )
        people = [find_persona(name) for name in names]
        report = evaluate(people, runtime, wishes)
        folder = wishes.out or _folder(runs, people)
        write_report(folder, report)
        console.print(f"report: {escape(str(folder / PAGE_NAME))}", highlight=False)
    if wishes.into:
        put_between_marks(wishes.into, table(report))
    print(report.model_dump_json() if as_json else table(report))
    if older:
        _pass_gate(changes(older, report), console)


def evaluate(people: Sequence[Persona], runtime: Runtime, wishes: EvalWishes) -> Report:
    """Evaluate personas; each one's answers are written beside its data.

    Raises:
        DataError: A system is named that there is not.
        PersLLMError: A persona has no adapter for this base, or a step fails.
    """
    started = time.monotonic()
    _refuse_unknown(wishes.systems)
    for persona in people:
        runtime.adapter(persona)  # its absence is told before any data is made
    voices = _voices(people, runtime.runs)
    asked = Asked(wishes.settings, wishes.also, voices, wishes.systems)
    results = with_inter(evaluate_each(people, runtime, asked, jobs=wishes.jobs))
    for persona in people:
        folder = evaluation_folder(runtime.runs, persona)
        write_jsonl(answers_path(runtime.runs, persona), _answer_rows(results[persona.id]))
        write_jsonl(folder / CASES_NAME, _case_rows(results[persona.id]))
    report = make_report(
        results,
        {persona.id: _told(persona) for persona in people},
        leading=BOTH,
        made={
            "base": runtime.base.name,
            "base_key": runtime.base.key,
            "persllm": importlib.metadata.version("persllm"),
            **asdict(wishes.settings),
            "seconds": round(time.monotonic() - started),
        },
        seed=wishes.settings.seed,
    )
    if not wishes.systems:  # a card tells of all systems, or of those it had before
        for persona in people:
            record(runtime.adapter(persona), report.personas[persona.id], runtime.runs)
    return report


def _refuse_unknown(systems: Sequence[str]) -> None:
    known = (*OWN, BEFORE_DPO)
    for name in systems:
        if name not in known:
            raise DataError(f"there is no system {name!r}. Choose from: {', '.join(known)}.")


def answers_path(runs: Path, persona: Persona) -> Path:
    """Return where every answer of the last evaluation to an item stands."""
    return evaluation_folder(runs, persona) / ANSWERS_NAME


def write_report(folder: Path, report: Report) -> None:
    """Write the report as a page and as JSON."""
    write_report_json(folder / REPORT_NAME, report)
    write_text(folder / PAGE_NAME, page(report))


def table(report: Report) -> str:
    """Return a Markdown table of the main figures: value, 95 % interval, number of cases."""
    titles = [MEASURE_TEXTS[name].title for name in COLUMNS]
    lines = [
        f"| persona | system | {' | '.join(titles)} |",
        f"|{' --- |' * (len(titles) + 2)}",
    ]
    for persona in report.personas.values():
        for system, row in persona.systems.items():
            if system != BEFORE_DPO:
                cells = " | ".join(_cell(row.figures.get(name)) for name in COLUMNS)
                lines.append(f"| {persona.name} | {system} | {cells} |")
    return "\n".join(lines)


def put_between_marks(path: Path, text: str) -> None:
    """Replace what stands between the marks of a Markdown file.

    Raises:
        DataError: The file cannot be read, or has no marks.
    """
    try:
        written = path.read_text(encoding="utf-8")
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error}. Name a Markdown file.") from error
    before, begin, rest = written.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise DataError(f"{path} has no place for the table. Put in two lines: {BEGIN} and {END}")
    write_text(path, f"{before}{begin}\n{text}\n{end}{after}")


def record(adapter: Path, persona: PersonaRow, runs: Path) -> None:
    """Put the short form into manifest and model card of an adapter that lies in the runs."""
    if not adapter.resolve().is_relative_to(runs.resolve()):
        return
    manifest = read_manifest(adapter)
    short = {
        system: {name: figure.model_dump() for name, figure in row.figures.items()}
        for system, row in persona.systems.items()
    }
    if (adapter / MANIFEST_NAME).is_file():
        write_manifest(adapter, manifest.model_copy(update={"measured": short}))
    card = adapter / "README.md"
    if not card.is_file():
        return
    if BEGIN not in card.read_text(encoding="utf-8"):
        text = card.read_text(encoding="utf-8").rstrip()
        write_text(card, f"{text}\n\n{CARD_TITLE}\n\n{BEGIN}\n{END}\n")
    whole = Report(made={}, leading=BOTH, personas={persona.name: persona})
    put_between_marks(card, table(whole))


def _pass_gate(found: Sequence[Change], console: Console) -> None:
    changed = [each for each in found if each.fell or each.rose]
    for each in changed:
        console.print(escape(str(each)), highlight=False)
    fallen = [each for each in changed if each.fell]
    if fallen:
        raise GateError(
            f"{len(fallen)} of {len(found)} figures fell by more than their noise, the first: "
            f"{fallen[0]}. Look at the answers, or make the new report the one to hold to."
        )
    console.print(f"gate passed: none of {len(found)} figures fell by more than its noise")


def _folder(runs: Path, people: Sequence[Persona]) -> Path:
    return runs / (people[0].id if len(people) == 1 else ALL) / EVALUATION_FOLDER


def _voices(people: Sequence[Persona], runs: Path) -> Voices:
    """Return the voices among whom a speaker is guessed; one persona stands beside the cast."""
    cast = [find_persona(name) for name in bundled()] if len(people) == 1 else []
    beside = [each for each in cast if each.name != people[0].name]
    texts = {persona.name: read_materials(persona) for persona in (*people, *beside)}
    embeddings = KeptVectors(default_embeddings(), runs / VECTORS_FOLDER)
    return voices_of(texts, embeddings, BuildSettings())


def _told(persona: Persona) -> Told:
    places = {m.id: f"{m.source}: {m.text}" for m in read_materials(persona)}
    return Told(persona.name, places)


def _answer_rows(results: dict[str, Result]) -> Iterable[dict[str, object]]:
    for system, case in _cases(results):
        if case.measure in ANSWERED:
            yield {
                "system": system,
                "item": case.id,
                "stage": case.stage,
                "measure": case.measure,
                "question": case.question,
                "reference": case.reference,
                "answer": case.answer,
                "right": case.value == 1,
            }


def _case_rows(results: dict[str, Result]) -> Iterable[dict[str, object]]:
    for system, case in _cases(results):
        yield {"system": system, **asdict(case)}


def _cases(results: dict[str, Result]) -> Iterable[tuple[str, Case]]:
    return ((system, case) for system, result in results.items() for case in result.cases)


def _cell(figure: FigureRow | None) -> str:
    if figure is None or not figure.n:
        return "-"
    return f"{figure.value:.0%} ({figure.low:.0%} to {figure.high:.0%}) of {figure.n}"
