"""The rate ends at its floor; runs that have gone wrong, or have nothing to learn, stop and say so.

Tiny runs over a tiny random base.
"""

import json
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import PreTrainedModel, TrainerControl, TrainerState

from persllm.bases import Base
from persllm.chat_template import ChatTemplate
from persllm.errors import DataError
from persllm.loading import load_base, load_tokenizer
from persllm.messages import Message
from persllm.training.settings import TrainSettings
from persllm.training.train import Job, Prepared, _refuse_empty
from persllm.training.tune import Run, fresh_adapter, tune_dpo, tune_sft
from persllm.training.tuning.order import mixed
from persllm.training.tuning.progress_callback import ProgressCallback
from persllm.training.tuning.rows import Fitting, PairRow, conversation_row
from persllm.training.tuning.trees import Row, row_of
from tests.doubles import MakePersona

SETTINGS = TrainSettings(rank=4, batch=4, repeats=5, sft_rate=1e-3, dpo_rate=2e-3, floor=0.1)
ROWS = [row_of(range(10 + i, 30 + i), [40 + i, 41, 1]) for i in range(8)]
PAIRS = [PairRow(row, row_of(row.tokens[:20], [50, 51, 52, 1])) for row in ROWS]


def _run(tiny: Base, folder: Path, settings: TrainSettings) -> Run:
    return Run(load_tokenizer(tiny), settings, folder, True, "none", lambda what, done, total: None)


def _sft(
    base: PreTrainedModel,
    run: Run,
    spoil: Callable[[Any], None] = lambda _: None,
    rows: Sequence[Row] = ROWS,
) -> None:
    model = fresh_adapter(base, run.settings)
    try:
        spoil(model)
        order = mixed(len(rows), 0, repeats=run.settings.repeats, share=0, seed=1).order
        tune_sft(model, rows, run, order=order)
    finally:
        model.unload()


def _dpo(base: PreTrainedModel, run: Run, pairs: Sequence[PairRow] = PAIRS) -> None:
    model = fresh_adapter(base, run.settings)
    try:
        tune_dpo(model, pairs, run)
    finally:
        model.unload()


def _pairs(nano: Base) -> list[PairRow]:
    """Return questions, each with a reply that nano finds likely, and one that it does not.

    A ruined model's loss is that of a guess; only what began well below it can be seen to diverge.
    """
    tokenizer = load_tokenizer(nano)

    def row(year: int, reply: str) -> Row:
        asked = Message("user", f"[Recalled] I sold the mill in {year}. When was it?")
        return conversation_row((asked, Message("assistant", reply)), ChatTemplate(tokenizer))

    return [
        PairRow(row(year, f"I sold the mill in {year}."), row(year, "I never had a mill to sell."))
        for year in range(1851, 1859)
    ]


def _rates(folder: Path) -> list[float]:
    """Return the rate of every step."""
    lines = (folder / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    return [row["learning_rate"] for row in map(json.loads, lines) if "learning_rate" in row]


@pytest.mark.parametrize("floor", [0.1, 0.0])
def test_the_rate_rises_falls_and_stands_at_its_floor_in_the_last_step(
    tiny: Base, base: PreTrainedModel, tmp_path: Path, floor: float
) -> None:
    settings = replace(SETTINGS, floor=floor, dpo_passes=2.0)
    run = _run(tiny, tmp_path, settings)
    _sft(base, run)
    _dpo(base, run)
    for part, rate in (("sft", settings.sft_rate), ("dpo", settings.dpo_rate)):
        rates = _rates(tmp_path / part)
        top = rates.index(max(rates))
        assert rates[top] == pytest.approx(rate)
        assert all(one > other for one, other in pairwise(rates[top:]))
        assert rates[-1] == pytest.approx(floor * rate, abs=1e-9)


def _not_a_number(model: Any) -> None:  # noqa: ANN401 (PEFT's model)
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.constant_(parameter, float("nan"))


def test_a_loss_that_is_no_number_stops_the_run_and_names_step_and_flag(
    tiny: Base, base: PreTrainedModel, tmp_path: Path
) -> None:
    run = _run(tiny, tmp_path, SETTINGS)
    with pytest.raises(DataError, match=r"SFT: the loss became nan at step 1; .*--sft-rate"):
        _sft(base, run, _not_a_number)
    assert len((tmp_path / "sft" / "metrics.jsonl").read_text(encoding="utf-8").splitlines()) == 1


def test_a_loss_that_diverges_stops_the_run_and_names_the_flag(nano: Base, tmp_path: Path) -> None:
    run = _run(nano, tmp_path, replace(SETTINGS, sft_rate=30.0, repeats=10.0))
    rows = [pair.chosen for pair in _pairs(nano)]
    with pytest.raises(DataError, match=r"SFT: the loss became .*Lower the rate \(--sft-rate\)"):
        _sft(load_base(nano), run, rows=rows)


def test_a_preference_that_diverges_stops_the_run_too(nano: Base, tmp_path: Path) -> None:
    run = _run(nano, tmp_path, replace(SETTINGS, dpo_rate=30.0, dpo_passes=10.0))
    with pytest.raises(DataError, match=r"DPO: the loss became .*Lower the rate \(--dpo-rate\)"):
        _dpo(load_base(nano), run, _pairs(nano))


@pytest.mark.parametrize(
    ("losses", "stops"),
    [
        ([1.0, 1.2, *[0.9, 0.5] * 20], False),
        ([1.0, 1.2, *[3.5, 0.5] * 20], False),  # single hard batches
        ([1.0, 1.2, *[2.4] * 9], False),
        ([1.0, 1.2, *[2.4] * 10], True),
        ([1.0, 1.2, 6.7], True),
        ([1.0, float("inf")], True),
    ],
)
def test_a_loss_has_diverged_where_it_leaps_or_stays_above_its_beginning(
    tmp_path: Path, losses: list[float], stops: bool
) -> None:
    told = ProgressCallback("SFT", tmp_path, lambda what, done, total: None)
    state, control = TrainerState(max_steps=len(losses)), TrainerControl()
    state.is_world_process_zero = True
    for step, loss in enumerate(losses[:-1], 1):
        state.global_step = step
        told.on_log(None, state, control, {"loss": loss})
    with pytest.raises(DataError) if stops else nullcontext():
        told.on_log(None, state, control, {"loss": losses[-1]})


def test_a_continued_run_is_held_to_where_it_began(tmp_path: Path) -> None:
    (tmp_path / "metrics.jsonl").write_text('{"loss": 2.0}\n{"loss": 2.5}\n{"lo', encoding="utf-8")
    told = ProgressCallback("SFT", tmp_path, lambda what, done, total: None)
    for _ in range(20):  # above the first loss that this process sees, not above the first one
        told.on_log(None, TrainerState(max_steps=1), TrainerControl(), {"loss": 3.4})


@pytest.mark.parametrize(
    ("rows", "pairs", "passes", "refused"),
    [
        ((), PAIRS, 1.0, True),
        (ROWS, (), 1.0, True),
        ((), (), 0.0, True),
        (ROWS, (), 0.0, False),
        (ROWS, PAIRS, 1.0, False),
    ],
)
def test_empty_data_are_refused_before_training(
    tiny_persona: MakePersona,
    rows: list[Row],
    pairs: list[PairRow],
    passes: float,
    refused: bool,
) -> None:
    data: Any = None  # not looked at
    prepared = Prepared(
        Fitting(tuple(rows), ()),
        Fitting(tuple(pairs), ()),
        Fitting((), ()),
        mixed(len(rows), 0, repeats=1, share=0, seed=1),
    )
    settings = replace(SETTINGS, dpo_passes=passes)
    if refused:
        with pytest.raises(DataError, match=r"no item or no pair of Marta Lind .*--max-tokens"):
            _refuse_empty(Job(tiny_persona(), data), settings, prepared)
    else:
        _refuse_empty(Job(tiny_persona(), data), settings, prepared)
