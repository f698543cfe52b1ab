"""In which number format a base is held."""

import json
from pathlib import Path

import pytest
import torch

from persllm import loading, machine
from persllm.bases import Base

LARGE = {"hidden_size": 2048, "num_hidden_layers": 28, "num_attention_heads": 16}
SMALL = {"hidden_size": 576, "num_hidden_layers": 30, "num_attention_heads": 9}


@pytest.mark.parametrize(
    ("config", "computes", "where", "dtype"),
    [
        (LARGE, True, "cpu", torch.bfloat16),
        (LARGE, False, "cpu", torch.float32),
        (SMALL, True, "cpu", torch.float32),
        (SMALL, False, "cuda", torch.bfloat16),
    ],
)
def test_a_large_base_is_held_in_bf16_where_the_processor_computes_in_it(
    config: dict[str, int],
    computes: bool,
    where: str,
    dtype: torch.dtype,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    monkeypatch.setattr(loading, "computes_bf16", lambda: computes)
    monkeypatch.setattr(loading, "device", lambda: torch.device(where))
    assert loading.dtype_of(Base("base", str(tmp_path), "key")) == dtype


@pytest.mark.parametrize(
    ("flags", "known"),
    [
        ("flags : fpu avx512f avx512_bf16", True),
        ("Features : fp asimd bf16", True),
        ("flags : avx512f", False),
    ],
)
def test_the_processor_tells_whether_it_computes_in_bf16(
    flags: str, known: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cpuinfo").write_text(flags, encoding="utf-8")
    monkeypatch.setattr(machine, "CPU_INFO", tmp_path / "cpuinfo")
    machine.computes_bf16.cache_clear()
    assert machine.computes_bf16() == known
    machine.computes_bf16.cache_clear()


def test_a_base_that_is_not_here_has_no_chat_template_yet(tmp_path: Path) -> None:
    assert loading.local_chat_template(Base("base", str(tmp_path), "key")) is None
