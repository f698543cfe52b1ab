"""Small books, documents and PDFs, made in memory; honest ones and broken ones."""

import io
import zipfile
from collections.abc import Mapping, Sequence

CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="OEBPS/book.opf" media-type="application/oebps-package+xml"/>'
    "</rootfiles></container>"
)


def archive(entries: Mapping[str, str | bytes]) -> bytes:
    """Return a ZIP file of the entries, in order."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in entries.items():
            file.writestr(name, data)
    return out.getvalue()


def epub(chapters: Mapping[str, str], *, order: Sequence[str] | None = None) -> dict[str, str]:
    """Return the entries of a book; chapters are bodies of HTML by file name."""
    items = "".join(
        f'<item id="{name}" href="{name}" media-type="application/xhtml+xml"/>' for name in chapters
    )
    spine = "".join(f'<itemref idref="{name}"/>' for name in order or chapters)
    package = (
        '<package xmlns="http://www.idpf.org/2007/opf"><manifest>'
        f'{items}<item id="nav" href="nav.xhtml" properties="nav" '
        'media-type="application/xhtml+xml"/></manifest>'
        f'<spine><itemref idref="nav"/>{spine}</spine></package>'
    )
    pages = {
        f"OEBPS/{name}": f"<html><body>{body}</body></html>" for name, body in chapters.items()
    }
    return {"META-INF/container.xml": CONTAINER, "OEBPS/book.opf": package, **pages}


def docx(body: str) -> dict[str, str]:
    """Return the entries of a Word document."""
    space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    document = f'<w:document xmlns:w="{space}"><w:body>{body}</w:body></w:document>'
    return {"word/document.xml": document}


def pdf(pages: Sequence[Sequence[str]]) -> bytes:
    """Return a PDF with the lines of each page in plain Helvetica."""
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", b""]
    kids = []
    for lines in pages:
        text = "".join(f"({_escaped(line)}) Tj T* " for line in lines)
        stream = f"BT /F1 10 Tf 12 TL 50 800 Td {text}ET".encode("latin-1")
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream))
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R /Resources "
            b"<< /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>"
            % len(objects)
        )
        kids.append(b"%d 0 R" % len(objects))
    objects[1] = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (b" ".join(kids), len(kids))
    return assembled(objects)


def assembled(objects: Sequence[bytes]) -> bytes:
    """Return a PDF file of numbered objects; the first is its catalogue."""
    out = bytearray(b"%PDF-1.4\n")
    places = []
    for number, data in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, data)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, table)
    return bytes(out)


def _escaped(line: str) -> str:
    return line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
