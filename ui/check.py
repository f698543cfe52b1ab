"""`persllm check`: does what a persona left behind agree with itself?"""

import json
from collections.abc import Sequence
from dataclasses import asdict

from rich.console import Console
from rich.markup import escape

from persllm.cast import find_persona
from persllm.errors import DataError
from persllm.materials import read_materials
from persllm.training.data.consistency import check_consistency
from persllm.training.data.golden import read_golden


def run_check(names: Sequence[str], *, as_json: bool) -> None:
    """Print the findings of each persona.

    Raises:
        PersonaError: A folder has faults; nothing can be checked.
        DataError: There are findings.
    """
    console, count = Console(stderr=as_json), 0
    for persona in map(find_persona, names):
        materials = read_materials(persona)
        by_hand = read_golden(persona, materials)
        findings = check_consistency(persona, materials, by_hand)
        count += len(findings)
        if as_json:
            print(json.dumps({"persona": persona.id, "findings": list(map(asdict, findings))}))
        summary = f"{len(materials)} paragraphs, {len(by_hand)} hand-written items"
        console.print(f"{escape(persona.name)}: {summary}, {len(findings)} finding(s)")
        for found in findings:
            console.print(f"  - {escape(found.where)}: {escape(found.what)}", highlight=False)
    if count:
        raise DataError(f"{count} finding(s): correct the texts, or keep them if they are right.")
