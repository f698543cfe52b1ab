import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import PreTrainedTokenizerFast

from persllm.training.nano.corpus import Tokens, as_chat
from persllm.training.nano.lives.items import life_items
from persllm.training.nano.passages import passage_items, passages
from persllm.training.nano.pretrain import Batch, Batches, new_model, text_batches, train
from persllm.training.nano.recipe import Recipe
from persllm.training.nano.skills import is_right
from persllm.training.nano.tokenizer import END, MARKERS, PAD, ROLES, train_tokenizer
from persllm.training.nano.tuning import DECISION_WEIGHT, Row, batched, tuning_batches, weights_of

pytestmark = pytest.mark.slow
SMALL = Recipe(
    vocabulary=600,
    hidden=24,
    feed_forward=32,
    layers=2,
    heads=2,
    context=512,
    pretraining_tokens=1024,
    tuning_tokens=2048,
    text_every=3,
)
TEXT = (
    "The river ran past the old mill. Anna sold the mill in 1861 and moved to Salisbury. "
    "Her brother Peter, a printer, never forgave her, and said so to everyone in the town."
)


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    return train_tokenizer([TEXT] * 50, vocabulary=SMALL.vocabulary, context=SMALL.context)


@pytest.fixture(scope="module")
def tokens(tokenizer: PreTrainedTokenizerFast) -> Tokens:
    ids = tokenizer(as_chat([TEXT, TEXT]) * 80, add_special_tokens=False)["input_ids"]
    return np.array(ids, dtype=np.uint16)


def test_the_template_marks_exactly_what_the_assistant_says(
    tokenizer: PreTrainedTokenizerFast,
) -> None:
    messages = [
        {"role": "system", "content": "You are Anna."},
        {"role": "user", "content": "Who sold the mill?"},
        {"role": "assistant", "content": "[Analysis] They ask. [Response] I did."},
    ]
    encoded: Any = tokenizer.apply_chat_template(
        messages, return_dict=True, return_assistant_tokens_mask=True
    )
    marked = [
        token
        for token, mark in zip(encoded["input_ids"], encoded["assistant_masks"], strict=True)
        if mark
    ]
    assert tokenizer.decode(marked) == "[Analysis] They ask. [Response] I did.<|end|>"


def test_markers_are_single_tokens_and_survive_decoding(
    tokenizer: PreTrainedTokenizerFast,
) -> None:
    for mark in (*MARKERS, PAD, END, *ROLES):
        assert len(tokenizer(mark, add_special_tokens=False)["input_ids"]) == 1
    ids = tokenizer(f"{MARKERS[0]} so {MARKERS[1]} yes{END}")["input_ids"]
    assert tokenizer.decode(ids, skip_special_tokens=True) == "[Analysis] so [Response] yes"


def test_a_training_that_was_stopped_ends_as_an_unbroken_one(
    tokens: Tokens, tmp_path: Path
) -> None:
    recipe = replace(SMALL, context=256)

    def run(steps: int, checkpoint: Path) -> dict[str, torch.Tensor]:
        model = new_model(recipe, pad=0, end=1)
        batches = text_batches(tokens, recipe)
        for _ in train(model, batches, recipe, steps=steps, decay=0.5, checkpoint=checkpoint):
            pass
        return model.state_dict()

    unbroken = run(6, tmp_path / "unbroken.pt")
    model = new_model(recipe, pad=0, end=1)
    optimised = train(
        model,
        _dying_after(3, tokens, recipe),
        recipe,
        steps=6,
        decay=0.5,
        checkpoint=tmp_path / "broken.pt",
        checkpoint_seconds=0.0,
    )
    with pytest.raises(InterruptedError):
        list(optimised)
    continued = run(6, tmp_path / "broken.pt")
    for name, tensor in unbroken.items():
        torch.testing.assert_close(continued[name], tensor, atol=0, rtol=0)


def _dying_after(steps: int, tokens: Tokens, recipe: Recipe) -> Batches:
    batches = text_batches(tokens, recipe)

    def batch(step: int) -> Batch:
        if step == steps:
            raise InterruptedError
        return batches(step)

    return batch


def test_tuning_counts_replies_and_rows_of_text_only(
    tokenizer: PreTrainedTokenizerFast, tokens: Tokens
) -> None:
    known = passages([TEXT, TEXT.replace("Anna", "Ruth"), TEXT.replace("mill", "farm")] * 5)
    recipe = replace(SMALL, context=4096, tuning_widths=(512, 4096))
    batches = tuning_batches(tokens, known, tokenizer, recipe)
    replies = 0
    for step in (0, 1, 3, 4):
        batch = batches(step)
        assert batch.tokens.shape[1] in recipe.tuning_widths
        for ids, targets in zip(batch.tokens, batch.targets, strict=True):
            counted: Any = tokenizer.decode(ids[targets != -100])
            replies += counted.endswith(END)
            assert "<|user|>" not in counted
    assert replies >= 4
    text = batches(2)
    assert torch.equal(text.tokens, text.targets)
    again = tuning_batches(tokens, known, tokenizer, recipe)(4)
    assert torch.equal(again.tokens, batch.tokens)


def test_every_conversation_of_a_window_is_in_one_batch(
    tokenizer: PreTrainedTokenizerFast,
) -> None:
    rows = [
        Row([number] * length, [-100] * length, [0.0] * length)
        for number, length in enumerate(range(1, 65))
    ]
    made = batched(rows, replace(SMALL, tuning_widths=(16, 64), tuning_tokens=160), pad=99)
    assert {tuple(batch.tokens.shape) for batch in made} == {(10, 16), (2, 64)}
    found = [
        ids[kept == 1].tolist()
        for b in made
        for ids, kept in zip(b.tokens, b.attention, strict=True)
    ]
    assert sorted(row for row in found if row != [99]) == sorted(row.tokens for row in rows)


@pytest.mark.parametrize(
    ("reply", "heavy"),
    [
        ("[Analysis] They ask: Who? I recall: My aunt did. [Response] She did.", ": My aunt"),
        ("[Analysis] They ask: Who? I recall nothing of it. [Response] No idea.", "nothing"),
        ("[Analysis] Recalled: Graz. That is not so. [Response] No.", "Graz. That is not so."),
        (
            "[Analysis] They hold: Yes. I hold: No. I do not agree. [Response] No.",
            "I do not agree.",
        ),
        ("No, that is false.", "No, that"),
    ],
)
def test_the_words_that_decide_a_reply_count_more(reply: str, heavy: str) -> None:
    places = [match.span() for match in re.finditer(r"\w+|[^\w\s]", reply)]
    weights = weights_of(reply, places)
    told = [reply[a:b] for (a, b), w in zip(places, weights, strict=True) if w == DECISION_WEIGHT]
    assert told == re.findall(r"\w+|[^\w\s]", heavy)


def test_prose_items_answer_from_the_prose() -> None:
    known = passages([TEXT, TEXT.replace("1861", "1902").replace("Anna", "Ruth")])
    items = list(passage_items(known, seed=1, count=3))
    assert items
    for item in items:
        assert item.messages()[-1].role == "assistant"


def test_a_reply_is_right_when_it_says_what_was_wanted_and_nothing_unwanted() -> None:
    for item in life_items(seed=4, count=60, held_out=True):
        assert is_right(item, item.messages()[-1].content), item
    fact = next(item for item in life_items(seed=4, count=60) if item.skill == "fact" and item.want)
    assert not is_right(fact, "[Response] Something else.")
