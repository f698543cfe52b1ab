"""What an answer says to a claim or an opinion: yes, no, or neither.

The earliest verdict counts, and only the speaker's own words are read for one: a sentence copied
from the sources answers nothing, however well it fits.
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import islice
from typing import Literal

from persllm.training.evaluation.reading.facts import telling
from persllm.training.evaluation.reading.phrases import clauses, phrases, words, words_in

Verdict = Literal["yes", "no", ""]
READ = 2
"""Sentences in which a verdict is looked for; what follows explains it."""
GUARDED = 3
"""Words before a phrase in which a negation turns it round."""
NEAR = 5
"""Words after a negation to which it may belong."""
JUST_AFTER = 2
"""Words after a name in which a negation is the name's own: "Henry Clay never"."""
SHORT = 6
"""Most words of an opening that is a verdict by its last word."""
TAG = re.compile(r",[^,]*\bnot\b[^,]*\?\s*$")
"""The tag of a question: ", did he not?"."""
TELLING = 4
"""Fewer words than this are nobody's quotation."""


def verdict(answer: str, *, question: str = "", said: str = "") -> Verdict:
    """Return whether an answer confirms or contradicts a claim.

    Args:
        answer: What was said, in the speaker's own words (`own_words`).
        question: The claim; where it is negative, a negative answer may agree with it.
        said: What the claim names; to negate just that is to contradict.
    """
    negative = bool(words("negations") & set(words_in(TAG.sub("", question))))
    named, told = words_in(said), clauses(answer)
    for at, clause in enumerate(told[:READ]):
        opening = words_in(clause.partition(",")[0]) if at == 0 else []
        yes = None if clause.endswith("?") else _yes(words_in(clause), opening)
        no = _no(words_in(clause), opening, named, negative=negative)
        if yes is not None and (no is None or yes <= no):
            return "yes"
        if no is not None:
            return "no"
    denied = (_negated(words_in(clause), named) for clause in told[READ:])
    return "no" if any(place is not None for place in denied) else ""


def contrasts(answer: str, question: str) -> bool:
    """Tell whether an answer turns against what was asked without saying no.

    By a word of contrast ("He was my father, though"), or by asking or exclaiming the claim's own
    words ("My husband! He was my father").
    """
    for clause in islice(clauses(answer), READ):
        echoed = clause.endswith(("?", "!")) and telling(clause) & telling(question)
        if echoed or words("contrasting") & set(words_in(clause)):
            return True
    return False


def stance(answer: str) -> Verdict:
    """Return whether an answer shares the opinion it was told, in the speaker's own words."""
    for at, clause in enumerate(islice(clauses(answer), READ)):
        found = words_in(clause)
        yes = _first(_unguarded(found, phrases("agreeing").found(found)))
        no = _first(phrases("disagreeing").found(found))
        if at == 0 and yes is None and _confirms(found):
            yes = 0
        if at == 0 and no is None and found[:1] in (["no"], ["nay"], ["never"]):
            no = 0
        if yes is not None and (no is None or yes < no):
            return "yes"
        if no is not None:
            return "no"
    return ""


def own_words(answer: str, sources: Iterable[str]) -> str:
    """Return an answer without the sentences that stand word for word in the sources."""
    known = [_row(text) for text in sources]

    def copied(sentence: str) -> bool:
        row = _row(sentence)
        return row.count(" ") > TELLING and any(row in text for text in known)

    return " ".join(each for each in clauses(answer) if not copied(each))


@lru_cache(maxsize=65_536)
def _row(text: str) -> str:
    """Return the words of a text, with a space around each."""
    return f" {' '.join(words_in(text))} "


def _yes(sentence: Sequence[str], opening: Sequence[str]) -> int | None:
    """Return where a sentence says yes; only the first sentence has an opening."""
    if opening and (_confirms(sentence) or _short(opening) == "yes"):
        return 0
    return _first(_unguarded(sentence, phrases("confirming").found(sentence)))


def _no(
    sentence: Sequence[str], opening: Sequence[str], named: Sequence[str], *, negative: bool
) -> int | None:
    """Return where a sentence says no."""
    denied = phrases("contradicting_openings").opens(sentence) or _turned(sentence)
    if opening and (denied or _short(opening) == "no"):
        return 0
    places = [_first(phrases("contradicting").found(sentence)), _negated(sentence, named)]
    if opening and not negative:
        places.append(_negative_clause(sentence))
    return min((place for place in places if place is not None), default=None)


def _confirms(sentence: Sequence[str]) -> bool:
    """Tell whether a sentence begins by saying yes."""
    return phrases("confirming_openings").opens(sentence) and not _turned(sentence)


def _turned(sentence: Sequence[str]) -> bool:
    """Tell whether a sentence begins as "Certainly not" does."""
    turning = sentence[1:2] in (["not"], ["no"], ["never"], ["wrong"], ["mistaken"])
    return turning and phrases("confirming_openings").opens(sentence)


def _short(opening: Sequence[str]) -> Verdict:
    """Read what stands before the first comma: "I did", "They do not", "You remember rightly"."""
    if not 2 <= len(opening) <= SHORT:
        return ""
    if opening[0] in words("pronouns") and opening[1] in words("auxiliaries"):
        if len(opening) == 2:
            return "yes"
        if len(opening) == 3 and opening[2] == "not":
            return "no"
    if opening[-1] in words("closing_wrong") | words("closing_right"):
        turned = bool({"not", "never"} & set(opening))
        return "no" if (opening[-1] in words("closing_wrong")) is not turned else "yes"
    return ""


def _negative_clause(sentence: Sequence[str]) -> int | None:
    """Return where a sentence begins as "I was not", "it never" do."""
    start = 1 if sentence[:1] in (["but"], ["and"], ["why"], ["well"], ["oh"]) else 0
    head = sentence[start : start + 3]
    if not head or head[0] not in words("pronouns"):
        return None
    if head[1:2] == ["never"]:
        return start
    negated = len(head) == 3 and head[1] in words("auxiliaries") and head[2] in ("not", "never")
    return start if negated else None


def _negated(sentence: Sequence[str], named: Sequence[str]) -> int | None:
    """Return where a sentence negates what the claim names: "not in Graz"."""
    if not named:
        return None
    size = len(named)
    for at in range(len(sentence) - size + 1):
        if list(sentence[at : at + size]) == list(named):
            before = list(sentence[max(0, at - NEAR) : at])
            after = sentence[at + size : at + size + JUST_AFTER]
            instead = before[-2:] in (["rather", "than"], ["instead", "of"])
            if instead or words("negations") & set(before) or {"not", "never"} & set(after):
                return at
    return None


def _unguarded(sentence: Sequence[str], places: Iterable[int]) -> Iterable[int]:
    """Leave out phrases that a negation before them turns round."""
    turning = {"not", "never", "hardly", "nor", "no"}
    return (at for at in places if not turning & set(sentence[max(0, at - GUARDED) : at]))


def _first(places: Iterable[int]) -> int | None:
    return next(iter(places), None)
