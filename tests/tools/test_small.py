"""The tools that make the skills of `small`: fused layers, cut adapters, pages of transcripts."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch.nn.functional import scaled_dot_product_attention

from tools.small import transcripts
from tools.small.cut import CONFIG, WEIGHTS, cut
from tools.small.quick_layers import _attend

A, B = "layer.lora_A.weight", "layer.lora_B.weight"


def product(folder: Path) -> torch.Tensor:
    weights = load_file(folder / WEIGHTS)
    config = json.loads((folder / CONFIG).read_text())
    scale = float(config["lora_alpha"] / config["r"])
    return scale * weights[B].float() @ weights[A].float()


@pytest.mark.parametrize(("rank", "apart"), [(2, 0.02), (1, 0.6)])
def test_a_cut_adapter_does_what_the_whole_one_does_as_far_as_its_rank_goes(
    tmp_path: Path, rank: int, apart: float
) -> None:
    torch.manual_seed(1)
    whole = {A: torch.randn(8, 12), B: torch.randn(10, 2) @ torch.randn(2, 8)}
    save_file(whole, tmp_path / WEIGHTS)
    (tmp_path / CONFIG).write_text(json.dumps({"r": 8, "lora_alpha": 16}))
    kept = cut([tmp_path], rank, tmp_path / "cut")
    before, after = product(tmp_path), product(tmp_path / "cut")
    error = float((before - after).norm() / before.norm())
    assert error < apart
    assert kept == pytest.approx(1 - error**2, abs=0.01)
    assert load_file(tmp_path / "cut" / WEIGHTS)[A].shape == (rank, 12)


def test_adapters_trained_one_after_another_are_cut_as_one(tmp_path: Path) -> None:
    torch.manual_seed(1)
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        save_file({A: torch.randn(2, 12), B: torch.randn(10, 2)}, tmp_path / name / WEIGHTS)
        (tmp_path / name / CONFIG).write_text(json.dumps({"r": 2, "lora_alpha": 4}))
    folders = [tmp_path / "first", tmp_path / "second"]
    cut(folders, 4, tmp_path / "cut")
    together = product(folders[0]) + product(folders[1])
    assert float((product(tmp_path / "cut") - together).norm() / together.norm()) < 0.02


def test_fused_attention_is_torchs_own_forward_and_backward() -> None:
    torch.manual_seed(2)
    query = torch.randn(2, 6, 9, 4, requires_grad=True)
    key, value = (torch.randn(2, 3, 9, 4, requires_grad=True) for _ in range(2))
    ours, _ = _attend(torch.nn.Identity(), query, key, value, None, scaling=0.5)
    theirs = scaled_dot_product_attention(
        query, key, value, is_causal=True, scale=0.5, enable_gqa=True
    ).transpose(1, 2)
    weights = torch.randn_like(ours)
    for mine, right in zip(
        torch.autograd.grad((ours * weights).sum(), (query, key, value)),
        torch.autograd.grad((theirs * weights).sum(), (query, key, value)),
        strict=True,
    ):
        torch.testing.assert_close(mine, right)
    torch.testing.assert_close(ours, theirs)


def test_a_page_shows_every_reply_with_its_mark(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    talk = [{"said": "Hello.", "reply": "Good day."}, {"said": "Why?", "reply": "So."}]
    (tmp_path / "nikola-tesla.json").write_text(json.dumps([talk]))
    (tmp_path / "nikola-tesla.marks.json").write_text('[[["good", ""], ["bad", "no answer"]]]')
    monkeypatch.setattr("sys.argv", ["x", str(tmp_path), "--into", str(tmp_path / "pages")])
    transcripts.main()
    page = (tmp_path / "pages" / "nikola-tesla.md").read_text()
    assert "**Reply:** So.  \n*bad*: no answer" in page
    assert "50% good, 0% usable, 50% bad" in (tmp_path / "pages" / "README.md").read_text()
