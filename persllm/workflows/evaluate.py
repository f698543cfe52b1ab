"""The systems compared on held-out items, and the report of it."""

import importlib.metadata
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from persllm.agents.options import RuntimeOptions
from persllm.agents.runtime import Runtime
from persllm.embeddings import find_embeddings
from persllm.errors import DataError
from persllm.files import write_jsonl, write_text
from persllm.manifest import MANIFEST_NAME, adapter_if_any, read_manifest, write_manifest
from persllm.materials import read_materials
from persllm.persona import Persona
from persllm.persona_catalog import bundled, find_persona, resolved
from persllm.training.data.vectors import KeptVectors
from persllm.training.evaluation.comparison import what_is_added
from persllm.training.evaluation.figures import Case
from persllm.training.evaluation.measures import MEASURES
from persllm.training.evaluation.page import page
from persllm.training.evaluation.report import (
    ALL,
    FigureRow,
    PersonaResults,
    PersonaRow,
    Report,
    make_report,
    write_report_json,
)
from persllm.training.evaluation.speakers import Voices, known_paragraphs, voices_of
from persllm.training.evaluation.suite import EvalSettings, Result, with_inter
from persllm.workflows.data import VECTORS_FOLDER
from persllm.workflows.eval_systems import BEFORE_DPO, BOTH, MEMORY, OWN, PROMPT, TRAINED
from persllm.workflows.parallel_eval import (
    EVALUATION_FOLDER,
    Asked,
    build_settings,
    evaluate_each,
    evaluation_folder,
)
from persllm.workflows.reporting import SILENT, Reporter

REPORT_NAME, PAGE_NAME, ANSWERS_NAME, CASES_NAME = (
    "report.json",
    "report.html",
    "answers.jsonl",
    "cases.jsonl",
)
BEGIN, END = "<!-- persllm eval: begin -->", "<!-- persllm eval: end -->"
CARD_TITLE = "## Evaluation"


@dataclass(frozen=True, slots=True, kw_only=True)
class EvalOptions:
    """What is asked of whom, beside the personas."""

    settings: EvalSettings = field(default_factory=EvalSettings)
    also: tuple[str, ...] = ()
    """Other chat models, by name."""
    systems: tuple[str, ...] = ()
    """Which of our own systems are asked, by name; all where none is named."""
    jobs: int | None = None
    """Personas evaluated side by side; None is as many as cores and memory allow."""


def evaluate(
    personas: Sequence[Persona | str],
    runtime: Runtime | RuntimeOptions | None = None,
    options: EvalOptions | None = None,
    *,
    reporter: Reporter = SILENT,
) -> Report:
    """Evaluate personas; each one's answers are written beside its data.

    Args:
        personas: Each may be a bundled persona's name or a persona folder.
        runtime: What they run on.
        options: How much is asked.
        reporter: Told of the steps.

    Raises:
        DataError: A system is named that there is not.
        AdapterError: A system with adapter is named, and a persona has none for this base; where
            none is named, the systems without one are asked.
        PersLLMError: A step fails.
    """
    if not isinstance(runtime, Runtime):
        runtime = Runtime(runtime or RuntimeOptions())
    options, people = options or EvalOptions(), [resolved(persona) for persona in personas]
    started = time.monotonic()
    _refuse_unknown(options.systems)
    trained = _trained(people, runtime, options.systems)
    voices = _voices(people, runtime)
    asked = Asked(options.settings, options.also, voices, options.systems)
    results = with_inter(
        evaluate_each(people, runtime, asked, jobs=options.jobs, reporter=reporter)
    )
    for persona in people:
        folder = evaluation_folder(runtime.runs, persona)
        write_jsonl(answers_path(runtime.runs, persona), _answer_rows(results[persona.id]))
        write_jsonl(folder / CASES_NAME, _case_rows(results[persona.id]))
    report = make_report(
        results,
        {persona.id: _told(persona) for persona in people},
        leading=BOTH if trained else MEMORY,
        baseline=MEMORY if trained else PROMPT,
        made={
            "base": runtime.base.name,
            "base_key": runtime.base.key,
            "persllm": importlib.metadata.version("persllm"),
            **asdict(options.settings),
            "seconds": round(time.monotonic() - started),
        },
        seed=options.settings.seed,
    )
    if not options.systems:  # a card tells of all systems, or of those it had before
        for persona in trained:
            record(runtime.adapter(persona), report.personas[persona.id], runtime.runs)
    return report


def _trained(people: Sequence[Persona], runtime: Runtime, systems: Sequence[str]) -> list[Persona]:
    """Return whose adapters are asked; one that is named and missing is told before all else."""
    if not systems:
        base, runs = runtime.base, runtime.runs
        return [each for each in people if adapter_if_any(each, base=base, runs=runs)]
    named = list(people) if set(systems) & set(TRAINED) else []
    for each in named:
        runtime.adapter(each)
    return named


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
    """Return what the adapter adds, and a Markdown table: value, 95 % interval, number of cases."""
    columns = [measure for measure in MEASURES.values() if measure.column]
    titles = [measure.title for measure in columns]
    lines = [
        *_added(report),
        f"| persona | system | {' | '.join(titles)} |",
        f"|{' --- |' * (len(titles) + 2)}",
    ]
    for persona in report.personas.values():
        for system, row in persona.systems.items():
            if system != BEFORE_DPO:
                cells = " | ".join(_cell(row.figures.get(each.name)) for each in columns)
                lines.append(f"| {persona.name} | {system} | {cells} |")
    return "\n".join(lines)


def _added(report: Report) -> list[str]:
    """Return what the adapter adds, first of all: of all personas together where there are some."""
    persona = report.personas.get(ALL) or next(iter(report.personas.values()))
    told = what_is_added(persona, report.leading, report.baseline)
    return [told, ""] if told else []


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
    whole = Report(made={}, leading=BOTH, baseline=MEMORY, personas={persona.name: persona})
    put_between_marks(card, table(whole))


def report_folder(runs: Path, people: Sequence[Persona]) -> Path:
    """Return where the report of an evaluation goes by default."""
    return runs / (people[0].id if len(people) == 1 else ALL) / EVALUATION_FOLDER


def _voices(people: Sequence[Persona], runtime: Runtime) -> Voices:
    """Return the voices among whom a speaker is guessed; one persona stands beside the cast."""
    bundled_ones = [find_persona(name) for name in bundled()] if len(people) == 1 else []
    beside = [each for each in bundled_ones if each.name != people[0].name]
    texts = {
        persona.name: known_paragraphs(
            read_materials(persona), build_settings(persona, runtime.runs)
        )
        for persona in (*people, *beside)
    }
    embeddings = KeptVectors(
        find_embeddings(runtime.options.embeddings), runtime.runs / VECTORS_FOLDER
    )
    return voices_of(texts, embeddings)


def _told(persona: Persona) -> PersonaResults:
    places = {m.id: f"{m.source}: {m.text}" for m in read_materials(persona)}
    return PersonaResults(persona.name, places)


def _answer_rows(results: dict[str, Result]) -> Iterable[dict[str, object]]:
    for system, case in _cases(results):
        if MEASURES[case.measure].answered:
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
