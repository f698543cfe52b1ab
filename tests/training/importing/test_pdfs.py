"""PDF files, honest and hostile; each is read in a process of its own."""

import zlib

import pytest

from persllm.errors import PersonaError
from persllm.training.importing.readers.pdfs import read_pdf
from tests.training.importing.makers import assembled, pdf

LONG = "The lamp of Skarn was trimmed at nine every evening of the year, and I did it my-"


def test_pages_are_joined_to_paragraphs_without_running_heads_and_numbers() -> None:
    pages = [
        ["A LIFE ON SKARN", LONG, "self until I left.", f"Page {number}."] for number in range(1, 5)
    ]
    document = read_pdf(pdf(pages), "a.pdf")
    assert [(p.text, p.where) for p in document.paragraphs] == [
        (f"{LONG[:-1]}self until I left.", f"page {number}") for number in range(1, 5)
    ]
    assert "8 running heads and page numbers left out" in document.notes


def test_a_paragraph_runs_on_over_the_end_of_a_page() -> None:
    document = read_pdf(pdf([[LONG], ["self until I left."]]), "a.pdf")
    assert [(p.text, p.where) for p in document.paragraphs] == [
        (f"{LONG[:-1]}self until I left.", "page 1")
    ]


def _bomb() -> bytes:
    """Return a page whose stream swells from kilobytes to a gigabyte."""
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(b" " * 2**24) for _ in range(64)) + packer.flush()
    return assembled(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R >>",
            b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(packed), packed),
        ]
    )


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"%PDF-1.4\nnothing", "cannot be read as PDF"),
        (pdf([["Words."]])[:200], "cannot be read as PDF|without any text"),
        (pdf([[]]), r"1 page\(s\) without any text; they are pictures"),
        (
            assembled(
                [
                    b"<< /Type /Catalog /Pages 2 0 R >>",
                    b"<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 2 >>",
                ]
            ),
            "cannot be read as PDF|without any text",
        ),
        (_bomb(), "cannot be read as PDF|without any text"),
    ],
    ids=["damaged", "cut", "pictures", "loop", "bomb"],
)
def test_a_damaged_or_hostile_file_ends_its_own_process_only(data: bytes, told: str) -> None:
    with pytest.raises(PersonaError, match=told):
        read_pdf(data, "a.pdf")


def test_a_file_that_takes_too_long_is_told() -> None:
    with pytest.raises(PersonaError, match=r"was not read within 0 seconds"):
        read_pdf(pdf([["Words."]]), "a.pdf", seconds=0.01)
