"""`persllm check`: does what a persona left behind agree with itself?"""

import json
from collections.abc import Sequence
from dataclasses import asdict

from rich.console import Console
from rich.markup import escape

from persllm.errors import DataError
from persllm.material_files import unread_files
from persllm.materials import read_materials
from persllm.persona_catalog import find_persona
from persllm.training.data.consistency import check_consistency
from persllm.training.data.handwritten import read_handwritten
from persllm.training.importing.cleaning.doubtful import Doubtful, doubtful_paragraphs

MOST_TOLD = 20


def run_check(names: Sequence[str], *, as_json: bool) -> None:
    """Print the findings of each persona, and what of its texts to look at; nothing is dropped.

    Raises:
        PersonaError: A folder has faults; nothing can be checked.
        DataError: There are findings.
    """
    console, count = Console(stderr=as_json), 0
    for persona in map(find_persona, names):
        materials = read_materials(persona)
        doubtful, unread = doubtful_paragraphs(persona), unread_files(persona)
        by_hand = read_handwritten(persona, materials)
        findings = check_consistency(persona, materials, by_hand)
        count += len(findings)
        if as_json:
            told = {"findings": list(map(asdict, findings)), "unread_files": unread}
            told["doubtful"] = list(map(asdict, doubtful))
            print(json.dumps({"persona": persona.id, **told}))
        summary = f"{len(materials)} paragraphs, {len(by_hand)} hand-written items"
        console.print(f"{escape(persona.name)}: {summary}, {len(findings)} finding(s)")
        for found in findings:
            console.print(f"  - {escape(found.where)}: {escape(found.what)}", highlight=False)
        _tell_doubtful(console, doubtful)
        for name in unread:
            console.print(f"  - not read: {escape(name)}", highlight=False)
    if count:
        raise DataError(f"{count} finding(s): correct the texts, or keep them if they are right.")


def _tell_doubtful(console: Console, paragraphs: Sequence[Doubtful]) -> None:
    """Say which paragraphs look like somebody else's words; they are used all the same."""
    if paragraphs:
        console.print(
            f"  {len(paragraphs)} paragraph(s) look like an editor's, a heading or another's "
            "words; they are used as they stand. Take out those that are not the person's:"
        )
    for each in paragraphs[:MOST_TOLD]:
        opening = " ".join(each.text.split())[:60]
        console.print(
            f"  - {escape(each.source)}: {escape(f'{each.why}: {opening}')}", highlight=False
        )
    if len(paragraphs) > MOST_TOLD:
        console.print(f"  - and {len(paragraphs) - MOST_TOLD} more; --json lists all")
