"""Which base is meant, and which exact one it is."""

from pathlib import Path

import pytest

from persllm import bases, small_base
from persllm.bases import KEY_FILE, NANO_FOLDER, Base, find_base
from persllm.errors import BaseModelError

COMMIT = "c1899de289a04d12100db370d81485cdf75e47ca"


@pytest.fixture
def empty_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let the hub's cache on this machine be an empty folder; return it."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


def _model(folder: Path, *, weights: bytes = b"weights", config: str = "{}") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(config, encoding="utf-8")
    (folder / "model.safetensors").write_bytes(weights)
    return folder


def test_nano_is_the_folder_inside_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bases, "NANO_FOLDER", _model(tmp_path / "nano"))
    base = find_base("nano")
    assert (base.name, base.location) == ("nano", str(tmp_path / "nano"))


def test_nano_without_weights_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = _model(tmp_path / "nano")
    (folder / "model.safetensors").unlink()
    monkeypatch.setattr(bases, "NANO_FOLDER", folder)
    with pytest.raises(BaseModelError, match=r"lacks config\.json or weights"):
        find_base("nano")


@pytest.mark.skipif(
    not (NANO_FOLDER / "model.safetensors").is_file(), reason="train the nano base first"
)
def test_the_shipped_nano_resolves() -> None:
    assert len(find_base("nano").key) == 16


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_a_folder_that_lacks_config_or_weights_is_refused(tmp_path: Path, name: str) -> None:
    (_model(tmp_path / "mine") / name).unlink()
    with pytest.raises(BaseModelError, match="save_pretrained"):
        find_base(str(tmp_path / "mine"))


def test_a_folders_key_changes_with_weights_and_config(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    keys = {
        find_base(str(_model(folder, weights=weights, config=config))).key
        for weights in (b"one", b"two")
        for config in ("{}", '{"a": 1}')
    }
    assert len(keys) == 4


def test_a_folders_key_does_not_depend_on_where_it_lies(tmp_path: Path) -> None:
    one, two = (find_base(str(_model(tmp_path / name))) for name in ("one", "two"))
    assert one.key == two.key
    assert (one.revision, two.revision) == (None, None)


def test_a_further_file_of_weights_changes_the_key(tmp_path: Path) -> None:
    folder = _model(tmp_path / "mine")
    before = find_base(str(folder)).key
    (folder / "model-2.safetensors").write_bytes(b"more")
    assert find_base(str(folder)).key != before


def test_what_is_no_weight_and_no_config_does_not_change_the_key(tmp_path: Path) -> None:
    folder = _model(tmp_path / "mine")
    before = find_base(str(folder)).key
    (folder / "README.md").write_text("Read me.", encoding="utf-8")
    assert find_base(str(folder)).key == before


def test_a_folder_that_says_what_it_was_made_from_has_that_key(tmp_path: Path) -> None:
    folder = _model(tmp_path / "mine")
    (folder / KEY_FILE).write_text('{"key": "made-from-this"}', encoding="utf-8")
    assert find_base(str(folder)).key == "made-from-this"
    assert find_base(str(_model(folder, weights=b"otherwise rounded"))).key == "made-from-this"


@pytest.fixture
def few_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of more than 100 bytes are known by 4 samples of 10 bytes."""
    monkeypatch.setattr(bases, "WHOLE_FILE_BYTES", 100)
    monkeypatch.setattr(bases, "SAMPLES", 4)
    monkeypatch.setattr(bases, "SAMPLE_BYTES", 10)


@pytest.mark.usefixtures("few_samples")
@pytest.mark.parametrize("place", [0, 335, 665, 999])
def test_a_large_file_that_differs_at_a_sample_has_another_key(tmp_path: Path, place: int) -> None:
    weights = bytearray(1000)
    before = find_base(str(_model(tmp_path / "mine", weights=bytes(weights)))).key
    weights[place] = 1
    assert find_base(str(_model(tmp_path / "mine", weights=bytes(weights)))).key != before


@pytest.mark.usefixtures("few_samples")
def test_large_files_of_different_lengths_have_different_keys(tmp_path: Path) -> None:
    keys = {find_base(str(_model(tmp_path / "m", weights=bytes(n)))).key for n in (999, 1000, 1001)}
    assert len(keys) == 3


@pytest.mark.usefixtures("few_samples")
def test_of_a_large_file_only_samples_are_read(tmp_path: Path) -> None:
    weights = bytearray(1000)
    before = find_base(str(_model(tmp_path / "mine", weights=bytes(weights)))).key
    weights[100] = 1  # between samples
    assert find_base(str(_model(tmp_path / "mine", weights=bytes(weights)))).key == before


@pytest.mark.usefixtures("empty_hub")
@pytest.mark.parametrize(
    ("name", "revision"), [("Qwen/Qwen3-0.6B@c1899de", "c1899de"), ("Qwen/Qwen3-0.6B", "main")]
)
def test_a_hub_id_may_name_a_revision(name: str, revision: str) -> None:
    hub = "Qwen/Qwen3-0.6B"
    assert find_base(name) == Base(hub, hub, f"{hub}@{revision}", revision)


@pytest.mark.usefixtures("empty_hub")
def test_two_hub_ids_of_one_branch_have_different_keys() -> None:
    one, two = find_base("Qwen/Qwen3-0.6B"), find_base("google/gemma-3-1b-it")
    assert one.revision == two.revision == "main"
    assert one.key != two.key


@pytest.mark.usefixtures("empty_hub")
def test_a_hub_base_that_is_not_here_has_no_config() -> None:
    assert find_base("Qwen/Qwen3-0.6B").config() == {}


def test_a_branch_stands_for_the_commit_that_is_here(empty_hub: Path) -> None:
    snapshot = empty_hub / "models--Qwen--Qwen3-0.6B" / "snapshots" / COMMIT
    _model(snapshot, config='{"model_type": "qwen3"}')
    branch = snapshot.parents[1] / "refs" / "main"
    branch.parent.mkdir()
    branch.write_text(COMMIT, encoding="utf-8")
    by_branch, by_commit = find_base("Qwen/Qwen3-0.6B"), find_base(f"Qwen/Qwen3-0.6B@{COMMIT}")
    assert by_branch.key == by_commit.key == f"Qwen/Qwen3-0.6B@{COMMIT}"
    assert by_branch.config() == {"model_type": "qwen3"}


def test_a_folder_tells_its_config(tmp_path: Path) -> None:
    base = find_base(str(_model(tmp_path / "mine", config='{"model_type": "llama"}')))
    assert base.config() == {"model_type": "llama"}


def test_small_is_made_ready_where_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = _model(tmp_path / "ready")
    (folder / KEY_FILE).write_text('{"key": "small-key"}', encoding="utf-8")
    monkeypatch.setattr(small_base, "ready_folder", lambda: folder)
    assert find_base("small") == Base("small", str(folder), "small-key")


@pytest.mark.parametrize("name", ["qwen", "./not/here", "/not-here", "~/models", "a/b/c", ".."])
def test_a_bad_name_says_what_can_be_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BaseModelError, match=r"Name a folder .*'nano'"):
        find_base(name)
