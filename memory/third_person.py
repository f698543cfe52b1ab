"""What a visitor says of himself, as a note: "I love my dog" is "The visitor loves their dog".

"They" after the first "the visitor": nobody knows who it is, and a verb after it stays as it was
after "I". What cannot be turned well is quoted. English.
"""

import re
from functools import cache
from typing import Any

from persllm.memory.clauses import QUOTE
from persllm.tables import table

VISITOR = "the visitor"
SAID = 'The visitor said: "{sentence}"'
FIRST_PERSON = re.compile(
    rf"(?P<quote>{QUOTE.pattern})|(?<!War )\bI(?:'m|'ve|'ll|'d)?\b|\b[Mm](?:y|e|yself)\b|"
    r"(?:(?<=of )|(?<=is )|(?<=are )|^)mine\b|\b[Ww]e(?:'re|'ve|'ll|'d)?\b|"
    r"\b(?:us|[Oo]ur|ours|ourselves)\b"
)
"""A quote is found too, so that what stands in it is no word of the visitor's."""
NEXT_WORDS = re.compile(r"\s+([A-Za-z']+)")
OTHERS_TOO = re.compile(r"(?:we|our|us)\b|(?:(?:my|our) [\w ]+|[A-Z]\w+) and I\b", re.IGNORECASE)
"""A visitor who speaks for several: his own words tell best who."""
WITH_YOU = re.compile(
    r"we (?:both |have |'ve )*(agreed|promised|decided|talked|spoke|met|said)\b", re.I
)
"""What the visitor and the persona did together."""
LATER = {
    "i": "they", "i'm": "they're", "i've": "they've", "i'll": "they'll", "i'd": "they'd",
    "my": "their", "me": "them", "mine": "theirs", "myself": "themselves",
    "we": "they", "we're": "they're", "we've": "they've", "we'll": "they'll", "we'd": "they'd",
    "us": "them", "our": "their", "ours": "theirs", "ourselves": "themselves",
}  # fmt: skip
FIRST = {"my": f"{VISITOR}'s", "me": VISITOR, "mine": f"{VISITOR}'s", "myself": VISITOR}


def third_person(clause: str) -> str:
    """Return a clause of the first person as a sentence about the visitor."""
    if together := WITH_YOU.match(clause):
        return finished(f"you and the visitor {later(clause[together.start(1) :])}")
    if OTHERS_TOO.match(clause):
        return SAID.format(sentence=finished(clause).replace('"', "'"))
    first = first_person(clause)
    if not first:
        return finished(clause)
    if first[0] == "my" and is_past(clause.split()[0]):
        return third_person(f"I {clause}")
    before, word, after = clause[: first.start()], first[0].lower(), clause[first.end() :]
    if word in FIRST:
        return finished(f"{before}{FIRST[word]}{later(after)}")
    if not word.startswith("i"):
        return SAID.format(sentence=finished(clause).replace('"', "'"))
    return finished(f"{before}{VISITOR}{later(_conjugated(word, after))}")


def first_person(clause: str) -> re.Match[str] | None:
    """Return the first word with which the speaker names himself, outside of quotes."""
    found = FIRST_PERSON.finditer(clause)
    return next((each for each in found if each["quote"] is None), None)


def is_past(verb: str) -> bool:
    """Tell whether a verb is one that stays as it is after "he", such as a past one."""
    words, verb = _words(), verb.lower()
    return verb in words["unchanged"] or (verb.endswith("ed") and verb not in words["ending_in_ed"])


def third(verb: str) -> str:
    """Return the form of a verb after "he", where it was said after "I"."""
    words = _words()
    if verb in words["third"]:
        return str(words["third"][verb])
    if is_past(verb):
        return verb
    if re.search(r"(?:s|x|z|ch|sh|o)$", verb):
        return f"{verb}es"
    return re.sub(r"(?<![aeiou])y$", "ie", verb) + "s"


def finished(text: str) -> str:
    """Return a text as a sentence: with a capital, and a stop at its end."""
    text = text.strip(" ,;:-")
    text = text[:1].upper() + text[1:]
    return text if re.search(r"[.!?\u2026]['\"\u201d]?$", text) else f"{text}."


def _conjugated(word: str, after: str) -> str:
    """Return what follows "the visitor" where `word`, such as "i've", was said before it."""
    match word:
        case "i'm":
            return f" is{after}"
        case "i've":
            return f" has{after}"
        case "i'll":
            return f" will{after}"
        case "i'd":
            return f" {_would_or_had(after)}{after}"
    start = 0
    while match := NEXT_WORDS.match(after, start):
        if match[1].lower() not in _words()["adverbs"]:
            return after[: match.start(1)] + third(match[1]) + after[match.end(1) :]
        start = match.end()
    return after


def _would_or_had(after: str) -> str:
    said = [word.lower() for word in NEXT_WORDS.findall(after)]
    verb = next((word for word in said if word not in _words()["adverbs"]), "")
    past = verb.endswith(("ed", "en")) and verb not in _words()["ending_in_ed"]
    return "had" if past or verb in {"better", "had"} else "would"


def later(text: str) -> str:
    """Return the rest of a sentence in which the visitor has been named."""
    plural = {"am": "they are", "was": "they were"}

    def replaced(match: re.Match[str]) -> str:
        return match["whole"] or plural.get(match["be"] or "") or LATER[match[0].lower()]

    return re.sub(
        rf"(?P<whole>{QUOTE.pattern})|\bI (?P<be>am|was)\b|{FIRST_PERSON.pattern}", replaced, text
    )


@cache
def _words() -> dict[str, Any]:
    data = table("persllm.memory.third_person")
    lists = {name: frozenset(words.split()) for name, words in data.items() if name != "third"}
    return {**lists, "third": data["third"]}
