"""Chroma with the collections it has seen, in the process or on a server; safe for threads."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

LOOKS_AGAIN = 30
"""After so many seconds it is asked again for what was not there on a server: another process may
have made it."""
PAGE = 1000


class ChromaClient:
    """A Chroma client with the collections it has seen, safe for threads.

    Used inside `reading` or `writing`; this one is for memory in the process.

    Args:
        where: Folder or address, for messages.
    """

    lasts = True
    """Whether what is kept is there the next time."""

    def __init__(self, where: str, chroma: Any = None) -> None:  # noqa: ANN401 (chromadb's union)
        self.where = where
        self._chroma = chroma
        self._seen = self.changes()
        self._collections: dict[str, Any] = {}
        self._threads = threading.RLock()
        self._written: Counter[str] = Counter()

    @contextmanager
    def reading(self) -> Iterator[None]:
        """While the block runs, what is read is what the last writing left."""
        if self.changes() != self._seen:
            self._seen = self.changes()
            self._forget_absent()
        yield

    @contextmanager
    def writing(self) -> Iterator[None]:
        """While the block runs, nobody else of this process writes."""
        with self._threads, self.reading():
            yield

    def changes(self) -> int:
        """Return a number that is another one when other processes may have written."""
        return 0

    def wrote(self, *parts: str) -> None:
        """Note that something of this name was written, for `version`."""
        self._written.update(parts)

    def version(self, *parts: str) -> int:
        """Return a number that is another one when one of these may have been written."""
        return self.changes() + sum(self._written[part] for part in parts)

    def find(self, name: str) -> Any | None:  # noqa: ANN401 (a chromadb collection)
        """Return the collection of that name, if there is one."""
        from chromadb.errors import NotFoundError

        if name not in self._collections:
            try:
                self._collections[name] = self._chroma.get_collection(name, embedding_function=None)
            except NotFoundError:
                self._collections[name] = None
        return self._collections[name]

    def find_or_create(self, name: str, metadata: dict[str, Any]) -> Any:  # noqa: ANN401
        """Return the collection of that name; a new one gets the metadata."""
        found = self.find(name)
        if found is None:
            found = self._chroma.get_or_create_collection(
                name, embedding_function=None, metadata={**metadata, "hnsw:space": "cosine"}
            )
            self._collections[name] = found
        return found

    def all(self, prefix: str = "") -> list[Any]:
        """Return the collections, all or a persona's, by name."""
        listed: list[Any] = []
        while page := self._chroma.list_collections(limit=PAGE, offset=len(listed)):
            listed += page
        chosen = [each for each in listed if not prefix or f"{each.name}.".startswith(f"{prefix}.")]
        return sorted(chosen, key=lambda each: str(each.name))

    def rename(self, collection: Any, name: str) -> None:  # noqa: ANN401
        """Give a collection another name."""
        self.forget_handle(collection.name)
        collection.modify(name=name)
        self.forget_handle(name)

    def delete(self, name: str) -> None:
        """Remove a collection."""
        self._chroma.delete_collection(name)
        self.forget_handle(name)

    def forget_handle(self, name: str) -> None:
        """Ask for that collection anew the next time: it was removed or made again."""
        self._collections.pop(name, None)

    def _forget_absent(self) -> None:
        self._collections = {name: each for name, each in self._collections.items() if each}


class ServerClient(ChromaClient):
    """A client of a Chroma server, which lets several processes write by itself."""

    def changes(self) -> int:
        """Return another number from time to time: what others wrote is seen that late."""
        return int(time.monotonic() // LOOKS_AGAIN)


def quiet() -> Any:  # noqa: ANN401 (chromadb is imported when it is needed)
    """Return settings by which Chroma does not phone out."""
    from chromadb.config import Settings

    return Settings(anonymized_telemetry=False)
