"""Bare answers in full: "Ann." after "And what is your name?" is "my name is Ann". English."""

import re
from dataclasses import dataclass
from functools import cache

from persllm.memory.clauses import mended, without_fillers
from persllm.memory.third_person import first_person
from persllm.sentences import sentences
from persllm.tables import table

MOST_WORDS = 7
"""A longer answer tells itself what of."""
LEADING = re.compile(r"^(?:in|at|from|on|it's|it is|he's|she's|he is|she is|called|about)\s+", re.I)
COUNT = re.compile(r"^(?:one|two|three|four|five|six|seven|eight|nine|ten|\d+)", re.I)
NONE = re.compile(r"(?:no|none|nope|not any)\b[., ]*(?:none|sir|madam)?$")
AFTER = "(?:,? (?:then|sir|madam|my .+|if .+|pray|please|now))?$"
"""What may follow a question."""
SMALL = re.compile(r"[a-zß-ÿ' -]+")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that a persona may ask, and how its answer is said in full."""

    question: re.Pattern[str]
    says: str
    names: bool = False
    """Whether the answer is a name, which people write small in a chat."""
    confirms: bool = False
    """Whether it is a question of yes or no."""
    counts: bool = False
    """Whether a number answers, of what was asked for."""


def answer_in_full(turn: str, before: str) -> str:
    """Return the sentence that a bare answer stands for, "" where it is none.

    Args:
        turn: What the visitor said.
        before: What the persona had said, perhaps with a question at its end.
    """
    question = _question(before)
    said = (sentences(turn) or [""])[0].strip()
    if not question or said.endswith("?"):
        return ""
    for asked in _asked():
        if match := asked.question.search(question):
            return _full(asked, match, said)
    return ""


def _question(before: str) -> str:
    """Return the question that the persona's turn ends with."""
    lines = sentences(before)
    asking = [line for line in lines[-2:] if line.rstrip("\"')\u201d ").endswith("?")]
    return mended(asking[-1]).lower().strip("?!. ") if asking else ""


def _full(asked: Asked, match: re.Match[str], said: str) -> str:
    words = {name.rstrip("0123456789"): text for name, text in match.groupdict("").items() if text}
    words = {"what": "", "rest": "", **words}
    if asked.confirms:
        return _yes_or_no(asked, words, said)
    answer = LEADING.sub("", without_fillers(mended(said)))
    if asked.counts and (COUNT.fullmatch(answer) or NONE.match(said.lower())):
        number = "no" if NONE.match(said.lower()) else answer.lower()
        return asked.says.format(answer=f"{number} {words['what']}")
    plain = answer.lower()
    if (
        not answer
        or len(answer.split()) > MOST_WORDS
        or first_person(answer)
        or _pattern("nothing").match(plain)
    ):
        return ""
    answer = re.sub(COUNT.pattern + r"\b|^(?:A|An|The)\b", _small, answer, flags=re.I)
    if asked.names and SMALL.fullmatch(answer):
        answer = answer.title()
    return asked.says.format(answer=answer, **words)


def _small(match: re.Match[str]) -> str:
    return match[0].lower()


def _yes_or_no(asked: Asked, words: dict[str, str], said: str) -> str:
    told = re.sub(r"\byour(?:self)?\b", "my", asked.says.format(**words))
    plain = said.lower().strip("!. ")
    if len(plain.split()) > MOST_WORDS or re.search(
        r"\b(?:you|me|too|either|one|it|that|this|them|him|her)\b", told
    ):
        return ""
    if _pattern("no").match(plain):
        return re.sub(r"^I am ", "I'm not ", told) if "I am" in told else f"I don't {told[2:]}"
    return told if _pattern("yes").match(plain) else ""


@cache
def _asked() -> tuple[Asked, ...]:
    return tuple(
        Asked(
            re.compile(rf"(?:^|\W)(?:{row['asked']}){AFTER}"),
            row["says"],
            row.get("names", False),
            row.get("confirms", False),
            row.get("counts", False),
        )
        for row in table("persllm.memory.answers")["answers"]
    )


@cache
def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(table("persllm.memory.answers")[name])
