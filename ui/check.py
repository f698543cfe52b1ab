"""`persllm check`: does what a persona left behind agree with itself?"""

import json
from collections.abc import Sequence
from dataclasses import asdict

from rich.console import Console
from rich.markup import escape

from persllm.cast import find_persona
from persllm.errors import DataError
from persllm.materials import LeftOut, sift
from persllm.training.data.consistency import check_consistency
from persllm.training.data.handwritten import read_handwritten

MOST_TOLD = 20


def run_check(names: Sequence[str], *, as_json: bool) -> None:
    """Print the findings of each persona, and what of its texts is not used.

    Raises:
        PersonaError: A folder has faults; nothing can be checked.
        DataError: There are findings.
    """
    console, count = Console(stderr=as_json), 0
    for persona in map(find_persona, names):
        sifted = sift(persona)
        materials = sifted.materials
        by_hand = read_handwritten(persona, materials)
        findings = check_consistency(persona, materials, by_hand)
        count += len(findings)
        if as_json:
            told = {"findings": list(map(asdict, findings))}
            told["left_out"] = list(map(asdict, sifted.left_out))
            print(json.dumps({"persona": persona.id, **told}))
        summary = f"{len(materials)} paragraphs, {len(by_hand)} hand-written items"
        console.print(f"{escape(persona.name)}: {summary}, {len(findings)} finding(s)")
        for found in findings:
            console.print(f"  - {escape(found.where)}: {escape(found.what)}", highlight=False)
        _tell_left_out(console, sifted.left_out)
    if count:
        raise DataError(f"{count} finding(s): correct the texts, or keep them if they are right.")


def _tell_left_out(console: Console, paragraphs: Sequence[LeftOut]) -> None:
    """Say which paragraphs were taken for somebody else's words: the guess may be wrong."""
    if paragraphs:
        console.print(f"  {len(paragraphs)} paragraph(s) left out as not the person's own:")
    for each in paragraphs[:MOST_TOLD]:
        opening = " ".join(each.text.split())[:60]
        console.print(
            f"  - {escape(each.source)}: {escape(f'{each.why}: {opening}')}", highlight=False
        )
    if len(paragraphs) > MOST_TOLD:
        console.print(f"  - and {len(paragraphs) - MOST_TOLD} more; --json lists all")
