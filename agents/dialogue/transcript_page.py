"""A transcript as one HTML page that needs nothing from outside and may be sent to anybody."""

import html
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from string import Template

from persllm.agents.dialogue.scenario import Scenario
from persllm.agents.dialogue.seats import Seat
from persllm.agents.dialogue.stance import Stance
from persllm.agents.dialogue.stance_page import stance_figure
from persllm.agents.dialogue.transcript import SPEECH, Turn, beside, happened, listeners
from persllm.persona import year_text

GOLDEN = 137.508
"""Degrees between the hues of neighbouring seats: far apart, however many sit there."""


def transcript_page(scenario: Scenario, turns: Sequence[Turn], stood: Sequence[Stance] = ()) -> str:
    """Return the page: who said what, who heard it, folded what came up for it, who stood where."""
    places = {seat.id: place for place, seat in enumerate(scenario.seats)}
    several = len({turn.phase for turn in turns if turn.phase}) > 1
    parts, phase = [], ""
    for turn in turns:
        if several and turn.phase and turn.phase != phase:
            phase = turn.phase
            parts.append(f"<h2>{html.escape(phase)}</h2>")
        parts.append(_turn(turn, places.get(turn.seat, 0)))
    return _template().substitute(
        title=html.escape(scenario.title),
        setting=html.escape(scenario.setting),
        cast="\n".join(_seat(seat, place) for place, seat in enumerate(scenario.seats)),
        turns="\n".join(parts),
        stances=stance_figure(stood, [_colour(place) for place, _ in enumerate(stood)]),
    )


def initials(name: str) -> str:
    """Return what stands in a monogram: the first letters of the first and the last name."""
    words = [word for word in name.partition(" of ")[0].split() if word[0].isalnum()]
    letters = [word[0] for word in (words[:1] + words[1:][-1:])]
    return "".join(letters).upper() or "?"


@cache
def _template() -> Template:
    page = files("persllm.agents.dialogue").joinpath("transcript.html")
    return Template(page.read_text(encoding="utf-8"))


def _colour(place: int) -> str:
    return f"hsl({(place * GOLDEN + 200) % 360:.0f} 45% 38%)"


def _mark(name: str, place: int) -> str:
    style = f"background:{_colour(place)}"
    letters = html.escape(initials(name))
    return f'<span class="mark" style="{style}" aria-hidden="true">{letters}</span>'


def _seat(seat: Seat, place: int) -> str:
    told = (
        year_text(seat.stage.last) if seat.stage else "a visitor",
        "" if seat.side == "none" else seat.side,
        seat.role,
    )
    line = html.escape(", ".join(part for part in (seat.name, *told) if part))
    return f"<li>{_mark(seat.name, place)}<span>{line}</span></li>"


def _turn(turn: Turn, place: int) -> str:
    if turn.kind != SPEECH:
        heard = f" ({html.escape(listeners(turn))})" if turn.aside else ""
        return f'<p class="event">{html.escape(happened(turn))}{heard}</p>'
    known = html.escape(beside(turn))
    faults = f'<p class="faults">Faults: {html.escape(", ".join(turn.faults))}.</p>'
    return (
        f'<div class="turn{" aside" if turn.aside else ""}">{_mark(turn.speaker, place)}<div>'
        f'<span class="who">{html.escape(turn.speaker)}<small>{known}</small></span>'
        f"<p>{html.escape(turn.text)}</p>{faults if turn.faults else ''}{_folded(turn)}</div></div>"
    )


def _folded(turn: Turn) -> str:
    """Return what a reader may open: passages with their sources, and the analysis."""
    if not turn.recalled and not turn.analysis:
        return ""
    passages = "".join(
        f"<li>{html.escape(passage.text or passage.id)} <i>({html.escape(passage.source)})</i></li>"
        for passage in turn.recalled
    )
    thought = f"<p>Analysis: {html.escape(turn.analysis)}</p>" if turn.analysis else ""
    count = len(turn.recalled)
    return (
        f"<details><summary>{count} passage{'' if count == 1 else 's'} recalled</summary>"
        f"<ul>{passages}</ul>{thought}</details>"
    )
