"""Does the evaluation catch what is wrong? Adapters with planted defects, on nano.

python benchmarks/planted_defects.py --runs /tmp/planted [--items 96] [--most 16] [--only swapped]
                                     [--closed]

Trains a sound adapter and four with a defect each on the same items, evaluates all, and prints
which figures fell by more than their noise against the sound one (the gate of `persllm eval`):

- gullible: no misleading items and no pairs about them;
- swapped: each stage learns the other stage's replies;
- stranger: another persona's items under this persona's name;
- overtrained: ten times the learning rate and twice the passes.

With few items (96, 6 of a measure) the defects do not show: the base does most of the work then.
With --closed nothing is recalled in training, so that the adapter has to carry stage and voice
itself: a small base otherwise learns to copy what is recalled, whoever is said to speak.
"""

import argparse
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from persllm.agents.options import RuntimeOptions
from persllm.agents.runtime import Runtime
from persllm.base_profile import find_profile
from persllm.bases import find_base
from persllm.messages import Message, header
from persllm.persona import Persona
from persllm.persona_catalog import find_persona
from persllm.training.data.build import PersonaData, read_data
from persllm.training.data.items import Item, Pair
from persllm.training.evaluation.gate import changes
from persllm.training.evaluation.measures import MEASURES
from persllm.training.evaluation.report import Report
from persllm.training.evaluation.suite import EvalSettings
from persllm.training.settings import NANO_BASE, TrainSettings
from persllm.training.train import TrainContext, train_persona
from persllm.workflows.data import data_folder, ensure_data
from persllm.workflows.eval_systems import ADAPTER, BOTH
from persllm.workflows.evaluate import EvalOptions, evaluate, write_report

PROFILE = find_profile(find_base("nano"))
PERSONA, STRANGER = "frederick-douglass", "ada-lovelace"
SOUND = "sound"
SETTINGS = NANO_BASE

Records = tuple[list[Item], list[Pair]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, required=True)
    parser.add_argument("--items", type=int, default=10_000, help="most training items")
    parser.add_argument("--most", type=int, default=16, help="most items of a measure and stage")
    parser.add_argument("--closed", action="store_true", help="train without what is recalled")
    parser.add_argument("--only", nargs="*", help="names of defects; all by default")
    chosen = parser.parse_args()
    settings = EvalSettings(most=chosen.most, turns=0, open_questions=2)
    options = EvalOptions(settings=settings, systems=(ADAPTER, BOTH))
    reports: dict[str, Report] = {}
    for name, (spoil, settings) in DEFECTS.items():
        if name == SOUND or not chosen.only or name in chosen.only:
            reports[name] = evaluated(chosen, name, spoil, settings, options)
            tell(name, reports[SOUND], reports[name])


def evaluated(
    chosen: argparse.Namespace,
    name: str,
    spoil: Callable[[Persona, Records, Path], Records],
    settings: TrainSettings,
    options: EvalOptions,
) -> Report:
    """Train and evaluate one adapter; all share the data that is held out."""
    runs: Path = chosen.runs
    persona, own = find_persona(PERSONA), runs / name
    data = read_data(ensure_data(persona, runs=runs, profile=PROFILE))
    shutil.copytree(data.folder, data_folder(persona, own), dirs_exist_ok=True)
    train = spoil(persona, data.split("train"), runs)
    if chosen.closed:
        train = closed(train)
    items = spread(train[0], chosen.items)
    kept = {item.id for item in items}
    pairs = [pair for pair in train[1] if pair.chosen_item in kept]
    spoilt = PersonaData(
        data.folder,
        tuple(items),
        tuple(pairs),
        data.statistics | {"data_hash": f"{data.statistics['data_hash']}-{name}"},
    )
    train_persona(persona, spoilt, TrainContext(find_base("nano"), settings, own))
    place = Runtime(RuntimeOptions(base="nano", runs=own, memory=str(runs / "memory")))
    report = evaluate([persona], place, options)
    write_report(own / "report", report)
    return report


def spread(items: Sequence[Item], most: int) -> list[Item]:
    """Return about `most` items, evenly from the whole, so that each part is there."""
    step = max(1, len(items) // most)
    return list(items)[::step]


def closed(records: Records) -> Records:
    """Take away what is recalled."""
    asked = {item.id: item.question for item in records[0]}
    items = [
        replace(item, messages=(*_bare(item.prompt, item.question), item.messages[-1]))
        for item in records[0]
    ]
    known = [pair for pair in records[1] if pair.chosen_item in asked]
    return items, [
        replace(pair, prompt=_bare(pair.prompt, asked[pair.chosen_item])) for pair in known
    ]


def _bare(prompt: Sequence[Message], question: str) -> tuple[Message, ...]:
    return (*prompt[:-1], Message("user", question))


def sound(persona: Persona, records: Records, runs: Path) -> Records:
    return records


def gullible(persona: Persona, records: Records, runs: Path) -> Records:
    items = [item for item in records[0] if item.pattern != "misleading"]
    return items, [pair for pair in records[1] if pair.why != "induced"]


def swapped(persona: Persona, records: Records, runs: Path) -> Records:
    """Put each item under the other stage's header."""
    heads = [header(persona, stage) for stage in persona.stages]
    return _under(dict(zip(heads, reversed(heads), strict=True)), records)


def stranger(persona: Persona, records: Records, runs: Path) -> Records:
    """Take another persona's items and put this one's header over them."""
    other = find_persona(STRANGER)
    heads = {
        header(other, one): header(persona, mine)
        for one, mine in zip(other.stages, persona.stages, strict=True)
    }

    return _under(heads, read_data(ensure_data(other, runs=runs, profile=PROFILE)).split("train"))


def _under(heads: Mapping[str, str], records: Records) -> Records:
    """Put other headers over items and pairs."""

    def turned(messages: Sequence[Message]) -> tuple[Message, ...]:
        return tuple(replace(m, content=heads.get(m.content, m.content)) for m in messages)

    items = [replace(item, messages=turned(item.messages)) for item in records[0]]
    return items, [replace(pair, prompt=turned(pair.prompt)) for pair in records[1]]


DEFECTS: Mapping[str, tuple[Callable[[Persona, Records, Path], Records], TrainSettings]] = {
    SOUND: (sound, SETTINGS),
    "gullible": (gullible, SETTINGS),
    "swapped": (swapped, SETTINGS),
    "stranger": (stranger, SETTINGS),
    "overtrained": (
        sound,
        replace(SETTINGS, repeats=2 * SETTINGS.repeats, sft_rate=10 * SETTINGS.sft_rate),
    ),
}


def tell(name: str, old: Report, new: Report) -> None:
    """Print what the gate says, for the systems with the adapter."""
    found = [each for each in changes(old, new) if each.system in (ADAPTER, BOTH)]
    fallen = [each for each in found if each.fell]
    print(f"{name}: gate {'fails' if fallen else 'passes'}, {len(fallen)} of {len(found)} fell")
    for each in fallen:
        print(f"  {each.system}: {MEASURES[each.measure].title} {each.old:.2f} -> {each.new:.2f}")


if __name__ == "__main__":
    main()
