"""Two small adapters over nano that differ from the base and from each other."""

from pathlib import Path

import pytest

from persllm.bases import find_base
from persllm.manifest import Manifest, prompt_hash_of, write_manifest


@pytest.fixture(scope="session")
def adapters(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return the folders of two adapters with random weights that change what nano says."""
    root = tmp_path_factory.mktemp("adapters")
    return _random_adapter(root / "one", seed=1), _random_adapter(root / "two", seed=3)


def manifest_of(base_key: str) -> Manifest:
    return Manifest(
        persona="nikola-tesla",
        persona_hash="test",
        stages=("early", "late"),
        base="nano",
        base_key=base_key,
        prompt_hash=prompt_hash_of(find_base("nano")),
        data_hash="test",
        settings={},
        versions={},
        seconds=1.0,
    )


def _random_adapter(folder: Path, *, seed: int) -> Path:
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    base = find_base("nano")
    torch.manual_seed(seed)
    config = LoraConfig(
        r=4, target_modules="all-linear", init_lora_weights=False, task_type="CAUSAL_LM"
    )
    model = get_peft_model(AutoModelForCausalLM.from_pretrained(base.location), config)
    model.save_pretrained(str(folder), save_embedding_layers=False)
    write_manifest(folder, manifest_of(base.key))
    return folder
