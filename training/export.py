"""Where a finished adapter goes: a hub, a folder, or merged into its base for other engines."""

import os
import re
import shutil
from pathlib import Path

from peft import PeftModel

from persllm.bases import Base
from persllm.errors import AdapterError, PersonaError
from persllm.loading import load_base, load_tokenizer
from persllm.manifest import MANIFEST_NAME, WEIGHTS_NAME, check_fits, copy_adapter, read_manifest
from persllm.persona import Persona

HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
PUBLISHED = ("README.md", "adapter_config.json", WEIGHTS_NAME, MANIFEST_NAME)
HUB = "https://huggingface.co"


def push(adapter: Path, persona: Persona, *, to: str, private: bool = False) -> str:
    """Publish an adapter; return where it is.

    Args:
        adapter: A finished adapter folder.
        persona: Whose it is; its rights record must be there.
        to: A hub id (owner/name), or a folder: one that exists, or that begins with / or a dot.
        private: Make a new hub repository private.

    Raises:
        PersonaError: The persona has no rights record.
        AdapterError: The adapter is not whole, or the hub refused it.
    """
    _refuse_without_rights(persona)
    read_manifest(adapter)
    if Path(to).is_dir() or to.startswith((".", "/", "~")):
        return str(copy_adapter(adapter, _empty(Path(to).expanduser())))
    if not HUB_ID.fullmatch(to):
        raise AdapterError(
            f"{to!r} is neither a hub id (owner/name) nor a folder. Name a folder that exists, "
            "or one that begins with / or ./"
        )
    return _to_hub(adapter, persona, to, private=private)


def _refuse_without_rights(persona: Persona) -> None:
    if persona.rights is None:
        raise PersonaError(
            f"{persona.name} has no rights record, so the adapter is not published. Add "
            f"rights with source, licence and consent to {persona.folder / 'persona.yaml'}."
        )


def _empty(folder: Path) -> Path:
    """Return a folder that may be written: one that holds nothing, or an adapter.

    Raises:
        AdapterError: Something else is in it.
    """
    if folder.is_dir() and any(folder.iterdir()) and not (folder / MANIFEST_NAME).is_file():
        raise AdapterError(
            f"{folder} holds something other than an adapter, and would be replaced. Name "
            "another folder, or one in it."
        )
    return folder


def _to_hub(adapter: Path, persona: Persona, name: str, *, private: bool) -> str:
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError

    api = HfApi(endpoint=os.environ.get("HF_ENDPOINT", HUB))
    try:
        api.create_repo(name, private=private or None, exist_ok=True)
        done = api.upload_folder(
            repo_id=name,
            folder_path=adapter,
            allow_patterns=list(PUBLISHED),
            commit_message=f"Adapter of {persona.name}",
        )
    except (HfHubHTTPError, OSError, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
        raise AdapterError(
            f"the hub did not take {name}: {reason} Check the name and the token (HF_TOKEN, or "
            "hf auth login), and that HF_HUB_OFFLINE is not set."
        ) from error
    return str(done.commit_url)


def merge(adapter: Path, base: Base, *, into: Path) -> Path:
    """Write base and adapter as one model, for engines without adapters; return the folder.

    Raises:
        AdapterError: The adapter does not fit the base, or the folder holds something.
        BaseModelError: The base cannot be loaded.
    """
    if into.exists() and (not into.is_dir() or any(into.iterdir())):
        raise AdapterError(f"{into} is there already and is not empty. Name a new folder.")
    check_fits(adapter, base=base)
    draft = into.with_name(f".{into.name}.part")
    shutil.rmtree(draft, ignore_errors=True)
    adapted = PeftModel.from_pretrained(load_base(base), str(adapter))
    adapted.merge_and_unload().save_pretrained(str(draft))
    load_tokenizer(base).save_pretrained(str(draft))
    for name in ("README.md", MANIFEST_NAME):
        shutil.copy(adapter / name, draft / name)
    if into.is_dir():
        into.rmdir()
    draft.replace(into)
    return into
