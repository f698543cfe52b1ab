"""Build a persona's data: materials to drafts, drafts to items and pairs.

Writes to the output folder `items/<stage>.<pattern>.jsonl`, `pairs.jsonl` and, last of all,
`statistics.json`, which marks the build as whole and names what it was built from. The same
command continues a build that was stopped and leaves a finished one alone. Drafts, items and
pairs go to disk as they are made, so memory does not grow with their number.
"""

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from langchain_core.embeddings import Embeddings

from persllm.base_profile import BaseProfile
from persllm.embeddings import embed, embeddings_name
from persllm.errors import DataError
from persllm.files import digest, digest_file, write_json
from persllm.materials import Material, read_materials
from persllm.messages import prompt_hash
from persllm.persona import Persona
from persllm.progress import Progress, no_progress
from persllm.training.data.assembling import Assembler
from persllm.training.data.decisions import Decision, decisions_digest, read_decisions
from persllm.training.data.drafting import (
    Library,
    PartDraft,
    Workshop,
    parts,
    read_batches,
    write_by_hand,
    write_part,
)
from persllm.training.data.general import mixed_in
from persllm.training.data.handwritten import read_handwritten
from persllm.training.data.items import (
    SPLITS,
    Item,
    LineFile,
    Pair,
    Split,
    item_row,
    pair_row,
    read_items,
    read_pairs,
)
from persllm.training.data.mining import StoredAnswers, stored_items, takes_stored
from persllm.training.data.rules import RulesTeacher
from persllm.training.data.sampling import BuildSettings, usable
from persllm.training.data.tally import Tally
from persllm.training.data.teacher import Teacher

STATISTICS_NAME = "statistics.json"
PAIRS_NAME = "pairs.jsonl"
ITEMS_FOLDER = "items"
PARTS_FOLDER = "parts"
FORMAT = 7


@dataclass(frozen=True, slots=True)
class _Read:
    """What a build starts from."""

    materials: tuple[Material, ...]
    by_hand: tuple[PartDraft, ...]
    elsewhere: tuple[Material, ...]
    """The paragraphs of other personas."""
    decisions: Mapping[str, Decision]
    """What a review decided, by the key of the draft."""


@dataclass(frozen=True, slots=True)
class PersonaData:
    """A finished build."""

    folder: Path
    items: tuple[Item, ...]
    pairs: tuple[Pair, ...]
    statistics: dict[str, Any]

    def split(self, split: Split) -> tuple[list[Item], list[Pair]]:
        """Return the items and pairs of one split."""
        return (
            [item for item in self.items if item.split == split],
            [pair for pair in self.pairs if pair.split == split],
        )


def build(
    persona: Persona,
    *,
    out: Path,
    others: Sequence[Persona],
    embeddings: Embeddings,
    profile: BaseProfile,
    teacher: Teacher | None = None,
    settings: BuildSettings | None = None,
    stored: Sequence[Path] = (),
    progress: Progress = no_progress,
) -> PersonaData:
    """Build, or continue, or return what is already built from the same inputs.

    Args:
        persona: Whose data.
        out: Output folder.
        others: Whose answers are the wrong ones.
        embeddings: Vectors of paragraphs and user turns.
        teacher: Who writes; the rules by default.
        profile: Of the base that the data are for.
        settings: How much.
        stored: Finished builds of others, whose answers may be mined.
        progress: Told of every step.

    Raises:
        PersonaError: The materials have faults.
        DataError: The materials yield no items, or none in one of the splits.
    """
    write_data(
        persona,
        out=out,
        others=others,
        embeddings=embeddings,
        teacher=teacher,
        profile=profile,
        settings=settings,
        stored=stored,
        progress=progress,
    )
    return read_data(out)


def write_data(
    persona: Persona,
    *,
    out: Path,
    others: Sequence[Persona],
    embeddings: Embeddings,
    profile: BaseProfile,
    teacher: Teacher | None = None,
    settings: BuildSettings | None = None,
    stored: Sequence[Path] = (),
    progress: Progress = no_progress,
) -> dict[str, Any]:
    """Build as `build` does, and return the statistics only: no item is held in memory."""
    settings = settings or BuildSettings()
    stance = profile.analysis != "forms"
    read = _read(persona, others, stance=stance)
    teacher = teacher or RulesTeacher(read.materials)
    stored = stored if settings.mine == "nearest" else ()
    inputs = _inputs(persona, read, embeddings, teacher, profile, settings, stored)
    if _finished(out, inputs):
        shutil.rmtree(out / PARTS_FOLDER, ignore_errors=True)
        return read_statistics(out)
    _begin(out, inputs)
    total = len(parts(persona)) + 3
    progress("reading and embedding materials", 0, total)
    needed = {draft.material for draft in read.by_hand}
    shop = Workshop(
        folder=out / PARTS_FOLDER,
        persona=persona,
        own=_library(usable(read.materials, settings, needed=needed), embeddings),
        foreign=_library(usable(read.elsewhere, settings), embeddings),
        teacher=teacher,
        embeddings=embeddings,
        settings=settings,
        stance=stance,
    )
    write_by_hand(shop, read.by_hand)
    for done, part in enumerate(parts(persona), start=1):
        progress(f"{teacher.name} writes {' '.join(part)}", done, total)
        write_part(shop, part)
    progress("cleaning and pairing", total - 1, total)
    counted = _assembled(out, shop, read, profile, stored)
    origin = {
        "inputs": inputs,
        "prompt_hash": prompt_hash(profile),
        "teacher": teacher.name,
        "settings": asdict(settings),
    }
    write_json(out / STATISTICS_NAME, {**origin, **counted})
    shutil.rmtree(out / PARTS_FOLDER)
    progress("done", total, total)
    return read_statistics(out)


def read_statistics(folder: Path) -> dict[str, Any]:
    """Read the counts of a finished build.

    Raises:
        DataError: The folder holds none.
    """
    path = folder / STATISTICS_NAME
    if not path.is_file():
        raise DataError(f"{folder} holds no finished build. Run: persllm build <persona>.")
    statistics: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return statistics


def read_data(folder: Path) -> PersonaData:
    """Read a finished build.

    Raises:
        DataError: The folder holds none.
    """
    statistics = read_statistics(folder)
    items = [
        i for file in sorted((folder / ITEMS_FOLDER).glob("*.jsonl")) for i in read_items(file)
    ]
    pairs = read_pairs(folder / PAIRS_NAME)
    return PersonaData(folder, tuple(items), tuple(pairs), statistics)


def origin_of(folder: Path) -> tuple[BuildSettings, str] | None:
    """Return settings and teacher's name of a finished build, or None where there is none."""
    path = folder / STATISTICS_NAME
    if not path.is_file():
        return None
    stored = json.loads(path.read_text(encoding="utf-8"))
    if "teacher" not in stored:
        return None  # made by an older version
    return BuildSettings(**stored["settings"]), str(stored["teacher"])


def _read(persona: Persona, others: Sequence[Persona], *, stance: bool) -> _Read:
    materials = read_materials(persona)
    elsewhere = [m for other in others if other.id != persona.id for m in read_materials(other)]
    by_hand = read_handwritten(persona, materials, stance=stance)
    return _Read(materials, by_hand, tuple(elsewhere), read_decisions(persona))


def _inputs(
    persona: Persona,
    read: _Read,
    embeddings: Embeddings,
    teacher: Teacher,
    profile: BaseProfile,
    settings: BuildSettings,
    stored: Sequence[Path],
) -> str:
    general = [digest_file(Path(settings.general))] if settings.general else []
    return digest(
        *general,
        *(str(read_statistics(folder)["data_hash"]) for folder in stored),
        str(FORMAT),
        persona.digest(),
        prompt_hash(profile),
        f"{profile.passages} {profile.passage_words}",
        f"{profile.objective_words} {profile.subjective_words}",
        teacher.name,
        embeddings_name(embeddings),
        json.dumps(asdict(settings)),
        *(f"{m.id}{m.partner}{m.kind}" for m in (*read.materials, *read.elsewhere)),
        *map(repr, read.by_hand),
        decisions_digest(read.decisions),
    )


def _finished(out: Path, inputs: str) -> bool:
    path = out / STATISTICS_NAME
    return path.is_file() and json.loads(path.read_text(encoding="utf-8"))["inputs"] == inputs


def _begin(out: Path, inputs: str) -> None:
    """Drop what was begun from other inputs."""
    mark = out / PARTS_FOLDER / "inputs.txt"
    if not mark.is_file() or mark.read_text(encoding="utf-8") != inputs:
        shutil.rmtree(out / PARTS_FOLDER, ignore_errors=True)
        mark.parent.mkdir(parents=True)
        mark.write_text(inputs, encoding="utf-8")
    (out / STATISTICS_NAME).unlink(missing_ok=True)


def _library(materials: Sequence[Material], embeddings: Embeddings) -> Library:
    return Library(tuple(materials), embed(embeddings, [material.heard for material in materials]))


def _assembled(
    out: Path, shop: Workshop, read: _Read, profile: BaseProfile, stored: Sequence[Path]
) -> dict[str, Any]:
    """Write items and pairs as they are made; they appear together. Returns the counts."""
    scratch, tally = shop.folder / "written", Tally()
    shutil.rmtree(scratch, ignore_errors=True)
    shutil.rmtree(out / ITEMS_FOLDER, ignore_errors=True)
    names = [f"{stage_id}.{pattern}" for stage_id, pattern in parts(shop.persona)]
    files = {
        name: LineFile(out / ITEMS_FOLDER / f"{name}.jsonl", scratch=scratch) for name in names
    }
    paired = LineFile(out / PAIRS_NAME, scratch=scratch)
    assembler = Assembler(
        shop.persona,
        own=shop.own,
        others=shop.foreign,
        settings=shop.settings,
        profile=profile,
        decisions=read.decisions,
        embeddings=shop.embeddings,
        scratch=scratch / "turns.f16",
    )
    general = LineFile(out / ITEMS_FOLDER / "general.jsonl", scratch=scratch)
    try:
        for item, pairs in assembler.assemble(lambda: read_batches(shop)):
            files[f"{item.stage}.{item.pattern}"].add(item_row(item))
            tally.add_item(item)
            for pair in pairs:
                if not (takes_stored(item, shop.settings) and pair.why != "edited"):
                    paired.add(pair_row(pair))
                    tally.add_pair(pair)
        for file in files.values():
            file.appear()
        for pair in _mined(out, shop, stored):
            paired.add(pair_row(pair))
            tally.add_pair(pair)
        if shop.settings.general:
            beside = sum(tally.items(split) for split in SPLITS)
            path = Path(shop.settings.general)
            for item in mixed_in(path, beside=beside, settings=shop.settings):
                general.add(item_row(item))
                tally.add_item(item)
            general.appear()
        _check(shop.persona, tally)
        paired.appear()
    finally:
        for file in (*files.values(), paired, general):
            file.close()
    return tally.statistics(shop.persona, read.materials, assembler.dropped)


def _mined(out: Path, shop: Workshop, stored: Sequence[Path]) -> Iterator[Pair]:
    if shop.settings.mine != "nearest":
        return
    answers = StoredAnswers(stored_items([out, *stored]), shop.embeddings)
    own = (item for item in stored_items([out]) if takes_stored(item, shop.settings))
    yield from answers.pairs(shop.persona, own, shop.embeddings, skip=shop.settings.skip)


def _check(persona: Persona, tally: Tally) -> None:
    for split in SPLITS:
        counts = (tally.items(split), tally.pairs(split))
        if not all(counts):
            raise DataError(
                f"{persona.name}'s materials yield {counts[0]} items and {counts[1]} pairs to "
                f"{split} on; at least one of each is needed. Add paragraphs to "
                f"{persona.materials_folder} (about 40 a stage is a good start)."
            )
