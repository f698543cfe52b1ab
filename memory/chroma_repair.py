"""Makes the vectors of a persona's memories anew, from the texts in the database.

The texts survive what damages the index: they are in SQLite, the index is in files beside it.
"""

import shutil
import sqlite3
from contextlib import closing
from typing import Any

from langchain_core.embeddings import Embeddings

from persllm.embeddings import embed, embeddings_name
from persllm.errors import MemoryStoreError
from persllm.memory.chroma_client import ChromaClient
from persllm.memory.chroma_folder import DATABASE, FolderClient
from persllm.memory.chroma_layout import DRAFT, embeddings_of, pages, write
from persllm.memory.chroma_migration import finish_drafts, settle
from persllm.progress import Progress, no_progress

VECTORS = """
SELECT segments.id FROM segments JOIN collections ON collections.id = segments.collection
WHERE collections.name = ? AND segments.scope = 'VECTOR'
"""
"""Folders of a collection's index, in Chroma's database."""


def rebuild(
    client: ChromaClient,
    prefix: str,
    embeddings: Embeddings,
    *,
    only_others: bool = False,
    progress: Progress = no_progress,
) -> int:
    """Make a persona's vectors anew; return how many. Stopped in the middle, nothing is lost.

    Args:
        client: Where they are.
        prefix: How the names of the persona's collections begin.
        embeddings: What they are made with from now on.
        only_others: Leave alone what was made with these embeddings.
        progress: Told after each page.

    Raises:
        MemoryStoreError: The texts cannot be read.
    """
    made = 0
    with client.writing():
        finish_drafts(client, prefix)
        for name in [part.name for part in client.all(prefix)]:
            part = client.find(name)
            if not (only_others and embeddings_of(part) == embeddings_name(embeddings)):
                made += _rebuild(client, name, embeddings, progress)
        settle(client, prefix, progress=progress)
    return made


def _rebuild(client: ChromaClient, name: str, embeddings: Embeddings, progress: Progress) -> int:
    old = _readable(client, name)
    total, made = old.count(), 0
    metadata = {**old.metadata, "embeddings": embeddings_name(embeddings)}
    draft = client.find_or_create(name + DRAFT, metadata)
    for memories in pages(old):
        progress("making vectors of", made, total)
        write(draft, memories, embed(embeddings, [memory.heard for memory in memories]))
        made += len(memories)
    client.delete(name)
    client.rename(draft, name)
    progress("making vectors of", made, total)
    return made


def _readable(client: ChromaClient, name: str) -> Any:  # noqa: ANN401 (a chromadb collection)
    """Return a collection whose texts can be read; an index that hinders it is removed."""
    collection: Any = client.find(name)
    try:
        collection.count()
    except Exception as error:  # chromadb raises many kinds, also of its Rust core
        if not isinstance(client, FolderClient):
            raise MemoryStoreError(
                f"the server at {client.where} cannot read {name}: {error}. Stop it, and mend its "
                "folder: persllm memory repair PERSONA --memory <folder>."
            ) from error
        _remove_index(client, name)
        return client.find(name)
    return collection


def _remove_index(client: FolderClient, name: str) -> None:
    client.close()
    with closing(sqlite3.connect(client.folder / DATABASE)) as database:
        folders = [str(row[0]) for row in database.execute(VECTORS, (name,))]
    for folder in folders:
        shutil.rmtree(client.folder / folder, ignore_errors=True)
    client.reopen()
