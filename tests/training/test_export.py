"""Publishing and merging an adapter, over a tiny random base."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM

from persllm.bases import Base
from persllm.errors import AdapterError, PersonaError
from persllm.loading import load_base
from persllm.manifest import Manifest, prompt_hash_of, write_manifest
from persllm.persona import Persona, Rights
from persllm.training.export import PUBLISHED, merge, push
from persllm.training.settings import TrainSettings
from persllm.training.tune import fresh_adapter
from tests.doubles import contents, write_tiny_persona
from tests.training.hub import Hub, hub
from tests.training.tiny import write_tiny_base


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Base:
    return write_tiny_base(tmp_path_factory.mktemp("tiny") / "tiny-llama")


@pytest.fixture(scope="module")
def marta(tmp_path_factory: pytest.TempPathFactory) -> Persona:
    persona = write_tiny_persona(tmp_path_factory.mktemp("people"))
    return replace(persona, rights=Rights("invented", "CC0-1.0", "none needed"))


@pytest.fixture(scope="module")
def adapter(tiny: Base, marta: Persona, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("adapter") / "adapter"
    model = fresh_adapter(load_base(tiny), TrainSettings(rank=4))
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.2)
    model.save_pretrained(str(folder), save_embedding_layers=False)
    (folder / "README.md").write_text(
        "---\nbase_model: tiny-llama\nlicense: other\n---\n", encoding="utf-8"
    )
    (folder / "notes.txt").write_text("not for others", encoding="utf-8")
    manifest = Manifest(
        persona=marta.id,
        persona_hash="",
        stages=("early", "late"),
        base=tiny.name,
        base_key=tiny.key,
        prompt_hash=prompt_hash_of(tiny),
        data_hash="",
        settings={},
        versions={},
        seconds=0.0,
    )
    write_manifest(folder, manifest)
    return folder


@pytest.fixture
def local_hub(monkeypatch: pytest.MonkeyPatch) -> Any:  # noqa: ANN401 (a generator of hubs)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    with hub() as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        monkeypatch.setenv("HF_TOKEN", "hf_standin")
        yield server


def test_an_adapter_goes_to_the_hub_and_nothing_else_does(
    adapter: Path, marta: Persona, local_hub: Hub
) -> None:
    where = push(adapter, marta, to="me/marta", private=True)
    assert where.startswith(local_hub.url)
    assert local_hub.repositories == {"me/marta": True}
    assert set(local_hub.files) == set(PUBLISHED)
    for name, sent in local_hub.files.items():
        assert sent == (adapter / name).read_bytes()


def test_what_the_hub_refuses_is_an_error_with_a_remedy(
    adapter: Path, marta: Persona, local_hub: Hub
) -> None:
    local_hub.refuses = True
    with pytest.raises(AdapterError, match="HF_TOKEN"):
        push(adapter, marta, to="me/marta")


def test_an_adapter_goes_to_a_folder_again_and_again(
    adapter: Path, marta: Persona, tmp_path: Path
) -> None:
    for _ in range(2):
        where = push(adapter, marta, to=str(tmp_path / "published"))
        assert contents(Path(where)) == contents(adapter)


def test_a_folder_that_holds_something_else_is_left_alone(
    adapter: Path, marta: Persona, tmp_path: Path
) -> None:
    (tmp_path / "letter.txt").write_text("dear", encoding="utf-8")
    with pytest.raises(AdapterError, match="something other"):
        push(adapter, marta, to=str(tmp_path))
    with pytest.raises(AdapterError, match="not empty"):
        merge(adapter, replace_name(adapter), into=tmp_path)
    assert (tmp_path / "letter.txt").is_file()


def replace_name(adapter: Path) -> Base:
    """Return the base that the adapter's manifest names."""
    from persllm.manifest import read_manifest

    manifest = read_manifest(adapter)
    return Base(manifest.base, "", manifest.base_key)


def test_a_persona_without_rights_is_not_published(
    adapter: Path, marta: Persona, tmp_path: Path
) -> None:
    with pytest.raises(PersonaError, match="rights"):
        push(adapter, replace(marta, rights=None), to=str(tmp_path / "published"))
    assert not list(tmp_path.iterdir())


def test_a_name_that_is_neither_hub_nor_folder_is_refused(adapter: Path, marta: Persona) -> None:
    with pytest.raises(AdapterError, match="owner/name"):
        push(adapter, marta, to="marta")


def test_a_merged_model_says_what_base_and_adapter_say(
    adapter: Path, tiny: Base, tmp_path: Path
) -> None:
    folder = merge(adapter, tiny, into=tmp_path / "merged")
    prompt = torch.tensor([[5, 6, 7, 8]])
    with_adapter: Any = PeftModel.from_pretrained(load_base(tiny), str(adapter)).eval()
    merged: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    alone: Any = load_base(tiny).eval()
    said = [
        model.generate(input_ids=prompt, max_new_tokens=24, do_sample=False).tolist()
        for model in (with_adapter, merged, alone)
    ]
    assert said[0] == said[1] != said[2]
    assert (folder / "tokenizer.json").is_file()
    assert not (tmp_path / ".merged.part").exists()
