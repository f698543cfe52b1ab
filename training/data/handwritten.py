"""Hand-written items: `items/<stage>.yaml` of a persona folder.

Each entry quotes the sentence of the materials that it rests on, so that it belongs to that
paragraph's split, and the quotation is checked. Analyses follow from the entry's own fields, in
the forms of `persllm.training.analysis`. See docs/personas.md.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from persllm.errors import PersonaError
from persllm.materials import Material
from persllm.persona import Persona
from persllm.sentences import joined, sentences
from persllm.training import analysis
from persllm.training.data.drafting import BY_HAND, PartDraft
from persllm.training.data.items import CLAIMS
from persllm.training.data.teacher import Draft
from persllm.words import stems

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
MAX_FILE_BYTES = 4 * 1024 * 1024


class _Entry(BaseModel):
    """One entry as it is written."""

    model_config = ConfigDict(extra="forbid")

    pattern: Literal[
        "ordinary",
        "opinion",
        "misleading",
        "true-premise",
        "unknown",
        "small-talk",
        "follow-up",
        "request",
        "provocation",
    ]
    before: list[Text] = []
    """What was said before, the visitor first, in whole exchanges."""
    question: Text
    recall: Text
    """A whole sentence of one paragraph of the materials."""
    answer: Text
    said: Text | None = None
    """Claims: what the user names, in their words ("Graz")."""
    known: Text | None = None
    """Claims: what is true instead ("Prague"), or the same again."""
    wrong: Text | None = None
    """Claims: how one would answer who falls for it, or denies what is true."""


def read_handwritten(
    persona: Persona, materials: Sequence[Material], *, stance: bool = True
) -> tuple[PartDraft, ...]:
    """Read a persona's hand-written items; none where there is no `items` folder.

    Args:
        persona: Whose.
        materials: Which the entries quote.
        stance: Whether answers to opinions are kept as they were written. Else they begin with the
            sentence that tells the recalled view, for bases that think in fixed forms: what stands
            before it says yes or no to the user, which no such form decides.

    Raises:
        PersonaError: Files have faults; all are listed.
    """
    faults: list[str] = []
    found: list[PartDraft] = []
    known = {stage.id for stage in persona.stages}
    for path in sorted((persona.folder / "items").glob("*.yaml")):
        if path.stem not in known:
            faults.append(f"{path.name}: no stage is called {path.stem!r}; known: {sorted(known)}")
            continue
        found += _read_file(path, persona, materials, faults, stance=stance)
    if faults:
        listed = "\n".join(f"  - {fault}" for fault in faults)
        raise PersonaError(f"{persona.folder / 'items'}: {len(faults)} fault(s)\n{listed}")
    return tuple(found)


def _read_file(
    path: Path,
    persona: Persona,
    materials: Sequence[Material],
    faults: list[str],
    *,
    stance: bool,
) -> Iterator[PartDraft]:
    stage = persona.stage(path.stem)
    reach = {each.id for each in persona.reaches(stage)}
    reachable = [m for m in materials if m.stage in reach]
    numbers: dict[tuple[str, str], int] = {}
    for place, row in enumerate(_rows(path, faults), start=1):
        where = f"{path.name}, entry {place}"
        entry = _entry(row, where, faults)
        material = entry and _source(entry.recall, reachable, where, faults)
        if not entry or not material:
            continue
        key = (material.id, entry.pattern)
        number = numbers[key] = numbers.get(key, -1) + 1
        draft = _draft(entry, material, stance=stance)
        yield PartDraft(stage.id, entry.pattern, material.id, number, BY_HAND, draft)


def _rows(path: Path, faults: list[str]) -> list[Any]:
    if path.stat().st_size > MAX_FILE_BYTES:
        faults.append(f"{path.name}: larger than {MAX_FILE_BYTES:,} bytes. Split it.")
        return []
    try:
        rows = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        faults.append(f"{path.name}: not YAML in UTF-8: {error}")
        return []
    if not isinstance(rows, list):
        faults.append(f"{path.name}: must be a list of entries ('- pattern: ...')")
        return []
    return rows


def _entry(row: object, where: str, faults: list[str]) -> _Entry | None:
    try:
        entry = _Entry.model_validate(row)
    except ValidationError as error:
        faults += [
            f"{where}: {'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()
        ]
        return None
    missing = [
        name
        for name in ("said", "known", "wrong")
        if entry.pattern in CLAIMS and getattr(entry, name) is None
    ]
    if missing:
        faults.append(f"{where}: a {entry.pattern} entry also needs {', '.join(missing)}")
        return None
    if len(entry.before) % 2:
        faults.append(
            f"{where}: 'before' holds {len(entry.before)} turns; it needs whole exchanges, the "
            "visitor's words and the answer in turn"
        )
        return None
    return entry


def _source(
    quoted: str, materials: Sequence[Material], where: str, faults: list[str]
) -> Material | None:
    sought = " ".join(quoted.split())
    for material in materials:
        if sought in material.text:
            return material
    faults.append(
        f"{where}: no paragraph that this stage may know holds {sought[:60]!r}; "
        "'recall' must quote one whole sentence of the materials, letter for letter"
    )
    return None


def _draft(entry: _Entry, material: Material, *, stance: bool) -> Draft:
    claim = entry.pattern in CLAIMS
    bare = entry.pattern == "opinion" and not stance
    return Draft(
        question=entry.question,
        analysis=_analysis(entry),
        response=_view(entry) if bare else entry.answer,
        before=tuple(entry.before),
        wrong_analysis=_fallen(entry) if claim else "",
        wrong_response=(entry.wrong or "") if claim else "",
        false_premise=entry.question if entry.pattern == "misleading" else None,
        said=entry.said or "",
        known=entry.known or "",
        kind="attitude" if material.kind == "subjective" else "knowledge",
    )


def _view(entry: _Entry) -> str:
    """Return an answer from the sentence on that tells the recalled view."""
    lines, recalled = sentences(entry.answer), stems(entry.recall)
    shared = [len(stems(line) & recalled) for line in lines]
    return joined(lines[shared.index(max(shared)) :])


def _analysis(entry: _Entry) -> str:
    question, recall = entry.question, entry.recall
    match entry.pattern:
        case "opinion":
            return analysis.hold(question, recall)
        case "misleading" | "true-premise":
            return _verdict(entry, holds=entry.pattern == "true-premise")
        case "unknown":
            return analysis.unknown(question)
        case _:
            return analysis.asked(question, recall)


def _fallen(entry: _Entry) -> str:
    """Return how one thinks who does not look: the verdict turned round."""
    return _verdict(entry, holds=entry.pattern == "misleading")


def _verdict(entry: _Entry, *, holds: bool) -> str:
    return analysis.verdict(entry.question, entry.recall, said=entry.said or "", holds=holds)
