"""General instructions answered in a persona's voice (METHOD 2.10, mode 3).

An instruction goes to one stage, by its own hash, and is answered there from what the persona knows
of the matter. What nobody of that time and life could answer comes back as "Refused." and becomes
no item; it is written beside the items, marked.
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from persllm.base_profile import BaseProfile
from persllm.errors import DataError
from persllm.files import digest, read_jsonl, write_json, write_jsonl
from persllm.messages import Message, render
from persllm.persona import Persona, Stage
from persllm.progress import Progress, no_progress
from persllm.replies import write_reply
from persllm.training.data.build import ITEMS_FOLDER, STATISTICS_NAME
from persllm.training.data.items import Item, Split, write_items
from persllm.training.data.sampling import BuildSettings, Division
from persllm.training.data.teachers.chat_teacher import ChatTeacher
from persllm.training.data.teachers.forms import Answered
from persllm.training.data.teachers.retrieval import Sought

MOST_CHARACTERS = 8000
REFUSED_NAME = "refused.jsonl"
FAULTS_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Instruction:
    """A task that has nothing to do with the persona."""

    text: str
    reference: str = ""
    """An answer known to be right, if there is one."""


@dataclass(frozen=True, slots=True)
class Styled:
    """What came of one instruction."""

    instruction: Instruction
    stage: Stage
    answer: Answered | None
    split: Split

    @property
    def refused(self) -> bool:
        """Whether the persona could not have answered."""
        return self.answer is not None and self.answer.response.strip(" .\"'").lower() == "refused"


def read_instructions(path: Path) -> list[Instruction]:
    """Read instructions, one JSON object a line; those that recur are read once.

    A line is {"instruction": ..., "reference": ...}, the paper's {"data": [instruction, answer]},
    or {"messages": [...]} as OpenAI has them.

    Raises:
        DataError: The file is missing, empty, or lines have faults; all are listed.
    """
    faults: list[str] = []
    found: dict[str, Instruction] = {}
    for number, row in enumerate(read_jsonl(path), start=1):
        read = _instruction(row)
        if isinstance(read, str):
            faults.append(f"line {number}: {read}")
        else:
            found.setdefault(read.text, read)
    if not found and not faults:
        faults.append("there is no line in it")
    if faults:
        more = [f"and {len(faults) - FAULTS_SHOWN} more"] if len(faults) > FAULTS_SHOWN else []
        raise DataError("\n  - ".join([f"{path}:", *faults[:FAULTS_SHOWN], *more]))
    return list(found.values())


def write_general(
    persona: Persona,
    folder: Path,
    teacher: ChatTeacher,
    instructions: Sequence[Instruction],
    *,
    profile: BaseProfile,
    settings: BuildSettings,
    told: Progress = no_progress,
) -> dict[str, int]:
    """Have instructions answered and add the answers to finished data; returns the counts.

    Args:
        persona: In whose voice.
        folder: Of the finished build; general items that are there are replaced.
        teacher: Who answers.
        instructions: What is asked.
        profile: Of the base that the data are for.
        settings: Of the build: what is held out, of the instructions as of the paragraphs.
        told: Told of every answer.
    """
    made: dict[str, list[Item]] = {stage.id: [] for stage in persona.stages}
    refused: list[dict[str, Any]] = []
    counts: Counter[str] = Counter(written=0, refused=0, left_out=0)
    for done, styled in enumerate(_styled(persona, teacher, instructions, settings), start=1):
        told(teacher.meter.short(), done, len(instructions))
        if styled.answer is None:
            counts["left_out"] += 1
        elif styled.refused:
            counts["refused"] += 1
            refused.append({**asdict(styled.instruction), "stage": styled.stage.id})
        else:
            counts["written"] += 1
            made[styled.stage.id].append(_item(persona, styled, teacher.name, profile))
    for stage_id, items in made.items():
        write_items(folder / ITEMS_FOLDER / f"{stage_id}.general.jsonl", items)
    write_jsonl(folder / REFUSED_NAME, refused)
    _count(folder / STATISTICS_NAME, made, dict(counts))
    return dict(counts)


def _styled(
    persona: Persona,
    teacher: ChatTeacher,
    instructions: Sequence[Instruction],
    settings: BuildSettings,
) -> Iterator[Styled]:
    async def styled(instruction: Instruction) -> Styled:
        place = int(digest("general", instruction.text)[:8], 16)
        stage = persona.stages[place % len(persona.stages)]
        reach = frozenset(each.id for each in persona.reaches(stage))
        known = f" Known to be right: {instruction.reference}" if instruction.reference else ""
        task = teacher.wording.task("general", persona, stage, reference=known)
        split = _split_of(instruction, settings)
        division = Division(split, settings.seed, settings.test_share)
        sought = Sought(instruction.text, reach, None, division)
        answer = await teacher.answer(persona, stage, sought, task=task)
        return Styled(instruction, stage, answer, split)

    yield from teacher.worked(styled, instructions)


def _split_of(instruction: Instruction, settings: BuildSettings) -> Split:
    mark = digest(instruction.text)
    return "test" if int(mark[8:16], 16) / 16**8 < settings.test_share else "train"


def _item(persona: Persona, styled: Styled, teacher: str, profile: BaseProfile) -> Item:
    assert styled.answer is not None
    text, stage = styled.instruction.text, styled.stage
    mark = digest(text)
    thought = "" if profile.analysis == "none" else styled.answer.analysis
    reply = write_reply(thought, styled.answer.response)
    prompt = render(persona, stage, (Message("user", text),), profile=profile)
    return Item(
        id=f"{persona.id}-{stage.id}-general-{mark[:8]}",
        persona=persona.id,
        stage=stage.id,
        pattern="general",
        messages=(*prompt, Message("assistant", reply)),
        question=text,
        recalled=(),
        false_premise=None,
        sources=(),
        teacher=teacher,
        kind="neither",
        split=styled.split,
    )


def _count(path: Path, made: dict[str, list[Item]], counts: dict[str, int]) -> None:
    """Put the general items into the statistics; the data's hash covers them."""
    statistics = json.loads(path.read_text(encoding="utf-8"))
    before = statistics.get("general", {}).get("data_hash_without", statistics["data_hash"])
    replies = (f"{item.id} {item.reply}" for items in made.values() for item in items)
    statistics["data_hash"] = digest(before, *replies)
    statistics["general"] = {**counts, "data_hash_without": before}
    for stage_id, items in made.items():
        splits = Counter(item.split for item in items)
        row = {"train": splits["train"], "test": splits["test"]}
        statistics["items"][f"{stage_id}.general"] = row
    write_json(path, statistics)


def _instruction(row: dict[str, Any]) -> Instruction | str:
    """Return the instruction of a line, or what is wrong with it."""
    data, messages = row.get("data"), row.get("messages")
    parts: list[Any]
    if isinstance(row.get("instruction"), str):
        parts = [row["instruction"], row.get("reference", row.get("output", ""))]
    elif isinstance(data, list) and data:
        parts = [*data[:2], ""]
    elif isinstance(messages, list):
        said = [m for m in messages if isinstance(m, dict) and m.get("role") != "system"]
        parts = [*(m.get("content") for m in said[:2]), "", ""]
    else:
        return 'no "instruction", "data" or "messages" in it'
    text, reference = parts[0], parts[1]
    if not isinstance(text, str) or not isinstance(reference, str) or not text.strip():
        return "the instruction and its answer must be text"
    if len(text) + len(reference) > MOST_CHARACTERS:
        return f"{len(text) + len(reference):,} characters; at most {MOST_CHARACTERS:,}"
    return Instruction(text.strip(), reference.strip())
