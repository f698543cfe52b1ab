"""Where speakers and audience stood, for readers: lines of a table, and curves of a page."""

import html
from collections.abc import Sequence

from persllm.agents.dialogue.stance import Stance, verdict

TITLE = "Where they stood"
ABOUT = (
    "How far each agrees with the motion, from 0 (no) to 1 (yes); a base leans, the change tells."
)
MOVED = {
    "for": "The audience moved towards the motion.",
    "against": "The audience moved away from the motion.",
    "none": "",
}
WIDTH, HEIGHT, EDGE = 640, 160, 8


def stance_table(found: Sequence[Stance]) -> str:
    """Return a section of Markdown; nothing where nobody was asked."""
    if not found:
        return ""
    rows = [
        f"| {each.name} | {_role(each)} | {' → '.join(f'{value:.2f}' for _, value in each.points)} "
        f"| {each.change:+.2f} |"
        for each in found
    ]
    head = ["| | | before → after | change |", "| --- | --- | --- | --- |"]
    lines = [f"## {TITLE}", "", ABOUT, "", *head, *rows, "", MOVED[verdict(found)]]
    return "\n".join(lines).rstrip() + "\n"


def stance_figure(found: Sequence[Stance], colours: Sequence[str]) -> str:
    """Return a section of HTML; nothing where nobody was asked.

    Args:
        found: Where they stood.
        colours: One for each of them, as CSS has it.
    """
    if not found:
        return ""
    last = max(at for each in found for at, _ in each.points) or 1
    pairs = list(zip(found, colours, strict=True))
    lines = "".join(_curve(each, colour, last) for each, colour in pairs)
    names = "".join(_name(each, colour) for each, colour in pairs)
    return (
        f'<h2>{TITLE}</h2><p class="note">{ABOUT}</p>'
        f'<svg class="stances" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{TITLE}">'
        f'<line x1="0" x2="{WIDTH}" y1="{HEIGHT / 2}" y2="{HEIGHT / 2}" class="half"/>{lines}</svg>'
        f'<ul class="note">{names}</ul><p>{MOVED[verdict(found)]}</p>'
    )


def _role(each: Stance) -> str:
    return "audience" if each.side == "none" else each.side


def _curve(each: Stance, colour: str, last: int) -> str:
    at = [
        f"{EDGE + time / last * (WIDTH - 2 * EDGE):.0f},{EDGE + (1 - v) * (HEIGHT - 2 * EDGE):.0f}"
        for time, v in each.points
    ]
    dots = "".join(
        f'<circle cx="{x}" cy="{y}" r="4" fill="{colour}"/>' for x, y in (p.split(",") for p in at)
    )
    return f'<polyline points="{" ".join(at)}" fill="none" stroke="{colour}"/>{dots}'


def _name(each: Stance, colour: str) -> str:
    values = " → ".join(f"{value:.2f}" for _, value in each.points)
    told = html.escape(f"{each.name}, {_role(each)}: {values} ({each.change:+.2f})")
    return f'<li><span style="color:{colour}">●</span> {told}</li>'
