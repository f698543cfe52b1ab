"""Make the nano base.

    python -m tools.nano --text ../shared/pretrain --work work-nano --out persllm/nano

The same command continues where it was stopped. Writes weights, tokenizer, chat template and the
model card to --out; checkpoints and logs stay in --work. Two processes share the steps with
`python -m torch.distributed.run --nproc-per-node 2 -m tools.nano ...`.
"""

import argparse
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
from torch import Tensor
from transformers import AutoTokenizer, LlamaForCausalLM, PreTrainedTokenizerFast

from persllm.embeddings import default_embeddings
from persllm.files import write_json, write_text
from persllm.materials import Material
from persllm.training.tuning.processes import first_then_others, is_first
from tools.nano.card import nano_card
from tools.nano.corpus import Tokens, read_source, tokenize_corpus
from tools.nano.passages import passages
from tools.nano.pretrain import average, held_out_loss, new_model, text_batches, train
from tools.nano.recipe import Recipe
from tools.nano.remembering import Remembering
from tools.nano.skills import measure_people, measure_skills
from tools.nano.tokenizer import END, PAD, train_tokenizer
from tools.nano.tuning import tuning_batches
from tools.nano.written import written_people

SKILLS_SECONDS = 900.0
PROSE = "book_prose"


def main(argv: Sequence[str] | None = None) -> None:
    """Run the recipe from text to shipped folder."""
    options = _options(argv)
    recipe = Recipe()
    tokenizer, (tokens, held_out) = first_then_others(lambda: _read(options, recipe))
    _say(f"{len(tokens):,} tokens of general text")
    model = _pretrained(tokens, held_out, tokenizer, recipe, options.work)
    _tune(model, tokens, _prose(options.text, recipe), tokenizer, recipe, options.work)
    if not is_first():
        return
    embeddings = default_embeddings()
    skills = measure_skills(model, tokenizer, remembering=Remembering(embeddings))
    in_any_order = measure_skills(model, tokenizer)
    people = measure_people(model, tokenizer, written_people(embeddings))
    losses = json.loads((options.work / "pretrained.json").read_text(encoding="utf-8"))
    model.save_pretrained(options.out)
    tokenizer.save_pretrained(options.out)
    count = model.num_parameters()
    card = nano_card(
        recipe,
        parameters=count,
        losses=losses,
        skills=skills,
        in_any_order=in_any_order,
        people=people,
    )
    write_text(options.out / "README.md", card)
    _say(card)


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.nano", description=__doc__)
    parser.add_argument("--text", type=Path, required=True, help="folder of <source>.jsonl.xz")
    parser.add_argument("--work", type=Path, required=True, help="checkpoints and logs")
    parser.add_argument("--out", type=Path, required=True, help="where the model goes")
    return parser.parse_args(argv)


def _say(text: str) -> None:
    if is_first():
        print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


def _read(
    options: argparse.Namespace, recipe: Recipe
) -> tuple[PreTrainedTokenizerFast, tuple[Tokens, dict[str, Tokens]]]:
    """Return the tokenizer and the text in tokens; made once, then read."""
    tokenizer = _tokenizer(options.text, options.work / "tokenizer", recipe)
    return tokenizer, _tokens(options.text, options.work / "tokens.npz", tokenizer, recipe)


def _tokenizer(text: Path, folder: Path, recipe: Recipe) -> PreTrainedTokenizerFast:
    if not folder.is_dir():
        texts = (
            turn
            for name, characters in recipe.characters
            for turns in read_source(text, name, characters=characters // 3)
            for turn in turns
        )
        made = train_tokenizer(texts, vocabulary=recipe.vocabulary, context=recipe.context)
        made.save_pretrained(folder)
    loaded = AutoTokenizer.from_pretrained(folder)
    assert isinstance(loaded, PreTrainedTokenizerFast)
    return loaded


def _tokens(
    text: Path, path: Path, tokenizer: PreTrainedTokenizerFast, recipe: Recipe
) -> tuple[Tokens, dict[str, Tokens]]:
    if not path.is_file():
        tokens, held_out = tokenize_corpus(text, tokenizer, recipe)
        rows: dict[str, Any] = {"train": tokens, **held_out}
        np.savez(path.with_suffix(".part.npz"), **rows)
        path.with_suffix(".part.npz").replace(path)
    stored = np.load(path)
    return stored["train"], {name: stored[name] for name, _ in recipe.characters}


def _prose(text: Path, recipe: Recipe) -> tuple[Material, ...]:
    documents = read_source(text, PROSE, characters=recipe.prose_characters)
    return passages([turns[0] for turns in documents if len(turns) == 1])


def _pretrained(
    tokens: Tokens,
    held_out: dict[str, Tokens],
    tokenizer: PreTrainedTokenizerFast,
    recipe: Recipe,
    work: Path,
) -> LlamaForCausalLM:
    folder = work / "pretrained"
    if (work / "pretrained.json").is_file():
        return LlamaForCausalLM.from_pretrained(folder)
    pad, end = (cast("int", tokenizer.convert_tokens_to_ids(mark)) for mark in (PAD, END))
    model = new_model(recipe, pad=pad, end=end)
    _say(f"{model.num_parameters():,} parameters")
    for step, loss, speed in train(
        model,
        text_batches(tokens, recipe),
        recipe,
        steps=recipe.pretraining_steps,
        decay=recipe.pretraining_decay,
        checkpoint=work / "pretraining.pt",
    ):
        _say(f"text {step}/{recipe.pretraining_steps} loss {loss:.3f} {speed:,.0f} tokens/s")
    losses = {name: round(held_out_loss(model, text), 3) for name, text in held_out.items()}
    _say(f"held-out loss a token {losses}")
    if is_first():
        model.save_pretrained(folder)
        write_json(work / "pretrained.json", losses)
    return model


def _tune(
    model: LlamaForCausalLM,
    tokens: Tokens,
    prose: Sequence[Material],
    tokenizer: PreTrainedTokenizerFast,
    recipe: Recipe,
    work: Path,
) -> None:
    def learn(name: str, how: Recipe, steps: int, decay: float, *, scenes: bool = False) -> None:
        batches = tuning_batches(tokens, prose, tokenizer, how, scenes=scenes)
        kept = work / f"{name}.pt"
        tuning = train(model, batches, how, steps=steps, decay=decay, checkpoint=kept)
        _follow(f"{name} of {steps}", tuning, model, tokenizer)

    learn("lives", recipe, recipe.tuning_steps, recipe.tuning_decay)
    before = _copied(model)
    learn("scenes", recipe, recipe.scene_steps, recipe.scene_decay, scenes=True)
    share = recipe.scene_weight
    model.load_state_dict(average((before, model.state_dict()), (1 - share, share)))
    ends: list[Mapping[str, Tensor]] = []
    for number, part in enumerate(recipe.closings, start=1):
        if part.start:
            model.load_state_dict(average(ends, part.start))
        how, scenes = recipe.closing(part), part.scene_share > 0
        learn(f"closing {number}", how, part.steps, part.decay, scenes=scenes)
        ends.append(_copied(model))
    model.load_state_dict(average(ends, recipe.averaged))


def _copied(model: LlamaForCausalLM) -> Mapping[str, Tensor]:
    return {name: weight.clone() for name, weight in model.state_dict().items()}


def _follow(
    what: str,
    steps: Iterator[tuple[int, float, float]],
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
) -> None:
    """Run a part to its end, telling of its progress and now and then of its skills."""
    measured = time.monotonic()
    for step, loss, speed in steps:
        _say(f"{what}: {step} loss {loss:.3f} {speed:,.0f} tokens/s")
        if is_first() and time.monotonic() - measured > SKILLS_SECONDS:
            for name, skill in measure_skills(model, tokenizer, per_skill=20).items():
                _say(f"    {name} {skill.right}/{skill.asked}   {skill.sample}")
            measured = time.monotonic()


if __name__ == "__main__":
    main()
