"""What personas remember: looked at, searched, forgotten, carried elsewhere and mended."""

import json
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from persllm.agents.options import RuntimeOptions
from persllm.base_profile import BaseProfile
from persllm.embeddings import embeddings_name, find_embeddings
from persllm.errors import DataError, MemoryStoreError
from persllm.files import read_jsonl, write_jsonl
from persllm.memory.chroma_client import ChromaClient
from persllm.memory.chroma_folder import DATABASE, FolderClient
from persllm.memory.chroma_layout import (
    audience_of,
    collection_name,
    embeddings_of,
    pages,
    persona_of,
    prefix_of,
)
from persllm.memory.chroma_memory import ChromaMemory, remove, remove_all
from persllm.memory.chroma_migration import settle
from persllm.memory.chroma_opening import is_server, open_client
from persllm.memory.chroma_repair import rebuild
from persllm.memory.recall import Recall
from persllm.memory.store import EVERYONE, Memory
from persllm.persona import Persona
from persllm.progress import Progress, no_progress

KINDS = ("objective", "subjective", "episode")


def open_memory(options: RuntimeOptions, *, to_write: bool = False) -> ChromaClient:
    """Open the memory that is there; unlike a talk, this makes none.

    Raises:
        MemoryStoreError: There is none, or it cannot be written and is to be.
    """
    where = options.memory_at
    if not is_server(where) and not (Path(where) / DATABASE).is_file():
        raise MemoryStoreError(
            f"there is no memory at {where}. A persona makes one when it is first talked with; "
            "name another with --memory or --runs."
        )
    client = open_client(where)
    if to_write and not client.lasts:
        raise MemoryStoreError(f"the memory at {where} cannot be written. Make it writable first.")
    return client


def parts_of(client: ChromaClient, persona: Persona | None = None) -> list[Any]:
    """Return the collections of a persona or of all, in today's form."""
    with client.reading():
        named = {prefix_of(each.name) for each in client.all()}
    wanted = named if persona is None else {collection_name(persona.id)} & named
    return [part for prefix in sorted(wanted) for part in settle(client, prefix)]


def statistics(client: ChromaClient) -> dict[str, Any]:
    """Return what is kept of each persona, and bytes on disk of all (None on a server)."""
    rows: dict[str, dict[str, Any]] = {}
    with client.reading():
        for part in parts_of(client):
            row = rows.setdefault(persona_of(part.name), _nothing_yet(embeddings_of(part)))
            _count_in(row, part)
    folder = client.folder if isinstance(client, FolderClient) else None
    files = [each for each in folder.rglob("*") if each.is_file()] if folder else []
    return {
        "where": client.where,
        "bytes": sum(each.stat().st_size for each in files) if folder else None,
        "personas": [
            {"persona": name, **row, "users": len(row["users"])} for name, row in rows.items()
        ],
    }


def memories(client: ChromaClient, persona: Persona, user: str | None = None) -> list[Memory]:
    """Return a persona's memories, or what one user told it, the oldest first."""
    with client.reading():
        kept = [
            memory
            for part in parts_of(client, persona)
            if user in (None, audience_of(part))
            for page in pages(part)
            for memory in page
        ]
    return sorted(kept, key=lambda memory: memory.when)


def search(
    client: ChromaClient,
    persona: Persona,
    text: str,
    options: RuntimeOptions,
    **how: Any,  # noqa: ANN401 (of search)
) -> list[dict[str, Any]]:
    """Return what answers a text best; `how` is stage, count and audience.

    Raises:
        MemoryStoreError: The memory was made with other embeddings.
    """
    store = ChromaMemory(client, persona, find_embeddings(options.embeddings))
    recall = Recall(store.embeddings, BaseProfile(name="search"))
    found = recall.search(store, text, **how)
    return [{**asdict(each.memory), "relevance": each.relevance} for each in found]


def told_by(client: ChromaClient, user: str, persona: Persona | None = None) -> dict[str, int]:
    """Return how many memories each persona has of a user."""
    counts: dict[str, int] = {}
    with client.reading():
        for part in parts_of(client, persona):
            if audience_of(part) == user != EVERYONE:
                name = persona_of(part.name)
                counts[name] = counts.get(name, 0) + part.count()
    return counts


def forget_user(client: ChromaClient, user: str, persona: Persona | None = None) -> int:
    """Remove all that a user told, and the user's name; return how many memories it was."""
    with client.writing():
        return sum(
            remove_all(client, part)
            for part in parts_of(client, persona)
            if audience_of(part) == user != EVERYONE
        )


def forget_ids(client: ChromaClient, persona: Persona, ids: Sequence[str]) -> int:
    """Remove memories by their ids; return how many there were."""
    with client.writing():
        return sum(remove(client, part, ids) for part in parts_of(client, persona))


def export_memories(client: ChromaClient, persona: Persona, to: Path) -> int:
    """Write a persona's memories as JSON lines, without vectors; return how many."""
    kept = memories(client, persona)
    write_jsonl(to, map(asdict, kept))
    return len(kept)


def import_memories(
    client: ChromaClient, persona: Persona, file: Path, options: RuntimeOptions
) -> int:
    """Keep the memories of a JSON lines file; ones with a known id are replaced.

    Raises:
        DataError: A line is no memory; nothing is kept then.
    """
    read = [_memory(row, file, number) for number, row in enumerate(read_jsonl(file), start=1)]
    ChromaMemory(client, persona, find_embeddings(options.embeddings)).add(read)
    return len(read)


def reembed(
    client: ChromaClient,
    persona: Persona,
    options: RuntimeOptions,
    *,
    progress: Progress = no_progress,
) -> int:
    """Make vectors with the embeddings of the options where others made them; return how many."""
    embeddings = find_embeddings(options.embeddings)
    prefix = collection_name(persona.id)
    return rebuild(client, prefix, embeddings, only_others=True, progress=progress)


def repair(
    client: ChromaClient,
    persona: Persona,
    options: RuntimeOptions,
    *,
    progress: Progress = no_progress,
) -> int:
    """Make a persona's index anew, also a damaged one; return how many memories are in it.

    Raises:
        MemoryStoreError: It was made with other embeddings.
    """
    embeddings, prefix = find_embeddings(options.embeddings), collection_name(persona.id)
    with client.reading():
        others = {embeddings_of(each) for each in client.all(prefix)} - {
            embeddings_name(embeddings)
        }
    if others:
        raise MemoryStoreError(
            f"the memory of {persona.name} was made with the embeddings {min(others)!r}, these are "
            f"{embeddings_name(embeddings)!r}. Name those with --embeddings, or use "
            "persllm memory reembed."
        )
    return rebuild(client, prefix, embeddings, progress=progress)


def _nothing_yet(embeddings: str) -> dict[str, Any]:
    return {"facts": {}, "users": set(), "episodes": 0, "embeddings": embeddings}


def _count_in(row: dict[str, Any], part: Any) -> None:  # noqa: ANN401 (a chromadb collection)
    audience = audience_of(part)
    if audience == EVERYONE:
        row["facts"][str(part.metadata["stage"])] = part.count()
    else:
        row["users"].add(audience)
        row["episodes"] += part.count()


def _memory(row: dict[str, Any], file: Path, number: int) -> Memory:
    """Return the memory of a line.

    Raises:
        DataError: It is none.
    """
    names = {field.name for field in fields(Memory)}
    try:
        memory = Memory(**row)
        wrong = [n for n in names - {"stage"} if not isinstance(row.get(n, ""), str)]
        if wrong or not memory.id or memory.kind not in KINDS or type(memory.stage) is not int:
            raise TypeError(f"{wrong or 'id, kind or stage'} is wrong")
    except TypeError as error:
        raise DataError(
            f"{file}:{number}: no memory ({error}): {json.dumps(row):.80}. A line is what `persllm "
            "memory export` writes: id, text, kind, stage and source at least."
        ) from error
    return memory
