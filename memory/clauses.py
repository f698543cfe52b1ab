"""A visitor's turn as clauses, each of which tells one thing; questions and commands are left out.

People on a chat page write "hi, im shona i live in lisbon and work as a nurse, you?" So spelling is
mended, quotes are set aside, and what is asked after what is told is cut off. English.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from persllm.sentences import sentences
from persllm.tables import filled, table

LONGEST = 60
"""Words; a longer sentence is no remark but a text."""
ENDS = " ,;:.!\u2013\u2014-"
APOSTROPHES = str.maketrans({"\u2019": "'", "\u2018": "'", "\u02bc": "'", "`": "'", "\u00b4": "'"})
QUOTE = re.compile(
    r"\"[^\"\n]+\"|\u201c[^\u201d\n]+\u201d|\u00ab[^\u00bb\n]+\u00bb|(?<!\w)'[^'\n]+ [^'\n]+'(?!\w)"
)
ASIDE = re.compile("\ue000(\\d+)\ue001")
"""Stands for a quote that was set aside."""
CODE = re.compile(r"```(?s:.*?)(?:```|\Z)|^\s*>.*$", re.MULTILINE)
"""What was pasted: code, and lines that are quoted as in letters."""
OF_ONESELF = re.compile(r"\b(?:I|my|me|we|our|us)\b", re.IGNORECASE)
RUN_ON = re.compile(r"(?:I'm|I am|my name(?:'s| is)|call me) [\w-]+(?: years old)?$", re.IGNORECASE)
"""What another clause may follow without any mark: "i am Alfie im 6"."""
NEXT_SENTENCE = re.compile(
    r"(?<=[\w)][\w)][.!?])\s+(?=(?:I|my|we|our|she|he|his|her|it's)\b)|(?<=[a-z]{3}[.!?])\s+(?=[a-z])"
)
"""Where people begin small after a stop."""


@dataclass(frozen=True, slots=True)
class Words:
    """The tables of `clauses.yaml`, ready to be used."""

    spellings: tuple[tuple[re.Pattern[str], str], ...]
    filler: re.Pattern[str]
    trailer: re.Pattern[str]
    hearsay: re.Pattern[str]
    tag: re.Pattern[str]
    question: re.Pattern[str]
    whole: re.Pattern[str]
    asks: re.Pattern[str]
    commands: re.Pattern[str]
    apart: re.Pattern[str]
    """Where a further subject stands."""
    begun: re.Pattern[str]
    """What a clause is that another may follow."""
    shared: re.Pattern[str]
    """A second verb of one "I": "I live in Leeds and work as a nurse"."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence that asks nothing, and its clauses, in the words of the speaker."""

    text: str
    clauses: tuple[str, ...]
    hearsay: bool
    """Whether it ends as what one has heard, or guesses: "He went to Graz, I read"."""


def sentences_of(turn: str) -> list[Sentence]:
    """Return what a turn states or commands; what it asks is left out."""
    plain, quotes = _without_quotes(CODE.sub("\n", turn).translate(APOSTROPHES))

    def whole(text: str) -> str:
        return ASIDE.sub(lambda at: quotes[int(at[1])], text)

    return [
        Sentence(
            whole(without_fillers(told)),
            tuple(whole(each) for each in _clauses(told)),
            bool(_words().hearsay.search(sentence)),
        )
        for line in plain.splitlines()
        for sentence in _sentences(line)
        if len(sentence.split()) <= LONGEST and (told := _told(sentence))
    ]


def without_fillers(sentence: str) -> str:
    """Return a sentence without greetings, interjections and addresses at either end."""
    words, text = _words(), sentence.strip(ENDS)
    while (match := words.filler.match(text)) and match.end() < len(text):
        text = text[match.end() :].strip(ENDS)
    while match := words.trailer.search(text):
        text = text[: match.start()].strip(ENDS)
    return text


def is_filler(text: str) -> bool:
    """Tell whether a text is a greeting, an interjection or an address, and nothing else."""
    return bool(_words().filler.fullmatch(text))


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


def _told(sentence: str) -> str:
    """Return a sentence without a question at its end."""
    text = _words().tag.sub("", sentence.strip())
    if text != sentence.strip() and not OF_ONESELF.search(text):
        return ""  # "The ribbon was green, no?" asks
    if text.endswith("?"):
        first, *asked = _words().question.split(text)
        text = first if asked else ""
    return text.strip()


def _clauses(sentence: str) -> Iterator[str]:
    for part in _parts(without_fillers(sentence)):
        clause = without_fillers(part)
        if clause:
            yield clause


def _parts(text: str) -> Iterator[str]:
    """Cut before each further subject, where what stands before is a clause of its own."""
    if _words().whole.match(text):
        yield text
        return
    start = 0
    for cut in _words().apart.finditer(text):
        before = without_fillers(text[start : cut.start()])
        begun = (
            RUN_ON.match(before)
            if cut["run_on"] or cut["more"]
            else _words().begun.match(before) or is_command(before)
        )
        if begun:
            yield from _with_subject(before, text[: cut.start()])
            start = cut.end()
    yield from _with_subject(text[start:], text[:start])


def _with_subject(part: str, before: str) -> Iterator[str]:
    """Yield a part with the "I" or "I'm" that it shares with the clause before it."""
    if before and re.match(r"(?:an?|from) ", part):
        yield f"I'm {part}"
    else:
        yield f"I {part}" if before and _words().shared.match(part) else part


@cache
def _words() -> Words:
    data = table("persllm.memory.clauses")
    parts = data["parts"]
    either = {
        name: "|".join(data[name]) for name in ("fillers", "hearsay", "trailers", "apart", "begun")
    }

    def either_case(pattern: str) -> re.Pattern[str]:
        return re.compile(pattern, re.IGNORECASE)

    return Words(
        spellings=tuple((re.compile(each), meant) for each, meant in data["spellings"].items()),
        filler=either_case(rf"(?:{either['fillers']})(?=$|[\s{ENDS}])"),
        trailer=either_case(rf"(?:{either['hearsay']}|{either['trailers']})$"),
        hearsay=either_case(rf"(?:{either['hearsay']})\W*$"),
        tag=either_case(data["tags"]),
        question=either_case(data["questions"]),
        whole=either_case(data["whole"]),
        asks=either_case(data["asks"]),
        commands=either_case(data["commands"]),
        apart=re.compile(filled(either["apart"], parts)),
        begun=re.compile(filled(either["begun"], parts)),
        shared=re.compile(parts["shared"]),
    )
