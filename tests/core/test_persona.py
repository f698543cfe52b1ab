"""The persona card: what is read, and how its faults are told."""

import re
from pathlib import Path

import pytest

from persllm.errors import PersonaError
from persllm.files import digest
from persllm.persona import CARD_NAME, MAX_CARD_BYTES, Persona, load_persona, persona_id, year_text
from persllm.persona_catalog import bundled, called, find_persona

GOOD = """\
name: Marta Lind
summary: Keeper of the light on Skarn.
stages:
  - id: early
    label: you keep the light
    from: 1850
    to: 1879
  - id: late
    label: you teach
    from: 1880
    to: 1910
    folders: [letters, talks]
rights:
  source: invented
  licence: MIT
"""


def _load(folder: Path, card: str) -> Persona:
    (folder / CARD_NAME).write_text(card, encoding="utf-8")
    return load_persona(folder)


def _faults(folder: Path, card: str) -> list[str]:
    with pytest.raises(PersonaError) as caught:
        _load(folder, card)
    return [line.removeprefix("  - ") for line in str(caught.value).splitlines()[1:]]


def test_a_card_is_read_whole(tmp_path: Path) -> None:
    persona = _load(tmp_path, GOOD)
    assert (persona.name, persona.language) == ("Marta Lind", "en")
    assert [(s.id, s.first, s.last) for s in persona.stages] == [
        ("early", 1850, 1879),
        ("late", 1880, 1910),
    ]
    assert persona.disclosure == "honest"
    assert persona.rights is not None
    assert persona.rights.licence == "MIT"


def _id(folder: Path, name: str = "Marta Lind") -> str:
    folder.mkdir(parents=True)
    return _load(folder, GOOD.replace("Marta Lind", name)).id


def test_a_persona_goes_by_its_name_and_where_they_differ_by_its_folder_too(tmp_path: Path) -> None:
    assert _id(tmp_path / "Marta_Lind") == "marta-lind"
    assert _id(tmp_path / "My Aunt_1") == "marta-lind-my-aunt-1"
    assert _id(tmp_path / "a" / "ida", "Ida A") != _id(tmp_path / "b" / "ida", "Ida B")


@pytest.mark.parametrize(
    ("first", "second"),
    [("孔子", "老子"), ("Толстой", "Чехов"), ("müller", "möller"), ("José", "Jos")],
)
def test_names_in_any_script_have_ids_of_their_own(tmp_path: Path, first: str, second: str) -> None:
    ids = {_id(tmp_path / first, first), _id(tmp_path / second, second)}
    assert len(ids) == 2
    assert all(re.fullmatch(r"[a-z0-9][a-z0-9-]*", found) for found in ids)


def test_a_name_is_one_name_however_its_accents_are_stored(tmp_path: Path) -> None:
    assert persona_id("Jos\u00e9") == persona_id("Jose\u0301")


def test_a_folder_of_ones_own_comes_before_the_bundled_persona_of_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nikola-tesla").mkdir()
    bundled_one = find_persona("nikola-tesla")
    assert called(bundled_one) == "nikola-tesla"
    _load(tmp_path / "nikola-tesla", GOOD)
    own = find_persona("nikola-tesla")
    assert own.name == "Marta Lind"
    assert own.id != bundled_one.id
    assert called(own) == "nikola-tesla"
    monkeypatch.chdir("/")
    assert called(own) == str(tmp_path / "nikola-tesla").lstrip("/")


def test_years_before_christ_are_told_as_people_write_them() -> None:
    assert [year_text(year) for year in (-50, 44, 1862)] == ["50 BC", "44", "1862"]


def test_a_stage_without_folders_owns_the_folder_of_its_name(tmp_path: Path) -> None:
    early, late = _load(tmp_path, GOOD).stages
    assert early.folders == ("early",)
    assert late.folders == ("letters", "talks")


def test_a_stage_reaches_itself_and_what_came_before(tmp_path: Path) -> None:
    persona = _load(tmp_path, GOOD)
    early, late = persona.stages
    assert persona.reaches(early) == (early,)
    assert persona.reaches(late) == (early, late)


def test_no_stage_named_means_the_first(tmp_path: Path) -> None:
    assert _load(tmp_path, GOOD).stage().id == "early"


def test_an_unknown_stage_names_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(PersonaError, match=r"no stage 'middle'.*early, late"):
        _load(tmp_path, GOOD).stage("middle")


def test_all_faults_of_keys_are_listed_with_their_lines(tmp_path: Path) -> None:
    card = """\
name: Marta Lind
summry: Keeper of the light.
stages:
  - id: early
    label: you keep the light
    from: 1879
    to: 1850
  - id: Late Years
    from: 1880
    to: soon
"""
    faults = _faults(tmp_path, card)
    for start in (
        "line 1: summary: Field required",
        "line 2: summry: Extra inputs are not permitted",
        "line 4: stages.0: 'from' 1879 is later than 'to' 1850",
        "line 8: stages.1.id: ",
        "line 8: stages.1.label: Field required",
        "line 10: stages.1.to: ",
    ):
        assert any(fault.startswith(start) for fault in faults), (start, faults)
    assert len(faults) == 6


def test_stages_out_of_order_and_named_twice_are_listed_beside_other_faults(
    tmp_path: Path,
) -> None:
    card = """\
name: Marta Lind
stages:
  - {id: late, label: you teach, from: 1880, to: 1910}
  - {id: late, label: you keep the light, from: 1850, to: 1879}
"""
    order, summary = sorted(_faults(tmp_path, card), key=lambda fault: "summary" in fault)
    assert order.startswith("line 2: stages: stage ids must differ, got late more than once")
    assert "stages must be in order of time, got 'to' = [1910, 1879]" in order
    assert summary == "line 1: summary: Field required"


@pytest.mark.parametrize(
    "card",
    [
        "name: [Marta",
        "name: Marta\n\tsummary: tabs",
        "name: 2024-13-45\n",
        "a: &a [*b]",
        "name: \x01",
        "[" * 20_000,
    ],
)
def test_bad_yaml_is_told_as_such(tmp_path: Path, card: str) -> None:
    with pytest.raises(PersonaError, match="is not valid YAML"):
        _load(tmp_path, card)


@pytest.mark.parametrize("card", ["", "just words", "- a\n- b\n", "7"])
def test_a_card_that_is_no_mapping_is_refused(tmp_path: Path, card: str) -> None:
    with pytest.raises(PersonaError, match="a mapping with name, summary and stages is needed"):
        _load(tmp_path, card)


def test_a_card_that_is_not_utf8_says_how_to_convert_it(tmp_path: Path) -> None:
    (tmp_path / CARD_NAME).write_bytes("name: Mårta".encode("latin-1"))
    with pytest.raises(PersonaError, match=r"not UTF-8 \(byte 7\).*iconv"):
        load_persona(tmp_path)


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / CARD_NAME).write_text(GOOD, encoding="utf-8-sig")
    assert load_persona(tmp_path).name == "Marta Lind"


def test_a_missing_card_says_what_a_persona_is(tmp_path: Path) -> None:
    with pytest.raises(PersonaError, match=r"does not exist.*materials/"):
        load_persona(tmp_path)


def test_a_book_in_place_of_a_card_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PersonaError, match="Long text belongs in materials/"):
        _load(tmp_path, "name: " + "x" * MAX_CARD_BYTES)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("Nikola Tesla", "nikola-tesla"),
        ("  Dr. J. O'Neil  ", "dr-j-o-neil"),
        ("../../etc", "etc"),
        ("林", "persona-" + digest("林")[:8]),
    ],
)
def test_a_name_becomes_a_safe_folder_name(name: str, wanted: str) -> None:
    assert persona_id(name) == wanted


def test_the_digest_changes_with_what_a_model_is_told(tmp_path: Path) -> None:
    before = _load(tmp_path, GOOD).digest()
    assert _load(tmp_path, GOOD.replace("on Skarn", "of Skarn")).digest() != before
    assert _load(tmp_path, GOOD.replace("MIT", "CC0")).digest() == before


def test_the_bundled_personas_have_two_stages_each() -> None:
    assert {"nikola-tesla", "thomas-edison"} <= set(bundled())
    assert {len(find_persona(name).stages) for name in bundled()} == {2}


def test_a_folder_name_finds_any_persona(tmp_path: Path) -> None:
    _load(tmp_path, GOOD)
    assert find_persona(str(tmp_path)).name == "Marta Lind"


def test_an_unknown_persona_names_the_bundled_ones() -> None:
    with pytest.raises(PersonaError, match="nikola-tesla, thomas-edison"):
        find_persona("nobody")
