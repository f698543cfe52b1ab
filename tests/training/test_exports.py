"""Exports are read back by the libraries they are made for."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from persllm.errors import DataError
from persllm.persona import Persona
from persllm.training.data.build import PersonaData, build
from persllm.training.data.exports import FORMATS, export
from tests.doubles import NANO_PROFILE, OTTO, LetterEmbeddings, write_tiny_persona


@pytest.fixture(scope="module")
def marta(tmp_path_factory: pytest.TempPathFactory) -> Persona:
    return write_tiny_persona(tmp_path_factory.mktemp("marta"))


@pytest.fixture(scope="module")
def data(marta: Persona, tmp_path_factory: pytest.TempPathFactory) -> PersonaData:
    folder = tmp_path_factory.mktemp("exports")
    otto = write_tiny_persona(folder, OTTO)
    return build(
        marta,
        out=folder / "data",
        others=[otto],
        embeddings=LetterEmbeddings(),
        profile=NANO_PROFILE,
    )


def _loaded(path: Path, cache: Path) -> list[dict[str, Any]]:
    from datasets import load_dataset

    rows = load_dataset("json", data_files=str(path), split="train", cache_dir=str(cache))
    return [dict(row) for row in rows]


def test_openai_lines_are_conversations(marta: Persona, data: PersonaData, tmp_path: Path) -> None:
    export(marta, data.folder, to=tmp_path / "out", form="openai")
    rows = _loaded(tmp_path / "out" / "train.jsonl", tmp_path / "cache")
    items, _ = data.split("train")
    assert len(rows) == len(items)
    for row in rows:
        roles = [m["role"] for m in row["messages"]]
        assert roles == ["system", *["user", "assistant"] * (len(roles) // 2)]


def test_trl_rows_are_what_its_trainers_take(
    marta: Persona, data: PersonaData, tmp_path: Path
) -> None:
    from trl.data_utils import is_conversational

    export(marta, data.folder, to=tmp_path / "out", form="trl")
    for split in ("train", "test"):
        items, pairs = data.split(split)
        sft = _loaded(tmp_path / "out" / f"sft.{split}.jsonl", tmp_path / "cache")
        dpo = _loaded(tmp_path / "out" / f"dpo.{split}.jsonl", tmp_path / "cache")
        assert (len(sft), len(dpo)) == (len(items), len(pairs))
        assert is_conversational(sft[0])
        assert is_conversational(dpo[0])
        assert set(dpo[0]) == {"prompt", "chosen", "rejected", "why"}


def test_sharegpt_files_are_those_that_the_index_names(
    marta: Persona, data: PersonaData, tmp_path: Path
) -> None:
    export(marta, data.folder, to=tmp_path / "out", form="sharegpt")
    info = json.loads((tmp_path / "out" / "dataset_info.json").read_text(encoding="utf-8"))
    assert len(info) == 4
    for entry in info.values():
        rows = _loaded(tmp_path / "out" / entry["file_name"], tmp_path / "cache")
        assert rows
        assert set(entry["columns"].values()) <= set(rows[0])
        turns = [turn["from"] for turn in rows[0]["conversations"]]
        ranked = entry.get("ranking", False)
        assert turns == (["human", "gpt"] * len(turns))[: len(turns)]
        assert len(turns) % 2 == (1 if ranked else 0)
        assert not ranked or rows[0]["chosen"]["from"] == "gpt"


def test_a_datasets_folder_loads_by_its_card(
    marta: Persona, data: PersonaData, tmp_path: Path
) -> None:
    from datasets import load_dataset

    export(marta, data.folder, to=tmp_path / "out", form="datasets")
    cache = str(tmp_path / "cache")
    for split in ("train", "test"):
        items, pairs = data.split(split)
        read = load_dataset(str(tmp_path / "out"), "items", split=split, cache_dir=cache)
        assert sorted(read["id"]) == sorted(item.id for item in items)
        read = load_dataset(str(tmp_path / "out"), "pairs", split=split, cache_dir=cache)
        assert sorted(read["why"]) == sorted(pair.why for pair in pairs)


def test_a_dataset_card_counts_and_names_the_source(
    marta: Persona, data: PersonaData, tmp_path: Path
) -> None:
    export(marta, data.folder, to=tmp_path / "out", form="datasets")
    card = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    assert yaml.safe_load(card.split("---")[1])["language"] == ["en"]
    totals = data.statistics["totals"]
    assert f"| **all items** | {totals['train']['items']} | {totals['test']['items']} |" in card
    assert "Licence of the source: not recorded" in card


@pytest.mark.parametrize("form", FORMATS)
def test_a_folder_with_something_in_it_is_left_alone(
    marta: Persona, data: PersonaData, tmp_path: Path, form: str
) -> None:
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(DataError, match="is not empty"):
        export(marta, data.folder, to=tmp_path, form=form)  # type: ignore[arg-type]  # of FORMATS
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("form", FORMATS)
def test_nothing_is_exported_without_a_build(marta: Persona, tmp_path: Path, form: str) -> None:
    with pytest.raises(DataError, match="persllm build"):
        export(marta, tmp_path, to=tmp_path / "out", form=form)  # type: ignore[arg-type]
