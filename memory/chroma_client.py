"""Chroma, opened so that threads and processes may share it.

A Chroma folder is made for one process: two that write destroy its index, and one that was opened
first does not see what others wrote. So whoever uses a folder holds the lock file in it for as long
as one reading or writing takes, and every writing adds one to a number beside it. Who finds that
others added to the number opens the folder anew, before it reads or writes.
"""

import logging
import os
import shutil
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from persllm.errors import MemoryStoreError

LOCK = "in-use.lock"
NUMBER = "writings"
"""File with the number of writings so far, of all processes."""
LONGEST_WAIT = 300
"""Seconds until a process gives up waiting for others that use the folder."""
LOOKS_AGAIN = 30
"""After so many seconds it is asked again for what was not there on a server: another process may
have made it."""
DATABASE = "chroma.sqlite3"
PAGE = 1000
logger = logging.getLogger(__name__)


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


class FolderClient(ChromaClient):
    """A Chroma folder, opened anew when other processes wrote to it.

    Args:
        folder: It is made where it is missing.
        lasts: Whether the folder stays.
    """

    def __init__(self, folder: Path, *, where: str = "", lasts: bool = True) -> None:
        from filelock import FileLock

        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._own = 0
        """Writings of this process."""
        self._processes = FileLock(
            folder / LOCK, timeout=LONGEST_WAIT, poll_interval=0.005, thread_local=False
        )
        self.lasts = lasts
        super().__init__(where or str(folder))
        with self.reading():
            pass  # opens it

    @contextmanager
    def reading(self) -> Iterator[None]:
        """While the block runs, no other thread or process uses the folder.

        Readers exclude each other too: Chroma brings its index up to date when it is read.

        Raises:
            MemoryStoreError: Another process holds it for very long.
        """
        with self._threads, self._alone():
            if self._chroma is None or self.changes() != self._seen:
                self.close()
                self._chroma = _open_folder(self._folder)
                self._seen = self.changes()
            yield

    @contextmanager
    def writing(self) -> Iterator[None]:
        """As `reading`; other processes learn of it even if this one is killed meanwhile."""
        with self.reading():
            self._add_to_number()
            try:
                yield
            except BaseException:
                self.close()  # what it holds in memory may be half of it
                raise

    def changes(self) -> int:
        """Return the number of writings by other processes."""
        return self._number() - self._own

    @property
    def folder(self) -> Path:
        """Where the database is."""
        return self._folder

    def close(self) -> None:
        """Close the database; the next use opens it."""
        if self._chroma is not None:
            self._chroma.close()
        self._chroma = None
        self._collections = {}

    @contextmanager
    def _alone(self) -> Iterator[None]:
        from filelock import Timeout

        try:
            self._processes.acquire()
        except Timeout as error:
            raise MemoryStoreError(
                f"another process has been using the memory at {self.where} for {LONGEST_WAIT} s. "
                "Wait for it or end it, or name another folder with --memory."
            ) from error
        try:
            yield
        finally:
            self._processes.release()

    def _add_to_number(self) -> None:
        """Write over the number, never emptying it: a kill must not set it back."""
        number = f"{self._number() + 1:020}".encode()
        file = os.open(self._folder / NUMBER, os.O_WRONLY | os.O_CREAT, 0o666)
        try:
            os.write(file, number)
        finally:
            os.close(file)
        self._own += 1

    def _number(self) -> int:
        try:
            return int((self._folder / NUMBER).read_text() or 0)
        except FileNotFoundError:
            return 0


def open_client(where: str | Path | None) -> ChromaClient:
    """Open Chroma: a folder, a server ("http://host:port"), or None for memory that is not kept.

    Who opens the same again in one process gets the same.

    Raises:
        MemoryStoreError: The folder cannot be made or read, or no server answers.
    """
    try:
        if where is None or is_server(where):
            return _opened(None if where is None else str(where))
        return _opened(Path(where).resolve())
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
        return ChromaClient("this process", chromadb.EphemeralClient(settings=_quiet()))
    if isinstance(where, Path):
        return _read_only(where) if _is_read_only(where) else FolderClient(where)
    address = urlparse(where)
    chroma = chromadb.HttpClient(
        host=address.hostname or "localhost",
        port=address.port or 8000,
        ssl=address.scheme == "https",
        settings=_quiet(),
    )
    return ServerClient(where, chroma)


def _is_read_only(folder: Path) -> bool:
    database = folder / DATABASE
    return database.is_file() and not (os.access(folder, os.W_OK) and os.access(database, os.W_OK))


def _read_only(folder: Path) -> FolderClient:
    """Open a copy: Chroma writes also where it only reads."""
    copy = Path(tempfile.mkdtemp(prefix="persllm-memory-"))
    _removed_at_exit(copy)
    shutil.copytree(
        folder, copy, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.lock"),
        copy_function=shutil.copyfile,
    )  # fmt: skip
    logger.warning(
        "the memory at %s cannot be written: it is read, and what visitors tell is forgotten when "
        "this process ends. To keep it, make the folder writable, or name another with --memory.",
        folder,
    )
    return FolderClient(copy, where=str(folder), lasts=False)


def _removed_at_exit(folder: Path) -> None:
    import atexit

    atexit.register(shutil.rmtree, folder, ignore_errors=True)


def _open_folder(folder: Path) -> Any:  # noqa: ANN401 (chromadb's union of clients)
    import chromadb

    return chromadb.PersistentClient(str(folder), settings=_quiet())


def _quiet() -> Any:  # noqa: ANN401 (chromadb is imported when it is needed)
    from chromadb.config import Settings

    return Settings(anonymized_telemetry=False)
