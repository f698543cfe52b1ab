"""Whether an adapter fits is told before any weight is loaded."""

from pathlib import Path

import pytest

from persllm.bases import NANO, Base, find_base
from persllm.errors import AdapterError
from persllm.manifest import (
    ADAPTER_FOLDER,
    WEIGHTS_NAME,
    Manifest,
    check_fits,
    find_adapter,
    prompt_hash_of,
    read_manifest,
    write_manifest,
)
from persllm.persona_catalog import bundled, find_persona
from tests.doubles import OTTO, MakePersona

BASE = Base("nano", "/nano", "abc")


def _adapter(folder: Path, *, revision: str = "abc", template: str = "") -> Path:
    manifest = Manifest(
        persona="marta-lind",
        persona_hash="h",
        stages=("early", "late"),
        base="nano",
        base_key=revision,
        prompt_hash=template or prompt_hash_of(BASE),
        data_hash="d",
        settings={"rank": 16},
        versions={"persllm": "0.1.0"},
        seconds=1.5,
    )
    write_manifest(folder, manifest)
    (folder / WEIGHTS_NAME).write_bytes(b"weights")
    return folder


def test_a_manifest_comes_back_as_it_was_written(tmp_path: Path) -> None:
    manifest = read_manifest(_adapter(tmp_path / "a"))
    write_manifest(tmp_path / "a", manifest)
    assert read_manifest(tmp_path / "a") == manifest
    assert manifest.settings == {"rank": 16}


def test_an_adapter_that_fits_is_returned(tmp_path: Path, tiny_persona: MakePersona) -> None:
    folder = _adapter(tmp_path / "a")
    assert check_fits(folder, base=BASE, persona=tiny_persona()) == read_manifest(folder)


def test_all_that_differs_is_listed(tmp_path: Path, tiny_persona: MakePersona) -> None:
    folder = _adapter(tmp_path / "a", revision="old", template="other")
    with pytest.raises(AdapterError) as caught:
        check_fits(folder, base=BASE, persona=tiny_persona(OTTO))
    told = str(caught.value)
    assert "over the base nano (old), this is nano (abc)" in told
    assert "another prompt rendering" in told
    assert "it is marta-lind's, not otto-brand's" in told


def test_a_folder_without_weights_is_no_adapter(tmp_path: Path) -> None:
    (_adapter(tmp_path / "a") / WEIGHTS_NAME).unlink()
    with pytest.raises(AdapterError, match=r"is no persllm adapter.*persllm train"):
        read_manifest(tmp_path / "a")


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"format": "new"}', "\udcff"])
def test_a_broken_manifest_is_told_as_such(tmp_path: Path, text: str) -> None:
    folder = _adapter(tmp_path / "a")
    (folder / "manifest.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(AdapterError, match="cannot be read"):
        read_manifest(folder)


def test_the_newest_adapter_that_fits_is_found(tmp_path: Path, tiny_persona: MakePersona) -> None:
    runs = tmp_path / "runs" / "marta-lind"
    _adapter(runs / "2026-01-01" / ADAPTER_FOLDER)
    wanted = _adapter(runs / "2026-01-02" / ADAPTER_FOLDER)
    _adapter(runs / "2026-01-03" / ADAPTER_FOLDER, revision="old")
    (_adapter(runs / "2026-01-04" / ADAPTER_FOLDER) / WEIGHTS_NAME).unlink()
    assert find_adapter(tiny_persona(), base=BASE, runs=tmp_path / "runs") == wanted


def test_an_adapter_in_the_personas_folder_is_found_last(
    tmp_path: Path, tiny_persona: MakePersona
) -> None:
    persona = tiny_persona()
    shipped = _adapter(persona.folder / ADAPTER_FOLDER)
    assert find_adapter(persona, base=BASE, runs=tmp_path / "runs") == shipped
    trained = _adapter(tmp_path / "runs" / persona.id / "2026" / ADAPTER_FOLDER)
    assert find_adapter(persona, base=BASE, runs=tmp_path / "runs") == trained


def test_no_adapter_says_how_to_train_one(tmp_path: Path, tiny_persona: MakePersona) -> None:
    with pytest.raises(AdapterError, match=r"persllm train .*marta-lind, .*--no-adapter"):
        find_adapter(tiny_persona(), base=BASE, runs=tmp_path)


def test_an_adapter_that_does_not_fit_says_why(tmp_path: Path, tiny_persona: MakePersona) -> None:
    _adapter(tmp_path / "marta-lind" / "2026" / ADAPTER_FOLDER, revision="old")
    with pytest.raises(AdapterError, match=r"no adapter for the base nano[\s\S]*nano \(old\)"):
        find_adapter(tiny_persona(), base=BASE, runs=tmp_path)


@pytest.mark.parametrize("name", bundled())
def test_every_bundled_persona_ships_the_adapter_of_what_it_is_now(
    name: str, tmp_path: Path
) -> None:
    persona = find_persona(name)
    shipped = find_adapter(persona, base=find_base(NANO), runs=tmp_path)
    assert shipped == persona.folder / ADAPTER_FOLDER
    manifest = read_manifest(shipped)
    assert manifest.persona_hash == persona.digest()
    assert {"prompt", "adapter + memory"} <= set(manifest.measured)
    assert "<!-- persllm eval: begin -->" in (shipped / "README.md").read_text(encoding="utf-8")
