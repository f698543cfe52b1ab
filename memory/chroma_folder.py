"""A Chroma folder that threads and processes may share.

A Chroma folder is made for one process: two that write destroy its index, and one that was opened
first does not see what others wrote. So whoever uses a folder holds the lock file in it for as long
as one reading or writing takes, and every writing adds one to a number beside it. Who finds that
others added to the number opens the folder anew, before it reads or writes.
"""

import atexit
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from persllm.errors import MemoryStoreError
from persllm.memory.chroma_client import ChromaClient, quiet

LOCK = "in-use.lock"
NUMBER = "writings"
"""File with the number of writings so far, of all processes."""
LONGEST_WAIT = 300
"""Seconds until a process gives up waiting for others that use the folder."""
DATABASE = "chroma.sqlite3"
logger = logging.getLogger(__name__)


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
                self.reopen()
                self._seen = self.changes()
            try:
                yield
            except BaseException:
                self.close()  # what it holds in memory may be half of it
                raise

    @contextmanager
    def writing(self) -> Iterator[None]:
        """As `reading`; other processes learn of it even if this one is killed meanwhile."""
        with self.reading():
            self._add_to_number()
            yield

    def changes(self) -> int:
        """Return the number of writings by other processes."""
        return self._number() - self._own

    @property
    def folder(self) -> Path:
        """Where the database is."""
        return self._folder

    def reopen(self) -> None:
        """Open the database anew, inside `writing`: what is on disk counts."""
        self.close()
        self._chroma = _open_folder(self._folder)

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


def is_read_only(folder: Path) -> bool:
    """Tell whether there is a memory in the folder that cannot be written."""
    database = folder / DATABASE
    by_whom = {"effective_ids": os.access in os.supports_effective_ids}
    return database.is_file() and not all(
        os.access(path, os.W_OK, **by_whom) for path in (folder, database)
    )


def open_read_only(folder: Path) -> FolderClient:
    """Open a copy: Chroma writes also where it only reads."""
    copy = Path(tempfile.mkdtemp(prefix="persllm-memory-"))
    atexit.register(shutil.rmtree, copy, ignore_errors=True)
    others = shutil.ignore_patterns(LOCK)
    shutil.copytree(folder, copy, dirs_exist_ok=True, ignore=others, copy_function=shutil.copyfile)
    copy.chmod(0o700)  # copytree gave it the rights of the folder
    logger.warning(
        "the memory at %s cannot be written: it is read, and what visitors tell is forgotten when "
        "this process ends. To keep it, make the folder writable, or name another with --memory.",
        folder,
    )
    return FolderClient(copy, where=str(folder), lasts=False)


def _open_folder(folder: Path) -> Any:  # noqa: ANN401 (chromadb's union of clients)
    import chromadb

    return chromadb.PersistentClient(str(folder), settings=quiet())
