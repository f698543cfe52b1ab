"""`persllm play`, `debate` and `scenarios`: turns as they are spoken, and a transcript."""

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from persllm.agents.dialogue.play import Play, voices_for
from persllm.agents.dialogue.scenario import Scenario
from persllm.agents.dialogue.scenario_files import find_scenario, scenario_rows
from persllm.agents.dialogue.stance_page import stance_table
from persllm.agents.dialogue.transcript import SPEECH, Turn, beside, happened
from persllm.agents.options import RuntimeOptions
from persllm.agents.runtime import Runtime, split_speaker
from persllm.ui.cli.actions.seat import HELP, ask_person
from persllm.ui.cli.terminal import remembering, tell_without_adapter
from persllm.workflows.debate import named_debate
from persllm.workflows.play import keep_stances, keep_turns, kept_play, play_folder, write_pages


def run_scenario(
    name: str,
    options: RuntimeOptions,
    *,
    seed: int | None,
    out: Path | None,
    fresh: bool,
    fork: str,
    notes: Sequence[str],
    facts: Sequence[str],
    audience: Sequence[str],
) -> None:
    """Hold a scenario that ships, or one of a file, on the terminal."""
    scenario = find_scenario(name)
    if seed is not None:
        scenario = replace(scenario, seed=seed)
    dropped = [*(("note", text) for text in notes), *(("fact", text) for text in facts)]
    hold_play(
        scenario, options, out=out, fresh=fresh, fork=fork, dropped=dropped, audience=audience
    )


def run_debate(
    names: Sequence[str],
    options: RuntimeOptions,
    *,
    motion: str,
    format: str,
    turns: int | None,
    rounds: int | None,
    seed: int,
    out: Path | None,
    fresh: bool,
    audience: Sequence[str],
) -> None:
    """Hold a debate between personas that are named on the terminal."""
    scenario = named_debate(
        names, motion=motion, format=format, turns=turns, rounds=rounds, seed=seed
    )
    hold_play(scenario, options, out=out, fresh=fresh, audience=audience)


def hold_play(
    scenario: Scenario,
    options: RuntimeOptions,
    *,
    out: Path | None,
    fresh: bool,
    fork: str = "",
    dropped: Sequence[tuple[str, str]] = (),
    audience: Sequence[str] = (),
) -> None:
    """Hold a play on the terminal, from where it stands; who sits at it sees what he hears."""
    console = Console()
    runtime = Runtime(options, progress=remembering)
    hearers = [split_speaker(name) for name in audience]
    folder = out or play_folder(scenario, runtime, fork=fork)
    voices = voices_for(scenario, runtime)
    for chat in voices.values():
        tell_without_adapter(runtime, chat)
    with kept_play(scenario, runtime, voices, folder, fork=fork, fresh=fresh) as play:
        console.rule(escape(scenario.title))
        if any(seat.is_human for seat in scenario.seats):
            console.print(escape(HELP))
        _go_on(play, folder, console, dropped)
        listening = [runtime.chat(persona, stage=stage) for persona, stage in hearers]
        found = keep_stances(play, voices, folder, listening)
        console.print(escape(stance_table(found)))
    files = "\n            ".join(str(path) for path in sorted(folder.glob("transcript.*")))
    console.print(f"transcript: {escape(files)}", soft_wrap=True)


def list_scenarios(*, as_json: bool) -> None:
    """Print the scenarios that ship."""
    rows = scenario_rows()
    if as_json:
        print(json.dumps([asdict(row) for row in rows], indent=2))
        return
    table = Table("scenario", "format", "title", "cast", box=None, pad_edge=False)
    for row in rows:
        table.add_row(row.id, row.format, row.title, ", ".join(row.cast))
    console = Console()
    console.print(table)
    console.print("\nHold one: persllm play SCENARIO")


def _go_on(play: Play, folder: Path, console: Console, dropped: Sequence[tuple[str, str]]) -> None:
    """Show what was said before, then each turn as it is spoken, and say how it ended."""
    if play.is_finished:
        write_pages(play, folder)
        spoken = sum(turn.slot >= 0 for turn in play.turns)
        console.print(
            f"This play is finished: {spoken} turns. Begin anew with --fresh, draw another with "
            f"--seed, or fork it with: persllm play ... --fork {escape(str(folder))}@TURN\n",
            soft_wrap=True,
        )
        return
    for kind, text in dropped:
        play.drop("note" if kind == "note" else "fact", text)
    for turn in play.turns:
        _show_heard(console, play.scenario, turn)
    try:
        for turn in keep_turns(play, folder, lambda seat: ask_person(console, play, seat)):
            _show_heard(console, play.scenario, turn)
    except EOFError:
        console.print("\nThe play waits for you; the same command goes on.")


def _show_heard(console: Console, scenario: Scenario, turn: Turn) -> None:
    """Print one turn, unless a person sits at the table who does not hear it."""
    people = {seat.id for seat in scenario.seats if seat.is_human}
    if not people or people & set(turn.heard_by):
        show_turn(console, turn)


def show_turn(console: Console, turn: Turn) -> None:
    """Print one turn."""
    if turn.kind != SPEECH:
        console.print(f"[italic]{escape(happened(turn))}[/italic]\n")
        return
    known = f" ({escape(beside(turn))})" if beside(turn) else ""
    console.print(f"[bold]{escape(turn.speaker)}[/bold]{known}: {escape(turn.text)}\n")
