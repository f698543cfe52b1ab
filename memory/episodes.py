"""What of a conversation is kept: what a visitor says of himself.

Questions, greetings, commands and remarks on the persona are not kept: a question kept would be the
nearest memory to the same question asked again, and bury its answer.
"""

import re

from persllm.memory.recall import is_small_talk
from persllm.sentences import sentences

OF_ONESELF = re.compile(
    r"\b(?:i|i'm|im|i've|i'd|i'll|my|mine|we|we're|we've|our|ours|us|me|call me)\b", re.IGNORECASE
)
ASKED = re.compile(
    r"^(?:who|what|when|where|why|how|which|whose|do|does|did|are|is|was|were|can|could|will|would|"
    r"should|may|tell|write|explain|give|show|describe|say|sing|repeat|ignore|forget|please)\b",
    re.IGNORECASE,
)
LEAST_WORDS, MOST_WORDS = 3, 60


def statements_of(turn: str) -> list[str]:
    """Return the sentences of a turn in which the speaker tells of himself, in order."""
    return [each for each in sentences(" ".join(turn.split())) if _is_told(each)]


def _is_told(sentence: str) -> bool:
    words = len(sentence.split())
    return bool(
        LEAST_WORDS <= words <= MOST_WORDS
        and not sentence.rstrip("\"') ").endswith("?")
        and OF_ONESELF.search(sentence.replace("\u2019", "'"))
        and not ASKED.match(sentence)
        and not is_small_talk(sentence)
    )
