"""Make the nano base.

    python -m persllm.training.nano --text ../shared/pretrain --work work-nano --out persllm/nano

The same command continues where it was stopped. Writes weights, tokenizer, chat template and the
model card to --out; checkpoints and logs stay in --work.
"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from transformers import AutoTokenizer, LlamaForCausalLM, PreTrainedTokenizerFast

from persllm.files import read_jsonl, write_json
from persllm.training.nano.corpus import Tokens, read_source, tokenize_corpus
from persllm.training.nano.pretrain import held_out_loss, new_model, text_batches, train
from persllm.training.nano.recipe import Recipe
from persllm.training.nano.tokenizer import train_tokenizer


def main(argv: Sequence[str] | None = None) -> None:
    """Run the recipe from text to shipped folder."""
    options = _options(argv)
    recipe = Recipe()
    tokenizer = _tokenizer(options.text, options.work / "tokenizer", recipe)
    tokens, held_out = _tokens(options.text, options.work / "tokens.npz", tokenizer, recipe)
    _say(f"{len(tokens):,} tokens of general text")
    model = _pretrained(tokens, held_out, tokenizer, recipe, options.work)


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m persllm.training.nano", description=__doc__)
    parser.add_argument("--text", type=Path, required=True, help="folder of <source>.jsonl.xz")
    parser.add_argument("--work", type=Path, required=True, help="checkpoints and logs")
    parser.add_argument("--out", type=Path, required=True, help="where the model goes")
    return parser.parse_args(argv)


def _say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


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
        np.savez(path.with_suffix(".part.npz"), train=tokens, **held_out)
        path.with_suffix(".part.npz").replace(path)
    stored = np.load(path)
    return stored["train"], {name: stored[name] for name, _ in recipe.characters}


def _pretrained(
    tokens: Tokens,
    held_out: dict[str, Tokens],
    tokenizer: PreTrainedTokenizerFast,
    recipe: Recipe,
    work: Path,
) -> LlamaForCausalLM:
    folder = work / "pretrained"
    if folder.is_dir():
        return LlamaForCausalLM.from_pretrained(folder)
    model = new_model(recipe, pad=tokenizer.pad_token_id, end=tokenizer.eos_token_id)
    _say(f"{model.num_parameters():,} parameters")
    for step, loss, speed in train(
        model,
        text_batches(tokens, recipe),
        steps=recipe.pretraining_steps,
        rate=recipe.pretraining_rate,
        decay=recipe.decay,
        checkpoint=work / "pretraining.pt",
    ):
        _say(f"text {step}/{recipe.pretraining_steps} loss {loss:.3f} {speed:,.0f} tokens/s")
    losses = {name: round(held_out_loss(model, text), 3) for name, text in held_out.items()}
    _say(f"held-out loss a token {losses}")
    write_json(work / "pretrained.json", losses)
    model.save_pretrained(folder)
    return model


if __name__ == "__main__":
    main()
