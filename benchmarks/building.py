"""Building from whole books with the teacher `rules`: how much, how long, how varied.

python benchmarks/building.py --corpora ../shared/corpora

Reads the folders of `charles_darwin` and `friedrich_nietzsche` as stages. Vectors are computed
anew for each run. Prints items and pairs by stage and pattern, what fails the filters when the
written items are judged again, near-duplicates by brute force, how varied the questions are, and
the seconds and peak memory.
"""

import argparse
import re
import resource
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from persllm.embeddings import default_embeddings, embed
from persllm.files import write_text
from persllm.persona import load_persona
from persllm.persona_catalog import bundled, find_persona
from persllm.replies import parse_reply
from persllm.training.data.build import PersonaData, build
from persllm.training.data.cleaning import fault_of
from persllm.training.data.drafting import PartDraft
from persllm.training.data.items import PATTERNS, SPLITS, Item
from persllm.training.data.sampling import BuildSettings
from persllm.training.data.teacher import Draft
from persllm.training.data.texts import read_texts
from persllm.training.data.vectors import KeptVectors


@dataclass(frozen=True, slots=True)
class Books:
    """One person's books: folders are stages."""

    folder: str
    name: str
    stages: tuple[tuple[str, int, int], ...]
    """(folder, first year, last year)."""


PEOPLE = (
    Books(
        "charles_darwin",
        "Charles Darwin",
        (
            ("1_voyage_1831-36", 1809, 1839),
            ("2_essays_1842-44", 1840, 1844),
            ("3_origin_1859", 1845, 1866),
            ("4_descent_1871", 1867, 1875),
            ("5_autobiography_1876", 1876, 1882),
        ),
    ),
    Books(
        "friedrich_nietzsche",
        "Friedrich Nietzsche",
        (
            ("1_early_1872-76", 1844, 1876),
            ("2_middle_1878-82", 1877, 1882),
            ("3_late_1883-88", 1883, 1888),
        ),
    ),
)


def build_books(
    books: Books, corpora: Path, home: Path, per_part: int
) -> tuple[PersonaData, float]:
    """Return the build of one person's books and the seconds it took."""
    folder = home / books.folder
    stages = "\n".join(
        f"  - {{id: s{number}, label: you live in these years, from: {first}, to: {last}, "
        f"folders: [{name}]}}"
        for number, (name, first, last) in enumerate(books.stages, 1)
    )
    card = f"name: {books.name}\nsummary: A writer of books.\nmaterials: {corpora / books.folder}\n"
    write_text(folder / "persona.yaml", f"{card}stages:\n{stages}\n")
    started = time.perf_counter()
    data = build(
        load_persona(folder),
        out=folder / "data",
        others=[find_persona(name) for name in bundled()],
        embeddings=KeptVectors(default_embeddings(), folder / "vectors"),
        settings=BuildSettings(per_part=per_part),
    )
    return data, time.perf_counter() - started


def faults(data: PersonaData, folder: Path) -> int:
    """Return how many written items the filters would drop."""
    persona = load_persona(folder)
    return sum(fault_of(_as_draft(item), persona) is not None for item in data.items)


def near_duplicates(data: PersonaData, similarity: float) -> int:
    """Return how many pairs of one pattern's questions are too alike, by comparing all with all."""
    found = 0
    for pattern in PATTERNS:
        asked = [item.question for item in data.items if item.pattern == pattern]
        vectors = embed(default_embeddings(), asked)
        found += int((np.triu(vectors @ vectors.T, k=1) >= similarity).sum())
    return found


def distinct(texts: Sequence[str], size: int) -> float:
    """Return the share of word sequences of a size that differ."""
    words = [text.lower().split() for text in texts]
    grams = [tuple(w[i : i + size]) for w in words for i in range(len(w) - size + 1)]
    return len(set(grams)) / max(1, len(grams))


def most_frequent_form(items: Sequence[Item]) -> tuple[str, float]:
    """Return the form that most questions have, and its share of all of them."""
    claims, views, questions = (read_texts(name) for name in ("claims", "views", "questions"))
    asked = (claims["asked"], claims["asked_plainly"], views["held"], views["held_plainly"])
    known = [str(form) for forms in (*asked, *questions.values()) for form in forms]
    shapes = {
        form: re.compile(re.sub(r"\\{\w+\\}", ".+", re.escape(form).replace(r"\ ", " ")))
        for form in known
    }
    counted: Counter[str] = Counter()
    for item in items:
        fitting = [form for form, shape in shapes.items() if shape.search(item.question)]
        counted[max(fitting, key=len, default="(no form)")] += 1
    form, count = counted.most_common(1)[0]
    return form, count / len(items)


def tell(books: Books, data: PersonaData, seconds: float, folder: Path) -> None:
    """Print everything about one build."""
    statistics = data.statistics
    print(f"\n{books.name}: {len(data.items)} items, {len(data.pairs)} pairs, {seconds:.0f} s")
    for part, counts in statistics["items"].items():
        print(f"  {part:18} " + "  ".join(f"{split} {counts[split]:4}" for split in SPLITS))
    print(f"  empty parts: {sum(not any(c.values()) for c in statistics['items'].values())}")
    print(f"  pairs: {statistics['pairs']}")
    print(f"  words of pairs: {statistics['mean_pair_words_by_reason']}")
    print(f"  dropped: {statistics['dropped']}")
    print(f"  written items that fail the filters: {faults(data, folder)}")
    print(f"  near-duplicates by brute force: {near_duplicates(data, BuildSettings().similarity)}")
    for pattern in PATTERNS:
        some = [item for item in data.items if item.pattern == pattern]
        questions = [item.question for item in some]
        thoughts = [parse_reply(item.reply).analysis for item in some]
        form, share = most_frequent_form(some)
        varied = "/".join(f"{distinct(questions, size):.2f}" for size in (1, 2, 3))
        print(
            f"  {pattern:12} questions distinct-1/2/3 {varied}, "
            f"analyses distinct-3 {distinct(thoughts, 3):.2f}, "
            f"most frequent form {share:.1%}: {form}"
        )


def _as_draft(item: Item) -> PartDraft:
    reply = parse_reply(item.reply)
    draft = Draft(
        question=item.question,
        analysis=reply.analysis,
        response=reply.response,
        false_premise=item.false_premise,
        said=item.said,
        known=item.known,
        kind=item.kind,
    )
    return PartDraft(item.stage, item.pattern, item.sources[0], 0, item.teacher, draft)


def main() -> None:
    """Build and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpora", type=Path, required=True)
    parser.add_argument("--per-part", type=int, default=240)
    parser.add_argument("--into", type=Path, help="keep the builds here")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        home = given.into or Path(scratch)
        for books in PEOPLE:
            cpu = time.process_time()
            data, seconds = build_books(books, given.corpora.resolve(), home, given.per_part)
            cpu = time.process_time() - cpu
            tell(books, data, seconds, home / books.folder)
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(f"  processor {cpu:.0f} s, peak memory {peak:.0f} MiB", flush=True)


if __name__ == "__main__":
    main()
