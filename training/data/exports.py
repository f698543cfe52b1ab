"""A build in the forms that other trainers read: OpenAI, TRL, ShareGPT, and a `datasets` folder.

Rows are read and written one by one. Nothing but what is in the build goes out: messages, and for
TRL and `datasets` where each item came from.
"""

import json
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from persllm.errors import DataError
from persllm.files import write_text
from persllm.messages import Message
from persllm.persona import Persona
from persllm.training.data.build import ITEMS_FOLDER, PAIRS_NAME, read_statistics
from persllm.training.data.dataset_card import write_card
from persllm.training.data.items import SPLITS, Item, LineFile, Pair, Split, each_item, each_pair

Format = Literal["openai", "trl", "sharegpt", "datasets"]
FORMATS: tuple[Format, ...] = ("openai", "trl", "sharegpt", "datasets")
ROWS_AT_ONCE = 1000
SHAREGPT_ROLES = {"user": "human", "assistant": "gpt"}
Row = dict[str, Any]


def export(persona: Persona, data: Path, *, to: Path, form: Format) -> list[Path]:
    """Write a build in one form; return the files, in order.

    Args:
        persona: Whose; the dataset card names its rights.
        data: Folder of the build.
        to: Folder to write to; it must be empty or absent.
        form: Which of `FORMATS`.

    Raises:
        DataError: There is no finished build, or the folder holds something.
    """
    read_statistics(data)
    if to.is_dir() and any(to.iterdir()):
        raise DataError(f"{to} is not empty. Name another folder, or empty it first.")
    writers: dict[Format, Callable[[Persona, Path, Path], list[Path]]] = {
        "openai": _openai,
        "trl": _trl,
        "sharegpt": _sharegpt,
        "datasets": _datasets,
    }
    return writers[form](persona, data, to)


def _openai(persona: Persona, data: Path, to: Path) -> list[Path]:
    return [
        _lines(
            to / f"{split}.jsonl", ({"messages": _dicts(i.messages)} for i in _items(data, split))
        )
        for split in SPLITS
    ]


def _trl(persona: Persona, data: Path, to: Path) -> list[Path]:
    """Write prompt and completion for `SFTTrainer`, preferences for `DPOTrainer`."""
    return [
        path
        for split in SPLITS
        for path in (
            _lines(to / f"sft.{split}.jsonl", map(_completion, _items(data, split))),
            _lines(to / f"dpo.{split}.jsonl", map(_preference, _pairs(data, split))),
        )
    ]


def _sharegpt(persona: Persona, data: Path, to: Path) -> list[Path]:
    """Write conversations, preferences and the `dataset_info.json` that LLaMA-Factory reads."""
    name = persona.id.replace("-", "_")
    columns = {"messages": "conversations", "system": "system"}
    info: dict[str, Row] = {}
    paths: list[Path] = []
    for split in SPLITS:
        sft, dpo = f"{name}_sft_{split}", f"{name}_dpo_{split}"
        paths.append(_lines(to / f"{sft}.jsonl", map(_conversation, _items(data, split))))
        paths.append(_lines(to / f"{dpo}.jsonl", map(_ranked, _pairs(data, split))))
        info[sft] = {"file_name": f"{sft}.jsonl", "formatting": "sharegpt", "columns": columns}
        info[dpo] = {
            "file_name": f"{dpo}.jsonl",
            "formatting": "sharegpt",
            "ranking": True,
            "columns": {**columns, "chosen": "chosen", "rejected": "rejected"},
        }
    write_text(to / "dataset_info.json", json.dumps(info, indent=2) + "\n")
    return [*paths, to / "dataset_info.json"]


def _datasets(persona: Persona, data: Path, to: Path) -> list[Path]:
    """Write Parquet files and a dataset card: `datasets.load_dataset(folder, "items")`."""
    paths = [
        path
        for split in SPLITS
        for path in (
            _parquet(to / "items" / f"{split}.parquet", map(_item_row, _items(data, split))),
            _parquet(to / "pairs" / f"{split}.parquet", map(_pair_row, _pairs(data, split))),
        )
    ]
    return [*paths, write_card(to / "README.md", persona, read_statistics(data))]


def _items(data: Path, split: Split) -> Iterator[Item]:
    for path in sorted((data / ITEMS_FOLDER).glob("*.jsonl")):
        yield from (item for item in each_item(path) if item.split == split)


def _pairs(data: Path, split: Split) -> Iterator[Pair]:
    return (pair for pair in each_pair(data / PAIRS_NAME) if pair.split == split)


def _dicts(messages: tuple[Message, ...]) -> list[dict[str, str]]:
    return [message.as_dict() for message in messages]


def _reply(text: str) -> list[dict[str, str]]:
    return [{"role": "assistant", "content": text}]


def _completion(item: Item) -> Row:
    return {"prompt": _dicts(item.prompt), "completion": _reply(item.reply)}


def _preference(pair: Pair) -> Row:
    return {
        "prompt": _dicts(pair.prompt),
        "chosen": _reply(pair.chosen),
        "rejected": _reply(pair.rejected),
        "why": pair.why,
    }


def _conversation(item: Item) -> Row:
    system = next((m.content for m in item.messages if m.role == "system"), "")
    return {"conversations": _spoken(item.messages), "system": system}


def _ranked(pair: Pair) -> Row:
    system = next((m.content for m in pair.prompt if m.role == "system"), "")
    return {
        "conversations": _spoken(pair.prompt),
        "system": system,
        "chosen": {"from": "gpt", "value": pair.chosen},
        "rejected": {"from": "gpt", "value": pair.rejected},
    }


def _spoken(messages: tuple[Message, ...]) -> list[dict[str, str]]:
    return [
        {"from": SHAREGPT_ROLES[message.role], "value": message.content}
        for message in messages
        if message.role in SHAREGPT_ROLES
    ]


def _item_row(item: Item) -> Row:
    return {
        "id": item.id,
        "stage": item.stage,
        "pattern": item.pattern,
        "kind": item.kind,
        "messages": _dicts(item.messages),
        "false_premise": item.false_premise or "",
        "sources": list(item.sources),
        "teacher": item.teacher,
        "reviewed": item.reviewed,
    }


def _pair_row(pair: Pair) -> Row:
    return {
        "id": pair.id,
        "stage": pair.stage,
        **_preference(pair),
        "chosen_item": pair.chosen_item,
        "rejected_source": pair.rejected_source,
    }


def _lines(path: Path, rows: Iterator[Row]) -> Path:
    file = LineFile(path, scratch=path.parent)
    try:
        for row in rows:
            file.add(row)
        file.appear()
    finally:
        file.close()
    return path


def _parquet(path: Path, rows: Iterator[Row]) -> Path:
    import pyarrow
    from pyarrow import parquet

    path.parent.mkdir(parents=True, exist_ok=True)
    first = list(islice(rows, ROWS_AT_ONCE))
    table = pyarrow.Table.from_pylist(first)
    with parquet.ParquetWriter(path, table.schema) as writer:
        writer.write_table(table)
        while some := list(islice(rows, ROWS_AT_ONCE)):
            writer.write_table(pyarrow.Table.from_pylist(some, schema=table.schema))
    return path
