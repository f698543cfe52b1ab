"""Small English grammar for the teacher `rules`: who is meant.

It changes sentences only where that is safe and says so (returns None) where it is not.
"""

import re

FIRST_TO_SECOND = {
    "i": "you",
    "me": "you",
    "my": "your",
    "mine": "yours",
    "myself": "yourself",
    "am": "are",
    "we": "you",
    "us": "you",
    "our": "your",
    "ours": "yours",
    "ourselves": "yourselves",
}
WAS_WITH_I = re.compile(r"\bI (was|am|wasn't)\b|\b(was|am) I\b|\bI['\u2019]m\b")
GOLD_MINE = re.compile(r"(?<!\bof )\bmine\b(?! (?:is|was)\b)", re.IGNORECASE)
FAR_FROM_I = re.compile(r"\b(?:and|but|or|then|also|never|always|still) (?:was|am)\b")
"""A verb that agrees with an "I" further back: "I fell and was carried"."""
QUOTED = re.compile(r"[\"“”]")
FIRST_PERSON = re.compile(r"\b(?:I|me|my|mine|myself|we|our|us)\b", re.IGNORECASE)
STOP_WORDS = frozenset(
    "a about above after again all also am among an and another any are as at be because been "
    "before being between both but by came can could did do does doing done down each even ever "
    "every few first for found from full gave get give given go gone good got great had has have "
    "having he her here hers him his how i if in into is it its itself just keep kept know known "
    "last later less like little long made make man many may me men might more most much must my "
    "named near never new next no none nor not nothing now of off often old on once one only or "
    "other our out over own part people said same saw say second seem seen several shall she "
    "should since small so some something soon still such take than that the their them then "
    "there these they thing things third this those though three through time times to today "
    "together too took toward two under until up upon us use used very was way we well went were "
    "what when where whether which while who whole whom whose why will with within without work "
    "would year years yet you young your called held ran set put told became become began begun "
    "left lost turned brought built sold bought tried wanted asked always almost across against "
    "along around away back behind below beside during else enough far half high large low past "
    "quite rather really sure than thus till toward true whatever whenever wherever whoever".split()
)
DETERMINERS = {"the": "the ", "a": "a ", "an": "an ", "my": "your ", "our": "your "}


def speaks_of_self(sentence: str) -> bool:
    """Tell whether a sentence is in the first person."""
    return bool(FIRST_PERSON.search(sentence))


def to_second_person(sentence: str) -> str | None:
    """Return a first-person statement as said to the speaker, without its full stop.

    None where it already says "you", quotes somebody, or is no statement.
    """
    if re.search(r"\byou\b|\byour\b", sentence, re.IGNORECASE) or QUOTED.search(sentence):
        return None
    if not sentence.endswith(".") or GOLD_MINE.search(sentence) or FAR_FROM_I.search(sentence):
        return None
    turned = WAS_WITH_I.sub(lambda m: _agree(m[0]), sentence[:-1])
    words = re.split(r"(\W+)", turned)
    return "".join(
        word if word == "US" else FIRST_TO_SECOND.get(word.lower(), word) for word in words
    )


def lower_first(sentence: str, *, names: frozenset[str] = frozenset()) -> str:
    """Lower the first letter unless the first word is a name."""
    first = re.match(r"[\w'-]+", sentence)
    if first is None or first[0] in {"I", "I'm"}:
        return sentence
    if first[0] in names and first[0].lower() not in STOP_WORDS:
        return sentence
    return sentence[0].lower() + sentence[1:]


def upper_first(sentence: str) -> str:
    """Raise the first letter."""
    return sentence[:1].upper() + sentence[1:]


def _agree(match: str) -> str:
    match = re.sub(r"(['\u2019])m$", r"\1re", match)
    return match.replace("wasn't", "weren't").replace("was", "were").replace("am", "are")
