"""Drawn portraits: a persona's initials in its own colour."""

from html import escape
from zlib import crc32

ACCENTS = (
    "#1F5F5B",
    "#8A3B2E",
    "#4A4E8C",
    "#7A5A12",
    "#6B2F5C",
    "#2F6036",
    "#2B567A",
    "#7B3F57",
)
"""Each dark enough for white text (WCAG AA)."""
MOST_INITIALS = 2


def accents(ids: list[str]) -> dict[str, str]:
    """Return a colour for each persona of a page: no two alike while there are enough."""
    return {id_: ACCENTS[place % len(ACCENTS)] for place, id_ in enumerate(sorted(ids))}


def initials(name: str) -> str:
    """Return the first letters of the first and the last word: "NT".

    Of a name in another script it is the first character.
    """
    words = name.split()
    if not words or not words[0][0].isascii():
        return name.strip()[:1]
    chosen = words[:1] + words[1:][-1:]
    return "".join(word[0].upper() for word in chosen)[:MOST_INITIALS]


def portrait(name: str, accent: str, *, size: int = 96) -> str:
    """Return an SVG: the initials within rings whose dashes come from the name."""
    seed = crc32(name.encode())
    rings = "".join(
        f'<circle cx="50" cy="50" r="{radius}" fill="none" stroke="#fff" stroke-opacity="{light}" '
        f'stroke-width="1.4" stroke-dasharray="{4 + seed % dash} {3 + seed // dash % 9}" '
        f'transform="rotate({seed % 360} 50 50)"/>'
        for radius, light, dash in ((45, 0.75, 17), (40.5, 0.45, 29), (36, 0.3, 11))
    )
    return (
        f'<svg class="portrait" width="{size}" height="{size}" viewBox="0 0 100 100" '
        f'aria-hidden="true" focusable="false"><circle cx="50" cy="50" r="50" fill="{accent}"/>'
        f'{rings}<text x="50" y="51" text-anchor="middle" dominant-baseline="central" fill="#fff" '
        f'font-size="30" letter-spacing="1">{escape(initials(name))}</text></svg>'
    )
