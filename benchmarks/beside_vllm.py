"""The local engine beside vLLM, in one process: same base, adapters and prompts, taken in turns.

    .venv-vllm/env/bin/python -m benchmarks.beside_vllm        (the environment of .ci/vllm)

Prints a Markdown table of new tokens a second: one stream, and sixteen requests in one batch over
four adapters and the base. Each figure is the median of several rounds; both run on one thread.
"""

import argparse
import resource
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from persllm.agents.engines.local import LocalEngine
from persllm.agents.engines.vllm_engine import VllmEngine
from persllm.bases import Base, find_base
from persllm.engine import Engine, Request, whole
from persllm.manifest import Manifest, prompt_hash_of, write_manifest
from persllm.messages import Message

TOKENS = 64
ADAPTERS = 4
RANK = 8
TOPICS = "pigeons, motors, lamps, winter, money, sleep, bread, the sea, letters, rain, bees, trains"


@dataclass(frozen=True, slots=True)
class Speed:
    """What one round took."""

    tokens: int
    seconds: float
    cpu_seconds: float


def main() -> None:
    options = _options()
    base = find_base(options.base)
    with tempfile.TemporaryDirectory() as place:
        adapters = [random_adapter(base, Path(place) / str(n), seed=n) for n in range(ADAPTERS)]
        engines: dict[str, Engine] = {
            "persllm local": LocalEngine(base),
            "vLLM": VllmEngine(
                base,
                dtype="float32",
                enforce_eager=True,  # compiling takes minutes on a CPU
                max_lora_rank=RANK,  # no more room than these adapters need
                max_loras=ADAPTERS + 1,
            ),
        }
        print("| speakers | requests | engine | tokens/s | tokens per CPU second |")
        print("| --- | --- | --- | --- | --- |")
        for speakers, folders in (("base alone", []), ("four adapters and the base", adapters)):
            for count in (1, 16):
                rows = measured(engines, requests(folders, count), rounds=options.rounds)
                for name, speeds in rows.items():
                    rate = statistics.median(s.tokens / s.seconds for s in speeds)
                    work = statistics.median(s.tokens / s.cpu_seconds for s in speeds)
                    row = (speakers, count, name, round(rate), round(work))
                    print(f"| {' | '.join(map(str, row))} |", flush=True)


def requests(adapters: Sequence[Path], count: int) -> list[Request]:
    """Return different prompts, each for the next of the adapters and the base in turn."""
    speakers = [*adapters, None]
    topics = TOPICS.split(", ")
    return [
        Request(
            messages=(
                Message("system", "You are a clerk in Graz, and it is 1880."),
                Message("user", f"Number {n}: tell me all you think of {topics[n % len(topics)]}."),
            ),
            adapter=speakers[n % len(speakers)],
            max_tokens=TOKENS,
        )
        for n in range(count)
    ]


def measured(
    engines: dict[str, Engine], asked: Sequence[Request], *, rounds: int
) -> dict[str, list[Speed]]:
    """Let the engines take turns; the first round only warms them up."""
    speeds: dict[str, list[Speed]] = {name: [] for name in engines}
    for number in range(rounds + 1):
        fresh = [_said_anew(request, number) for request in asked]
        for name, engine in engines.items():
            speed = _timed(engine, fresh)
            if number:
                speeds[name].append(speed)
    return speeds


def _said_anew(request: Request, number: int) -> Request:
    """Change the end of the last turn, so that no round finds its whole prompt computed."""
    *before, last = request.messages
    return replace(
        request, messages=(*before, Message(last.role, f"{last.content} Round {number}."))
    )


def _tokens(engine: Engine, asked: Sequence[Request]) -> int:
    if len(asked) == 1:
        return whole(engine.stream(asked[0])).new_tokens
    return sum(reply.new_tokens for reply in engine.generate(asked))


def _timed(engine: Engine, asked: Sequence[Request]) -> Speed:
    started, cpu = time.perf_counter(), _cpu_seconds()
    tokens = _tokens(engine, asked)
    return Speed(tokens, time.perf_counter() - started, _cpu_seconds() - cpu)


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def random_adapter(base: Base, folder: Path, *, seed: int) -> Path:
    """Write an adapter with small random weights that fits the base."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.manual_seed(seed)
    model = get_peft_model(
        AutoModelForCausalLM.from_pretrained(base.location),
        LoraConfig(r=RANK, target_modules="all-linear", task_type="CAUSAL_LM"),
    )
    for name, weights in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weights, std=0.01)
    model.save_pretrained(str(folder), save_embedding_layers=False)
    write_manifest(folder, _manifest(base, f"speaker-{seed}"))
    return folder


def _manifest(base: Base, persona: str) -> Manifest:
    return Manifest(
        persona=persona,
        persona_hash="",
        stages=(),
        base=base.name,
        base_key=base.key,
        prompt_hash=prompt_hash_of(base),
        data_hash="",
        settings={},
        versions={},
        seconds=0.0,
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="The local engine beside vLLM.")
    parser.add_argument("--base", default="nano")
    parser.add_argument("--rounds", type=int, default=5)
    return parser.parse_args()


if __name__ == "__main__":
    main()
