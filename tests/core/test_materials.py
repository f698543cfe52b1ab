"""What the person left behind: layouts that are read, faults that are told."""

import re
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from persllm.errors import PersonaError
from persllm.material_files import MAX_FILE_BYTES
from persllm.materials import Material, read_materials
from persllm.persona import CARD_NAME, Persona, load_persona
from persllm.persona_catalog import bundled, find_persona
from persllm.sentences import PASSAGE_WORDS
from tests.doubles import MakePersona

Files = dict[str, str | bytes]


def _persona(folder: Path, files: Files, stages: Sequence[str], folders: str) -> Persona:
    card = "name: Marta\nsummary: A keeper.\nstages:\n"
    for stage in stages:
        own = folders if stage == stages[0] else "[]"
        card += f"  - {{id: {stage}, label: a time, from: 1850, to: 1880, folders: {own}}}\n"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / CARD_NAME).write_text(card, encoding="utf-8")
    for name, text in files.items():
        path = folder / "materials" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_persona(folder)


def _read(
    folder: Path,
    files: Files,
    *,
    stages: Sequence[str] = ("early", "late"),
    folders: str = "[]",
) -> list[Material]:
    """Write and read a persona; `folders` are those of the first stage."""
    return list(read_materials(_persona(folder, files, stages, folders)))


def _faults(
    folder: Path,
    files: Files,
    *,
    stages: Sequence[str] = ("early", "late"),
    folders: str = "[]",
) -> str:
    with pytest.raises(PersonaError) as caught:
        _read(folder, files, stages=stages, folders=folders)
    return str(caught.value)


def test_headings_name_the_stages(tmp_path: Path) -> None:
    found = _read(tmp_path, {"notes.md": "# Notes\n\n## late\n\nSecond.\n\n## early\n\nFirst.\n"})
    assert [(m.stage, m.text, m.source) for m in found] == [
        ("early", "First.", "notes.md:9"),
        ("late", "Second.", "notes.md:5"),
    ]


def test_a_folder_of_a_stages_name_belongs_to_it(tmp_path: Path) -> None:
    found = _read(tmp_path, {"early/a.txt": "First.\n", "late/deep/b.md": "Second.\n"})
    assert [(m.stage, m.source) for m in found] == [
        ("early", "early/a.txt:1"),
        ("late", "late/deep/b.md:1"),
    ]


def test_folders_named_on_the_card_belong_to_their_stage(tmp_path: Path) -> None:
    files: Files = {"youth/a.md": "First.", "letters/b.md": "Second.", "late/c.md": "Third."}
    found = _read(tmp_path, files, folders="[youth, letters]")
    assert [(m.stage, m.text) for m in found] == [
        ("early", "First."),
        ("early", "Second."),
        ("late", "Third."),
    ]


def test_the_papers_form_is_one_paragraph_a_line(tmp_path: Path) -> None:
    found = _read(tmp_path, {"early/a.txt": "【1862】First.\nSecond.\nThird.\n"}, stages=("early",))
    assert [m.text for m in found] == ["First.", "Second.", "Third."]


def test_lines_between_blank_lines_are_one_paragraph(tmp_path: Path) -> None:
    found = _read(tmp_path, {"early/a.txt": "First\nhalf.\n\nSecond.\n"}, stages=("early",))
    assert [m.text for m in found] == ["First half.", "Second."]


def test_front_matter_is_no_text_and_keeps_the_line_numbers(tmp_path: Path) -> None:
    text = "---\nsource: a book\n---\n\nFirst.\n\nSecond.\n"
    found = _read(tmp_path, {"early/a.md": text}, stages=("early",))
    assert [(m.text, m.source) for m in found] == [
        ("First.", "early/a.md:5"),
        ("Second.", "early/a.md:7"),
    ]


def test_a_partners_words_stand_beside_the_answer(tmp_path: Path) -> None:
    text = "> Are you afraid?\n> Tell me.\nI am\nnot.\n\nNobody asked.\n"
    found = _read(tmp_path, {"early/speech.md": text}, stages=("early",))
    assert [(m.partner, m.text) for m in found] == [
        ("Are you afraid? Tell me.", "I am not."),
        ("", "Nobody asked."),
    ]


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("My Letters 1862.md", "The sea is wet.", "subjective"),
        ("knowledge.md", "I think it is good, and I feel it.", "objective"),
        ("diary.md", "I think it is good, and I feel it.", "subjective"),
        ("diary.md", "The mail came at nine.", "objective"),
    ],
)
def test_the_kind_follows_the_files_name_and_else_the_words(
    tmp_path: Path, name: str, text: str, kind: str
) -> None:
    (found,) = _read(tmp_path, {f"early/{name}": text}, stages=("early",))
    assert found.kind == kind


def test_long_paragraphs_are_cut_at_sentence_ends(tmp_path: Path) -> None:
    line = "The keeper climbed the stairs and Mr. Holm trimmed the wick again. "
    found = _read(tmp_path, {"early/a.md": line * 30}, stages=("early",))
    assert all(m.text.startswith("The keeper") and m.text.endswith("again.") for m in found)
    assert all(len(m.text.split()) <= PASSAGE_WORDS for m in found)


def test_ids_stay_when_a_paragraph_is_put_before(tmp_path: Path) -> None:
    (before,) = _read(tmp_path, {"early/a.md": "I stay.\n\n"}, stages=("early",))
    after = _read(tmp_path, {"early/a.md": "I am new.\n\nI stay.\n"}, stages=("early",))
    assert [m.id for m in after if m.text == "I stay."] == [before.id]
    assert len({m.id for m in after}) == 2


def test_a_paragraph_that_recurs_is_read_once(tmp_path: Path) -> None:
    found = _read(tmp_path, {"early/a.md": "Again.\n\nAgain.\n\nOnce.\n"}, stages=("early",))
    assert [m.text for m in found] == ["Again.", "Once."]


def test_a_missing_folder_says_how_to_name_another(tmp_path: Path) -> None:
    assert "is not a folder" in _faults(tmp_path, {})


def test_all_faults_are_listed_at_once(tmp_path: Path) -> None:
    files: Files = {
        "a.md": "## middle\n\nLost.\n",
        "b.md": "Under nothing.\n",
        "c.txt": "Mårta".encode("latin-1"),
        "d.txt": b"\0\0",
    }
    told = _faults(tmp_path, files, folders="[youth]")
    assert "5 fault(s)" in told
    assert "a.md:3: text under '## middle'; put it under one of '## early', '## late'" in told
    assert "b.md:1: text under no heading" in told
    assert "c.txt: not UTF-8 (byte 1)" in told
    assert "d.txt: holds NUL bytes" in told
    assert "stage early: there is no folder 'youth'" in told


def test_a_stage_without_text_is_named(tmp_path: Path) -> None:
    assert "stage late: no text" in _faults(tmp_path, {"early/a.md": "First."})


@pytest.mark.parametrize("trick", ["../..", "/etc", "early/../../.."])
def test_a_folder_outside_the_materials_is_refused(tmp_path: Path, trick: str) -> None:
    told = _faults(tmp_path / "p", {"a.md": "Text."}, folders=f"['{trick}']")
    assert "lies outside the materials" in told


@pytest.mark.parametrize("size", [MAX_FILE_BYTES - 1, 50 * 1024 * 1024])
def test_a_paragraph_of_many_megabytes_is_refused_at_once(tmp_path: Path, size: int) -> None:
    begun = time.perf_counter()
    told = _faults(tmp_path, {"early/a.md": b"word " * (size // 5)}, stages=("early",))
    assert re.search(r"at most [\d,]+ are read\. Split", told)
    assert time.perf_counter() - begun < 30


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("materials")


def _bytes() -> st.SearchStrategy[bytes]:
    pieces = st.sampled_from(["## early\n", "\n\n", "> ", "---\n", "I think. ", "【", '." A', "\r"])
    mixed = st.lists(st.one_of(pieces, st.text(max_size=30)), max_size=12)
    return st.one_of(mixed.map(lambda parts: "".join(parts).encode()), st.binary(max_size=60))


@settings(max_examples=150, deadline=None)
@given(data=_bytes())
@example(data=b"0{0}0")
@example(data="【\r【\n\n## early\n".encode())
def test_any_file_is_read_or_told_as_a_fault(folder: Path, data: bytes) -> None:
    persona = _persona(folder, {"a.md": data}, ("early",), "[]")
    try:
        found = read_materials(persona)
    except PersonaError:
        return
    whole = "".join(data.decode("utf-8-sig").split())  # lines of Chinese are joined without a space
    assert found
    assert all(word.removesuffix(":") in whole for m in found for word in m.text.split())


def test_the_bundled_materials_hold_both_kinds_at_every_stage() -> None:
    for name in bundled():
        persona = find_persona(name)
        found = {(m.stage, m.kind) for m in read_materials(persona)}
        assert len(found) == 2 * len(persona.stages)


def test_the_tiny_persona_holds_twelve_paragraphs_of_each_file(tiny_persona: MakePersona) -> None:
    files = [m.source.split(":")[0] for m in read_materials(tiny_persona())]
    assert {name: files.count(name) for name in files} == dict.fromkeys(
        ("experiences.md", "knowledge.md", "speech.md", "writing.md"), 12
    )
