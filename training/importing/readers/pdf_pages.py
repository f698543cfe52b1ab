"""Prints the text of a PDF's pages as JSON lines; run as a process of its own, within limits.

A PDF can hold loops, bombs and damage beyond counting. What goes wrong in this process, in time
or in memory, ends this process only; see `persllm.training.importing.readers.pdfs`.
"""

import contextlib
import json
import logging
import sys
from pathlib import Path

MAX_PAGES = 3_000
MAX_CHARACTERS = 20_000_000
MAX_MEMORY = 2 * 1024**3
"""Bytes of address space, where the system can limit it."""
MAX_CPU_SECONDS = 120


def main(path: Path) -> int:
    """Print one line a page, {"page", "text"}; return the exit status."""
    _limit()
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    logging.disable(logging.CRITICAL)
    try:
        reader = PdfReader(path)
        if reader.is_encrypted and not reader.decrypt(""):
            return _fail("it is locked with a password")
        total, left = len(reader.pages), MAX_CHARACTERS
        _print({"pages": total})
        for number in range(min(total, MAX_PAGES)):
            text = _page(reader, number)
            left -= len(text)
            if left < 0:
                return _fail(f"its text is longer than {MAX_CHARACTERS:,} characters")
            _print({"page": number + 1, "text": text})
    except (PyPdfError, ValueError, KeyError, OSError, RecursionError, MemoryError) as error:
        return _fail(f"{type(error).__name__}: {error}")
    except Exception as error:  # damage shows as any error at all
        return _fail(f"it is damaged ({type(error).__name__}: {error})")
    return 0


def _page(reader: object, number: int) -> str:
    """Return a page's text; a damaged page has none."""
    with contextlib.suppress(Exception):
        return str(reader.pages[number].extract_text())  # type: ignore[attr-defined]
    return ""


def _print(row: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(row) + "\n")


def _fail(why: str) -> int:
    _print({"fault": why[:300]})
    return 1


def _limit() -> None:
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (MAX_CPU_SECONDS, MAX_CPU_SECONDS))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
