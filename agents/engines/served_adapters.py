"""Adapters on an OpenAI-compatible server: found by the persona's name, or loaded there."""

import threading
from collections.abc import Mapping
from pathlib import Path

from persllm.agents.engines.connection import Connection, said
from persllm.agents.engines.served import Served
from persllm.bases import Base
from persllm.errors import AdapterError
from persllm.files import digest_file
from persllm.manifest import WEIGHTS_NAME, check_fits

OURS = "persllm"
"""Who owns the models of `persllm serve`."""
LOADERS = ("/v1/load_lora_adapter", "/load_lora_adapter")
"""vLLM's and SGLang's."""
UNLOADERS = ("/v1/unload_lora_adapter", "/unload_lora_adapter")


class ServedAdapters:
    """Which name each adapter folder has on a server.

    Args:
        connection: The server.
        base: What adapters must have been trained over.
        names: Those that are known already.
    """

    def __init__(self, connection: Connection, base: Base, names: Mapping[Path, str]) -> None:
        self._connection = connection
        self._base = base
        self._names = {folder.resolve(): name for folder, name in names.items()}
        self._lock = threading.Lock()

    def name(self, adapter: Path) -> str:
        """Return the adapter's name there; the server loads it the first time.

        Raises:
            AdapterError: It does not fit the base, or the server neither has it nor loads it.
        """
        folder = adapter.resolve()
        with self._lock:
            if folder not in self._names:
                persona = check_fits(folder, base=self._base).persona
                self._names[folder] = self._found_or_loaded(persona, folder)
            return self._names[folder]

    def unload(self, adapter: Path) -> None:
        """Have the server forget an adapter."""
        with self._lock:
            name = self._names.pop(adapter.resolve(), None)
        for path in UNLOADERS if name else ():
            if self._connection.post(path, {"lora_name": name}).is_success:
                return

    def _found_or_loaded(self, persona: str, folder: Path) -> str:
        models = self._connection.models()
        if any(model.owner == OURS for model in models.values()):
            raise AdapterError(
                f"{self._connection.address.url} is persllm's own server: it speaks as {persona} "
                f"by itself. Ask it for the model {persona!r} with an OpenAI client, or use "
                "--no-adapter."
            )
        if _may_be(models.get(persona), folder):
            return persona
        own = f"{persona}-{digest_file(folder / WEIGHTS_NAME)[:8]}"
        if own not in models:
            self._load(own, persona, folder)
        return own

    def _load(self, name: str, persona: str, folder: Path) -> None:
        why = "it has no way to load one"
        for path in LOADERS:
            answer = self._connection.post(path, {"lora_name": name, "lora_path": str(folder)})
            if answer.is_success or "already been loaded" in answer.text:
                return
            if answer.status_code not in {404, 405} or "lora" in answer.text.lower():
                why = said(answer)
                break
        raise AdapterError(
            f"{self._connection.address.url} has no adapter {persona!r} and did not load {folder}: "
            f"{why}. Start the server with it (vLLM: --enable-lora --lora-modules "
            f"{persona}={folder}; it loads more while VLLM_ALLOW_RUNTIME_LORA_UPDATING=True), or "
            "ask the base alone with --no-adapter."
        )


def _may_be(model: Served | None, folder: Path) -> bool:
    """Tell whether a served adapter may be the folder: a server elsewhere has paths of its own."""
    if model is None:
        return False
    root = Path(model.root) if model.root else None
    return root is None or not root.is_dir() or root.resolve() == folder
