"""`persllm eval`: base and adapter, with and without memory, asked the held-out items."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from persllm.agents.answering import answers
from persllm.agents.chat_persona import ChatPersona
from persllm.agents.workplace import Workplace
from persllm.cast import find_persona
from persllm.embeddings import default_embeddings
from persllm.errors import DataError
from persllm.files import write_jsonl, write_text
from persllm.materials import read_materials
from persllm.persona import Persona
from persllm.training.data.drafting import BY_HAND
from persllm.training.data.items import Item
from persllm.training.data.sampling import BuildSettings
from persllm.training.evaluation.answers import (
    MEASURES,
    Measure,
    Tally,
    is_right,
    measurable,
    measure_of,
    steadiness,
    tallies,
)
from persllm.training.evaluation.speakers import Voices, guessed_speakers, voices_of
from persllm.ui.commands import made_data
from persllm.ui.progress import progress_on, remembering

SYSTEMS = {
    "base": (False, False),
    "base + memory": (False, True),
    "tuned": (True, False),
    "tuned + memory": (True, True),
}
"""Name: whether the adapter is used, whether the memory is."""
ALL = "all"
EVALUATION_FOLDER = "evaluation"
NOBODY = Tally(0, 0)
BEGIN, END = "<!-- persllm eval: begin -->", "<!-- persllm eval: end -->"


@dataclass(frozen=True, slots=True)
class Row:
    """What one system reached with one persona, or with all of them."""

    persona: str
    system: str
    counts: Mapping[Measure, Tally]
    speaker: Tally = NOBODY
    """How often the answer alone gave its speaker away; nobody guesses among one."""


def run_eval(
    names: Sequence[str],
    *,
    runs: Path,
    base_name: str,
    engine: str,
    memory: str | None,
    most: int,
    into: Path | None,
    as_json: bool,
) -> None:
    """`persllm eval`."""
    workplace = Workplace(
        base_name=base_name, engine=engine, runs=runs, memory=memory, progress=remembering
    )
    people = [find_persona(name) for name in names]
    voices = _voices(people) if len(people) > 1 else None
    rows: list[Row] = []
    for persona in people:
        rows += evaluate(persona, workplace, most=most, voices=voices)
    if len(people) > 1:
        rows += summed(rows)
    if into:
        put_between_marks(into, table(rows))
    if as_json:
        print(json.dumps([as_record(row) for row in rows]))
        return
    print(table(rows))
    console = Console()
    for persona in people:
        console.print(f"every answer: {escape(str(answers_path(runs, persona)))}", highlight=False)


def evaluate(
    persona: Persona, workplace: Workplace, *, most: int, voices: Voices | None = None
) -> list[Row]:
    """Ask a persona's held-out items of each system; every answer is written beside its data.

    Args:
        persona: Who is asked.
        workplace: Base, adapters and memories.
        most: Most items of one measure and stage.
        voices: Among whom the speaker of an answer is guessed.

    Raises:
        PersLLMError: The persona has no adapter for this base, or a step fails.
    """
    workplace.adapter(persona)  # its absence is told before the data is made
    items = chosen_items(made_data(persona, runs=workplace.runs).split("test")[0], most=most)
    rows, records = [], []
    for system, (use_adapter, use_memory) in SYSTEMS.items():
        stages = {
            stage.id: workplace.chat(
                persona, stage=stage.id, use_adapter=use_adapter, use_memory=use_memory
            )
            for stage in persona.stages
        }
        given = _asked(f"{persona.name}, {system}", items, stages)
        guessed = guessed_speakers(given, voices, default_embeddings()) if voices else []
        speaker = Tally(guessed.count(persona.name), len(guessed))
        rows.append(Row(persona.name, system, tallies(items, given), speaker))
        records += [
            _record(system, item, answer) for item, answer in zip(items, given, strict=True)
        ]
    write_jsonl(answers_path(workplace.runs, persona), records)
    return rows


def chosen_items(items: Sequence[Item], *, most: int) -> list[Item]:
    """Return up to `most` items of each measure and stage, those written by hand first."""
    ordered = sorted(measurable(items), key=lambda item: (item.teacher != BY_HAND, item.id))
    taken: Counter[tuple[str, Measure | None]] = Counter()
    chosen = []
    for item in ordered:
        part = item.stage, measure_of(item)
        taken[part] += 1
        if taken[part] <= most:
            chosen.append(item)
    return chosen


def answers_path(runs: Path, persona: Persona) -> Path:
    """Return where every answer of the last evaluation stands."""
    return runs / persona.id / EVALUATION_FOLDER / "answers.jsonl"


def summed(rows: Sequence[Row]) -> list[Row]:
    """Return each system's counts over all personas."""
    totals = []
    for system in SYSTEMS:
        own = [row for row in rows if row.system == system]
        counts: dict[Measure, Tally] = {
            name: _sum([row.counts[name] for row in own]) for name in MEASURES
        }
        totals.append(Row(ALL, system, counts, _sum([row.speaker for row in own])))
    return totals


def _sum(counted: Sequence[Tally]) -> Tally:
    return Tally(sum(each.right for each in counted), sum(each.asked for each in counted))


def table(rows: Sequence[Row]) -> str:
    """Return a Markdown table: shares, 95 % intervals (Wilson) and numbers of items."""
    lines = [
        "| persona | system | knowledge | corrected | accepted | harmonic mean | speaker |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in rows:
        cells = " | ".join(_cell(row.counts[name]) for name in MEASURES)
        cells += f" | {steadiness(row.counts):.0%} | {_cell(row.speaker)}"
        lines.append(f"| {row.persona} | {row.system} | {cells} |")
    return "\n".join(lines)


def as_record(row: Row) -> dict[str, object]:
    """Return a row for programs."""
    return {
        "persona": row.persona,
        "system": row.system,
        **{
            name: {**asdict(tally), "share": tally.share, "interval": tally.interval}
            for name, tally in (*row.counts.items(), ("speaker", row.speaker))
        },
        "harmonic_mean": steadiness(row.counts),
    }


def put_between_marks(path: Path, text: str) -> None:
    """Replace what stands between the marks of a Markdown file.

    Raises:
        DataError: The file cannot be read, or has no marks.
    """
    try:
        page = path.read_text(encoding="utf-8")
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error}. Name a Markdown file.") from error
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise DataError(f"{path} has no place for the table. Put in two lines: {BEGIN} and {END}")
    write_text(path, f"{before}{begin}\n{text}\n{end}{after}")


def _voices(people: Sequence[Persona]) -> Voices:
    texts = {persona.name: read_materials(persona) for persona in people}
    return voices_of(texts, default_embeddings(), BuildSettings())


def _asked(title: str, items: Sequence[Item], stages: dict[str, ChatPersona]) -> list[str]:
    with progress_on(Console(stderr=True), title) as told:
        return answers(
            [(stages[item.stage], item.question) for item in items],
            progress=lambda done, total: told("answers", done, total),
        )


def _record(system: str, item: Item, answer: str) -> dict[str, object]:
    return {
        "system": system,
        "item": item.id,
        "stage": item.stage,
        "measure": measure_of(item),
        "question": item.question,
        "known": item.known,
        "answer": answer,
        "right": is_right(item, answer),
    }


def _cell(tally: Tally) -> str:
    if not tally.asked:
        return "-"
    low, high = tally.interval
    return f"{tally.share:.0%} ({low:.0%} to {high:.0%}) of {tally.asked}"
