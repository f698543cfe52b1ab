"""A visitor's turn as clauses, each of which tells one thing; questions and commands are left out.

People on a chat page write "hi, im shona i live in lisbon and work as a nurse, you?" So spelling is
mended, quotes are set aside, and what is asked after what is told is cut off. English.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from persllm.sentences import sentences

LONGEST = 60
"""Words; a longer sentence is no remark but a text."""
APOSTROPHES = str.maketrans({"\u2019": "'", "\u2018": "'", "\u02bc": "'", "`": "'", "´": "'"})
QUOTE = re.compile(
    r"\"[^\"\n]+\"|\u201c[^\u201d\n]+\u201d|\u00ab[^\u00bb\n]+\u00bb|(?<!\w)'[^'\n]+ [^'\n]+'(?!\w)"
)
ASIDE = re.compile("\ue000(\\d+)\ue001")
"""Stands for a quote that was set aside."""
CODE = re.compile(r"```.*?(?:```|\Z)|^\s*>.*$", re.DOTALL | re.MULTILINE)
"""What was pasted: code, and lines that are quoted as in letters."""
MY_CLAUSE = (
    r"my (?:[\w'-]+ ){1,3}(?:is|isn't|are|aren't|was|were|has|had|lives?|works?|likes?|loves?|"
    r"hates?|plays?|died|moved|can|will|called)\b"
)
OTHERS = (
    r"(?:it(?:'s| is) [A-Z]|(?:he|she|it|they)(?:'s|'re| is| are) (?:called|named|\d|an? )|(?:his|her|its|their) names?"
    r"(?:'s| is| are)\b|(?:he|she) (?:lives|works|moved|studies)\b)"
)
GOING_ON = (
    r"(?:work(?:ed)? (?:as|at|for|in)\b|live[sd]? in\b|am\b|have (?:an?|two|three|four|five|\d+)\b|"
    r"play the\b|teach\b|study\b|love\b|hate\b)"
)
"""Second verbs of one "I": "I live in Leeds and work as a nurse"."""
APART = re.compile(
    rf"\s*(?:\s[–—-]\s|[;:–—]|\.\.+|,)\s*(?:(?:and|but|so|then|plus)\s+)?(?=(?:I|we)\b|name(?:'s| is)\b|{MY_CLAUSE}|our \w+ (?:is|are)|{OTHERS})"
    rf"|\s+(?:and|but|plus|so)\s+(?=(?:I|we)\b|{MY_CLAUSE}|{OTHERS})"
    rf"|(?:,|,?\s+and)\s+(?={GOING_ON})"
    rf"|(?P<run_on>\s+)(?=(?:I'm|I am|I have|I live|my)\s)",
)
BEGUN = re.compile(
    rf"(?:I|we)(?:'\w+)? \S+|(?:I|we)'\w+ \S|(?i:{MY_CLAUSE})|call me \w|\w+ (?:is|are) \w|"
    r"(?i:you \w|(?:the )?name's|my \w+(?: \w+)? \w+)|(?i:(?:that|this|it) (?:was|is|wasn't|isn't))|(?i:it's)"
)
"""What a clause is that another may follow."""
RUN_ON = re.compile(r"(?:I'm|I am|my name(?:'s| is)|call me) [\w-]+(?: years old)?$", re.IGNORECASE)
"""What another clause may follow without any mark: "i am Alfie im 6"."""
NEXT_SENTENCE = re.compile(r"(?<=[\w)][\w)][.!?])\s+(?=(?:I|my|we|our|she|he|his|her|it's)\b)|(?<=[a-z]{3}[.!?])\s+(?=[a-z])")
"""Where people begin small after a stop."""


@dataclass(frozen=True, slots=True)
class Words:
    """The tables of `clauses.yaml`, ready to be used."""

    spellings: tuple[tuple[re.Pattern[str], str], ...]
    filler: re.Pattern[str]
    trailer: re.Pattern[str]
    tag: re.Pattern[str]
    question: re.Pattern[str]
    whole: re.Pattern[str]
    asks: re.Pattern[str]
    commands: re.Pattern[str]


def clauses_of(turn: str) -> list[str]:
    """Return what a turn states or commands, clause by clause, in the words of the speaker."""
    plain, quotes = _without_quotes(CODE.sub("\n", turn.translate(APOSTROPHES)))
    found = [
        clause
        for line in plain.splitlines()
        for sentence in _sentences(line)
        if len(sentence.split()) <= LONGEST
        for clause in _stated(sentence)
    ]
    return [ASIDE.sub(lambda at: quotes[int(at[1])], each) for each in found]


def without_fillers(sentence: str) -> str:
    """Return a sentence without greetings, interjections and addresses at either end."""
    words, text = _words(), sentence.strip(" ,;:.!–—-")
    while (match := words.filler.match(text)) and match.end() < len(text):
        text = text[match.end() :].strip(" ,;:.!–—-")
    while match := words.trailer.search(text):
        text = text[: match.start()].strip(" ,;:.!–—-")
    return text


def mended(text: str) -> str:
    """Return a text with the spellings of chat written out."""
    for pattern, meant in _words().spellings:
        text = pattern.sub(meant, text)
    return text


def is_command(clause: str) -> bool:
    """Tell whether a clause asks for something to be done, or is a question without its mark."""
    words = _words()
    return bool(words.commands.match(clause) or words.asks.match(clause))


def _without_quotes(turn: str) -> tuple[str, Sequence[str]]:
    quotes: list[str] = []

    def aside(match: re.Match[str]) -> str:
        quotes.append(match[0])
        return f"\ue000{len(quotes) - 1}\ue001"

    return QUOTE.sub(aside, turn), quotes


def _sentences(line: str) -> Iterator[str]:
    for sentence in sentences(mended(line)):
        yield from NEXT_SENTENCE.split(sentence)


def _stated(sentence: str) -> Iterator[str]:
    """Yield the clauses of a sentence that ask nothing."""
    text = _words().tag.sub("", sentence.strip())
    if text.endswith("?"):
        *told, _ = _words().question.split(text)
        text = ", ".join(part.strip() for part in told[:1])
    text = without_fillers(text)
    for part in _parts(text):
        clause = without_fillers(part)
        if clause:
            yield clause


def _parts(text: str) -> Iterator[str]:
    """Cut before each further subject, where what stands before is a clause of its own."""
    if _words().whole.match(text):
        yield text
        return
    start = 0
    for cut in APART.finditer(text):
        before = without_fillers(text[start : cut.start()])
        begun = RUN_ON.match(before) if cut["run_on"] else BEGUN.match(before) or is_command(before)
        if begun:
            yield from _with_subject(before, text[: cut.start()])
            start = cut.end()
    yield from _with_subject(text[start:], text[:start])


def _with_subject(part: str, before: str) -> Iterator[str]:
    """Yield a part with the "I" that it shares with the clause before it."""
    yield f"I {part}" if before and re.match(GOING_ON, part) else part


@cache
def _words() -> Words:
    data: dict[str, Any] = yaml.safe_load(
        files("persllm.memory").joinpath("clauses.yaml").read_text(encoding="utf-8")
    )
    ignoring = re.IGNORECASE
    spelt = tuple((re.compile(each), meant) for each, meant in data["spellings"].items())
    filler = "|".join(data["fillers"])
    trailer = "|".join(data["trailers"])
    return Words(
        spelt,
        re.compile(rf"(?:{filler})(?=$|[\s,;:.!–—-])", ignoring),
        re.compile(rf"(?:{trailer})$", ignoring),
        *(
            re.compile(data[name], ignoring)
            for name in ("tags", "questions", "whole", "asks", "commands")
        ),
    )
