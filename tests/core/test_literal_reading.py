"""Materials are read as they stand: nothing that a person wrote by hand is dropped or changed."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persllm.errors import PersonaError
from persllm.material_files import unread_files
from persllm.materials import Material, read_materials
from persllm.persona import CARD_NAME, Persona, load_persona

CARD = """\
name: Marta Lind
summary: A keeper.
stages:
  - {id: early, label: a time, from: 1850, to: 1880}
  - {id: late, label: a time, from: 1881, to: 1890}
"""


def _persona(folder: Path, files: dict[str, str]) -> Persona:
    for name, text in {CARD_NAME: CARD, "materials/late/a.md": "Old.", **files}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return load_persona(folder)


def _read(folder: Path, text: str, name: str = "early/writing.md") -> list[Material]:
    persona = _persona(folder, {f"materials/{name}": text})
    return [m for m in read_materials(persona) if m.stage == "early"]


KINDS_OF_TEXT = [
    "- Tea at five.\n- Walks at dawn.",
    "**1884.** I went to Chicago.",
    "*All of it was lost in the fire.*",
    "[I never told this to anyone.]",
    "I KNOW WHAT I SAW.",
    "Chapter one of my life was hunger.",
    "Dear Ida, I write to you from the light.",
    "Dear Marta, I have your letter of Monday.",
    "MARTA LIND TO IDA HOLM. Skarn, June 5, 1855.",
    "June 5th, 1855.",
    "1884.",
    "Hunger.",
    "[12] See the log of 1862.",
    "My lamp[1] is the _Skarn_ {2}.",
    "Copyright, all rights reserved.",
    "Bahia -- Aspect of the town -- Sound of the sea -- Ants -- Departure",
    "我认为学习是一生的事情，不可以停止。",
    "ولدت في قرية بالقرب من بخارى وحفظت كثيرا من الكتب صغيرا.",
    "Я родился в Таганроге — в семье хозяина лавки.",
    "In 1862 Lind moved to the mainland.",
    "#1 in my heart",
    "2 * 3 * 4",
    "Project Gutenberg is a fine thing.",
    "---8<---",
    "I said 【quietly】 that I would go.",
]


@pytest.mark.parametrize("text", KINDS_OF_TEXT)
@pytest.mark.parametrize("name", ["early/writing.md", "early/diary.txt", "early/knowledge.md"])
def test_a_paragraph_of_any_kind_is_read_letter_for_letter(
    tmp_path: Path, text: str, name: str
) -> None:
    found = _read(tmp_path, f"First of all.\n\n{text}\n\nLast of all.", name)
    assert [m.text for m in found] == ["First of all.", " ".join(text.split()), "Last of all."]


def test_what_follows_a_letter_is_read(tmp_path: Path) -> None:
    text = "\n\n".join(
        ["My dear Marta!", "He came in.", "INDEX", "Lamps, 12", "THE END", "I wept."]
    )
    assert [m.text for m in _read(tmp_path, text)] == text.split("\n\n")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("### Chicago\n\nI arrived.\n\nI left.", ["Chicago: I arrived.", "I left."]),
        ("# Home\n## 1884 ##\nI arrived.\n\nI left.", ["Home: 1884: I arrived.", "I left."]),
        ("### Why?\n\nI know not.", ["Why? I know not."]),
        ("I arrived.\n\n### The end", ["I arrived.", "The end"]),
        ("### Talk\n\n> Well?\nNo.\n\nI left.", ["Talk", "No.", "I left."]),
        ("# A title\n\n## early\n\nI arrived.", ["I arrived."]),
    ],
)
def test_a_heading_opens_what_follows(tmp_path: Path, text: str, wanted: list[str]) -> None:
    assert [m.text for m in _read(tmp_path, text)] == wanted


def test_a_heading_before_another_stage_stays_in_its_own(tmp_path: Path) -> None:
    text = "# Notes\n\n## early\n\n### Loss\n\n## late\n\nI left.\n"
    assert [m.text for m in _read(tmp_path, text, "notes.md")] == ["Loss"]


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("a.md", "## early\n\nI.\n\n## erly\n", "a.md:5: text under '## erly'"),
        ("a.md", "# Home\n\nI was.", "a.md:3: text under no heading"),
        ("early/a.md", "I.\n\n## late\n\nMe.", "a.md:5: text under '## late' in the folder"),
        ("early/speech.md", "> Are you there?\n", "speech.md:1: nobody answers '> Are you there?'"),
    ],
)
def test_what_belongs_nowhere_is_told(tmp_path: Path, name: str, text: str, told: str) -> None:
    with pytest.raises(PersonaError) as caught:
        _read(tmp_path, text, name)
    assert told in str(caught.value)


def test_lines_between_rules_are_text_and_only_keys_are_front_matter(tmp_path: Path) -> None:
    assert [m.text for m in _read(tmp_path, "---\nI was born.\n\n---\n\nI died.\n")] == [
        "I was born.",
        "I died.",
    ]
    text = "---\nsource: a book\nlist:\n- one\n\n# note\n---\nI was born.\n"
    assert [m.text for m in _read(tmp_path, text)] == ["I was born."]


def test_the_papers_tag_is_taken_off_and_later_brackets_stay(tmp_path: Path) -> None:
    text = "【1862】【a】I said 【quietly】 no.\n【1863】\n"
    assert [m.text for m in _read(tmp_path, text)] == ["I said 【quietly】 no.", "【1863】"]


def test_a_partners_words_may_stand_apart_from_the_answer(tmp_path: Path) -> None:
    text = "> Are you afraid?\n\n> Say it.\n\nI am not.\n\n> Why?\nI know the sea.\n> Oh?\n\nYes."
    found = _read(tmp_path, text, "early/speech.md")
    assert [(m.partner, m.text) for m in found] == [
        ("Are you afraid? Say it.", "I am not."),
        ("Why?", "I know the sea."),
        ("Oh?", "Yes."),
    ]


def test_an_exchange_among_paragraphs_of_one_line_each_keeps_to_itself(tmp_path: Path) -> None:
    found = _read(tmp_path, "First.\n> Well?\nNo.\n> Why?\nSo.\nLast.", "early/diary.md")
    assert [(m.partner, m.text, m.source) for m in found] == [
        ("", "First.", "early/diary.md:1"),
        ("Well?", "No.", "early/diary.md:1"),
        ("Why?", "So.", "early/diary.md:1"),
        ("", "Last.", "early/diary.md:6"),
    ]


def test_a_quotation_outside_a_speech_file_is_text(tmp_path: Path) -> None:
    text = "I read this:\n\n> All is vanity.\n> All.\n\nIt is not so."
    assert [(m.partner, m.text) for m in _read(tmp_path, text)] == [
        ("", "I read this:"),
        ("", "All is vanity. All."),
        ("", "It is not so."),
    ]


def test_the_same_answer_to_two_questions_is_kept_twice(tmp_path: Path) -> None:
    found = _read(tmp_path, "> Tea?\nNo.\n\n> Milk?\nNo.\n\n> Tea?\nNo.\n", "early/speech.md")
    assert [(m.partner, m.text) for m in found] == [("Tea?", "No."), ("Milk?", "No.")]
    assert len({m.id for m in found}) == 2


def test_ids_are_made_from_stage_file_and_text_and_stay(tmp_path: Path) -> None:
    """Ids decide what is trained and what is held out, also for adapters that are shipped."""
    found = _read(tmp_path, "I kept the light.\n\n> Tea?\nNo.\n", "early/My Diary.md")
    assert [m.id for m in found] == ["early-my-diary-b147aa7f", "early-my-diary-a21c37b1"]


def test_the_size_of_passages_can_be_chosen(tmp_path: Path) -> None:
    persona = _persona(tmp_path, {"materials/early/a.md": "I went to sea with him. " * 40})
    # the third passage repeats the first
    early = [
        len([m for m in read_materials(persona, passage_words=n) if m.stage == "early"])
        for n in (90, 240)
    ]
    assert early == [2, 1]


@pytest.mark.parametrize("inside", ["early/b.md", "b.md", "early/more"])
def test_a_link_that_leads_outside_is_refused(tmp_path: Path, inside: str) -> None:
    persona = _persona(tmp_path / "p", {"materials/early/a.md": "I."})
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "b.md").write_text("A key.", encoding="utf-8")
    target = secret if inside.endswith("more") else secret / "b.md"
    (persona.materials_folder / inside).symlink_to(target)
    with pytest.raises(PersonaError, match="leads outside the materials"):
        read_materials(persona)


def test_a_link_within_the_materials_is_read(tmp_path: Path) -> None:
    persona = _persona(tmp_path, {"materials/early/a.md": "I.", "materials/more/b.md": "Me."})
    (persona.materials_folder / "early" / "b.md").symlink_to("../more/b.md")
    assert {m.text for m in read_materials(persona)} == {"I.", "Me.", "Old."}


def test_files_that_are_not_read_are_named(tmp_path: Path) -> None:
    more = {
        "materials/early/a.md": "I.",
        "materials/diary.docx": "PK",
        "materials/misc/c.md": "Me.",
    }
    assert unread_files(_persona(tmp_path, more)) == ("diary.docx", "misc/c.md")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("literal")


LINES = st.one_of(
    st.sampled_from([line for text in KINDS_OF_TEXT for line in text.split("\n")]),
    st.sampled_from(["### Chicago", "# 1884", "#### Why?", "", "", "", "> Well?", "* * *"]),
    st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=12),
)


@settings(max_examples=300, deadline=None)
@given(lines=st.lists(LINES, max_size=12))
def test_every_line_that_is_no_format_is_all_there(folder: Path, lines: list[str]) -> None:
    text = "\n".join(["I begin.", "", *lines, "", "I end."])
    found = _read(folder, text, "early/diary.md")
    read = "\n".join(f"{m.partner} {m.text}" for m in found).replace(" ", "")
    for line in text.splitlines():
        bare = line.strip().lstrip("#> ").rstrip("# ") if line[:1] in "#>" else line.strip()
        if not line.startswith("【") and set(bare) - set("-*_ "):
            assert bare.replace(" ", "") in read
