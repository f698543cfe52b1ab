"""How a base is asked is told by its family and size, never by its name."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from persllm import base_profile
from persllm.base_profile import BaseProfile, find_profile, named_profile, weights_of
from persllm.bases import Base, find_base
from persllm.errors import BaseModelError

NANO = {"model_type": "llama", "hidden_size": 256, "num_hidden_layers": 6, "vocab_size": 4096}
SMOL = {
    "model_type": "llama",
    "hidden_size": 576,
    "intermediate_size": 1536,
    "num_attention_heads": 9,
    "num_hidden_layers": 30,
    "num_key_value_heads": 3,
    "tie_word_embeddings": True,
    "vocab_size": 49152,
}
QWEN = {
    "model_type": "qwen3",
    "head_dim": 128,
    "hidden_size": 1024,
    "intermediate_size": 3072,
    "num_attention_heads": 16,
    "num_hidden_layers": 28,
    "num_key_value_heads": 8,
    "tie_word_embeddings": True,
    "vocab_size": 151936,
}
GEMMA = {
    "model_type": "gemma3",
    "text_config": {
        "model_type": "gemma3_text",
        "head_dim": 256,
        "hidden_size": 2560,
        "intermediate_size": 10240,
        "num_attention_heads": 8,
        "num_hidden_layers": 34,
        "num_key_value_heads": 4,
        "tie_word_embeddings": True,
        "vocab_size": 262208,
    },
    "vision_config": {"hidden_size": 1152, "num_hidden_layers": 27},
}
LLAMA = {
    "model_type": "llama",
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "num_attention_heads": 32,
    "num_hidden_layers": 32,
    "num_key_value_heads": 8,
    "tie_word_embeddings": False,
    "vocab_size": 128256,
}


def base_of(folder: Path, config: dict[str, Any]) -> Base:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    (folder / "model.safetensors").write_bytes(b"weights")
    return find_base(str(folder))


@pytest.mark.parametrize(
    ("config", "millions"), [(SMOL, 134.5), (QWEN, 596), (GEMMA, 3880), (LLAMA, 8030)]
)
def test_weights_are_counted_from_the_config(config: dict[str, Any], millions: float) -> None:
    assert weights_of(config) == pytest.approx(millions * 1e6, rel=0.01)


def test_embeddings_that_are_not_shared_count_twice() -> None:
    apart = weights_of({**QWEN, "tie_word_embeddings": False})
    assert apart - weights_of(QWEN) == 1024 * 151936


@pytest.mark.parametrize("config", [{}, {"model_type": "mamba"}, {"hidden_size": None}])
def test_a_model_whose_config_tells_no_size_counts_as_large(config: dict[str, Any]) -> None:
    assert weights_of(config) == float("inf")


@pytest.mark.parametrize(
    ("config", "profile"),
    [
        (NANO, "nano"),
        (SMOL, "small"),
        (QWEN, "medium"),
        (GEMMA, "large"),
        (LLAMA, "large"),
        ({}, "large"),
    ],
)
def test_a_profile_is_found_by_size(tmp_path: Path, config: dict[str, Any], profile: str) -> None:
    assert find_profile(base_of(tmp_path / "mine", config)).name == profile


def test_a_name_tells_nothing(tmp_path: Path) -> None:
    named = find_profile(base_of(tmp_path / "nano" / "SmolLM2-135M", LLAMA))
    assert named == find_profile(base_of(tmp_path / "other", LLAMA))


def test_the_shipped_nano_has_the_profile_nano() -> None:
    profile = find_profile(find_base("nano"))
    assert (profile.name, profile.preset, profile.annotated) == ("nano", "nano", True)


def test_a_hub_base_that_is_not_here_is_asked_as_a_large_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    assert find_profile(find_base("nobody/here")).name == "large"


@pytest.fixture
def profiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Let the profiles be the files of an empty folder."""
    folder = tmp_path / "profiles"
    folder.mkdir()
    monkeypatch.setattr(base_profile, "FOLDER", folder)
    base_profile._rules.cache_clear()
    yield folder
    base_profile._rules.cache_clear()


def test_a_family_of_its_own_goes_before_its_size(tmp_path: Path, profiles: Path) -> None:
    (profiles / "large.yaml").write_text("when: {}", encoding="utf-8")
    (profiles / "any.yaml").write_text("when: {most_weights: 1.0e+9}", encoding="utf-8")
    rule = "when: {most_weights: 1.0e+9, families: [qwen3]}\npassages: 2"
    (profiles / "qwen.yaml").write_text(rule, encoding="utf-8")
    found = find_profile(base_of(tmp_path / "one", QWEN))
    assert (found.name, found.passages) == ("qwen", 2)
    assert find_profile(base_of(tmp_path / "two", SMOL)).name == "any"
    assert find_profile(base_of(tmp_path / "three", LLAMA)).name == "large"


def test_a_file_that_sets_what_does_not_exist_is_refused(tmp_path: Path, profiles: Path) -> None:
    (profiles / "large.yaml").write_text("when: {}\npassage: 2", encoding="utf-8")
    with pytest.raises(BaseModelError, match=r"has no passage; it has \["):
        find_profile(base_of(tmp_path / "one", QWEN))


def test_a_profile_has_a_name() -> None:
    assert named_profile("nano") == find_profile(find_base("nano"))
    with pytest.raises(BaseModelError, match=r"no base profile 'huge'. Name one of \['large', "):
        named_profile("huge")


def test_values_may_be_changed_and_none_changes_nothing() -> None:
    profile = BaseProfile(name="mine", passages=4)
    changed = profile.changed({"passages": None, "temperature": 0.0})
    assert (changed.passages, changed.temperature) == (4, 0.0)


def test_a_value_that_does_not_exist_is_refused() -> None:
    with pytest.raises(BaseModelError, match=r"has no passage, warmth; it has \["):
        BaseProfile(name="mine").changed({"warmth": 1, "passage": 2})


def test_the_digest_changes_with_every_value() -> None:
    profile = BaseProfile(name="mine")
    digests = {
        profile.changed(change).digest()
        for change in ({}, {"passages": 1}, {"temperature": 0.1}, {"analysis": "none"})
    }
    assert len(digests) == 4
