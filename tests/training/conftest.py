"""A real adapter, trained in seconds: few items, few steps, the nano base; and a tiny base."""

from dataclasses import replace
from pathlib import Path

import pytest
from langchain_core.embeddings import DeterministicFakeEmbedding
from transformers import PreTrainedModel

from persllm.bases import Base, find_base
from persllm.loading import load_base
from persllm.persona import Persona
from persllm.persona_catalog import bundled, find_persona
from persllm.training.data.build import PersonaData, build
from persllm.training.data.sampling import BuildSettings
from persllm.training.settings import TrainSettings, preset
from persllm.training.train import TrainContext, train_persona
from tests.doubles import NANO_PROFILE
from tests.training.tiny import write_tiny_base

QUICK = replace(preset("nano"), repeats=1.0, batch=8, most_pairs=16, checkpoint_steps=2, rank=4)


@pytest.fixture(scope="session")
def quick() -> TrainSettings:
    return QUICK


@pytest.fixture(scope="session")
def nano() -> Base:
    return find_base("nano")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Base:
    return write_tiny_base(tmp_path_factory.mktemp("tiny") / "tiny-llama")


@pytest.fixture(scope="module")
def base(tiny: Base) -> PreTrainedModel:
    return load_base(tiny)


@pytest.fixture(scope="session")
def tesla() -> Persona:
    return find_persona("nikola-tesla")


@pytest.fixture(scope="session")
def tesla_data(tesla: Persona, tmp_path_factory: pytest.TempPathFactory) -> PersonaData:
    return build(
        tesla,
        out=tmp_path_factory.mktemp("data"),
        others=[find_persona(name) for name in bundled()],
        embeddings=DeterministicFakeEmbedding(size=64),
        profile=NANO_PROFILE,
        settings=BuildSettings(per_part=8),
    )


@pytest.fixture(scope="session")
def tesla_adapter(
    tesla: Persona,
    tesla_data: PersonaData,
    nano: Base,
    quick: TrainSettings,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    runs = tmp_path_factory.mktemp("runs")
    return train_persona(tesla, tesla_data, TrainContext(base=nano, settings=quick, runs=runs))
