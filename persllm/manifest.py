"""What an adapter folder says of itself, and whether it fits.

Beside the files PEFT writes stands `manifest.json`. Everything that runs an adapter reads it
first: a wrong base or another rendering gives fluent nonsense, not an error, so it is refused
before any weight is loaded.
"""

import json
import shutil
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from persllm.base_profile import find_profile
from persllm.bases import Base
from persllm.errors import AdapterError
from persllm.files import write_json
from persllm.messages import prompt_hash
from persllm.persona import Persona
from persllm.persona_catalog import called

MANIFEST_NAME = "manifest.json"
WEIGHTS_NAME = "adapter_model.safetensors"
ADAPTER_FOLDER = "adapter"


class Manifest(BaseModel):
    """The record beside the weights."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal[1] = 1
    persona: str
    persona_hash: str
    stages: tuple[str, ...]
    base: str
    base_key: str
    prompt_hash: str
    profile_hash: str = ""
    """Of the base profile that data and training had; others may serve it."""
    data_hash: str
    settings: dict[str, Any]
    versions: dict[str, str]
    seconds: float
    evaluation: dict[str, Any] = {}
    measured: dict[str, Any] = {}
    """The short form of the last `persllm eval`: by system and measure."""


def read_manifest(folder: Path) -> Manifest:
    """Read an adapter folder's manifest.

    Raises:
        AdapterError: The folder holds no whole adapter.
    """
    path = folder / MANIFEST_NAME
    if not path.is_file() or not (folder / WEIGHTS_NAME).is_file():
        raise AdapterError(
            f"{folder} is no persllm adapter: {MANIFEST_NAME} or {WEIGHTS_NAME} is missing. "
            "Train it: persllm train <persona>."
        )
    try:
        return Manifest.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except (json.JSONDecodeError, UnicodeDecodeError, ValidationError) as error:
        raise AdapterError(f"{path} cannot be read: {error}. Train the adapter again.") from error


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest beside the weights."""
    write_json(folder / MANIFEST_NAME, manifest.model_dump(mode="json"))


def copy_adapter(folder: Path, into: Path) -> Path:
    """Copy a whole adapter over whatever stands at `into`; return that folder.

    Raises:
        AdapterError: The folder holds no whole adapter.
    """
    read_manifest(folder)
    fresh = into.with_name(f".{into.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.copytree(folder, fresh)
    shutil.rmtree(into, ignore_errors=True)
    fresh.replace(into)
    return into


def prompt_hash_of(base: Base) -> str:
    """Return the hash of prompts and replies as this base gets and gives them."""
    return prompt_hash(find_profile(base))


def check_fits(folder: Path, *, base: Base, persona: Persona | None = None) -> Manifest:
    """Return the manifest of an adapter that fits.

    Raises:
        AdapterError: It was trained over another base, with another rendering, or for another
            persona. All that differs is listed.
    """
    manifest = read_manifest(folder)
    faults = []
    if manifest.base_key != base.key:
        faults.append(
            f"it was trained over the base {manifest.base} ({manifest.base_key}), this is "
            f"{base.name} ({base.key}): name that base with --base, or train again"
        )
    if manifest.prompt_hash != prompt_hash_of(base):
        faults.append("it was trained with another prompt rendering: train again")
    if persona is not None and manifest.persona != persona.id:
        faults.append(f"it is {manifest.persona}'s, not {persona.id}'s: name the right adapter")
    elif persona is not None and manifest.persona_hash != persona.digest():
        faults.append(
            f"{persona.name}'s persona.yaml (name, summary, language or stages) has changed since: "
            "train again, or put back what it said"
        )
    if faults:
        raise AdapterError(f"the adapter {folder} does not fit:\n  - " + "\n  - ".join(faults))
    return manifest


def find_adapter(persona: Persona, *, base: Base, runs: Path) -> Path:
    """Return the newest adapter for this base: of the runs first, then of the persona's folder.

    Raises:
        AdapterError: There is none, or none that fits; the message says how to train one.
    """
    found = adapter_if_any(persona, base=base, runs=runs)
    if found is None:
        raise AdapterError(
            f"{persona.name} has no adapter for the base {base.name} in {runs / persona.id}.\n"
            f"Train one: persllm train {called(persona)}, or ask the base alone with --no-adapter."
        )
    return found


def adapter_if_any(persona: Persona, *, base: Base, runs: Path) -> Path | None:
    """Return the newest adapter for this base, or None; those of other bases do not count.

    Raises:
        AdapterError: All there are for a base of this name do not fit; the newest one's reasons.
    """
    trained = sorted((runs / persona.id).glob(f"*/{ADAPTER_FOLDER}"), reverse=True)
    reasons = []
    for folder in (*trained, persona.folder / ADAPTER_FOLDER / base.name):
        if not (folder / MANIFEST_NAME).is_file():
            continue
        try:
            check_fits(folder, base=base, persona=persona)
        except AdapterError as error:
            if _is_for(folder, base):
                reasons.append(str(error))
        else:
            return folder
    if reasons:
        raise AdapterError(reasons[0])
    return None


def _is_for(folder: Path, base: Base) -> bool:
    """Tell whether an adapter was trained over a base of that name; a broken one may have been."""
    try:
        return read_manifest(folder).base == base.name
    except AdapterError:
        return True
