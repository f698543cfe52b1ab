"""In which year a text was written: letters' and entries' date lines, folders' and files' names.

Years that a text merely tells of do not date it. "Down, June 5th, 1855", "[1844]", "1860-05-03",
"On the 3rd of May, 1860" at the head of a letter or an entry do.
"""

import re
from collections.abc import Sequence

from persllm.persona import Persona, Stage

MONTH = (
    r"(?:Jan(?:uary|\.)?|Feb(?:ruary|\.)?|Mar(?:ch|\.)?|Apr(?:il|\.)?|May|June?|July?|"
    r"Aug(?:ust|\.)?|Sept?(?:ember|\.)?|Oct(?:ober|\.)?|Nov(?:ember|\.)?|Dec(?:ember|\.)?)"
)
YEAR = r"(?P<year>1[0-9]{3}|20[0-2][0-9])"
DATES = (
    re.compile(rf"\b{MONTH}\s+\d{{1,2}}(?:st|nd|rd|th)?\s?\??[\]),.]*\s*[\[(]?{YEAR}"),
    re.compile(rf"\b\d{{1,2}}(?:st|nd|rd|th)?\s+(?:of\s+)?{MONTH},?\s*[\[(]?{YEAR}"),
    re.compile(rf"\b{MONTH},?\s+[\[(]?{YEAR}"),
    re.compile(rf"\b{YEAR}-[01]\d-[0-3]\d\b"),
    re.compile(rf"\b[0-3]?\d[./][01]?\d[./]{YEAR}\b"),
    re.compile(rf"\[\??{YEAR}\s?\??\]"),
)
RANGE = re.compile(
    r"(?<!\d)(?P<first>1[0-9]{3}|20[0-2]\d)(?:\s?[-\u2013_]\s?(?P<last>\d{2,4}))?(?!\d)"
)
DATE_LINE = 160
"""Characters at the head of a paragraph in which a date dates what follows."""
BARE_YEAR = re.compile(rf"^\W*{YEAR}\W*$")


def year_at_head(paragraph: str, *, is_heading: bool) -> int | None:
    """Return the year in which what follows was written, where the paragraph opens with a date.

    Args:
        paragraph: As the file has it.
        is_heading: It is a heading or a date line; a date anywhere in its head counts.
    """
    flat = " ".join(paragraph.split())
    bare = BARE_YEAR.match(flat)
    if bare and is_heading:
        return int(bare["year"])
    head = flat[:DATE_LINE]
    found = [match for pattern in DATES if (match := pattern.search(head))]
    match = min(found, key=lambda m: m.start(), default=None)
    if match is None:
        return None
    before = head[: match.start()]
    opens = is_heading or (len(before) < 50 and not re.search(r"(?<!\w)[a-z]{3,}", before))
    return int(match["year"]) if opens else None


def year_of_name(name: str) -> int | None:
    """Return the last year that a folder's or file's name holds: "1_voyage_1831-36" is 1836."""
    found = list(RANGE.finditer(name))
    if not found:
        return None
    first, last = found[-1]["first"], found[-1]["last"] or found[-1]["first"]
    return int(first[: len(first) - len(last)] + last) if len(last) < 4 else int(last)


def stage_of_year(persona: Persona, year: int) -> Stage | None:
    """Return the first stage that knows the year and has begun by then."""
    for stage in persona.stages:
        if stage.first <= year <= stage.last:
            return stage
    return None


def stage_of_name(persona: Persona, parts: Sequence[str]) -> tuple[Stage, str] | None:
    """Return (stage, why) by the nearest folder or file that is called after a stage, or None."""
    for part in reversed(parts):
        plain = re.sub(r"[^a-z0-9]+", "-", part.lower()).strip("-")
        for stage in persona.stages:
            names = {stage.id, *(folder.lower() for folder in stage.folders)}
            if part.lower() in names or any(
                re.match(rf"(?:\d+-)?{re.escape(name)}(?:-|$)", plain) for name in names
            ):
                return stage, f"the name {part!r}"
        edge = re.match(r"(early|late)(?:-|$)", plain)
        if edge and len(persona.stages) > 1:
            return persona.stages[0 if edge[1] == "early" else -1], f"the name {part!r}"
    return None


def stage_of_years(persona: Persona, parts: Sequence[str]) -> tuple[Stage, str] | None:
    """Return (stage, why) by the nearest folder or file whose name holds a year, or None."""
    for part in reversed(parts):
        year = year_of_name(part)
        stage_found = stage_of_year(persona, year) if year else None
        if stage_found:
            return stage_found, f"the year {year} in {part!r}"
    return None
