"""Opens Chroma: a folder, a server, or memory in the process."""

import threading
from functools import cache
from pathlib import Path
from urllib.parse import urlparse

from persllm.errors import MemoryStoreError
from persllm.memory.chroma_client import ChromaClient, ServerClient, quiet
from persllm.memory.chroma_folder import FolderClient, is_read_only, open_read_only

_ONE_AT_A_TIME = threading.Lock()


def open_client(where: str | Path | None) -> ChromaClient:
    """Open Chroma: a folder, a server ("http://host:port"), or None for memory that is not kept.

    Who opens the same again in one process gets the same.

    Raises:
        MemoryStoreError: The folder cannot be made or read, or no server answers.
    """
    key = where if where is None or is_server(where) else Path(where).resolve()
    try:
        with _ONE_AT_A_TIME:
            return _opened(key)
    except Exception as error:  # chromadb raises many kinds, also of its Rust core
        raise MemoryStoreError(
            f"the memory at {where} cannot be opened: {error}. Name a folder that can be "
            "written, or start the server: chroma run --path <folder>."
        ) from error


def is_server(where: str | Path) -> bool:
    """Tell whether that is the address of a Chroma server."""
    return str(where).startswith(("http://", "https://"))


@cache
def _opened(where: Path | str | None) -> ChromaClient:
    import chromadb

    if where is None:
        return ChromaClient("this process", chromadb.EphemeralClient(settings=quiet()))
    if isinstance(where, Path):
        return open_read_only(where) if is_read_only(where) else FolderClient(where)
    address = urlparse(where)
    chroma = chromadb.HttpClient(
        host=address.hostname or "localhost",
        port=address.port or 8000,
        ssl=address.scheme == "https",
        settings=quiet(),
    )
    return ServerClient(where, chroma)
