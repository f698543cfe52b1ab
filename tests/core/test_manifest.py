"""Whether an adapter fits is told before any weight is loaded."""

from pathlib import Path

import pytest

from persllm import manifest
from persllm.base_profile import find_profile
from persllm.bases import NANO, NANO_FOLDER, Base, find_base
from persllm.errors import AdapterError
from persllm.manifest import (
    ADAPTER_FOLDER,
    WEIGHTS_NAME,
    Manifest,
    adapter_if_any,
    check_fits,
    find_adapter,
    prompt_hash_of,
    read_manifest,
    write_manifest,
)
from persllm.persona import Persona
from persllm.persona_catalog import bundled, find_persona
from tests.doubles import OTTO, MakePersona

BASE = Base("nano", str(NANO_FOLDER), "abc")


@pytest.fixture
def marta(tiny_persona: MakePersona) -> Persona:
    return tiny_persona()


def _adapter(
    folder: Path, whose: Persona, *, key: str = "abc", prompt: str = "", persona_hash: str = ""
) -> Path:
    written = Manifest(
        persona="marta-lind",
        persona_hash=persona_hash or whose.digest(),
        stages=("early", "late"),
        base="nano",
        base_key=key,
        prompt_hash=prompt or prompt_hash_of(BASE),
        data_hash="d",
        settings={"rank": 16},
        versions={"persllm": "0.1.0"},
        seconds=1.5,
    )
    write_manifest(folder, written)
    (folder / WEIGHTS_NAME).write_bytes(b"weights")
    return folder


def test_a_manifest_comes_back_as_it_was_written(tmp_path: Path, marta: Persona) -> None:
    found = read_manifest(_adapter(tmp_path / "a", marta))
    write_manifest(tmp_path / "a", found)
    assert read_manifest(tmp_path / "a") == found
    assert found.settings == {"rank": 16}


def test_an_adapter_that_fits_is_returned(tmp_path: Path, marta: Persona) -> None:
    folder = _adapter(tmp_path / "a", marta)
    assert check_fits(folder, base=BASE, persona=marta) == read_manifest(folder)


def test_all_that_differs_is_listed(
    tmp_path: Path, marta: Persona, tiny_persona: MakePersona
) -> None:
    folder = _adapter(tmp_path / "a", marta, key="old", prompt="other")
    with pytest.raises(AdapterError) as caught:
        check_fits(folder, base=BASE, persona=tiny_persona(OTTO))
    told = str(caught.value)
    assert "over the base nano (old), this is nano (abc)" in told
    assert "another prompt rendering" in told
    assert "it is marta-lind's, not otto-brand's" in told


def test_a_persona_that_changed_since_is_told(tmp_path: Path, marta: Persona) -> None:
    folder = _adapter(tmp_path / "a", marta, persona_hash="old")
    with pytest.raises(AdapterError, match=r"Marta Lind's persona\.yaml .* has changed since"):
        check_fits(folder, base=BASE, persona=marta)
    assert check_fits(folder, base=BASE).persona == "marta-lind"


def test_a_profile_that_asks_otherwise_needs_another_adapter(
    tmp_path: Path, marta: Persona, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = _adapter(tmp_path / "a", marta)
    thinks = find_profile(BASE).changed({"analysis": "free"})
    monkeypatch.setattr(manifest, "find_profile", lambda base: thinks)
    with pytest.raises(AdapterError, match="another prompt rendering: train again"):
        check_fits(folder, base=BASE, persona=marta)


def test_a_profile_that_only_recalls_more_keeps_its_adapter(
    tmp_path: Path, marta: Persona, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = _adapter(tmp_path / "a", marta)
    wider = find_profile(BASE).changed({"passages": 9, "temperature": 0.9})
    monkeypatch.setattr(manifest, "find_profile", lambda base: wider)
    assert check_fits(folder, base=BASE, persona=marta).persona == "marta-lind"


def test_a_folder_without_weights_is_no_adapter(tmp_path: Path, marta: Persona) -> None:
    (_adapter(tmp_path / "a", marta) / WEIGHTS_NAME).unlink()
    with pytest.raises(AdapterError, match=r"is no persllm adapter.*persllm train"):
        read_manifest(tmp_path / "a")


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"format": "new"}', "\udcff"])
def test_a_broken_manifest_is_told_as_such(tmp_path: Path, marta: Persona, text: str) -> None:
    folder = _adapter(tmp_path / "a", marta)
    (folder / "manifest.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(AdapterError, match="cannot be read"):
        read_manifest(folder)


def test_the_newest_adapter_that_fits_is_found(tmp_path: Path, marta: Persona) -> None:
    runs = tmp_path / "runs" / "marta-lind"
    _adapter(runs / "2026-01-01" / ADAPTER_FOLDER, marta)
    wanted = _adapter(runs / "2026-01-02" / ADAPTER_FOLDER, marta)
    _adapter(runs / "2026-01-03" / ADAPTER_FOLDER, marta, key="old")
    (_adapter(runs / "2026-01-04" / ADAPTER_FOLDER, marta) / WEIGHTS_NAME).unlink()
    assert find_adapter(marta, base=BASE, runs=tmp_path / "runs") == wanted


def test_an_adapter_in_the_personas_folder_is_found_last(tmp_path: Path, marta: Persona) -> None:
    shipped = _adapter(marta.folder / ADAPTER_FOLDER / "nano", marta)
    assert find_adapter(marta, base=BASE, runs=tmp_path / "runs") == shipped
    trained = _adapter(tmp_path / "runs" / marta.id / "2026" / ADAPTER_FOLDER, marta)
    assert find_adapter(marta, base=BASE, runs=tmp_path / "runs") == trained


def test_a_persona_may_bring_adapters_of_several_bases(tmp_path: Path, marta: Persona) -> None:
    other = Base("small", str(NANO_FOLDER), "xyz")
    nano = _adapter(marta.folder / ADAPTER_FOLDER / "nano", marta)
    small = _adapter(marta.folder / ADAPTER_FOLDER / "small", marta, key="xyz")
    assert find_adapter(marta, base=BASE, runs=tmp_path) == nano
    assert find_adapter(marta, base=other, runs=tmp_path) == small


def test_no_adapter_says_how_to_train_one(tmp_path: Path, tiny_persona: MakePersona) -> None:
    with pytest.raises(AdapterError, match=r"persllm train .*marta-lind, .*--no-adapter"):
        find_adapter(tiny_persona(), base=BASE, runs=tmp_path)


def test_an_adapter_that_does_not_fit_says_why(tmp_path: Path, marta: Persona) -> None:
    _adapter(tmp_path / "marta-lind" / "2026" / ADAPTER_FOLDER, marta, key="old")
    with pytest.raises(AdapterError, match=r"does not fit:[\s\S]*over the base nano \(old\)"):
        find_adapter(marta, base=BASE, runs=tmp_path)
    with pytest.raises(AdapterError, match=r"over the base nano \(old\)"):
        adapter_if_any(marta, base=BASE, runs=tmp_path)


def test_an_adapter_of_another_base_is_none_of_this_one(tmp_path: Path, marta: Persona) -> None:
    _adapter(tmp_path / "marta-lind" / "2026" / ADAPTER_FOLDER, marta)
    other = Base("small", str(NANO_FOLDER), "xyz")
    assert adapter_if_any(marta, base=other, runs=tmp_path) is None
    with pytest.raises(AdapterError, match="no adapter for the base small"):
        find_adapter(marta, base=other, runs=tmp_path)


def test_a_broken_adapter_is_told_where_no_other_fits(tmp_path: Path, marta: Persona) -> None:
    folder = _adapter(tmp_path / "marta-lind" / "2026" / ADAPTER_FOLDER, marta)
    (folder / WEIGHTS_NAME).unlink()
    with pytest.raises(AdapterError, match="is no persllm adapter"):
        adapter_if_any(marta, base=BASE, runs=tmp_path)


@pytest.mark.parametrize("name", bundled())
def test_every_bundled_persona_ships_the_adapter_of_what_it_is_now(
    name: str, tmp_path: Path
) -> None:
    persona = find_persona(name)
    shipped = find_adapter(persona, base=find_base(NANO), runs=tmp_path)
    assert persona.folder / ADAPTER_FOLDER in (shipped, *shipped.parents)
    assert {"prompt", "adapter + memory"} <= set(read_manifest(shipped).measured)
    assert "<!-- persllm eval: begin -->" in (shipped / "README.md").read_text(encoding="utf-8")
