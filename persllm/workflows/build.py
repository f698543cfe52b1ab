"""`persllm build`: who writes, what it will take, a first answer, shards, and the data."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from persllm.base_profile import BaseProfile, find_profile
from persllm.bases import NANO, find_base
from persllm.embeddings import default_embeddings
from persllm.errors import DataError
from persllm.materials import read_materials
from persllm.persona import Persona
from persllm.persona_catalog import find_persona
from persllm.training.data.build import PersonaData, read_data, read_statistics
from persllm.training.data.rules import RULES
from persllm.training.data.sampling import MININGS, BuildSettings, Mining
from persllm.training.data.teacher import Assignment, Teacher
from persllm.training.data.teachers import TeacherChoice, find_teacher
from persllm.training.data.teachers.calibration import (
    REMARKS_NAME,
    Shown,
    first_answer,
    keep_remarks,
    read_remarks,
)
from persllm.training.data.teachers.chat_teacher import ChatTeacher
from persllm.training.data.teachers.estimate import estimate, surveyed
from persllm.training.data.teachers.general import read_instructions, write_general
from persllm.training.data.teachers.money import parsed_price
from persllm.training.data.teachers.retrieval import Budgets
from persllm.training.data.teachers.several import chat_shares
from persllm.training.data.teachers.shards import (
    SHARDS_FOLDER,
    ask_on_ray,
    ask_shard,
    parsed_shard,
    stores_in,
)
from persllm.training.data.teachers.store import AnswerStore
from persllm.workflows.data import constructed_data
from persllm.workflows.data_table import data_table
from persllm.workflows.progress import progress_on

CALLS_NAME = "teacher.sqlite"
SHOWN_SOURCE = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """What else the user wants of a build."""

    base_name: str = NANO
    """The base that the data are for; its profile shapes prompts and replies."""
    calibrate: bool = False
    remarks: tuple[str, ...] = ()
    general: Path | None = None
    shard: str = ""
    ray: int = 0
    dry_run: bool = False
    as_json: bool = False

    @property
    def for_models(self) -> str:
        """The first flag that only makes sense with a chat model, or nothing."""
        given = {
            "--calibrate": self.calibrate,
            "--remark": self.remarks,
            "--general": self.general,
            "--shard": self.shard,
            "--ray": self.ray,
        }
        return next((flag for flag, value in given.items() if value), "")


def chosen_settings(
    *,
    per_part: int,
    variations: int,
    seed: int,
    mine: str,
    skip: int,
    mix: Path | None,
    mix_share: float,
) -> BuildSettings:
    """Return the settings that the flags make.

    Raises:
        DataError: There is no such mining.
    """
    ways: dict[str, Mining] = {way: way for way in MININGS}
    if mine not in ways:
        raise DataError(f"--mine is one of {', '.join(MININGS)}; got {mine!r}.")
    return BuildSettings(
        per_part=per_part,
        variations=variations,
        seed=seed,
        mine=ways[mine],
        skip=skip,
        general=str(mix or ""),
        general_share=mix_share,
    )


def teacher_choice(
    names: Sequence[str],
    *,
    shares: str,
    price: str,
    budget: float | None,
    words: tuple[int, int],
    prompts: Path | None,
    at_once: int,
    plain: bool,
    other_stages: bool,
    prices: Path | None,
) -> TeacherChoice:
    """Return the choice that the flags make.

    Raises:
        DataError: Shares or price are none.
    """
    try:
        weights = tuple(float(part) for part in shares.split(",")) if shares else ()
    except ValueError as error:
        raise DataError(f"{shares!r} are no shares; write --shares 3,1") from error
    return TeacherChoice(
        names=tuple(names) or (RULES,),
        weights=weights,
        prompts=prompts,
        at_once=at_once,
        plain=plain,
        budgets=Budgets(*words),
        other_stages=other_stages,
        price=parsed_price(price) if price else None,
        prices=prices,
        budget=budget,
    )


def build_with_orders(
    name: str, *, runs: Path, settings: BuildSettings, choice: TeacherChoice, orders: Orders
) -> None:
    """`persllm build`."""
    persona = find_persona(name)
    read_materials(persona)  # faults are told before the embeddings load
    if orders.for_models and not choice.asks_models:
        raise DataError(f"{orders.for_models} needs a chat model: --teacher openai:gpt-4o-mini")
    if orders.general:
        read_instructions(orders.general)
    home = runs / persona.id
    choice = replace(choice, remarks=_remarks(home / REMARKS_NAME, orders.remarks))
    asked = surveyed(persona, settings) if choice.asks_models or orders.dry_run else []
    if orders.dry_run:
        _tell_needs(_teacher(persona, choice, _dry(home / CALLS_NAME)), asked, orders)
        return
    if orders.shard:
        _ask_one_shard(orders.shard, persona=persona, choice=choice, settings=settings, home=home)
        return
    if orders.ray:
        _ask_by_ray(orders.ray, name=name, choice=choice, settings=settings, runs=runs)
    _take_over(home)
    teacher = _teacher(persona, choice, home / CALLS_NAME)
    console = Console(stderr=True)
    for model, share in chat_shares(teacher, asked):
        console.print(escape(estimate(model, share).line()))
        model.expected = len(share)
    if orders.calibrate:
        _calibrate(teacher, asked, home / REMARKS_NAME)
    folder = constructed_data(
        persona,
        runs=runs,
        profile=find_profile(find_base(orders.base_name)),
        settings=settings,
        teacher=teacher,
    )
    if orders.general:
        profile = find_profile(find_base(orders.base_name))
        _with_general(persona, read_data(folder), teacher, orders.general, settings, profile)
    _tell(persona, folder, orders)


def _teacher(persona: Persona, choice: TeacherChoice, calls: Path) -> Teacher:
    materials = read_materials(persona)
    return find_teacher(choice, materials, embeddings=default_embeddings(), calls=calls)


def _dry(calls: Path) -> Path:
    """Return the store that is there, or one that leaves no file."""
    return calls if calls.is_file() else Path(":memory:")


def _tell_needs(teacher: Teacher, asked: Sequence[Assignment], orders: Orders) -> None:
    found = [estimate(model, share) for model, share in chat_shares(teacher, asked)]
    if orders.as_json:
        print(json.dumps({"items": len(asked), "teachers": [asdict(each) for each in found]}))
        return
    for each in found:
        print(each.line())
    if not found:
        print(f"rules: {len(asked):,} items at most, no model, no cost")


def _remarks(path: Path, new: Sequence[str]) -> tuple[str, ...]:
    """Return all remarks, the new ones kept too."""
    remarks = tuple(dict.fromkeys((*read_remarks(path), *new)))
    if new:
        keep_remarks(path, remarks)
    return remarks


def _calibrate(teacher: Teacher, asked: Sequence[Assignment], path: Path) -> None:
    """Show a first answer and take remarks until there is none."""
    if not sys.stdin.isatty():
        raise DataError(
            "--calibrate asks on the terminal, and there is none. Give remarks in the command: "
            '--remark "Shorter sentences, and never a question at the end."'
        )
    console = Console()
    for model, share in chat_shares(teacher, asked):
        while True:
            _show(console, first_answer(model, share))
            remark = console.input("Enter to keep it, or what should be otherwise: ").strip()
            if not remark:
                break
            remarks = (*model.wording.remarks, remark)
            for other, _ in chat_shares(teacher):
                other.wording = replace(other.wording, remarks=remarks)
            keep_remarks(path, remarks)


def _show(console: Console, shown: Shown) -> None:
    draft, about = shown.draft, shown.assignment
    console.rule(escape(f"{about.persona.name}, {about.stage.id}: {about.pattern}"))
    console.print(f"[bold]visitor[/bold]  {escape(draft.question)}")
    if draft.analysis:
        console.print(f"[bold]thinks[/bold]   {escape(draft.analysis)}", style="dim")
    console.print(f"[bold]answers[/bold]  {escape(draft.response)}\n")
    for material in shown.sources:
        text = f"{material.id}: {material.text[:SHOWN_SOURCE]}"
        console.print(escape(text), style="dim", soft_wrap=True)


def _ask_one_shard(
    name: str, *, persona: Persona, choice: TeacherChoice, settings: BuildSettings, home: Path
) -> int:
    """Ask for one shard's share; its answers are in a store of its own."""
    shard = parsed_shard(name)
    teacher = _teacher(persona, choice, shard.path(home / SHARDS_FOLDER))
    drafts = 0
    for model, share in chat_shares(teacher, surveyed(persona, settings)):
        drafts += ask_shard(model, shard, share)
        print(f"shard {name}: {model.summary()}", file=sys.stderr)
        model.close()
        model.store.close()
    return drafts


def _shard_of_persona(
    shard: str, *, name: str, choice: TeacherChoice, settings: BuildSettings, runs: Path
) -> int:
    persona = find_persona(name)
    return _ask_one_shard(
        shard, persona=persona, choice=choice, settings=settings, home=runs / persona.id
    )


def _ask_by_ray(
    shards: int, *, name: str, choice: TeacherChoice, settings: BuildSettings, runs: Path
) -> None:
    """Ask in shards as a Ray job; each has its share of the budget."""
    budget = None if choice.budget is None else choice.budget / shards
    ask = partial(
        _shard_of_persona,
        name=name,
        choice=replace(choice, budget=budget),
        settings=settings,
        runs=runs.resolve(),
    )
    ask_on_ray(ask, shards)


def _take_over(home: Path) -> None:
    stores = stores_in(home / SHARDS_FOLDER)
    if stores:
        store = AnswerStore(home / CALLS_NAME)
        new = store.absorb(stores)
        store.close()
        print(f"{new:,} answers taken over from {len(stores)} shards", file=sys.stderr)


def _with_general(
    persona: Persona,
    data: PersonaData,
    teacher: Teacher,
    path: Path,
    settings: BuildSettings,
    profile: BaseProfile,
) -> None:
    """Add general instructions in the persona's voice, by the first chat model."""
    model: ChatTeacher = chat_shares(teacher)[0][0]
    console = Console(stderr=True)
    with progress_on(console, f"general instructions for {persona.name}") as told:
        counts = write_general(
            persona,
            data.folder,
            model,
            read_instructions(path),
            profile=profile,
            settings=settings,
            told=told,
        )
    console.print(", ".join(f"{count:,} {what}" for what, count in counts.items()))


def _tell(persona: Persona, folder: Path, orders: Orders) -> None:
    statistics = read_statistics(folder)
    if orders.as_json:
        print(json.dumps(statistics))
        return
    console = Console()
    console.print(data_table(persona, statistics))
    console.print(f"items and pairs: {escape(str(folder))}")
