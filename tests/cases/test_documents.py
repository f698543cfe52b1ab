"""Books, pages and documents as shops, converters and browsers write them: nothing is lost."""

import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from tests.cases.imported import imported
from tests.training.importing.makers import CONTAINER, archive, docx

KEPT = "I kept the shop by the harbour for nine years, and I was never bored there."
SOLD = "I sold the shop in the spring, because my eyes had become too weak for it."
BOUGHT = "I bought a little boat with the money, and I named it after my mother."

NAMES: dict[str, tuple[str, str, str]] = {
    "Chinese": ("日记.txt", "书信.txt", "演讲.txt"),
    "Russian": ("дневник.txt", "письма.txt", "речи.txt"),
    "Arabic": ("يوميات.txt", "رسائل.txt", "خطب.txt"),
    "endings": ("letters.txt", "letters.md", "letters.html"),
    "punctuation": ("vol 1.txt", "vol-1.txt", "vol_1.txt"),
    "folder or dash": ("a/b.txt", "a-b.txt", "a b.txt"),
    "umlauts": ("über.txt", "öber.txt", "ber.txt"),
    "signs alone": ("!.txt", "#.txt", "+.txt"),
    "letters of two sizes": ("Diary.txt", "diary.txt", "DIARY.txt"),
    "composed and not": ("caf\u00e9.txt", "cafe\u0301.txt", "cafe.txt"),
    "very long": ("n" * 90 + "1.txt", "n" * 90 + "2.txt", "n" * 90 + "3.txt"),
    "folders of one file": ("1901/diary.txt", "1902/diary.txt", "1903/diary.txt"),
}


@pytest.mark.parametrize("what", NAMES)
def test_files_do_not_displace_each_other(what: str, tmp_path: Path) -> None:
    texts = (KEPT, SOLD, BOUGHT)
    found = imported(tmp_path, dict(zip(NAMES[what], texts, strict=True)))
    assert all(text in found.text for text in texts), sorted(found.by_file)


ENCODED = {
    "windows-1254": "I lived in İstanbul near the Çiğdem bakery with my friend Ayşe, in peace.",
    "iso-8859-2": "I walked through Łódź with Zbigniew and Świętosława, and I was tired of it.",
    "windows-1257": "I wrote from Vilnius to Šarūnas and Žemyna about the lamps ė, and waited.",
    "windows-1255": "I was called שלום by my uncle in Jaffa, and I liked the name very much.",
    "windows-1256": "I was called محمد by my uncle in Jaffa, and I liked the name very much.",
    "windows-874": "I was called สมชาย by my uncle in Siam, and I liked the name very much.",
    "windows-1251": "I was called Надя by my uncle in Tver, and I liked the name very much.",
    "shift_jis": "I was called 太郎 by my uncle in Kobe, and I liked the name very much.",
    "windows-1252": "I met Zoë at the café in Köln, and I was “happy” there for a while.",
    "koi8-u": "I was called Їжак by my uncle in Lviv, and I liked the name very much.",
    "iso-8859-7": "I was called Νίκος by my uncle in Volos, and I liked the name very much.",
    "gb2312": "I was called 小明 by my uncle in Wuhan, and I liked the name very much.",
    "euc-kr": "I was called 영희 by my uncle in Busan, and I liked the name very much.",
    "iso-2022-jp": "I was called 花子 by my uncle in Nara, and I liked the name very much.",
}
META = '<meta http-equiv="Content-Type" content="text/html; charset={}">'
HEADS = {
    "http-equiv": "<html><head>" + META + "</head>",
    "charset": "<!doctype html><html><head><meta charset={}></head>",
    "xml": "<?xml version='1.0' encoding='{}'?><html><head></head>",
}


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("encoding", ENCODED)
def test_a_page_is_read_in_the_encoding_it_declares(
    encoding: str, head: str, tmp_path: Path
) -> None:
    codec = {"windows-874": "cp874"}.get(encoding, encoding)
    page = f"{HEADS[head].format(encoding)}<body><p>{ENCODED[encoding]}</p></body></html>"
    assert ENCODED[encoding] in imported(tmp_path, {"page.html": page.encode(codec)}).text


@pytest.mark.parametrize("declared", ["iso-8859-1", "windows-1251", "nonsense", "utf-16"])
def test_a_page_in_utf8_is_read_as_such_whatever_it_declares(declared: str, tmp_path: Path) -> None:
    page = f"{HEADS['charset'].format(declared)}<p>{ENCODED['windows-1252']}</p>"
    assert ENCODED["windows-1252"] in imported(tmp_path, {"page.html": page}).text


PAGES = {
    "no end of the head": f"<!DOCTYPE html><html><head><title>Life</title><body><p>{KEPT}</p>",
    "no html, head and body": f"<!DOCTYPE html><title>Life</title><p>{KEPT}",
    "a class like a menu's": f"<body><main class='layout-toc-left'><p>{KEPT}</p></main></body>",
    "a body with a menu": f"<html><head></head><body class='has-toc'><p>{KEPT}</p></body></html>",
    "no footnotes": f"<html><body><article class='no-footnotes'><p>{KEPT}</p></article></body>",
    "a form around the page": f"<body><form action='./'><div><p>{KEPT}</p></div></form></body>",
    "a table for layout": f"<table width='600'><tr><td><p>{KEPT}</p></td></tr></table>",
    "an unclosed menu": f"<html><body><nav><a href='x'>home</a><p>{KEPT}</p></body></html>",
    "capitals, no quotes": f"<HTML><BODY BGCOLOR=#ffffff><P>{KEPT}<P>Then I left.</BODY></HTML>",
    "a class of the whole page": f"<html class='references'><body class='toc'><p>{KEPT}</p></body>",
    "a form in a table": f"<form><table><tr><td>Menu<td>{KEPT}</table><input></form>",
    "an unclosed aside": f"<body><aside>See also<div><p>{KEPT}</p></div>",
    "two unclosed": f"<body><nav>Home<footer>Imprint<p>{KEPT}</p></body></html>",
    "an unclosed title": f"<html><head><title>Life<body><p>{KEPT}</p></body></html>",
    "hidden until found": f"<body><div hidden='until-found'><p>{KEPT}</p></div></body>",
    "a body that a script shows": f"<body hidden><p>{KEPT}</p></body>",
    "columns in columns": f"<table><tr><td><table><tr><td>{KEPT}</table></table>",
}


@pytest.mark.parametrize("what", PAGES)
def test_odd_html_keeps_its_prose(what: str, tmp_path: Path) -> None:
    found = imported(tmp_path, {"page.html": PAGES[what]})
    assert KEPT in found.text, found.refused


def _book(
    *,
    types: tuple[str, ...] = ("application/xhtml+xml",) * 3,
    missing: tuple[int, ...] = (),
    doctype: str = "",
    file: str = "OPS/c{}.xhtml",
    href: str = "c{}.xhtml",
) -> dict[str, str | bytes]:
    items = "".join(
        f'<item id="c{at}" href="{href.format(at)}" media-type="{kind}"/>'
        for at, kind in enumerate(types)
    )
    spine = "".join(f'<itemref idref="c{at}"/>' for at in range(3))
    package = (
        f'<?xml version="1.0"?>{doctype}<package xmlns="http://www.idpf.org/2007/opf">'
        f"<manifest>{items}</manifest><spine>{spine}</spine></package>"
    )
    chapters = {
        file.format(at): f"<html><head><title>t</title></head><body><p>{text}</p></body></html>"
        for at, text in enumerate((KEPT, SOLD, BOUGHT))
        if at not in missing
    }
    container = CONTAINER.replace("OEBPS/book.opf", "OPS/p.opf")
    return {"META-INF/container.xml": container, "OPS/p.opf": package, **chapters}


PUBLIC = (
    '<!DOCTYPE package PUBLIC "+//ISBN 0-9673008-1-9//DTD OEB 1.2 Package//EN" '
    '"http://openebook.org/dtds/oeb-1.2/oebpkg12.dtd">'
)
XHTML = "application/xhtml+xml"
BOOKS: dict[str, dict[str, str | bytes]] = {
    "plain": _book(),
    "application/xml": _book(types=(XHTML, "application/xml", XHTML)),
    "a type with a charset": _book(types=(f"{XHTML}; charset=utf-8",) * 3),
    "the type of old books": _book(types=("text/x-oeb1-document",) * 3),
    "capitals in the type": _book(types=(XHTML.upper(),) * 3),
    "a public document type": _book(doctype=PUBLIC),
    "a bare document type": _book(doctype="<!DOCTYPE package>"),
    "names in other letters": _book(file="OPS/C{}.xhtml"),
    "names escaped in the archive": _book(file="OPS/my%20c{}.xhtml", href="my%20c{}.xhtml"),
    "backward slashes": _book(file="OPS\\c{}.xhtml"),
    "accents stored in parts": _book(file="OPS/cafe\u0301{}.xhtml", href="caf\u00e9{}.xhtml"),
    "places within chapters": _book(href="c{}.xhtml#begin"),
}


@pytest.mark.parametrize("what", BOOKS)
def test_odd_books_are_read_whole(what: str, tmp_path: Path) -> None:
    found = imported(tmp_path, {"book.epub": archive(BOOKS[what])})
    assert all(text in found.text for text in (KEPT, SOLD, BOUGHT)), found.refused


def _damaged() -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for name, data in _book().items():
            file.writestr(name, data)
    return out.getvalue().replace(b"weak for it", b"WEAK for it")


BROKEN: dict[str, bytes] = {
    "missing": archive(_book(missing=(1,))),
    "a wrong sum": _damaged(),
    "no text": archive(_book() | {"OPS/c1.xhtml": b"\0\1\2\3" * 50}),
    "empty": archive(_book() | {"OPS/c1.xhtml": b""}),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_chapter_does_not_take_the_others_along(what: str, tmp_path: Path) -> None:
    found = imported(tmp_path, {"book.epub": BROKEN[what]})
    assert KEPT in found.text and BOUGHT in found.text, found.refused
    assert "weak for it" not in found.text


def _p(text: str) -> str:
    return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"


SPACES = (
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape" '
    'xmlns:v="urn:schemas-microsoft-com:vml"'
)
BOX = (
    f"<w:p {SPACES}><w:r><mc:AlternateContent><mc:Choice Requires='wps'><wps:txbx>"
    f"<w:txbxContent>{_p(SOLD)}</w:txbxContent></wps:txbx></mc:Choice><mc:Fallback><w:pict>"
    f"<v:textbox><w:txbxContent>{_p(SOLD)}</w:txbxContent></v:textbox></w:pict></mc:Fallback>"
    f"</mc:AlternateContent></w:r><w:r><w:t> {KEPT}</w:t></w:r></w:p>"
)
MOVED = f"<w:r><w:t>{SOLD}</w:t></w:r>"
UNDONE = "<w:r><w:t> And I hated it.</w:t></w:r>"
WORD: dict[str, tuple[str, tuple[str, ...]]] = {
    "a content control": (
        f"{_p(KEPT)}<w:sdt><w:sdtPr/><w:sdtContent>{_p(SOLD)}</w:sdtContent></w:sdt>",
        (KEPT, SOLD),
    ),
    "a text box is there once": (BOX, (KEPT, SOLD)),
    "what was moved is there once": (
        f"<w:p><w:moveFrom>{MOVED}</w:moveFrom></w:p>{_p(KEPT)}"
        f"<w:p><w:moveTo>{MOVED}</w:moveTo></w:p>",
        (SOLD,),
    ),
    "deleted": (
        f"<w:p><w:r><w:t>{KEPT}</w:t></w:r><w:del><w:r><w:delText> And I hated it.</w:delText>"
        "</w:r></w:del></w:p>",
        (KEPT,),
    ),
    "deleted, as other programs write": (
        f"<w:p><w:r><w:t>{KEPT}</w:t></w:r><w:del>{UNDONE}</w:del></w:p>",
        (KEPT,),
    ),
    "a hyphen that does not break": (
        "<w:p><w:r><w:t>I was a well</w:t><w:noBreakHyphen/><w:t>known keeper of the shop by the "
        "harbour for years.</w:t></w:r></w:p>",
        ("well-known",),
    ),
    "a soft hyphen": (
        "<w:p><w:r><w:t>I kept the har</w:t><w:softHyphen/><w:t>bour for nine years and more."
        "</w:t></w:r></w:p>",
        ("harbour",),
    ),
    "inserted and linked": (
        f"<w:p><w:ins><w:hyperlink><w:r><w:t>{KEPT}</w:t></w:r></w:hyperlink></w:ins></w:p>",
        (KEPT,),
    ),
    "hidden": (
        f"<w:p><w:r><w:rPr><w:vanish/></w:rPr><w:t>And I hated it.</w:t></w:r>"
        f"<w:r><w:t>{KEPT}</w:t></w:r></w:p>",
        (KEPT,),
    ),
    "custom elements": (
        f"<w:customXml><w:p><w:smartTag>{MOVED}</w:smartTag></w:p></w:customXml>",
        (SOLD,),
    ),
    "a control that waits for words": (
        f"{_p(KEPT)}<w:sdt><w:sdtPr><w:showingPlcHdr/></w:sdtPr><w:sdtContent>"
        f"{_p('And I hated it.')}</w:sdtContent></w:sdt>",
        (KEPT,),
    ),
}


@pytest.mark.parametrize("what", WORD)
def test_a_word_file_is_read_as_its_last_version_reads(what: str, tmp_path: Path) -> None:
    body, words = WORD[what]
    text = imported(tmp_path, {"life.docx": archive(docx(body))}).text
    assert [text.count(each) for each in words] == [1] * len(words)
    assert "hated" not in text
