"""What a model finds likely: held-out pair accuracy and reply perplexity. No judge, no sampling.

Three systems are compared on the same held-out items: the base asked the bare question, the base
given the whole prompt (who speaks, when, what is recalled), and the adapter given the same.
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import cast

import torch
from peft import PeftModel
from transformers import PreTrainedTokenizerBase as Tokenizer

from persllm.chat_template import ChatTemplate
from persllm.messages import Message
from persllm.progress import Progress, no_progress
from persllm.training.data.items import Item, Pair

SYSTEMS = ("base", "prompt", "adapter")
BATCH_TOKENS = 2000
"""Logits of every token of a batch are held, so that a larger one takes more than training."""


@dataclass(frozen=True, slots=True)
class Likelihood:
    """What one system makes of the held-out data."""

    pair_accuracy: float
    """Share of pairs whose chosen reply is likelier a token than the rejected one."""
    pairs: int
    perplexity: float
    """Of the replies, a token."""
    items: int

    @property
    def pair_error(self) -> float:
        """Half the width of the 95 % interval of the accuracy (normal approximation)."""
        p = self.pair_accuracy
        return 1.96 * math.sqrt(p * (1 - p) / max(1, self.pairs))


def measure(
    model: PeftModel,
    tokenizer: Tokenizer,
    items: Sequence[Item],
    pairs: Sequence[Pair],
    *,
    systems: Sequence[str] = SYSTEMS,
    progress: Progress = no_progress,
) -> dict[str, Likelihood]:
    """Measure the systems; the adapter is switched off for all but the last."""
    results: dict[str, Likelihood] = {}
    model.eval()
    for done, system in enumerate(systems):
        progress(f"measuring {system}", done, len(systems))
        bare = system == "base"
        with nullcontext() if system == "adapter" else _switched_off(model):
            replies = [(_prompt(item.prompt, item.question, bare), item.reply) for item in items]
            prompts = [_prompt(p.prompt, _question(p, items), bare) for p in pairs]
            chosen = [(prompt, p.chosen) for prompt, p in zip(prompts, pairs, strict=True)]
            rejected = [(prompt, p.rejected) for prompt, p in zip(prompts, pairs, strict=True)]
            results[system] = _likelihood(
                _scores(model, tokenizer, replies),
                _scores(model, tokenizer, chosen),
                _scores(model, tokenizer, rejected),
            )
    progress("measured", len(systems), len(systems))
    return results


@dataclass(frozen=True, slots=True)
class _Score:
    logp: float
    tokens: int


def _prompt(prompt: tuple[Message, ...], question: str, bare: bool) -> tuple[Message, ...]:
    return (Message("user", question),) if bare else prompt


def _question(pair: Pair, items: Sequence[Item]) -> str:
    for item in items:
        if item.id == pair.chosen_item:
            return item.question
    return pair.prompt[-1].content


@contextmanager
def _switched_off(model: PeftModel) -> Iterator[None]:
    with model.disable_adapter():
        yield


def _likelihood(
    replies: Sequence[_Score], chosen: Sequence[_Score], rejected: Sequence[_Score]
) -> Likelihood:
    right = [c.logp / c.tokens > r.logp / r.tokens for c, r in zip(chosen, rejected, strict=True)]
    tokens = sum(score.tokens for score in replies)
    mean = -sum(score.logp for score in replies) / max(1, tokens)
    return Likelihood(sum(right) / max(1, len(right)), len(right), math.exp(mean), len(replies))


@torch.inference_mode()
def _scores(
    model: PeftModel, tokenizer: Tokenizer, asked: Sequence[tuple[tuple[Message, ...], str]]
) -> list[_Score]:
    """Return the log-probability of each reply and its end token, in order."""
    template = ChatTemplate(tokenizer)
    encoded = [template.encode(prompt, reply) for prompt, reply in asked]
    rows = [([*each.prompt, *each.target], len(each.prompt)) for each in encoded]
    scores: list[_Score | None] = [None] * len(rows)
    for batch in _batches(rows):
        for row, score in zip(batch, _score_batch(model, [rows[i] for i in batch]), strict=True):
            scores[row] = score
    return cast("list[_Score]", scores)


def _batches(rows: Sequence[tuple[list[int], int]]) -> Iterator[list[int]]:
    """Yield groups of like length, so that little is padded."""
    batch: list[int] = []
    for row in sorted(range(len(rows)), key=lambda i: len(rows[i][0])):
        if batch and (len(batch) + 1) * len(rows[row][0]) > BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch


def _score_batch(model: PeftModel, rows: Sequence[tuple[list[int], int]]) -> list[_Score]:
    width = max(len(tokens) for tokens, _ in rows)
    tokens = torch.zeros((len(rows), width), dtype=torch.long)  # (rows, width)
    present = torch.zeros((len(rows), width), dtype=torch.long)  # (rows, width)
    for i, (ids, _) in enumerate(rows):
        tokens[i, : len(ids)] = torch.tensor(ids)
        present[i, : len(ids)] = 1
    where = model.device
    logits = model(input_ids=tokens.to(where), attention_mask=present.to(where)).logits
    scores = []
    for row, (ids, start) in zip(logits, rows, strict=True):
        logp = row[start - 1 : len(ids) - 1].float().log_softmax(-1)  # (reply, vocabulary)
        reply = torch.tensor(ids[start:], device=where)
        scores.append(_Score(logp.gather(-1, reply[:, None]).sum().item(), len(reply)))
    return scores
