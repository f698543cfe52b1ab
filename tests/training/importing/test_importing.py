"""The whole import: stages, classes, provenance, report; nothing changed by hand is lost."""

import json
from pathlib import Path

import pytest

from persllm.errors import PersonaError
from persllm.files import read_jsonl
from persllm.materials import Material, read_materials
from persllm.persona import Persona
from persllm.training.importing.importing import SOURCES_NAME, Imported, import_materials
from persllm.training.importing.reporting import markdown, summary
from persllm.training.importing.skeleton import make_persona, read_stage
from persllm.training.importing.sorting import ImportOptions

STAGES = ("early:you keep the light:1850-1879", "late:you run a school:1880-1910")
LETTER = """\
Skarn, June 5th, 1855.

My dear Anna, I hope that you are well, and I wish that you were here with me.

The lamp was trimmed at nine and the boat came in with oil from the mainland.

[1] The oil was rape oil.

Skarn, 3 May 1890

I think that the new lamp is a marvel, and I should never go back to the old one.
"""


@pytest.fixture
def persona(tmp_path: Path) -> Persona:
    return make_persona(
        tmp_path / "marta",
        name="Marta Lind",
        summary="Keeper of the light.",
        stages=tuple(map(read_stage, STAGES)),
    )


def _import(persona: Persona, *paths: Path, **options: object) -> Imported:
    chosen = ImportOptions(**options)  # type: ignore[arg-type]
    return import_materials(persona, paths, options=chosen, licence="mine")


def test_letters_are_staged_by_their_dates_and_classed_by_their_words(
    persona: Persona, tmp_path: Path
) -> None:
    (tmp_path / "letters.txt").write_text(LETTER, encoding="utf-8")
    imported = _import(persona, tmp_path / "letters.txt")
    found = {(m.stage, m.kind): m.text for m in read_materials(persona)}
    assert found["early", "subjective"].startswith("My dear Anna")
    assert found["early", "objective"].startswith("The lamp was trimmed")
    assert found["late", "subjective"].startswith("I think that the new lamp")
    assert summary(imported)["dropped"].keys() == {
        "a heading, title page or date line",
        "a footnote",
    }


def test_every_paragraph_tells_where_it_came_from(persona: Persona, tmp_path: Path) -> None:
    (tmp_path / "letters.txt").write_text(LETTER, encoding="utf-8")
    _import(persona, tmp_path / "letters.txt")
    rows = {row["material"]: row for row in read_jsonl(persona.materials_folder / SOURCES_NAME)}
    assert {m.source for m in read_materials(persona)} == rows.keys()
    row = rows["early/letters/writing.md:5"]
    assert (row["source"], row["where"], row["licence"]) == ("letters.txt", "line 3", "mine")
    assert (row["why_stage"], row["why_kind"]) == ("written 1855", "rules")


def test_undated_text_is_reported_unless_a_folder_or_the_user_says_where(
    persona: Persona, tmp_path: Path
) -> None:
    text = "The lamp was trimmed at nine, and the boat came in with the oil.\n"
    (tmp_path / "late").mkdir()
    (tmp_path / "late" / "diary.txt").write_text(text, encoding="utf-8")
    (tmp_path / "notes.txt").write_text(text, encoding="utf-8")
    nowhere = summary(_import(persona, tmp_path / "notes.txt"))
    assert nowhere["taken"] == 0 and next(iter(nowhere["dropped"])).startswith("no stage: undated")
    assert summary(_import(persona, tmp_path))["by_stage"] == {"late": 1}
    told = _import(persona, tmp_path / "notes.txt", stage=persona.stage("early"))
    assert summary(told)["by_stage"] == {"early": 1}


def test_a_chat_becomes_speech_with_the_partners_lines(persona: Persona, tmp_path: Path) -> None:
    chat = tmp_path / "chat.txt"
    chat.write_text(
        "5/1/1890, 9:00 - Anna: Is it late?\n5/1/1890, 9:01 - Marta: It is never late here.\n",
        encoding="utf-8",
    )
    _import(persona, chat)
    (found,) = read_materials_of(persona, "late")
    assert (found.partner, found.text) == ("Is it late?", "It is never late here.")


def test_the_papers_two_files_keep_class_and_stage_of_their_names(
    persona: Persona, tmp_path: Path
) -> None:
    (tmp_path / "early_knowledge.txt").write_text("【a】I think so.\nIt burns.\n", encoding="utf-8")
    (tmp_path / "late_style.txt").write_text("【b】The oil is cold.\n", encoding="utf-8")
    _import(persona, tmp_path / "early_knowledge.txt", tmp_path / "late_style.txt")
    assert [(m.stage, m.kind, m.text) for m in read_materials(persona)] == [
        ("early", "objective", "I think so."),
        ("early", "objective", "It burns."),
        ("late", "subjective", "The oil is cold."),
    ]


def test_importing_again_changes_nothing_and_keeps_what_was_changed_by_hand(
    persona: Persona, tmp_path: Path
) -> None:
    (tmp_path / "letters.txt").write_text(LETTER, encoding="utf-8")
    _import(persona, tmp_path / "letters.txt")
    before = {p: p.read_bytes() for p in persona.materials_folder.rglob("*") if p.is_file()}
    _import(persona, tmp_path / "letters.txt")
    assert before == {p: p.read_bytes() for p in persona.materials_folder.rglob("*") if p.is_file()}
    changed = persona.materials_folder / "late" / "letters" / "writing.md"
    changed.write_text("# letters\n\nMy own words.\n", encoding="utf-8")
    imported = _import(persona, tmp_path / "letters.txt")
    assert changed.read_text(encoding="utf-8").endswith("My own words.\n")
    assert summary(imported)["kept_by_hand"] == ["late/letters/writing.md"]


def test_a_faulty_file_among_good_ones_is_refused_and_told(
    persona: Persona, tmp_path: Path
) -> None:
    (tmp_path / "letters.txt").write_text(LETTER, encoding="utf-8")
    (tmp_path / "book.epub").write_bytes(b"PK\x03\x04 and nothing")
    report = summary(_import(persona, tmp_path / "letters.txt", tmp_path / "book.epub"))
    assert report["taken"] == 3
    assert "no readable archive" in report["refused"]["book.epub"]
    assert "book.epub" in markdown(report)
    assert json.loads(json.dumps(report)) == report


def test_where_nothing_can_be_read_every_reason_is_told(persona: Persona, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(50))
    (tmp_path / "b.txt").write_bytes(b"")
    with pytest.raises(PersonaError, match=r"(?s)a\.png is a picture.*b\.txt is empty"):
        _import(persona, tmp_path / "a.png", tmp_path / "b.txt")


def test_linked_pages_give_their_opening_and_stay_inside_the_folder(
    persona: Persona, tmp_path: Path
) -> None:
    wiki = tmp_path / "wiki"
    (wiki / "items").mkdir(parents=True)
    links = "".join(
        f'<a href="{link}">x</a>'
        for link in ("items/lamp.html#top", "../secret.html", "/etc/passwd", "http://x.org/a.html")
    )
    secret = "<p>The secret page says what nobody outside the folder should ever come to read.</p>"
    (tmp_path / "secret.html").write_text(secret, encoding="utf-8")
    (wiki / "lind.html").write_text(
        f"<p>Marta Lind kept the light on Skarn for thirty years. {links}</p>", encoding="utf-8"
    )
    entry = "<p>The lamp of Skarn burned rape oil and was seen for ten miles out at sea.</p>"
    (wiki / "items" / "lamp.html").write_text(entry * 9, encoding="utf-8")
    imported = import_materials(
        persona,
        [wiki / "lind.html"],
        options=ImportOptions(stage=persona.stages[0]),
        links=True,
    )
    assert [read.name for read in imported.sources] == ["lind.html", "items/lamp.html"]
    texts = [m.text for m in read_materials_of(persona, "early")]
    assert any("ten miles" in text for text in texts)
    assert not any("secret" in text for text in texts)


def test_a_stage_that_is_named_wrongly_is_told_with_an_example() -> None:
    for text in ("early", "early:you:1850", "early::1-2", "a:b:1850-x"):
        with pytest.raises(PersonaError, match="id:label:from-to"):
            read_stage(text)


def test_a_stage_may_lie_before_christ() -> None:
    stage = read_stage("gaul:you conquer Gaul:-58--50")
    assert (stage.first, stage.last) == (-58, -50)


@pytest.mark.parametrize(
    "text",
    ["我认为学习是一生的事情，不可以停止。", "ولدت في قرية بالقرب من بخارى وحفظت كثيرا من الكتب."],
)
def test_prose_in_other_scripts_is_taken(persona: Persona, tmp_path: Path, text: str) -> None:
    (tmp_path / "prose.txt").write_text(f"{text}\n\n短。", encoding="utf-8")
    (read,) = _import(persona, tmp_path / "prose.txt", stage=persona.stages[0]).sources
    assert [piece.lines for piece in read.taken] == [(text,)]
    assert [piece.why for piece in read.dropped] == ["fewer than 5 words"]


def test_what_is_written_is_read_back_without_the_name_of_its_source(
    persona: Persona, tmp_path: Path
) -> None:
    (tmp_path / 'my "best" letters.txt').write_text(LETTER, encoding="utf-8")
    _import(persona, tmp_path / 'my "best" letters.txt')
    (written,) = (persona.materials_folder / "early").rglob("writing.md")
    assert written.read_text(encoding="utf-8").startswith('---\nsource: "my \\"best')
    assert all("letters" not in material.text for material in read_materials(persona))


def test_a_folder_that_holds_a_persona_is_not_written_over(persona: Persona) -> None:
    with pytest.raises(PersonaError, match="already holds a persona"):
        make_persona(persona.folder, name="X", summary="", stages=tuple(map(read_stage, STAGES)))


def read_materials_of(persona: Persona, stage: str) -> list[Material]:
    """Read one stage, though others are still empty."""
    for other in persona.stages:
        path = persona.materials_folder / other.id / "filler.md"
        path.write_text("It fills.\n", encoding="utf-8")
    return [m for m in read_materials(persona) if m.stage == stage and m.text != "It fills."]
