"""Processes that share a run make the adapter that one process makes."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from persllm.bases import find_base
from persllm.errors import DataError
from persllm.training.data.build import build
from persllm.training.data.sampling import BuildSettings
from persllm.training.settings import preset
from persllm.training.train import TrainContext, train_persona
from persllm.training.tuning.processes import refuse_uneven
from tests.doubles import NANO_PROFILE, OTTO, LetterEmbeddings, write_tiny_persona
from tests.training.apart import run_apart

ROOT = Path(__file__).parents[2]
LARGEST_DIFFERENCE = 1e-3
"""Of the weights, beside how far training moved them (L2). Sums in another order make 1e-4."""

# 27 rows in steps of 8 and 9 pairs in steps of 4: the last ones are too few for every process.
SETTINGS = replace(preset("nano"), rank=4, batch=8, repeats=0.3, most_pairs=9, checkpoint_steps=100)
SCRIPT = """
import sys
from dataclasses import replace
from pathlib import Path
from persllm.bases import find_base
from persllm.persona import load_persona
from persllm.training.data.build import read_data
from persllm.training.train import TrainContext, train_persona
from persllm.training.tuning.processes import processes
from tests.training.test_processes import SETTINGS

assert processes() == 2
work = Path(sys.argv[1])
settings = replace(SETTINGS, accumulate=2)
context = TrainContext(base=find_base("nano"), settings=settings, runs=work / "two")
train_persona(load_persona(work / "marta-lind"), read_data(work / "data"), context)
"""


@pytest.mark.slow
def test_two_processes_that_accumulate_make_the_adapter_of_one_that_does_not(
    tmp_path: Path,
) -> None:
    marta, otto = write_tiny_persona(tmp_path), write_tiny_persona(tmp_path, OTTO)
    data = build(
        marta,
        out=tmp_path / "data",
        others=[otto],
        embeddings=LetterEmbeddings(),
        profile=NANO_PROFILE,
        settings=BuildSettings(per_part=12),
    )
    rows = round(len(data.split("train")[0]) * SETTINGS.repeats)
    assert rows % SETTINGS.batch in (1, 2, 3, 5, 6, 7), "the last step must be uneven"
    context = TrainContext(base=find_base("nano"), settings=SETTINGS, runs=tmp_path / "one")
    one = load_file(train_persona(marta, data, context) / "adapter_model.safetensors")
    _train_in_two(tmp_path)
    [adapter] = tmp_path.glob("two/marta-lind/*/adapter")  # and one run folder, not two
    two = load_file(adapter / "adapter_model.safetensors")
    moved = _norm([weight for name, weight in one.items() if "lora_B" in name])  # they begin at 0
    apart = _norm([two[name] - weight for name, weight in one.items()])
    assert apart / moved < LARGEST_DIFFERENCE


def _norm(weights: list[Tensor]) -> float:
    return float(torch.cat([weight.flatten() for weight in weights]).norm())


def _train_in_two(work: Path) -> None:
    script = work / "in_two.py"
    script.write_text(SCRIPT, encoding="utf-8")
    launch = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    run_apart(*launch, str(script), str(work))


def test_a_batch_that_processes_cannot_share_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    refuse_uneven(1, 1)
    monkeypatch.setenv("WORLD_SIZE", "2")
    refuse_uneven(16, 4)
    with pytest.raises(DataError, match="--batch 32"):
        refuse_uneven(16, 8)


def _name(path: Path) -> str:
    return path.name


@pytest.mark.parametrize("path", sorted((ROOT / "examples" / "training").glob("*.yaml")), ids=_name)
def test_accelerate_reads_an_example_config(path: Path) -> None:
    from accelerate.commands.config.config_args import ClusterConfig, load_config_from_file

    config = load_config_from_file(str(path))
    assert isinstance(config, ClusterConfig)
    settings = preset("large")
    assert config.num_processes % config.num_machines == 0
    assert 256 % (2 * settings.accumulate * config.num_processes) == 0  # as the docs ask for it
