"""What asking costs: prices by name, tables a user may give, and what costs nothing."""

from pathlib import Path

import pytest

from persllm.errors import DataError
from persllm.materials import read_materials
from persllm.training.data.teachers import TeacherChoice, find_teacher
from persllm.training.data.teachers.money import (
    FREE,
    Meter,
    Price,
    is_local,
    parsed_price,
    price_of,
)
from tests.doubles import LetterEmbeddings, MakePersona


@pytest.mark.parametrize(
    ("name", "local"),
    [
        ("vllm:my-model", True),
        ("http://127.0.0.1:8000/v1#m", True),
        ("http://192.168.3.4:8000/v1#m", True),
        ("http://[::1]:8000/v1#m", True),
        ("http://gpu.local:8000/v1#m", True),
        ("https://api.example.com/v1#m", False),
        ("http://8.8.8.8/v1#m", False),
        ("openai:gpt-4o-mini", False),
    ],
)
def test_a_server_of_ones_own_costs_nothing(name: str, local: bool) -> None:
    assert is_local(name) == local
    assert (price_of(name) == FREE) == local


def test_a_users_table_goes_before_the_shipped_one(tmp_path: Path) -> None:
    table = tmp_path / "prices.yaml"
    table.write_text("gpt-4o-mini: [1, 2]\n'http://127.0.0.1:8000/v1#m': [3, 4]\n")
    assert price_of("openai:gpt-4o-mini", prices=table) == Price(1, 2)
    assert price_of("http://127.0.0.1:8000/v1#m", prices=table) == Price(3, 4)
    assert price_of("openai:gpt-4o", prices=table) == price_of("openai:gpt-4o")
    assert price_of("https://api.example.com/v1#unheard-of", prices=table) is None


@pytest.mark.parametrize("text", ["- 1\n", "gpt: cheap\n", "gpt: [1]\n", "{", ""])
def test_a_table_with_a_fault_is_told(text: str, tmp_path: Path) -> None:
    table = tmp_path / "prices.yaml"
    table.write_text(text)
    with pytest.raises(DataError, match=r"is no price table.*model: \[in, out\]"):
        price_of("openai:gpt-4o", prices=table)


def test_a_price_is_two_numbers() -> None:
    assert parsed_price("0.15,0.60") == Price(0.15, 0.6)
    for text in ("1", "a,b", "1,2,3"):
        with pytest.raises(DataError, match="--price"):
            parsed_price(text)


def test_the_count_names_calls_tokens_and_dollars() -> None:
    meter = Meter(Price(1.0, 2.0))
    for _ in range(3):
        meter.end(meter.begin(400))
        meter.count(1_000_000, 500_000)
    assert meter.cost == 6.0
    assert meter.line().startswith("3 calls, 4,500,000 tokens, 6.0000 dollars")


def test_a_budget_without_a_price_is_refused_before_anything_is_asked(
    tiny_persona: MakePersona, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match="a budget needs a price"):
        find_teacher(
            TeacherChoice(names=("https://api.example.com/v1#m",), budget=5.0),
            read_materials(tiny_persona()),
            embeddings=LetterEmbeddings(),
            calls=tmp_path / "calls.sqlite",
        )
