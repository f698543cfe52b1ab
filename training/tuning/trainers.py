"""TRL's SFT and DPO trainers over packed rows.

Configs, callbacks, checkpoints, devices and processes are TRL's. What differs: the data are rows
of tokens, a batch is packed (or padded, where a model cannot be packed), the loss is normalised
by what is counted in the whole step, so that accumulation changes nothing, and the learning rate
stands at its floor in the last step.
"""

from collections.abc import Sequence
from typing import Any

import torch
from datasets import Dataset
from torch import Tensor
from torch.nn.functional import logsigmoid
from torch.utils.data import SequentialSampler
from transformers import TrainingArguments
from trl import DPOTrainer, SFTTrainer

from persllm.training.tuning.attention import (
    Batch,
    as_batch,
    log_probabilities,
    plain_log_probabilities,
)
from persllm.training.tuning.processes import processes
from persllm.training.tuning.rows import PairRow
from persllm.training.tuning.trees import Row, pack

BLANK = -1
"""The index of nothing: it fills the last step, so that every process has a batch."""
BLANK_ROW = Row((0,), ())
"""One token of which nothing is counted."""


def as_dataset(order: Sequence[int], *, per_round: int = 1) -> Dataset:
    """Return a dataset of indices, filled up with blanks; the collator knows the rows.

    Args:
        order: Indices of rows.
        per_round: Rows that all processes take at a time; the last round is filled up to it.
    """
    return Dataset.from_dict({"index": [*order, *[BLANK] * (-len(order) % per_round)]})


class Collator:
    """Turns indices into a batch of rows."""

    def __init__(self, rows: Sequence[Row], *, packed: bool) -> None:
        self._rows, self._packed = rows, packed

    def __call__(self, examples: Sequence[dict[str, int]]) -> Batch:
        """Return the batch of the rows with these indices."""
        some = [e["index"] for e in examples if e["index"] != BLANK]
        rows = [self._rows[i] for i in some] or [BLANK_ROW]
        return make_batch(rows, packed=self._packed)


class PairCollator:
    """Turns indices into a batch of pairs: chosen and rejected rows by turns."""

    def __init__(self, pairs: Sequence[PairRow], reference: Tensor, *, packed: bool) -> None:
        self._pairs, self._reference, self._packed = pairs, reference, packed

    def __call__(self, examples: Sequence[dict[str, int]]) -> Batch:
        """Return the batch of the pairs with these indices."""
        some = [e["index"] for e in examples if e["index"] != BLANK]
        rows = [r for i in some for r in (self._pairs[i].chosen, self._pairs[i].rejected)]
        rows = rows or [BLANK_ROW]
        batch = make_batch(rows, packed=self._packed)
        return {**batch, "reference": self._reference[some]}


def make_batch(rows: Sequence[Row], *, packed: bool) -> Batch:
    """Return rows as a batch; `rows` stay in it where they are not packed."""
    if packed:
        return {**as_batch(pack(rows)), "count": len(rows)}
    labels = [row.tokens[place] for row in rows for place in row.places]
    which = [i for i, row in enumerate(rows) for _ in row.places]
    return {
        "plain": Plain(rows),
        "labels": torch.tensor(labels, dtype=torch.long),
        "target_row": torch.tensor(which, dtype=torch.long),
        "count": len(rows),
    }


class Plain:
    """Rows that travel with a batch; no tensor, so that nothing moves or splits them."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = tuple(rows)

    @property
    def tokens(self) -> int:
        """Tokens of the padded batch."""
        return max(len(row.tokens) for row in self.rows) * len(self.rows)


def target_log_probabilities(model: torch.nn.Module, batch: Batch) -> Tensor:
    """Return the log-probability of each target of a batch (N), in nats."""
    if "plain" in batch:
        return plain_log_probabilities(model, batch["plain"].rows)
    return log_probabilities(model, batch)


def row_sums(each: Tensor, batch: Batch) -> Tensor:
    """Return the log-probability of each row's counted tokens."""
    return torch.zeros(batch["count"], device=each.device).index_add(0, batch["target_row"], each)


def computed_tokens(batch: Batch) -> int:
    """Return how many tokens the model computes for a batch."""
    return int(batch["plain"].tokens if "plain" in batch else batch["input_ids"].shape[1])


class _Packed:
    """What both trainers share; stands before TRL's class."""

    loss_is_scaled_for_ga = True  # compute_loss divides by what the whole step counts

    def _get_train_sampler(self, train_dataset: Dataset | None = None) -> SequentialSampler:
        return SequentialSampler(train_dataset or self.train_dataset)  # type: ignore[attr-defined]

    def create_model_card(self, *_: object, **__: object) -> None:
        """Write none; the adapter's own card is written when the run is whole."""

    def _send_telemetry(self) -> None:
        """Send none."""

    def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> Any:  # noqa: ANN401
        # The last of n steps uses the rate of n - 1 scheduler steps: that is where it ends.
        return super().create_scheduler(max(1, num_training_steps - 1), optimizer)  # type: ignore[misc]

    def _across(self, value: Tensor) -> Tensor:
        """Return a sum over all processes, rows kept apart."""
        return self.accelerator.gather(value[None]).sum(0)  # type: ignore[attr-defined, no-any-return]

    def _note(self, **values: Tensor | float) -> None:
        for name, value in values.items():
            kept = value.item() if isinstance(value, Tensor) else value
            self._metrics["train" if self.model.training else "eval"][name].append(kept)  # type: ignore[attr-defined]

    def _count_tokens(self, batch: Batch) -> None:
        if self.model.training:  # type: ignore[attr-defined]
            count = torch.tensor(computed_tokens(batch), device=self.accelerator.device)  # type: ignore[attr-defined]
            self._total_train_tokens += int(self._across(count))  # type: ignore[attr-defined]
        self._note(num_tokens=float(self._total_train_tokens))  # type: ignore[attr-defined]


class PackedSFTTrainer(_Packed, SFTTrainer):  # type: ignore[misc]
    """SFT over rows; the loss is the mean over the counted tokens of a step."""

    def __init__(
        self,
        rows: Sequence[Row],
        order: Sequence[int],
        *,
        packed: bool,
        **options: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(
            train_dataset=as_dataset(order, per_round=_per_round(options["args"])),
            data_collator=Collator(rows, packed=packed),
            **options,
        )
        self._loss_shifts_labels = False  # labels are the targets and nothing else
        self.model_accepts_loss_kwargs = True

    def compute_loss(
        self,
        model: torch.nn.Module,
        inputs: Batch,
        return_outputs: bool = False,
        num_items_in_batch: Tensor | int | None = None,
    ) -> Tensor:
        """Return the loss of a batch, as its share of the step's."""
        del return_outputs
        each = target_log_probabilities(model, inputs)
        self._count_tokens(inputs)
        total = len(each) if num_items_in_batch is None else num_items_in_batch
        processes = 1 if num_items_in_batch is None else self.accelerator.num_processes
        return -each.sum() / total * processes


class PackedDPOTrainer(_Packed, DPOTrainer):  # type: ignore[misc]
    """DPO over pairs, sigmoid loss and likelihood of the chosen; the reference is given.

    The pairs `watched` are not trained on; the loss on them may end the run.
    """

    def __init__(
        self,
        pairs: Sequence[PairRow],
        order: Sequence[int],
        *,
        reference: Tensor,
        watched: Sequence[int] = (),
        packed: bool,
        **options: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(
            train_dataset=as_dataset(order, per_round=_per_round(options["args"])),
            eval_dataset=as_dataset(watched) if watched else None,
            data_collator=PairCollator(pairs, reference, packed=packed),
            **options,
        )
        tuned: Any = self.model
        tuned.delete_adapter("ref")  # TRL's copy of the adapter: the reference is given
        self.model_accepts_loss_kwargs = True
        self._keep = dict(zip(self.loss_types, self.loss_weights, strict=True)).get("sft", 0.0)

    def _prepare_dataset(self, dataset: Any, *_: Any, **__: Any) -> Any:  # noqa: ANN401 (TRL's own)
        return dataset

    def _get_num_items_in_batch(
        self, batch_samples: list[Batch], device: torch.device
    ) -> Tensor | None:
        """Return (2): the pairs and the chosen tokens of a step, over all processes."""
        if not batch_samples:
            return None
        pairs = sum(len(batch["reference"]) for batch in batch_samples)
        tokens = sum(int(_is_chosen(batch).sum()) for batch in batch_samples)
        return self._across(torch.tensor([pairs, tokens], device=device))

    def compute_loss(
        self,
        model: torch.nn.Module,
        inputs: Batch,
        return_outputs: bool = False,
        num_items_in_batch: Tensor | int | None = None,
    ) -> Tensor:
        """Return the loss of a batch, as its share of the step's."""
        del return_outputs
        assert not isinstance(num_items_in_batch, int)
        each = target_log_probabilities(model, inputs)
        chosen = _is_chosen(inputs).to(each.device)
        counts, processes = num_items_in_batch, self.accelerator.num_processes
        if counts is None:
            counts, processes = torch.tensor([len(inputs["reference"]), int(chosen.sum())]), 1
        sums = row_sums(each, inputs)[: inputs["reference"].numel()].reshape(-1, 2)
        gains = sums - inputs["reference"].to(each.device)
        margins = self.beta * (gains[:, 0] - gains[:, 1])
        preference = -logsigmoid(margins).sum() / counts[0]
        kept = -each[chosen].sum() / counts[1]
        self._count_tokens(inputs)
        self._tell(margins.detach(), self.beta * gains.detach(), each[chosen].detach())
        loss: Tensor = (preference + self._keep * kept) * processes
        return loss

    def _tell(self, margins: Tensor, rewards: Tensor, chosen: Tensor) -> None:
        mine = [
            margins.sum(),
            (margins > 0).float().sum(),
            *rewards.sum(0),
            -chosen.sum(),
            margins.new_tensor(len(margins)),
            margins.new_tensor(len(chosen)),
        ]
        *sums, kept, pairs, tokens = self._across(torch.stack(mine))
        names = ("margins", "accuracies", "chosen", "rejected")
        told = {f"rewards/{name}": each / pairs for name, each in zip(names, sums, strict=True)}
        self._note(**told, **{"nll/chosen": kept / tokens})


def _per_round(config: TrainingArguments) -> int:
    """Return how many rows all processes take at a time."""
    return config.per_device_train_batch_size * processes()


def _is_chosen(batch: Batch) -> Tensor:
    """Return (N) which targets belong to chosen rows."""
    rows: Tensor = batch["target_row"]
    return rows % 2 == 0
