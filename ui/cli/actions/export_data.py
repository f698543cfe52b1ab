"""`persllm export-data`: a build in the form of another trainer."""

import json
from pathlib import Path
from typing import get_args

from persllm.errors import DataError
from persllm.persona_catalog import find_persona
from persllm.training.data.exports import FORMATS, Format, export
from persllm.workflows.data import data_folder


def run_export(name: str, *, runs: Path, form: str, to: Path, as_json: bool) -> None:
    """Write the files and name them.

    Raises:
        DataError: There is no such format or no build, or the folder is not empty.
    """
    persona = find_persona(name)
    paths = export(persona, data_folder(persona, runs), to=to, form=_format(form))
    if as_json:
        print(json.dumps({"files": [str(path) for path in paths]}))
        return
    for path in paths:
        print(path)


def _format(name: str) -> Format:
    for form in FORMATS:
        if form == name:
            return form
    raise DataError(f"there is no format {name!r}. Choose one of: {', '.join(get_args(Format))}.")
