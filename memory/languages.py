"""Which language a turn is in, as far as remembering needs it: English is read, others are quoted.

Common words are counted, scripts without spaces are known by their letters.
"""

import re
from dataclasses import dataclass
from functools import cache

from persllm.sentences import count_words, sentences
from persllm.tables import table

ENGLISH = "en"
LEAST_WORDS, MOST_WORDS = 2, 60
KANA = re.compile("[\u3040-\u30ff]")
HANGUL = re.compile("[\uac00-\ud7af]")
HAN = re.compile("[\u4e00-\u9fff]")
QUESTION_ENDS = ("?", "\uff1f", "\u061f", ";?")
UNSPACED = {"zh", "ja"}


@dataclass(frozen=True, slots=True)
class _Language:
    common: frozenset[str]
    oneself: frozenset[str]


def language_of(text: str) -> str:
    """Return the language of a text, `ENGLISH` where its words tell no other."""
    for script, language in ((KANA, "ja"), (HANGUL, "ko"), (HAN, "zh")):
        if len(script.findall(text)) * 3 > len(text.split()):
            return language
    words = _words(text)
    counts = {
        name: sum(word in each.common for word in words) for name, each in _languages().items()
    }
    best = max(counts, key=lambda name: counts[name])
    return best if counts[best] > sum(word in _english() for word in words) else ENGLISH


def sentences_of_oneself(text: str, language: str) -> list[str]:
    """Return the sentences in which the speaker names himself; questions are left out."""
    own = _languages()[language].oneself
    return [
        each
        for each in sentences(text)
        if LEAST_WORDS <= count_words(each) <= MOST_WORDS
        and not each.rstrip("\"'\u201d\u300d) ").endswith(QUESTION_ENDS)
        and (any(word in each for word in own) if language in UNSPACED else _names(each, own))
    ]


def _names(sentence: str, own: frozenset[str]) -> bool:
    words = _words(sentence)
    elided = {word.partition("'")[0] + "'" for word in words if "'" in word}
    return bool(own & {*words, *elided})


def _words(text: str) -> list[str]:
    plain = text.lower().replace("\u2019", "'")
    return re.findall(r"[^\s.,;:!?\"()\u0964\u060c\u061f\u3002]+", plain)


@cache
def _english() -> frozenset[str]:
    return frozenset(table("persllm.memory.languages")[ENGLISH]["common"].split())


@cache
def _languages() -> dict[str, _Language]:
    return {
        name: _Language(frozenset(row["common"].split()), frozenset(row["oneself"].split()))
        for name, row in table("persllm.memory.languages").items()
        if name != ENGLISH
    }
