"""Ablations: the same run without one part of the recipe (METHOD, row 50).

An ablation changes the data or the settings and nothing else; each is a run of its own, so it is
continued and found like any other. It is measured on the held-out data in the form it was trained
on: pair accuracies compare, perplexities only where the replies are the same.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from persllm.errors import DataError
from persllm.files import digest
from persllm.messages import Message
from persllm.replies import parse_reply
from persllm.training.data.build import PersonaData
from persllm.training.data.items import Item, Pair
from persllm.training.settings import TrainSettings
from persllm.training.train import Job, Loaded, TrainContext, load, train_personas

WHOLE = "whole"
FOLDER = "ablations"
INDUCING = frozenset({"misleading", "true-premise"})
FALLEN_FOR = frozenset({"induced", "over-denial"})
STAGE_LINE = re.compile(r"\nIt is -?\d+: [^\n]*")


@dataclass(frozen=True, slots=True)
class Ablation:
    """What is left out."""

    what: str
    data: Callable[[PersonaData], PersonaData] = lambda data: data
    settings: Callable[[TrainSettings], TrainSettings] = lambda settings: settings


def _without_analysis(data: PersonaData) -> PersonaData:
    return _rewritten(data, reply=lambda text: parse_reply(text).response, header=lambda t: t)


def _without_stage(data: PersonaData) -> PersonaData:
    return _rewritten(data, reply=lambda text: text, header=lambda t: STAGE_LINE.sub("", t))


def _without_induction(data: PersonaData) -> PersonaData:
    """Leave claims out of training; they stay in what is measured."""
    return replace(
        data,
        items=tuple(i for i in data.items if i.split == "test" or i.pattern not in INDUCING),
        pairs=tuple(p for p in data.pairs if p.split == "test" or p.why not in FALLEN_FOR),
    )


def _without_general(data: PersonaData) -> PersonaData:
    """Leave what `build --mix` mixed in out of training; it stays in what is measured."""
    return replace(
        data,
        items=tuple(i for i in data.items if i.split == "test" or i.pattern != "general"),
    )


def _rewritten(
    data: PersonaData, *, reply: Callable[[str], str], header: Callable[[str], str]
) -> PersonaData:
    def messages(turns: Sequence[Message]) -> tuple[Message, ...]:
        rules: dict[str, Callable[[str], str]] = {"system": header, "assistant": reply, "user": str}
        return tuple(Message(turn.role, rules[turn.role](turn.content)) for turn in turns)

    def item(one: Item) -> Item:
        return replace(one, messages=messages(one.messages))

    def pair(one: Pair) -> Pair:
        return replace(
            one,
            prompt=messages(one.prompt),
            chosen=reply(one.chosen),
            rejected=reply(one.rejected),
        )

    return replace(data, items=tuple(map(item, data.items)), pairs=tuple(map(pair, data.pairs)))


ABLATIONS: Mapping[str, Ablation] = {
    "no-cot": Ablation("replies without analysis", data=_without_analysis),
    "no-anti-induction": Ablation("no claims, true or false", data=_without_induction),
    "no-mix": Ablation(
        "no general conversations",
        data=_without_general,
        settings=lambda s: replace(s, general_share=0.0),
    ),
    "no-dpo": Ablation("SFT only", settings=lambda s: replace(s, dpo_passes=0.0)),
    "no-stage": Ablation("no line that names the stage", data=_without_stage),
}


def chosen_ablations(names: str) -> tuple[str, ...]:
    """Return the ablations of a list with commas, in order.

    Raises:
        DataError: One is unknown, or asked for twice.
    """
    wanted = tuple(name.strip() for name in names.split(",") if name.strip())
    unknown = [name for name in wanted if name not in ABLATIONS]
    if unknown or not wanted or len(set(wanted)) < len(wanted):
        raise DataError(
            f"cannot ablate {names!r}: name some of {', '.join(ABLATIONS)}, each once, "
            "with commas between."
        )
    return wanted


def ablated(job: Job, context: TrainContext, name: str) -> tuple[Job, TrainContext]:
    """Return the job and the context without one part; its runs have a folder of their own."""
    ablation = ABLATIONS[name]
    data = ablation.data(job.data)
    marked = {
        **data.statistics,
        "data_hash": digest(str(data.statistics["data_hash"]), name),
    }
    return (
        Job(job.persona, replace(data, statistics=marked)),
        replace(
            context,
            settings=ablation.settings(context.settings),
            runs=context.runs / job.persona.id / FOLDER / name,
            general=None if name == "no-mix" else context.general,
        ),
    )


def run_ablations(
    job: Job, context: TrainContext, names: Sequence[str], loaded: Loaded | None = None
) -> Iterator[tuple[str, Path]]:
    """Yield the whole run's adapter, then each ablation's; they share one loaded base.

    Raises:
        DataError: An ablation would leave out what is not there.
    """
    mixed = context.general or any(i.pattern == "general" for i in job.data.split("train")[0])
    if "no-mix" in names and not mixed:
        raise DataError(
            f"no-mix changes nothing for {job.persona.id}: no general conversations are mixed in. "
            "Name some (persllm train --general chats.jsonl, or persllm build --mix chats.jsonl), "
            "or leave no-mix out."
        )
    loaded = loaded or load(context)
    [(_, adapter)] = train_personas([job], context, loaded)
    yield WHOLE, adapter
    for name in names:
        context.told(f"{name}: {ABLATIONS[name].what}")
        without, other_ways = ablated(job, context, name)
        [(_, adapter)] = train_personas([without], other_ways, loaded)
        yield name, adapter
