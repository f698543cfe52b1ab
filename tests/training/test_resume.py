"""A run that is killed at any moment is finished by the same command, to the same weights."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

SCRIPT = '''
"""Train once unbroken, then once for each moment at which the process is killed and continued."""
import json, os, signal, sys
from pathlib import Path
import torch
from safetensors.torch import load_file
from persllm.messages import Message
from persllm.training import train
from persllm.training.data.build import build, read_data
from persllm.training.settings import TrainSettings
from persllm.training.tuning import trainers
from tests.doubles import OTTO, LetterEmbeddings, write_tiny_persona
from tests.training.tiny import write_tiny_base

torch.set_num_threads(1)
work = Path(sys.argv[1])
marta, otto = write_tiny_persona(work), write_tiny_persona(work, OTTO)
data = build(marta, out=work / "data", others=[otto], embeddings=LetterEmbeddings())
base = write_tiny_base(work / "tiny-llama")
settings = TrainSettings(rank=4, batch=4, repeats=0.5, most_pairs=12, checkpoint_steps=2)


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
        ways = train.Ways(base=base, settings=settings, runs=runs, progress=progress)
        train.train_persona(marta, data, ways)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def weights(runs):
    [folder] = runs.glob("marta-lind/*/adapter")
    return load_file(folder / "adapter_model.safetensors")


assert trained(work / "unbroken") == 0
unbroken = weights(work / "unbroken")
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
    again = weights(runs)
    worst[moment] = max(float((again[n] - unbroken[n]).abs().max()) for n in unbroken)
moved = max(float(w.abs().max()) for n, w in unbroken.items() if "lora_B" in n)
print(json.dumps({"worst": worst, "moved": moved}))
'''


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a system with fork, such as Linux")
def test_a_run_killed_at_five_moments_ends_with_the_weights_of_an_unbroken_one(
    tmp_path: Path,
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["moved"] > 1e-4
    assert found["worst"] == dict.fromkeys(found["worst"], 0.0)
    assert len(found["worst"]) == 5
