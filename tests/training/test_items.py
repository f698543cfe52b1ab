"""Items and pairs survive the disk; a line that is neither is named."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from persllm.errors import DataError
from persllm.files import write_jsonl
from persllm.messages import Message
from persllm.training.data.items import (
    Item,
    Pair,
    item_row,
    pair_row,
    read_items,
    read_pairs,
    write_items,
)

PROMPT = (Message("system", "You are Marta."), Message("user", "Who\u2028are you?"))
ITEM = Item(
    id="marta-1",
    persona="marta",
    stage="early",
    pattern="ordinary",
    messages=(*PROMPT, Message("assistant", "Mårta.")),
    question="Who are you?",
    recalled=("m-1", "m-2"),
    false_premise=None,
    sources=("m-1",),
    teacher="rules",
    kind="knowledge",
    split="train",
)
PAIR = Pair(
    id="marta-1-induced",
    persona="marta",
    stage="early",
    prompt=PROMPT,
    chosen="Marta.",
    rejected="Otto.",
    why="induced",
    chosen_item="marta-1",
    rejected_source="m-2",
    split="test",
)


def test_items_come_back_as_they_were_written(tmp_path: Path) -> None:
    write_items(tmp_path / "a.jsonl", [ITEM, ITEM])
    assert read_items(tmp_path / "a.jsonl") == [ITEM, ITEM]


def test_pairs_come_back_as_they_were_written(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "a.jsonl", [pair_row(PAIR)])
    assert read_pairs(tmp_path / "a.jsonl") == [PAIR]


def test_a_pairs_line_has_trls_conversational_form(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "a.jsonl", [pair_row(PAIR)])
    row = json.loads((tmp_path / "a.jsonl").read_text(encoding="utf-8"))
    assert row["chosen"] == [{"role": "assistant", "content": "Marta."}]
    assert [message["role"] for message in row["prompt"]] == ["system", "user"]


def test_an_item_is_its_prompt_and_its_reply() -> None:
    assert ITEM.prompt == PROMPT
    assert ITEM.reply == "Mårta."


BAD_ITEMS: tuple[dict[str, object], ...] = (
    {},
    {"id": 1},
    {**asdict(ITEM), "extra": 1},
    {**asdict(ITEM), "messages": "text"},
)


@pytest.mark.parametrize("row", BAD_ITEMS)
def test_a_line_that_is_no_item_is_named(tmp_path: Path, row: dict[str, object]) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(json.dumps(line) for line in (asdict(ITEM), row)), encoding="utf-8")
    with pytest.raises(DataError, match=r"a\.jsonl:2: no item"):
        read_items(path)


BAD_PAIRS: tuple[dict[str, object], ...] = (
    {},
    asdict(ITEM),
    {**asdict(PAIR), "chosen": []},
    {**asdict(PAIR), "prompt": [{}]},
)


@pytest.mark.parametrize("row", BAD_PAIRS)
def test_a_line_that_is_no_pair_is_named(tmp_path: Path, row: dict[str, object]) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps(row), encoding="utf-8")
    with pytest.raises(DataError, match=r"a\.jsonl:1: no pair"):
        read_pairs(tmp_path / "a.jsonl")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
NAMES = st.sampled_from([*asdict(ITEM), *asdict(PAIR)])


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(changes=st.dictionaries(NAMES, JSON, min_size=1, max_size=3), pair=st.booleans())
def test_a_hostile_value_is_refused_or_harmless(
    tmp_path: Path, changes: dict[str, object], pair: bool
) -> None:
    path = tmp_path / "a.jsonl"
    sound = pair_row(PAIR) if pair else item_row(ITEM)
    path.write_text(json.dumps({**sound, **changes}) + "\n", encoding="utf-8")
    read: Callable[[Path], Sequence[Item | Pair]] = read_pairs if pair else read_items
    try:
        (record,) = read(path)
    except DataError as error:
        assert "a.jsonl:1" in str(error)
    else:
        assert isinstance(record.id, str)
        assert isinstance(record.chosen if isinstance(record, Pair) else record.reply, str)


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(line=st.binary(max_size=60).filter(lambda line: line.strip() and b"\n" not in line))
def test_a_line_of_any_bytes_is_named(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(json.dumps(item_row(ITEM)).encode() + b"\n" + line + b"\n")
    with pytest.raises(DataError, match=r"a\.jsonl:2"):
        read_items(path)
