"""A build's asking cut into shards, for processes, machines or a Ray cluster.

A shard asks for its share of the assignments and keeps the answers in a store of its own. The build
that follows takes all stores over and finds every answer there: what it writes is byte for byte
what a single run writes, because it is one. Which shard asks what is decided by each assignment's
own hash. What a teacher leaves out is made up for in the last build.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from persllm.errors import DataError, EngineError
from persllm.training.data.teacher import Assignment
from persllm.training.data.teachers.chat_teacher import ChatTeacher
from persllm.training.data.teachers.several import draw_of

SHARDS_FOLDER = "teacher-shards"


@dataclass(frozen=True, slots=True)
class Shard:
    """One of several equal shares."""

    number: int
    """From 1."""
    of: int

    def __post_init__(self) -> None:
        if not 1 <= self.number <= self.of:
            raise DataError(f"there is no shard {self.number} of {self.of}; write --shard 1/8")

    def path(self, folder: Path) -> Path:
        """Return the store of this shard."""
        return folder / f"{self.number:05d}-of-{self.of:05d}.sqlite"

    def share(self, assignments: Iterable[Assignment]) -> Iterator[Assignment]:
        """Yield what this shard asks for."""
        for each in assignments:
            if int(draw_of(each, "shard") * self.of) + 1 == self.number:
                yield each


def parsed_shard(text: str) -> Shard:
    """Return the shard that "3/8" names.

    Raises:
        DataError: It names none.
    """
    number, _, of = text.partition("/")
    if not (number.isdecimal() and of.isdecimal()):
        raise DataError(f"{text!r} is no shard; write --shard 1/8 for the first of eight")
    return Shard(int(number), int(of))


def ask_shard(teacher: ChatTeacher, shard: Shard, assignments: Iterable[Assignment]) -> int:
    """Ask for a shard's share; returns how many drafts came of it. Goes on where it was stopped."""
    drafts = teacher.stream(shard.share(assignments))
    return sum(draft is not None for draft in drafts)


def stores_in(folder: Path) -> list[Path]:
    """Return the stores of all shards, to be taken over."""
    return sorted(folder.glob("*-of-*.sqlite"))


def ask_on_ray(ask: Callable[[str], int], shards: int) -> int:
    """Ask for all shards as a Ray Data job, one task a shard; returns how many drafts came.

    Args:
        ask: Asks for the shard that "3/8" names; it must be importable on every node, and what it
            writes must be on storage that all nodes share.
        shards: How many.

    Raises:
        EngineError: Ray is not installed.
    """
    try:
        import ray  # pyright: ignore[reportMissingImports]  # an extra
    except ImportError as error:
        raise EngineError(
            "shards on a cluster need Ray: pip install 'persllm[ray]'. Without it, start each "
            "shard yourself: --shard 1/8 to --shard 8/8."
        ) from error
    names = [{"shard": f"{number}/{shards}"} for number in range(1, shards + 1)]
    rows = ray.data.from_items(names, override_num_blocks=shards)
    done = rows.map(lambda row: {"drafts": ask(row["shard"])}).take_all()
    return sum(int(row["drafts"]) for row in done)
