"""Which base is meant, and which exact one it is."""

from pathlib import Path

import pytest

from persllm import bases
from persllm.bases import NANO_FOLDER, Base, find_base
from persllm.errors import BaseModelError


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


def test_a_folders_revision_changes_with_weights_and_config(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    revisions = {
        find_base(str(_model(folder, weights=weights, config=config))).revision
        for weights in (b"one", b"two")
        for config in ("{}", '{"a": 1}')
    }
    assert len(revisions) == 4


def test_a_folders_revision_does_not_depend_on_where_it_lies(tmp_path: Path) -> None:
    one, two = (find_base(str(_model(tmp_path / name))) for name in ("one", "two"))
    assert one.revision == two.revision


@pytest.mark.parametrize(
    ("name", "base"),
    [
        ("Qwen/Qwen3-0.6B@c1899de", Base("Qwen/Qwen3-0.6B", "Qwen/Qwen3-0.6B", "c1899de")),
        ("Qwen/Qwen3-0.6B", Base("Qwen/Qwen3-0.6B", "Qwen/Qwen3-0.6B", "main")),
    ],
)
def test_a_hub_id_may_name_a_revision(name: str, base: Base) -> None:
    assert find_base(name) == base


@pytest.mark.parametrize("name", ["qwen", "./not/here", "/not-here", "~/models", "a/b/c", ".."])
def test_a_bad_name_says_what_can_be_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BaseModelError, match=r"Name a folder .*'nano'"):
        find_base(name)
