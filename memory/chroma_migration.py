"""Brings what an earlier persllm stored of a persona into today's form, when it is opened."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from persllm.errors import MemoryStoreError
from persllm.memory.chroma_client import ChromaClient
from persllm.memory.chroma_layout import (
    DRAFT,
    FORMAT,
    ONE_COLLECTION,
    PAGE,
    Part,
    embeddings_of,
    format_of,
    memory_of,
    write,
)
from persllm.memory.store import Memory
from persllm.progress import Progress, no_progress


def settle(client: ChromaClient, prefix: str, *, progress: Progress = no_progress) -> list[Any]:
    """Finish what was interrupted, convert what is old; return the persona's collections.

    Raises:
        MemoryStoreError: A later persllm made them.
    """
    with client.reading():
        found = client.all(prefix)
        _refuse_newer(client, found)
        if not any(map(_is_unsettled, found)):
            return found
    with client.writing():
        finish_drafts(client, prefix)
        for each in client.all(prefix):
            if format_of(each) == ONE_COLLECTION:
                _part(client, each, progress)
        return client.all(prefix)


def finish_drafts(client: ChromaClient, prefix: str) -> None:
    """Let each draft whose original is gone, and that is whole then, take its place; drop others.

    Inside `writing`.
    """
    for draft in filter(_is_draft, client.all(prefix)):
        name = draft.name.removesuffix(DRAFT)
        if client.find(name) is None:
            client.rename(draft, name)
        else:
            client.delete(draft.name)


def _is_draft(collection: Any) -> bool:  # noqa: ANN401 (a chromadb collection)
    return str(collection.name).endswith(DRAFT)


def _is_unsettled(collection: Any) -> bool:  # noqa: ANN401
    return _is_draft(collection) or format_of(collection) == ONE_COLLECTION


def _refuse_newer(client: ChromaClient, found: Sequence[Any]) -> None:
    newest = max(map(format_of, found), default=FORMAT)
    if newest > FORMAT:
        raise MemoryStoreError(
            f"the memory at {client.where} has format {newest}, this persllm reads up to {FORMAT}. "
            "Update persllm, or name another folder with --memory."
        )


def _part(client: ChromaClient, whole: Any, progress: Progress) -> None:  # noqa: ANN401
    """Copy one collection into parts, with its vectors; it goes last, so a stop loses nothing."""
    total = whole.count()
    what = "converting the memory to a new form:"
    for start in range(0, total, PAGE):
        progress(what, start, total)
        got = whole.get(limit=PAGE, offset=start, include=["documents", "metadatas", "embeddings"])
        rows = zip(got["ids"], got["documents"], got["metadatas"], strict=True)
        memories = [memory_of(*row) for row in rows]
        _copy(client, whole, list(zip(memories, got["embeddings"], strict=True)))
    client.delete(whole.name)
    progress(what, total, total)


def _copy(client: ChromaClient, whole: Any, rows: Sequence[tuple[Memory, Any]]) -> None:  # noqa: ANN401
    def place(row: tuple[Memory, Any]) -> tuple[int, str]:
        return row[0].stage, row[0].audience

    for key, group in groupby(sorted(rows, key=place), key=place):
        part, same = Part(*key), list(group)
        target = client.find_or_create(part.name(whole.name), part.metadata(embeddings_of(whole)))
        write(target, [memory for memory, _ in same], [vector for _, vector in same])
