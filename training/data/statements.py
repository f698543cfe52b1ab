"""Plain, short statements: sentences that a claim or an opinion can be made of."""

import re

from persllm.training.data.opposites import find_opposable
from persllm.training.data.prose import own_sentences, stands_alone

MOST_CLAIM_WORDS = 30
FEWEST_CLAIM_WORDS = 6
UNCLEAR = re.compile(
    r"[;:()\u2014\"“”?!\u2018]|\b(?:we|us|our|ourselves|however|therefore|also|thus|hence|moreover|"
    r"likewise|too|no doubt|indeed|nevertheless|accordingly|consequently|even)\b",
    re.IGNORECASE,
)
WE_DID = re.compile(
    r"\b[Ww]e (?:[a-z]+ed|went|came|saw|took|found|made|had|were|lived|left|rode|slept|met|lay|got|"
    r"brought|drove|began|built|read|sat|spent|stood|wrote|spoke)\b"
)
CONDITION = re.compile(
    r"^(?:if|when|as|although|though|while|unless|because|since|whether|let|perhaps|may|oh|o|yes|no|"
    r"well|ah|alas|see|suppose|consider|for|what|how|why|who|where)\b",
    re.IGNORECASE,
)
REPLACEABLE = re.compile(r"(?<!^)(?<![.!?] )\b(?!I\b)[A-Z][a-z]{2,}|\d{2,}")


def statements_of(text: str) -> list[tuple[int, str]]:
    """Return the plain, short statements of a paragraph that can be read alone, with places."""
    return [
        (index, line)
        for index, line in enumerate(own_sentences(text))
        if FEWEST_CLAIM_WORDS <= len(line.split()) <= MOST_CLAIM_WORDS
        and line.endswith(".")
        and stands_alone(line)
        and not CONDITION.match(line)
        and not UNCLEAR.search(WE_DID.sub("", line))
    ]


def tells_something(text: str) -> bool:
    """Tell whether a paragraph holds a statement that could be got wrong."""
    return any(find_opposable(line) or REPLACEABLE.search(line) for _, line in statements_of(text))
