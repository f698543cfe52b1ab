import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.optim import _muon
from transformers import PreTrainedTokenizerFast

from persllm.training.tuning.trees import row_of
from tests.training.apart import run_apart
from tools.nano.corpus import Tokens, as_chat
from tools.nano.lives.items import life_items
from tools.nano.optimizers import _orthogonal
from tools.nano.passages import PassageItem, passage_items, passage_scenes, passages
from tools.nano.pretrain import (
    Batch,
    Batches,
    Conversations,
    Text,
    average,
    new_model,
    text_batches,
    train,
)
from tools.nano.recipe import Recipe
from tools.nano.skills import is_right
from tools.nano.tokenizer import END, MARKERS, PAD, ROLES, train_tokenizer
from tools.nano.tuning import (
    DECISION_WEIGHT,
    Encoded,
    computed_tokens,
    dealt,
    packed,
    tuning_batches,
    weights_of,
)

pytestmark = pytest.mark.slow
TORCHS_OWN = _muon._zeropower_via_newtonschulz
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
PROSE = "We left the house in 1861. My father sold the mill at Salisbury and went to London."
"""Told in the first person, as what a rule can ask about is."""


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


def test_weights_of_several_ends_are_averaged_by_their_shares() -> None:
    models = [new_model(replace(SMALL, seed=seed), pad=0, end=1) for seed in (1, 2, 3)]
    ends = [model.state_dict() for model in models]
    quarter = average(ends, (0.75, 0.25))
    shared = "model.embed_tokens.weight"
    torch.testing.assert_close(quarter[shared], 0.75 * ends[0][shared] + 0.25 * ends[1][shared])
    models[0].load_state_dict(quarter)
    for name, weight in models[0].state_dict().items():  # also what two layers share
        assert torch.equal(weight, quarter[name])


@pytest.mark.parametrize("shares", [(0.5, 0.4), (0.5, 0.25, 0.25)])
def test_shares_that_do_not_fit_the_weights_are_refused(shares: tuple[float, ...]) -> None:
    ends = [{"weight": torch.zeros(2)}, {"weight": torch.ones(2)}]
    with pytest.raises(ValueError, match="2 weights cannot be averaged"):
        average(ends, shares)


def test_what_the_recipe_averages_are_ends_that_there_are() -> None:
    recipe = Recipe()
    assert len(recipe.averaged) == len(recipe.closings)
    for place, part in enumerate(recipe.closings):
        assert len(part.start) <= place
    for shares in (recipe.averaged, *(part.start for part in recipe.closings if part.start)):
        assert sum(shares) == pytest.approx(1)


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


IN_TWO = """
import sys
from pathlib import Path
from tests.tools.test_nano import SHARED, shared_steps
from persllm.training.tuning.processes import processes

assert processes() == 2
shared_steps(Path(sys.argv[1]))
"""
SHARED = replace(SMALL, context=256)


def shared_steps(checkpoint: Path) -> None:
    """Take three steps over random tokens; as many processes as there are share each."""
    tokens = np.random.default_rng(0).integers(4, SHARED.vocabulary, 4000).astype(np.uint16)
    model = new_model(SHARED, pad=0, end=1)
    batches = text_batches(tokens, SHARED)
    list(train(model, batches, SHARED, steps=3, decay=0.5, checkpoint=checkpoint))


def test_two_processes_take_the_steps_of_one(tmp_path: Path) -> None:
    shared_steps(tmp_path / "one.pt")
    script = tmp_path / "in_two.py"
    script.write_text(IN_TWO, encoding="utf-8")
    launch = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    run_apart(*launch, str(script), str(tmp_path / "two.pt"))
    one, two = (torch.load(tmp_path / f"{name}.pt") for name in ("one", "two"))
    for name, weight in one["model"].items():
        torch.testing.assert_close(two["model"][name], weight, atol=1e-4, rtol=1e-4)


def _dying_after(steps: int, tokens: Tokens, recipe: Recipe) -> Batches:
    batches = text_batches(tokens, recipe)

    def batch(step: int) -> Sequence[Batch]:
        if step == steps:
            raise InterruptedError
        return batches(step)

    return batch


@pytest.mark.parametrize("scenes", [False, True])
def test_tuning_counts_replies_and_rows_of_text_only(
    tokenizer: PreTrainedTokenizerFast, tokens: Tokens, scenes: bool
) -> None:
    known = passages([TEXT, TEXT.replace("Anna", "Ruth"), TEXT.replace("mill", "farm")] * 5)
    recipe = replace(SMALL, context=4096)
    batches = tuning_batches(tokens, known, tokenizer, recipe, scenes=scenes)
    for step in (0, 1, 3, 4):
        parts = batches(step)
        assert len(parts) == recipe.parts
        for part in parts:
            assert isinstance(part, Conversations)
            counted: Any = tokenizer.decode(part.packed["labels"])
            assert counted.endswith(END)
            assert "<|user|>" not in counted
            assert len(part.weights) == len(part.packed["labels"])
    assert all(isinstance(part, Text) for part in batches(2))
    again = tuning_batches(tokens, known, tokenizer, recipe, scenes=scenes)(4)
    for one, other in zip(parts, again, strict=True):
        assert isinstance(one, Conversations)
        assert isinstance(other, Conversations)
        assert torch.equal(one.packed["input_ids"], other.packed["input_ids"])


def test_scenes_are_dealt_whole_and_evenly() -> None:
    scenes = [[_encoded(length), _encoded(length + 9)] for length in range(10, 74)]
    parts = dealt(scenes, 4)
    assert sorted(map(computed_tokens, chain(*parts))) == sorted(map(computed_tokens, scenes))
    sizes = [sum(map(computed_tokens, part)) for part in parts]
    assert max(sizes) - min(sizes) <= max(map(computed_tokens, scenes))


def _encoded(length: int) -> Encoded:
    return Encoded(row_of(range(length), (7, 1)), [4.0, 1.0])


def test_what_a_scene_begins_with_is_computed_once_and_weights_follow_targets() -> None:
    scene = [
        Encoded(row_of(range(100), (5, 1)), [1.0, 2.0]),
        Encoded(row_of((*range(90), 7), (6, 3, 1)), [3.0, 4.0, 5.0]),
    ]
    batch = packed([scene])
    assert batch.packed["input_ids"].numel() == computed_tokens(scene) == 102 + 4
    assert batch.packed["labels"].tolist() == [5, 1, 6, 3, 1]
    assert batch.weights.tolist() == [1.0, 2.0, 3.0, 4.0, 5.0]


def test_muon_in_float32_does_what_torch_does_in_bfloat16() -> None:
    torch.manual_seed(0)
    for shape in ((24, 60), (60, 24)):
        gradient = torch.randn(shape)
        ours = _orthogonal(gradient, (3.4445, -4.775, 2.0315), 5, 1e-7)
        theirs = TORCHS_OWN(gradient, (3.4445, -4.775, 2.0315), 5, 1e-7).float()
        assert (ours - theirs).norm() / theirs.norm() < 0.03


@pytest.mark.parametrize(
    ("reply", "heavy"),
    [
        (
            "[Analysis] They ask: Who? I recall: My aunt did. [Response] She did.",
            ": My aunt [Response]",
        ),
        (
            "[Analysis] They ask: Who? I recall nothing of it. [Response] No idea.",
            "nothing [Response]",
        ),
        (
            "[Analysis] Not there: Graz. That is not so. [Response] No.",
            "Not there: Graz. That is not so. [Response]",
        ),
        (
            "[Analysis] They hold: Yes. I hold: No. I do not agree. [Response] No.",
            "I do not agree. [Response]",
        ),
        ("No, that is false.", "No, that"),
    ],
)
def test_the_words_that_decide_a_reply_count_more(reply: str, heavy: str) -> None:
    places = [match.span() for match in re.finditer(r"\w+|[^\w\s]", reply)]
    weights = weights_of(reply, places)
    told = [reply[a:b] for (a, b), w in zip(places, weights, strict=True) if w == DECISION_WEIGHT]
    assert told == re.findall(r"\w+|[^\w\s]", heavy)


def test_a_scene_of_prose_asks_several_things_of_the_same_passages() -> None:
    known = passages([PROSE.replace("1861", str(year)) for year in range(1861, 1901)])
    scenes = list(passage_scenes(known, seed=1, count=4))
    assert max(map(len, scenes)) > 1
    for scene in scenes:
        assert len({_recalled(item) for item in scene}) == 1
    replies = [item.reply for item in chain(*scenes)]
    assert any("I recall nothing of it." in reply for reply in replies)
    assert any("That is not so." in reply for reply in replies)


def _recalled(item: PassageItem) -> str:
    return item.prompt[-1].content.rpartition("\n\n")[0].partition("\nNot said there:")[0]


def test_prose_items_answer_from_the_prose() -> None:
    known = passages([PROSE, PROSE.replace("1861", "1902").replace("father", "uncle")])
    items = list(passage_items(known, seed=1, count=3))
    assert items
    for item in items:
        assert item.messages()[-1].role == "assistant"


def test_a_reply_is_right_when_it_says_what_was_wanted_and_nothing_unwanted() -> None:
    for item in life_items(seed=4, count=60, held_out=True):
        assert is_right(item, item.messages()[-1].content), item
    fact = next(item for item in life_items(seed=4, count=60) if item.skill == "fact" and item.want)
    assert not is_right(fact, "[Response] Something else.")
