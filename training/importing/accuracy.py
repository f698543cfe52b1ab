"""How often the rules class a paragraph as a person did; run as `python -m persllm.training...`.

A labelled file is JSON lines of {"text", "kind"}, or of {"file", "where", "text_digest", "kind"}
for paragraphs that lie in a corpus elsewhere: only places and digests are stored. The rules were
tuned on one half of the labels; the other half is what counts.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from persllm.errors import DataError, PersLLMError
from persllm.files import digest, read_jsonl
from persllm.sentences import passages
from persllm.subjectivity import kind_of, tone_of
from persllm.training.importing.cleaning.authorship import own_text, recognise
from persllm.training.importing.cleaning.document_structure import contexts
from persllm.training.importing.reading import read_document


@dataclass(frozen=True, slots=True)
class Labelled:
    """One paragraph with the class a person gave it."""

    text: str
    kind: str
    tone: float = 0.0
    """Of the document it stands in."""

    @property
    def tuned_on(self) -> bool:
        """Whether it lies in the half that the rules were tuned on."""
        return int(digest(self.text)[0], 16) % 2 == 0


def read_labels(path: Path, corpora: Path | None = None) -> list[Labelled]:
    """Return the labelled paragraphs; those of a corpus are looked up and their digests checked.

    Raises:
        DataError: A paragraph is not where the labels say, or no corpora folder was named.
    """
    return [_labelled(row, corpora) for row in read_jsonl(path)]


def shares(labels: Sequence[Labelled]) -> dict[str, tuple[int, int]]:
    """Return (right, all) of the tuned half and of the other."""
    halves: dict[str, list[bool]] = {"tuned on": [], "held out": []}
    for label in labels:
        half = "tuned on" if label.tuned_on else "held out"
        halves[half].append(kind_of(label.text, tone=label.tone) == label.kind)
    return {half: (sum(right), len(right)) for half, right in halves.items()}


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the shares and the paragraphs that are classed wrongly; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, prog="accuracy")
    parser.add_argument("labels", nargs="+", type=Path)
    parser.add_argument("--corpora", type=Path)
    parser.add_argument("--wrong", action="store_true", help="also print what is wrong")
    given = parser.parse_args(arguments)
    try:
        labels = [label for path in given.labels for label in read_labels(path, given.corpora)]
    except PersLLMError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    for half, (right, total) in shares(labels).items():
        print(f"{half}: {right} of {total} right ({right / max(1, total):.1%})")
    for label in labels if given.wrong else ():
        if kind_of(label.text, tone=label.tone) != label.kind:
            half = "tuned on" if label.tuned_on else "held out"
            print(f"  {half}, {label.kind}: {label.text[:200]}")
    return 0


def _labelled(row: dict[str, object], corpora: Path | None) -> Labelled:
    if "text" in row:
        return Labelled(str(row["text"]), str(row["kind"]))
    if corpora is None:
        raise DataError("the labels name places in a corpus. Name its folder: --corpora FOLDER.")
    first, tone = _document(corpora / str(row["file"]), str(row["author"]))
    text = first.get(str(row["where"]), "")
    if digest(text) != row["text_digest"]:
        raise DataError(f"{row['file']}, {row['where']}: the labelled paragraph is not there.")
    return Labelled(text, str(row["kind"]), tone)


@cache
def _document(path: Path, author: str) -> tuple[dict[str, str], float]:
    """Return the first passage of each paragraph by its place, and the document's tone."""
    paragraphs = read_document(path).paragraphs
    texts = [paragraph.text for paragraph in paragraphs]
    places = contexts(texts, author)
    own = [
        own_text(text)
        for text, place in zip(texts, places, strict=True)
        if recognise(text, place) is None
    ]
    return {p.where: next(passages(own_text(p.text)), "") for p in paragraphs}, tone_of(own)


if __name__ == "__main__":
    sys.exit(main())
