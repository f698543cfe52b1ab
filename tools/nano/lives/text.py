"""Small services to sentences: capitals, articles, counting words; no grammar of lives."""


def capital(text: str) -> str:
    """Return the text with its first letter large."""
    return text[:1].upper() + text[1:]


def with_article(noun: str) -> str:
    """Return the noun after "a" or "an"; no noun of the lists has a silent h or a spoken u."""
    return f"an {noun}" if noun[:1] in "aeiou" else f"a {noun}"


def word_count(text: str) -> int:
    """Return the number of words."""
    return text.count(" ") + 1


def addressed(text: str) -> str:
    """Return a first-person phrase as it is said to its owner: "wind my clock", "your clock"."""
    words = (_ADDRESSED.get(word, word) for word in text.split(" "))
    return " ".join(words)


_ADDRESSED = {"my": "your", "myself": "yourself", "me": "you"}
_SMALL_STARTS = frozenset(
    ("My", "It", "In", "At", "The", "For", "On", "When", "As", "From", "By", "Of", "To", "With")
)


def lowered(sentence: str) -> str | None:
    """Return a sentence as it stands after an opener, or nothing where that is in doubt."""
    first, _, rest = sentence.partition(" ")
    if first == "I":
        return sentence
    return f"{first.lower()} {rest}" if first in _SMALL_STARTS else None
