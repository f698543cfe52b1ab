"""WhatsApp's text export, with date and time as phones of all countries write them.

The order of the numbers in a date is the country's. It is told from the whole log: every line must
be a day there is, and time goes on.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

from persllm.tables import table
from persllm.training.importing.document import Document, Turn
from persllm.training.importing.readers.notices import no_words
from persllm.training.importing.readers.pauses import Timed, parted

DATE = (
    r"\d{1,4}\s?[./\u5e74-]\s?\d{1,2}\s?[./\u6708-]\s?\d{1,4}[.\u65e5]?|\d{1,2}\.? "
    r"[^\W\d]{3,12}\.?,? \d{4}|[^\W\d]{3,12}\.? \d{1,2}, \d{4}"
)
CLOCK = r"\d{1,2}(?:\s?[:.]\s?|\s?h\s?)\d{2}(?:[:.]\d{2})?"
STAMP = re.compile(
    rf"(?P<date>{DATE})(?P<link>[^\d:]{{1,16}}?)(?P<clock>{CLOCK})(?P<half>[^\d:]{{0,16}})|"
    rf"(?P<clock_first>{CLOCK})(?P<half_first>[^\d:]{{0,16}}?)[,\s]\s*(?P<date_last>{DATE})"
)
"""A date and a time, with whatever small words stand between and after them."""
LINES = (
    re.compile(r"\[(?P<stamp>[^\[\]\n]{8,60})\]\s*(?P<rest>.*)"),
    re.compile(r"(?P<stamp>[^\n]{8,50}?)\s[-\u2013\u2014]\s(?P<rest>.*)"),
    re.compile(rf"(?P<stamp>(?:{DATE}),?\s+{CLOCK}(?:\s?[aApP]\.?\s?[mM]\.?)?):?\s(?P<rest>.*)"),
)
"""A stamp in brackets, before a dash, or bare."""
SAID = re.compile(r"(?P<speaker>[^:\n]{1,60}):\s(?P<text>.*)")
MARKS = re.compile(r"[\u200b-\u200f\u202a-\u202e\u2066-\u2069]")
MIN_SAID = 2
FIRST_YEAR = 9
"""WhatsApp began in 2009, so a number below is no year."""
ORDERS = ("dmy", "mdy")
"""Where the year does not come first."""
MONTHS = {
    name: number
    for number, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)
}


@dataclass(frozen=True, slots=True)
class Stamped:
    """A line that begins a message."""

    date: str
    seconds: int
    """Since midnight."""
    rest: str


def looks_like_whatsapp(text: str) -> bool:
    """Tell whether messages with a date, a time and a speaker begin the text or fill its lines."""
    lines = [line for line in text[:200_000].split("\n") if line.strip()]
    found = [stamped(line) for line in lines]
    said = sum(each is not None and SAID.match(each.rest) is not None for each in found)
    head = found[:40]
    begins = any(head[:5]) or sum(map(bool, head)) >= 0.3 * len(head)
    return said >= MIN_SAID and begins


def read_whatsapp(text: str, *, notes: tuple[str, ...] = ()) -> Document:
    """Return the turns of a WhatsApp export; notices and left-out pictures are counted."""
    messages: list[tuple[int, Stamped, list[str]]] = []
    for number, line in enumerate(text.split("\n"), start=1):
        begun = stamped(line)
        if begun:
            messages.append((number, begun, [begun.rest]))
        elif messages and line.strip():
            messages[-1][2].append(line.strip())
    order = _order([each.date for _, each, _ in messages])
    turns = [_turn(*message, order=order) for message in messages]
    spoken = [each for each in turns if each is not None]
    if len(spoken) < len(turns):
        notes += (f"{len(turns) - len(spoken)} notices and left-out pictures dropped",)
    return Document(form="chat", turns=tuple(parted(spoken)), notes=notes)


def stamped(line: str) -> Stamped | None:
    """Return what begins a message, None where a line goes on with one."""
    plain = _plain(line)
    for pattern in LINES:
        found = pattern.fullmatch(plain)
        stamp = found and STAMP.fullmatch(found["stamp"].strip())
        if found and stamp:
            clock = stamp["clock"] or stamp["clock_first"]
            halves = (stamp["link"] or "", stamp["half"] or stamp["half_first"] or "")
            date = stamp["date"] or stamp["date_last"]
            return Stamped(date, _seconds(clock, *halves), found["rest"])
    return None


def _turn(number: int, begun: Stamped, lines: Sequence[str], *, order: str) -> Timed | None:
    said = SAID.match(lines[0])
    if said is None:
        return None
    text = " ".join([said["text"].strip(), *lines[1:]]).strip()
    if not text or no_words(text):
        return None
    day = _day(begun.date, order)
    turn = Turn(
        speaker=said["speaker"].strip(),
        text=text,
        where=f"line {number}",
        year=_year(begun.date),
        scene="" if day else begun.date,
    )
    return Timed(turn, day.timestamp() + begun.seconds if day else None)


def _plain(line: str) -> str:
    """Return a line with plain blanks, plain digits and without direction marks."""
    line = re.sub(r"[\u202f\u00a0\u2009]", " ", MARKS.sub("", line)).replace("\u060c", ",").strip()
    return re.sub(r"\d", lambda at: str(unicodedata.digit(at[0])), line)


def _seconds(clock: str, *halves: str) -> int:
    hour, minute, second = ([*map(int, re.findall(r"\d+", clock)), 0])[:3]
    said = {re.sub(r"[.,()\s]", "", half).lower() for half in halves}
    if said & {*table(f"{__package__}.day_halves")}:
        hour = hour % 12 + 12
    elif "am" in said:
        hour %= 12
    return (hour * 60 + minute) * 60 + second


def _numbers(date: str) -> list[int]:
    """Return the three numbers of a date; a month by its name comes second."""
    numbers = [int(part) for part in re.findall(r"\d+", date)]
    if len(numbers) == 2:
        name = re.search(r"[^\W\d]{3}", date)
        numbers.insert(1, MONTHS.get(name[0].lower(), 0) if name else 0)
    return numbers


def _year(date: str) -> int | None:
    numbers = _numbers(date)
    long = [number for number in numbers if number > 999]
    year = long[0] if long else 2000 + (numbers[2] if numbers[2] >= FIRST_YEAR else numbers[0])
    if year > 2400:  # Buddhist
        year -= 543
    elif 1380 <= year < 1420:  # Persian
        year += 621
    elif 1430 <= year < 1480:  # Islamic
        year = round(year * 0.970224 + 621.57)
    return year if 1000 < year < 2200 else None


def _day(date: str, order: str) -> datetime | None:
    numbers, year = _numbers(date), _year(date)
    if re.search(r"[^\W\d]{3}", date):
        order = "dmy"
    if numbers[0] > 31 or numbers[2] < FIRST_YEAR:
        order = "ymd"
    month, day = (numbers[order.index(letter)] for letter in "md")
    try:
        return datetime(year or 1, month, day, tzinfo=UTC)
    except ValueError:
        return None


def _order(dates: Sequence[str]) -> str:
    """Return the order of day, month and year in which most dates are days, and time goes on."""
    distinct = list(dict.fromkeys(dates))

    def faults(order: str) -> tuple[int, int, float]:
        days = [_day(date, order) for date in distinct]
        known = [day.timestamp() for day in days if day]
        back = sum(b < a for a, b in pairwise(known))
        return days.count(None), back, max(known, default=0.0) - min(known, default=0.0)

    return min(ORDERS, key=faults)
