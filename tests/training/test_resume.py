"""A run that is killed at any moment is finished by the same command, to the same weights."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.training.apart import run_apart

SETUP = '''
"""Train once unbroken, then once for each moment at which the process is killed and continued."""
import json, os, random, signal, sys, time
from pathlib import Path
import torch
from safetensors.torch import load_file
from persllm.messages import Message
from persllm.training import train
from persllm.training.data.build import build, read_data
from persllm.training.settings import TrainSettings
from persllm.training.tuning import trainers
from tests.doubles import NANO_PROFILE, OTTO, LetterEmbeddings, write_tiny_persona
from tests.training.tiny import write_tiny_base

torch.set_num_threads(1)
work = Path(sys.argv[1])
marta, otto = write_tiny_persona(work), write_tiny_persona(work, OTTO)
data = build(
    marta, out=work / "data", others=[otto], embeddings=LetterEmbeddings(), profile=NANO_PROFILE
)
base = write_tiny_base(work / "tiny-llama")
settings = TrainSettings(rank=4, batch=4, repeats=0.25, most_pairs=24, checkpoint_steps=2)


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def dies_at(words, number):
    def progress(what, done, total):
        if what.startswith(words) and done >= number:
            die()
    return progress


def dies_while_saving():
    trainers.PackedSFTTrainer._save_rng_state = lambda *_: die()


def dies_while_publishing():
    train.write_manifest = lambda *_: die()


def trained(runs, progress=lambda *_: None, prepare=lambda: None):
    """Train in a child; return how it ended."""
    child = os.fork()
    if not child:
        prepare()
        context = train.TrainContext(base=base, settings=settings, runs=runs, progress=progress)
        train.train_persona(marta, data, context)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def weights(runs):
    [folder] = runs.glob("marta-lind/*/adapter")
    return load_file(folder / "adapter_model.safetensors")


def apart(runs):
    again = weights(runs)
    return max(float((again[n] - unbroken[n]).abs().max()) for n in unbroken)


assert trained(work / "unbroken") == 0
unbroken = weights(work / "unbroken")
moved = max(float(w.abs().max()) for n, w in unbroken.items() if "lora_B" in n)
'''

CHOSEN = """
moments = {
    "in a step of SFT": (dies_at("SFT", 3), lambda: None),
    "while a checkpoint is written": (lambda *_: None, dies_while_saving),
    "between SFT and DPO": (dies_at("reference", 0), lambda: None),
    "in a step of DPO": (dies_at("DPO", 3), lambda: None),
    "while the adapter is published": (lambda *_: None, dies_while_publishing),
}
worst = {}
for number, (moment, (progress, prepare)) in enumerate(moments.items()):
    runs = work / f"killed{number}"
    assert trained(runs, progress, prepare) == -signal.SIGKILL, moment
    assert not list(runs.glob("marta-lind/*/adapter")), moment
    assert trained(runs) == 0, moment
    worst[moment] = apart(runs)
print(json.dumps({"worst": worst, "moved": moved}))
"""

RANDOM = '''
def dies_after(seconds):
    """End the process like a kill once it has computed so long: no handler, nothing tidied up."""
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_PROF, seconds)


def state(runs):
    """Return how far a run is: the files it has, and the steps of its two parts."""
    [run] = runs.glob("marta-lind/*")
    logs = [run / part / "metrics.jsonl" for part in ("sft", "dpo")]
    return [len(log.read_text().splitlines()) if log.is_file() else 0 for log in logs]


before = os.times()
assert trained(work / "measured") == 0  # a second run, for the first one also fills caches
after = os.times()
whole = sum(after[2:4]) - sum(before[2:4])  # processor seconds of the child
draw, worst, reached = random.Random(int(sys.argv[2])), {}, []
for number in range(5):
    share = 0.9 * (number + draw.random()) / 5
    for attempt in range(5):
        runs = work / f"killed{number}-{attempt}"
        ended = trained(runs, prepare=lambda: dies_after(share * whole))
        published = list(runs.glob("marta-lind/*/adapter"))
        if ended != 0 and not published:
            break
        whole *= 0.8  # it was done: the same work took fewer processor seconds than when measured
    assert ended == -signal.SIGPROF and not published, (share, ended, published)
    reached.append(state(runs) if runs.is_dir() else [0, 0])
    assert trained(runs) == 0, share
    worst[f"{share:.3f}"] = apart(runs)
print(json.dumps({"worst": worst, "moved": moved, "reached": reached}))
'''


needs_fork = pytest.mark.skipif(
    not hasattr(os, "fork"), reason="needs a system with fork, such as Linux"
)
SEED = "20261125"


@pytest.mark.slow
@needs_fork
def test_a_run_killed_at_five_moments_ends_with_the_weights_of_an_unbroken_one(
    tmp_path: Path,
) -> None:
    found = _done(SETUP + CHOSEN, tmp_path)
    assert found["moved"] > 1e-4
    assert found["worst"] == dict.fromkeys(found["worst"], 0.0)
    assert len(found["worst"]) == 5


@pytest.mark.slow
@needs_fork
def test_a_run_killed_at_five_random_moments_ends_with_the_weights_of_an_unbroken_one(
    tmp_path: Path,
) -> None:
    found = _done(SETUP + RANDOM, tmp_path)
    assert found["moved"] > 1e-4
    assert found["worst"] == dict.fromkeys(found["worst"], 0.0)
    assert len(found["worst"]) == 5
    # Where moments drawn at random fall is chance; a chosen one, above, falls into DPO.
    assert any(sft for sft, _ in found["reached"]), found["reached"]


def _done(script: str, work: Path) -> dict[str, Any]:
    """Run a script; return what it prints last."""
    printed = run_apart("-c", script, str(work), SEED)
    found: dict[str, Any] = json.loads(printed.splitlines()[-1])
    return found
