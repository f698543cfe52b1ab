"""Where plays are kept between their turns: one SQLite file."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from langgraph.checkpoint.sqlite import SqliteSaver

from persllm.errors import ScenarioError


@contextmanager
def kept_in(path: Path) -> Iterator[SqliteSaver]:
    """Open a checkpointer for the block; the file is made where there is none.

    Raises:
        ScenarioError: It is no database, or cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        connection = sqlite3.connect(path, check_same_thread=False)
        saver = SqliteSaver(connection)
        saver.setup()
        # What a killed process wrote stays; only a power cut may take the last turn.
        connection.execute("PRAGMA synchronous = NORMAL")
    except sqlite3.Error as error:
        raise ScenarioError(
            f"{path} cannot be used ({error}). Begin anew with --fresh, or choose another --out."
        ) from error
    try:
        yield saver
    finally:
        connection.close()
