"""EPUB and DOCX, honest and hostile."""

import io
import stat
import zipfile

import pytest

from persllm.errors import PersonaError
from persllm.training.importing.readers import archives
from persllm.training.importing.readers.books import read_epub
from persllm.training.importing.readers.word_files import read_docx
from tests.training.importing.makers import archive, docx, epub

BOMB = b"0" * (archives.RATIO_MATTERS_FROM * 3)


def test_chapters_come_in_the_order_of_the_spine_with_their_places() -> None:
    book = epub(
        {"a.xhtml": "<p>Second.</p>", "b.xhtml": "<h1>One</h1><p>First.</p>"},
        order=["b.xhtml", "a.xhtml", "b.xhtml"],
    )
    found = read_epub(archive(book), "book.epub").paragraphs
    assert [(p.text, p.where) for p in found] == [
        ("One", "b.xhtml, paragraph 1"),
        ("First.", "b.xhtml, paragraph 2"),
        ("Second.", "a.xhtml, paragraph 1"),
    ]


def test_a_documents_paragraphs_are_read_without_its_tables() -> None:
    body = (
        "<w:p><w:r><w:t>I was </w:t></w:r><w:r><w:tab/><w:t>born.</w:t></w:r></w:p>"
        "<w:tbl><w:tr><w:tc><w:p><w:r><w:t>Cell</w:t></w:r></w:p></w:tc></w:tr></w:tbl><w:p/>"
    )
    found = read_docx(archive(docx(body)), "a.docx").paragraphs
    assert [(p.text, p.where) for p in found] == [("I was  born.", "paragraph 1")]


def test_a_part_that_swells_is_refused() -> None:
    book = epub({"a.xhtml": "<p>First.</p>"}) | {"OEBPS/a.xhtml": BOMB}
    with pytest.raises(PersonaError, match="swell"):
        read_epub(archive(book), "bomb.epub")


def test_a_part_that_lies_about_its_size_is_refused_when_it_swells(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(archives, "MAX_ENTRY_BYTES", 100)
    book = epub({"a.xhtml": "<p>" + "First words. " * 100 + "</p>"})
    with pytest.raises(PersonaError, match="swells beyond 100 bytes"):
        read_epub(archive(book), "bomb.epub")


def test_many_parts_that_swell_together_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_TOTAL_BYTES", 2000)
    book = epub({f"{n}.xhtml": "<p>" + "First words. " * 20 + "</p>" for n in range(20)})
    with pytest.raises(PersonaError, match="2,000 in all"):
        read_epub(archive(book), "bomb.epub")


def test_too_many_parts_are_refused() -> None:
    book = {str(number): "" for number in range(archives.MAX_ENTRIES + 1)}
    with pytest.raises(PersonaError, match="at most 5,000 are read"):
        read_epub(archive(book), "many.epub")


@pytest.mark.parametrize(
    "name", ["../outside.xhtml", "/etc/passwd", "a/../../b", "C:\\windows\\x", "..\\..\\b"]
)
def test_a_part_whose_name_leads_outside_is_refused(name: str) -> None:
    with pytest.raises(PersonaError, match="points outside"):
        read_epub(archive(epub({"a.xhtml": "<p>First.</p>"}) | {name: "x"}), "trick.epub")


def test_a_part_that_is_a_link_is_refused() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        link = zipfile.ZipInfo("OEBPS/a.xhtml")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        file.writestr(link, "/etc/passwd")
    with pytest.raises(PersonaError, match="points outside"):
        read_epub(out.getvalue(), "link.epub")


@pytest.mark.parametrize(
    "declared",
    [
        '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>',
        '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">',
    ],
)
def test_entities_and_document_types_are_refused(declared: str) -> None:
    book = epub({"a.xhtml": "<p>First.</p>"})
    book["OEBPS/book.opf"] = declared + book["OEBPS/book.opf"]
    with pytest.raises(PersonaError, match="declares a document type or entities"):
        read_epub(archive(book), "bomb.epub")
    word = docx("<w:p/>")
    word["word/document.xml"] = declared + word["word/document.xml"]
    hidden = {name: text.encode("utf-16") for name, text in word.items()}
    with pytest.raises(PersonaError, match="declares a document type or entities"):
        read_docx(archive(hidden), "bomb.docx")


def test_entities_in_a_chapter_are_not_expanded() -> None:
    chapter = '<!DOCTYPE html [<!ENTITY a SYSTEM "file:///etc/passwd">]><p>I say &a; here.</p>'
    book = epub({"a.xhtml": ""}) | {"OEBPS/a.xhtml": chapter}
    found = read_epub(archive(book), "a.epub").paragraphs
    assert "root:" not in " ".join(p.text for p in found)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"META-INF/container.xml": "<nothing/>"}, "lacks its part"),
        ({"META-INF/container.xml": "no xml"}, "no valid XML"),
        ({"OEBPS/book.opf": "<package/>"}, "names no chapter"),
        ({"OEBPS/a.xhtml": b"\0\1\2\3" * 50}, "NUL bytes"),
    ],
)
def test_a_damaged_book_is_told(change: dict[str, str | bytes], told: str) -> None:
    with pytest.raises(PersonaError, match=told):
        read_epub(archive(epub({"a.xhtml": "<p>First.</p>"}) | change), "a.epub")


def test_deeply_nested_xml_is_read_or_refused() -> None:
    deep = "<w:r>" * 50_000 + "<w:t>Deep.</w:t>" + "</w:r>" * 50_000
    try:
        read_docx(archive(docx(f"<w:p>{deep}</w:p>")), "deep.docx")
    except PersonaError as error:
        assert "deep.docx" in str(error)
