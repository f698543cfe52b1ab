"""Plays on disk: a folder for each, where it is kept turn by turn and may be gone on with."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from persllm.agents.chat_persona import ChatPersona
from persllm.agents.dialogue.checkpoints import kept_in
from persllm.agents.dialogue.play import Listen, Play, first_turns
from persllm.agents.dialogue.scenario import Scenario
from persllm.agents.dialogue.stance import Stance, seated, stances
from persllm.agents.dialogue.stance_page import stance_table
from persllm.agents.dialogue.transcript import (
    ROWS,
    Turn,
    append_turn,
    read_transcript,
    write_transcript,
)
from persllm.agents.dialogue.transcript_page import transcript_page
from persllm.agents.runtime import Runtime
from persllm.errors import ScenarioError
from persllm.files import digest, write_json, write_text

PLAYS_FOLDER = "plays"
CHECKPOINTS, IDENTITY, LOCK, HTML = "play.sqlite", "play.id", ".lock", "transcript.html"
STANCES = "stances.json"


def play_id(scenario: Scenario, runtime: Runtime, *, fork: str = "") -> str:
    """Return what tells one play from another: all that its words depend on."""
    options = runtime.options
    asked = (options.of_replies, options.recall, options.use_memory, options.use_adapter)
    return digest(scenario.digest(), str(scenario.seed), runtime.base.key, repr(asked), fork)


def play_folder(scenario: Scenario, runtime: Runtime, *, fork: str = "") -> Path:
    """Return where a play is kept: the same command finds the same folder."""
    name = f"{scenario.id}-{play_id(scenario, runtime, fork=fork)[:8]}"
    return runtime.runs / PLAYS_FOLDER / name


@contextmanager
def kept_play(
    scenario: Scenario,
    runtime: Runtime,
    voices: dict[str, ChatPersona],
    folder: Path,
    *,
    fork: str = "",
    fresh: bool = False,
) -> Iterator[Play]:
    """Open a play that is kept in a folder; one that is there already goes on.

    Args:
        scenario: What is played.
        runtime: What it runs on.
        voices: Who speaks for each seat of a persona.
        folder: Where it is kept.
        fork: "FOLDER@TURN": begin as that play stood after so many spoken turns.
        fresh: Forget what is there and begin anew.

    Raises:
        ScenarioError: The folder holds another play, or one that is being held just now, or what
            it is forked from cannot be read.
    """
    folder.mkdir(parents=True, exist_ok=True)
    before = _forked(scenario, fork) if fork else []
    with _alone(folder):
        _claim(folder, play_id(scenario, runtime, fork=fork), fresh=fresh)
        with kept_in(folder / CHECKPOINTS) as saver:
            play = Play(scenario, voices, checkpointer=saver)
            if before and not play.turns:
                play.begin_with(before)
            yield play


def keep_turns(play: Play, folder: Path, listen: Listen | None = None) -> Iterator[Turn]:
    """Yield a play's turns from where it stands; each is on disk before it is yielded."""
    rows, _ = write_transcript(folder, play.turns, title=play.scenario.title)
    try:
        for turn in play.go_on(listen):
            append_turn(rows, turn)
            yield turn
    finally:
        write_pages(play, folder)


def write_pages(play: Play, folder: Path) -> None:
    """Write the transcript whole: JSON lines, Markdown and one HTML page."""
    turns, stood = play.turns, _kept_stances(folder)
    write_transcript(folder, turns, title=play.scenario.title, after=stance_table(stood))
    write_text(folder / HTML, transcript_page(play.scenario, turns, stood))


def keep_stances(
    play: Play, voices: dict[str, ChatPersona], folder: Path, audience: Sequence[ChatPersona] = ()
) -> list[Stance]:
    """Return where speakers and audience of a finished debate stood; asked once, then kept.

    Nobody is asked of what is no debate, or where the engine cannot tell how likely a reply is.
    """
    if play.scenario.format.kind != "debate" or not play.is_finished or not voices:
        return []
    scorer: Any = next(iter(voices.values())).engine
    if (kept := _kept_stances(folder)) or not hasattr(scorer, "score"):
        return kept
    found = stances(play.scenario, voices, play.turns, audience=seated(audience), scorer=scorer)
    write_json(folder / STANCES, [asdict(each) for each in found])
    write_pages(play, folder)
    return found


def _kept_stances(folder: Path) -> list[Stance]:
    if not (folder / STANCES).is_file():
        return []
    rows = json.loads((folder / STANCES).read_text(encoding="utf-8"))
    return [Stance(**{**row, "points": tuple(map(tuple, row["points"]))}) for row in rows]


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    lock = FileLock(folder / LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise ScenarioError(
            f"{folder} is in use: this play is being held by another process. Wait for it, or "
            "choose another --out."
        ) from error
    try:
        yield
    finally:
        lock.release()


def _claim(folder: Path, identity: str, *, fresh: bool) -> None:
    """See that a folder holds this play or none."""
    path = folder / IDENTITY
    if fresh:
        for each in [*folder.glob(f"{CHECKPOINTS}*"), folder / STANCES]:
            each.unlink(missing_ok=True)
    elif path.is_file() and path.read_text(encoding="utf-8").strip() != identity:
        raise ScenarioError(
            f"{folder} holds another play: of another scenario, seed, base or sampling. Choose "
            "another --out, or begin anew in it with --fresh."
        )
    write_text(path, identity + "\n")


def _forked(scenario: Scenario, fork: str) -> list[Turn]:
    """Return the turns that "FOLDER@TURN" names."""
    name, _, number = fork.rpartition("@")
    if not name or not number.isdecimal() or not (Path(name) / ROWS).is_file():
        raise ScenarioError(
            f"there is no play to fork at {fork!r}. Name its folder and a turn, such as "
            f"runs/{PLAYS_FOLDER}/currents-1a2b3c4d@4."
        )
    try:
        turns = first_turns(read_transcript(Path(name) / ROWS), int(number))
    except ValueError as error:
        raise ScenarioError(f"{name} cannot be forked at {number}: {error}.") from error
    strange = {turn.seat for turn in turns if turn.seat} - {seat.id for seat in scenario.seats}
    if strange:
        raise ScenarioError(
            f"{name} cannot be forked: {', '.join(sorted(strange))} sit there, and not in "
            f"{scenario.title!r}. Fork it with its own scenario."
        )
    return turns
