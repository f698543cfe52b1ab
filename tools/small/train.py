"""Train the conversation skills: one LoRA over SmolLM2-135M-Instruct, on conversations.

    python -m tools.small.train rows  --base <folder> --general <folder> --into <folder>
    python -m tools.small.train train --base <folder> --into <folder>

`rows` makes the tokens once; `train` goes on from its last checkpoint, or begins with the weights
of another training (`--after`). What was shipped is in `tools/small/README.md`.
"""

import argparse
import json
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, get_args

import torch

from persllm.base_profile import find_profile
from persllm.bases import find_base
from persllm.embeddings import default_embeddings
from persllm.messages import Message
from persllm.training.tuning.products import merged_products
from tools.conversations.reading import (
    Conversation,
    Style,
    read_conversations,
    read_items,
    training_people,
)
from tools.small.dataset import (
    EmbeddedTexts,
    RecallOfMaterials,
    Row,
    as_messages,
    general_rows,
    row_of,
)
from tools.small.quick_layers import quicken

NUMBERS = ("rate", "items", "general_rows", "most_steps")
"""What of a recipe may be told on the command line, beside the style."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How the skills are trained."""

    rank: int = 32
    alpha: int = 64
    rate: float = 6e-4
    warm_up: int = 10
    floor: float = 0.05
    step_tokens: int = 6000
    part_tokens: int = 3072
    most_tokens: int = 1600
    style: Style = "plain"
    """Which conversations."""
    items: int = 250
    """Turns of hand-written items beside the conversations."""
    general_rows: int = 120
    """General conversations and instructions."""
    passes: int = 1
    most_steps: int = 0
    """Of a pass over all rows, in their shuffled order; 0 is all."""
    seed: int = 7


def make_rows(base_name: str, general: Path, into: Path, recipe: Recipe) -> None:
    """Write the training rows."""
    from transformers import AutoTokenizer

    base = find_base(base_name)
    tokenizer = AutoTokenizer.from_pretrained(base.location)
    profile = find_profile(base)
    chance = random.Random(recipe.seed)
    recall = RecallOfMaterials(EmbeddedTexts(default_embeddings()), profile)
    people = training_people()
    talks = [each for folder in people for each in read_conversations(folder, recipe.style)]
    items = [each for folder in people for each in read_items(folder, chance=chance)]
    chance.shuffle(items)
    items = list(_some(items, recipe.items))
    recall.prepare([*talks, *items])
    print(f"{len(talks)} conversations and {len(items)} rows of items embedded", flush=True)
    messages: list[tuple[Message, ...]] = []
    for number, each in enumerate([*talks, *items]):
        messages.append(as_messages(each, recall, profile, chance))
        if number % 200 == 0:
            print(f"{number} of {len(talks) + len(items)}", flush=True)
    messages += general_rows(general, chance, recipe.general_rows)
    rows = [row_of(tokenizer, each, most=recipe.most_tokens) for each in messages]
    kept = [row for row in rows if row]
    into.mkdir(parents=True, exist_ok=True)
    torch.save([(row.tokens, row.target) for row in kept], into / "rows.pt")
    readable = [[message.as_dict() for message in each] for each in messages]
    (into / "rows.jsonl").write_text(
        "\n".join(json.dumps(row, ensure_ascii=False) for row in readable), encoding="utf-8"
    )
    total, targets = (sum(len(r.tokens) for r in kept), sum(sum(r.target) for r in kept))
    print(f"{len(kept)} rows of {len(rows)}, {total} tokens, {targets} of them targets")


def _some(items: Sequence[Conversation], count: int) -> Iterator[Conversation]:
    """Yield conversations until they hold so many turns."""
    turns = 0
    for each in items:
        if turns >= count:
            return
        turns += len(each.turns)
        yield each


def train(base_name: str, into: Path, recipe: Recipe, after: Path | None = None) -> None:
    """Train, or go on training, and write the adapter; begin with the weights of `after`."""
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    rows = [Row(*row) for row in torch.load(into / "rows.pt")]
    steps = [step for number in range(recipe.passes) for step in _steps(rows, recipe, number)]
    steps = steps[: recipe.most_steps or None]
    torch.manual_seed(recipe.seed)
    whole: Any = AutoModelForCausalLM.from_pretrained(
        find_base(base_name).location, dtype=torch.bfloat16
    )
    lora = LoraConfig(
        r=recipe.rank, lora_alpha=recipe.alpha, target_modules="all-linear", task_type="CAUSAL_LM"
    )
    model: Any = get_peft_model(whole, lora)
    weights = [w for w in model.parameters() if w.requires_grad]
    quicken(whole)
    masters = [torch.nn.Parameter(w.detach().float().clone()) for w in weights]
    for weight in weights:
        weight.data = weight.data.to(torch.bfloat16)
    optimizer = torch.optim.AdamW(masters, lr=recipe.rate, weight_decay=0.01, betas=(0.9, 0.98))
    first = _resume(into, masters, optimizer)
    if after and not first:
        _resume(after, masters, optimizer)
    _copy(masters, weights)
    started = time.time()
    for number, parts in enumerate(steps[first:], start=first):
        for group in optimizer.param_groups:
            group["lr"] = recipe.rate * _scale(number, len(steps), recipe)
        with merged_products(model):
            loss = _step(model, [[rows[at] for at in part] for part in parts])
        for master, weight in zip(masters, weights, strict=True):
            master.grad, weight.grad = weight.grad.float(), None
        torch.nn.utils.clip_grad_norm_(masters, 1.0)
        optimizer.step()
        _copy(masters, weights)
        if number % 5 == 0:
            spent = time.time() - started
            left = spent / (number - first + 1) * (len(steps) - number - 1)
            print(
                f"step {number + 1} of {len(steps)}: loss {loss:.3f}, {left / 60:.0f} min left",
                flush=True,
            )
        if (number + 1) % 25 == 0:
            _checkpoint(into, number + 1, masters, optimizer)
            model.save_pretrained(into / "adapter")
    model.save_pretrained(into / "adapter")
    (into / "recipe.json").write_text(json.dumps(asdict(recipe), indent=2), encoding="utf-8")


def _copy(masters: Sequence[torch.Tensor], weights: Sequence[torch.Tensor]) -> None:
    with torch.no_grad():
        for master, weight in zip(masters, weights, strict=True):
            weight.copy_(master)


def _step(model: Any, parts: Sequence[Sequence[Row]]) -> float:  # noqa: ANN401 (PEFT's)
    """Run one step's parts forward and backward; return the mean loss of a target."""
    inner = model.base_model.model
    targets = sum(sum(row.target[1:]) for part in parts for row in part)
    total = 0.0
    for part in parts:
        width = max(len(row.tokens) for row in part)
        tokens = torch.zeros(len(part), width, dtype=torch.long)
        wanted = torch.zeros(len(part), width, dtype=torch.bool)
        for at, row in enumerate(part):
            tokens[at, : len(row.tokens)] = torch.tensor(row.tokens)
            wanted[at, : len(row.target)] = torch.tensor(row.target)
        wanted[:, 0] = False
        hidden = inner.model(input_ids=tokens, use_cache=False).last_hidden_state
        logits = inner.lm_head(hidden[:, :-1][wanted[:, 1:]]).float()
        loss = torch.nn.functional.cross_entropy(logits, tokens[wanted], reduction="sum") / targets
        loss.backward()
        total += float(loss.detach())
    return total


def _steps(rows: Sequence[Row], recipe: Recipe, number: int) -> list[list[list[int]]]:
    """Return the rows of each step, in parts of rows of like length."""
    chance = random.Random(recipe.seed + number)
    order = list(range(len(rows)))
    chance.shuffle(order)
    parts: list[list[int]] = []
    for start in range(0, len(order), 240):
        some = sorted(order[start : start + 240], key=lambda at: len(rows[at].tokens))
        part: list[int] = []
        for at in some:
            if part and len(rows[at].tokens) * (len(part) + 1) > recipe.part_tokens:
                parts.append(part)
                part = []
            part.append(at)
        parts.append(part)
    chance.shuffle(parts)
    per_step = max(1, round(recipe.step_tokens / recipe.part_tokens))
    return [parts[at : at + per_step] for at in range(0, len(parts), per_step)]


def _scale(step: int, steps: int, recipe: Recipe) -> float:
    """Return the share of the rate at a step: up in a few steps, then down in a line."""
    return min((step + 1) / recipe.warm_up, 1.0) * max(recipe.floor, 1 - step / steps)


def _checkpoint(into: Path, step: int, masters: Sequence[torch.Tensor], optimizer: Any) -> None:  # noqa: ANN401
    fresh = into / "checkpoint.new"
    state = {
        "step": step,
        "weights": [w.data for w in masters],
        "optimizer": optimizer.state_dict(),
    }
    torch.save(state, fresh)
    fresh.replace(into / "checkpoint.pt")


def _resume(into: Path, masters: Sequence[torch.nn.Parameter], optimizer: Any) -> int:  # noqa: ANN401
    path = into / "checkpoint.pt"
    if not path.is_file():
        return 0
    state = torch.load(path)
    for weight, kept in zip(masters, state["weights"], strict=True):
        weight.data = kept
    optimizer.load_state_dict(state["optimizer"])
    return int(state["step"])


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("rows", "train"))
    parser.add_argument("--base", required=True)
    parser.add_argument("--general", type=Path)
    parser.add_argument("--into", type=Path, required=True)
    parser.add_argument("--after", type=Path)
    parser.add_argument("--style", choices=get_args(Style), default=Recipe().style)
    for name in NUMBERS:
        standard = getattr(Recipe(), name)
        flag = f"--{name.replace('_', '-')}"
        parser.add_argument(flag, type=type(standard), default=standard)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    numbers = {name: getattr(options, name) for name in NUMBERS}
    recipe = Recipe(style=options.style, **numbers)
    if options.what == "rows":
        make_rows(options.base, options.general, options.into, recipe)
    else:
        train(options.base, options.into, recipe, options.after)


if __name__ == "__main__":
    main()
