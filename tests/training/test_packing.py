"""Packed training is the plain training, computed once where it is the same."""

import random
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings, strategies
from peft import PeftModel
from transformers import PreTrainedModel

from persllm.bases import Base
from persllm.loading import load_tokenizer
from persllm.training.settings import TrainSettings
from persllm.training.tune import Run, fast, fresh_adapter, tune_dpo, tune_sft
from persllm.training.tuning.attention import why_not_packed
from persllm.training.tuning.order import by_prompt, in_passes, mixed
from persllm.training.tuning.reference import FILE_NAME, reference_of
from persllm.training.tuning.rows import PairRow
from persllm.training.tuning.trainers import (
    computed_tokens,
    make_batch,
    row_sums,
    target_log_probabilities,
)
from persllm.training.tuning.trees import LEAST_SHARED, Row, pack, row_of

Tuned = tuple[dict[str, torch.Tensor], list[float]]
SETTINGS = TrainSettings(rank=4, batch=8, sft_rate=1e-3, dpo_rate=1e-3, checkpoint_steps=100)


def _rows(count: int, *, seed: int = 1) -> list[Row]:
    """Return rows like ours: a few headers, prompts that share them, replies of many lengths."""
    draw = random.Random(seed)
    headers = [_tokens(draw, 20), _tokens(draw, 30)]
    prompts = [draw.choice(headers) + _tokens(draw, draw.randint(5, 40)) for _ in range(count)]
    return [row_of(draw.choice(prompts), [*_tokens(draw, draw.randint(3, 30)), 1]) for _ in prompts]


def _pairs(count: int, *, seed: int = 1) -> list[PairRow]:
    draw = random.Random(seed)
    pairs = []
    for row in _rows(count, seed=seed):
        start = row.counted[0][0]
        thought = _tokens(draw, draw.choice((2, 12)))
        replies = ([*thought, *_tokens(draw, draw.randint(2, 20)), 1] for _ in range(2))
        pairs.append(PairRow(*(row_of(row.tokens[:start], reply) for reply in replies)))
    return pairs


def _tokens(draw: random.Random, count: int) -> list[int]:
    return [draw.randrange(2, 4096) for _ in range(count)]


def _seen(packed_places: list[int], ends: list[int]) -> list[set[int]]:
    return [{key for key in range(query + 1) if query < ends[key]} for query in range(len(ends))]


tokens = strategies.lists(strategies.integers(0, 2), min_size=1, max_size=40)


@settings(max_examples=60, deadline=None)
@given(strategies.lists(strategies.tuples(tokens, tokens), min_size=1, max_size=8))
def test_every_token_sees_its_own_row_and_nothing_else(
    pieces: list[tuple[list[int], list[int]]],
) -> None:
    rows = [row_of(prompt, reply) for prompt, reply in pieces]
    packed = pack(rows)
    seen = _seen(packed.places, packed.ends)
    counted: list[list[tuple[int, int]]] = [[] for _ in rows]
    for which, target, row in zip(
        packed.target_hidden, packed.targets, packed.target_row, strict=True
    ):
        at = packed.hidden[which]
        read = [packed.tokens[key] for key in sorted(seen[at])]
        counted[row].append((len(read), target))
        assert read == list(rows[row].tokens[: len(read)])
        assert packed.places[at] == len(read) - 1
    for asked, found in zip(rows, counted, strict=True):
        assert sorted(found) == [(place, asked.tokens[place]) for place in asked.places]


@settings(max_examples=30, deadline=None)
@given(strategies.lists(strategies.tuples(tokens, tokens), min_size=1, max_size=8))
def test_sharing_never_adds_tokens(pieces: list[tuple[list[int], list[int]]]) -> None:
    rows = [row_of(prompt, reply) for prompt, reply in pieces]
    whole = sum(len(row.tokens) for row in rows)
    assert len(pack(rows).tokens) <= whole == len(pack(rows, share=False).tokens)


def test_what_several_rows_begin_with_stands_there_once() -> None:
    prompt, other = list(range(10, 40)), list(range(50, 60))
    rows = [
        row_of(prompt, [*other, 3]),
        row_of(prompt, [*other, 4, 5]),
        row_of(prompt[:20], [7, 8]),
    ]
    assert len(pack(rows).tokens) == 30 + 10 + 1 + 2 + 2
    assert (
        len(pack([row_of(prompt[: LEAST_SHARED - 1], [1]), row_of(prompt[:3], [2])]).tokens) == 12
    )


def _gradient(model: PeftModel, rows: list[Row], *, packed: bool) -> tuple[float, torch.Tensor]:
    model.zero_grad()
    with fast(model, packed=packed):
        loss = -target_log_probabilities(model, make_batch(rows, packed=packed)).mean()
        loss.backward()
    return loss.item(), torch.cat(
        [p.grad.flatten() for p in model.parameters() if p.grad is not None]
    )


def _warm(model: PeftModel) -> None:
    """Move LoRA's B off zero, so that every gradient is there."""
    torch.manual_seed(1)
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.05)


def test_packed_gradients_are_the_plain_ones(base: PreTrainedModel) -> None:
    model = fresh_adapter(base, SETTINGS)
    try:
        _warm(model)
        rows = _rows(12)
        plain_loss, plain = _gradient(model, rows, packed=False)
        packed_loss, packed = _gradient(model, rows, packed=True)
    finally:
        model.unload()
    assert computed_tokens(make_batch(rows, packed=True)) < sum(len(r.tokens) for r in rows)
    assert packed_loss == pytest.approx(plain_loss, abs=1e-5)
    assert ((packed - plain).norm() / plain.norm()).item() < 1e-5


def test_a_base_that_looks_back_less_far_than_a_row_is_not_packed(base: PreTrainedModel) -> None:
    assert why_not_packed(base, max_tokens=1024) == ""
    base.config.sliding_window = 16
    base.config.layer_types = ["sliding_attention", "full_attention"]
    try:
        assert "window of 16" in why_not_packed(base, max_tokens=1024)
        base.config.layer_types = ["linear_attention", "full_attention"]
        assert "linear_attention" in why_not_packed(base, max_tokens=1024)
    finally:
        for name in ("sliding_window", "layer_types"):
            delattr(base.config, name)


def _run(tiny: Base, folder: Path, *, packed: bool, options: TrainSettings = SETTINGS) -> Run:
    tokenizer = load_tokenizer(tiny)
    return Run(tokenizer, options, folder, packed, "none", lambda what, done, total: None)


def _tuned(
    tiny: Base, base: PreTrainedModel, folder: Path, *, packed: bool, options: TrainSettings
) -> tuple[dict[str, torch.Tensor], list[float]]:
    """Run SFT and DPO; return the adapter's weights and every step's loss."""
    import json

    run = _run(tiny, folder, packed=packed, options=options)
    model = fresh_adapter(base, options)
    try:
        rows = _rows(24)
        order = mixed(24, 0, repeats=2, share=0, seed=1).order
        tune_sft(model, rows, run, order=order)
        tune_dpo(model, _pairs(16), run)
        weights = {n: p.detach().clone() for n, p in model.named_parameters() if p.requires_grad}
    finally:
        model.unload()
    lines = [
        json.loads(line)
        for part in ("sft", "dpo")
        for line in (folder / part / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    return weights, [line["loss"] for line in lines if "loss" in line]


@pytest.fixture(scope="module")
def packed_run(
    tiny: Base, base: PreTrainedModel, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, torch.Tensor], list[float]]:
    folder = tmp_path_factory.mktemp("packed")
    return _tuned(tiny, base, folder, packed=True, options=SETTINGS)


def test_packed_and_padded_runs_have_one_loss_curve_and_one_adapter(
    tiny: Base, base: PreTrainedModel, tmp_path: Path, packed_run: Tuned
) -> None:
    weights, losses = packed_run
    plain, plain_losses = _tuned(tiny, base, tmp_path, packed=False, options=SETTINGS)
    assert losses == pytest.approx(plain_losses, abs=1e-3)
    for name, weight in plain.items():
        assert weight.abs().max() > 1e-3
        torch.testing.assert_close(weights[name], weight, atol=1e-5, rtol=0)


def test_accumulating_two_halves_is_one_whole_step(
    tiny: Base, base: PreTrainedModel, tmp_path: Path, packed_run: Tuned
) -> None:
    weights, losses = packed_run
    halves, half_losses = _tuned(
        tiny, base, tmp_path, packed=True, options=replace(SETTINGS, accumulate=2)
    )
    assert half_losses == pytest.approx(losses, abs=1e-3)
    for name, weight in halves.items():
        torch.testing.assert_close(weights[name], weight, atol=1e-5, rtol=0)


def test_the_reference_is_computed_once_and_kept(base: PreTrainedModel, tmp_path: Path) -> None:
    pairs, calls = _pairs(6), []
    model = fresh_adapter(base, SETTINGS)

    def score(rows: Sequence[Row]) -> torch.Tensor:
        calls.append(len(rows))
        batch = make_batch(rows, packed=False)
        return row_sums(target_log_probabilities(model, batch), batch)

    try:
        weights: dict[str, torch.Tensor] = {
            n: p for n, p in model.named_parameters() if p.requires_grad
        }
        first = reference_of(pairs, weights, folder=tmp_path, score=score)
        again = reference_of(pairs, weights, folder=tmp_path, score=score)
        assert calls == [12]
        torch.testing.assert_close(first, again)
        (tmp_path / FILE_NAME).write_bytes(b"cut")
        reference_of(pairs, weights, folder=tmp_path, score=score)
        changed = {n: p + 1 for n, p in weights.items()}
        reference_of(pairs, changed, folder=tmp_path, score=score)
        assert len(calls) == 3
    finally:
        model.unload()


def test_passes_hold_every_row_once_and_keep_pairs_of_one_prompt_together() -> None:
    pairs = _pairs(20)
    order = in_passes(by_prompt(pairs), 2, seed=3)
    assert sorted(order[:20]) == sorted(order[20:]) == list(range(20))
    assert order[:20] != order[20:]
    prompts = [pairs[i].chosen.tokens[: pairs[i].chosen.counted[0][0]] for i in order[:20]]
    changes = sum(a != b for a, b in pairwise(prompts))
    assert changes == len(set(prompts)) - 1


def test_general_rows_are_mixed_in_by_their_share() -> None:
    mix = mixed(10, 4, repeats=3, share=0.25, seed=1)
    assert (mix.persona, mix.general) == (30, 10)
    assert [sum(i == index for i in mix.order) for index in range(10)] == [3] * 10
    general = [sum(i == index for i in mix.order) for index in range(10, 14)]
    assert sum(general) == 10
    assert max(general) - min(general) <= 1
    assert mixed(10, 0, repeats=1, share=0.5, seed=1).general == 0
