"""Two plots as inline SVG, without scripts: a radar of shares and lines over turns."""

import html
import math
from collections.abc import Mapping, Sequence

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#444444")
"""Told apart by most people who see few colours (after Okabe and Ito)."""
DASHES = ("", "6 3", "2 3", "8 3 2 3", "4 2", "1 2", "")
WIDTH, HEIGHT = 640, 400
MIDDLE, RADIUS = (300.0, 200.0), 140.0
PLOT = (48.0, 24.0, 420.0, 190.0)
"""Left, top, width and height of the lines' field."""
PLOT_HEIGHT = 250

Points = Sequence[tuple[float, float]]


def radar(axes: Sequence[str], series: Mapping[str, Sequence[float | None]]) -> str:
    """Return a radar; values lie between 0 and 1, None is left out of its line."""
    parts = [_open(WIDTH, HEIGHT, f"Radar of {', '.join(axes)}")]
    corners = [_corner(i, len(axes), 1.0) for i in range(len(axes))]
    for ring in (0.25, 0.5, 0.75, 1.0):
        ends = [_corner(i, len(axes), ring) for i in range(len(axes))]
        parts.append(f'<polygon points="{_joined(ends)}" fill="none" stroke="#ddd"/>')
    for (x, y), title in zip(corners, axes, strict=True):
        parts.append(_line(MIDDLE, (x, y), "#ddd"))
        parts.append(_label(title, *_outside(x, y)))
    for i, (name, values) in enumerate(series.items()):
        ends = [_corner(k, len(axes), value) for k, value in enumerate(values) if value is not None]
        parts.append(
            f'<polygon points="{_joined(ends)}" fill="{_colour(i)}" fill-opacity="0.06" '
            f'stroke="{_colour(i)}" stroke-width="2" stroke-dasharray="{_dash(i)}"/>'
        )
        parts.append(_key(name, i, WIDTH - 170, 24 + 20 * i))
    return "".join((*parts, "</svg>"))


def lines(title: str, series: Mapping[str, Points], *, last: int) -> str:
    """Return lines over turns 1 to `last`; values lie between 0 and 1."""
    left, top, width, height = PLOT
    parts = [_open(WIDTH, PLOT_HEIGHT, title), _label(title, left, 14, anchor="start")]
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        y = top + height * (1 - share)
        parts.append(_line((left, y), (left + width, y), "#ddd"))
        parts.append(_label(f"{share:g}", left - 6, y + 4, anchor="end"))
    for turn in sorted({1, *range(10, last + 1, 10), last}):
        parts.append(_label(str(turn), _across(turn, last), top + height + 16))
    for i, (name, points) in enumerate(series.items()):
        ends = [
            (_across(turn, last), top + height * (1 - _clipped(value))) for turn, value in points
        ]
        parts.append(
            f'<polyline points="{_joined(ends)}" fill="none" stroke="{_colour(i)}" '
            f'stroke-width="2" stroke-dasharray="{_dash(i)}"/>'
        )
        parts.append(_key(name, i, WIDTH - 165, 34 + 20 * i))
    return "".join((*parts, "</svg>"))


def _open(width: int, height: int, title: str) -> str:
    return (
        f'<svg viewBox="0 0 {width} {height}" role="img" xmlns="http://www.w3.org/2000/svg" '
        f'font-family="system-ui, sans-serif" font-size="12">'
        f"<title>{html.escape(title)}</title>"
    )


def _corner(i: int, count: int, share: float) -> tuple[float, float]:
    angle = 2 * math.pi * i / count - math.pi / 2
    reach = RADIUS * _clipped(share)
    return MIDDLE[0] + reach * math.cos(angle), MIDDLE[1] + reach * math.sin(angle)


def _outside(x: float, y: float) -> tuple[float, float]:
    return MIDDLE[0] + (x - MIDDLE[0]) * 1.22, MIDDLE[1] + (y - MIDDLE[1]) * 1.14 + 4


def _across(turn: float, last: int) -> float:
    return PLOT[0] + PLOT[2] * (turn - 1) / max(1, last - 1)


def _clipped(share: float) -> float:
    return min(1.0, max(0.0, share))


def _joined(points: Points) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _line(start: tuple[float, float], end: tuple[float, float], colour: str) -> str:
    (x1, y1), (x2, y2) = start, end
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"/>'


def _label(text: str, x: float, y: float, *, anchor: str = "middle") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{html.escape(text)}</text>'


def _key(name: str, i: int, x: float, y: float) -> str:
    stroke = f'stroke="{_colour(i)}" stroke-width="3" stroke-dasharray="{_dash(i)}"'
    return f'<line x1="{x}" y1="{y}" x2="{x + 26}" y2="{y}" {stroke}/>' + _label(
        name, x + 32, y + 4, anchor="start"
    )


def _colour(i: int) -> str:
    return COLOURS[i % len(COLOURS)]


def _dash(i: int) -> str:
    return DASHES[i % len(DASHES)]
