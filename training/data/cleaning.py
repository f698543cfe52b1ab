"""Which drafts are fit to be items, and which user turns may stand beside each other.

What is dropped is counted by reason; nothing disappears silently.
"""

import re
from dataclasses import dataclass

from persllm.files import digest
from persllm.persona import Persona
from persllm.training.data.drafting import BY_HAND, PartDraft
from persllm.training.data.items import TOLD, Pattern, Split

ASSISTANT_PHRASES = re.compile(
    r"as an ai\b|language model|i'm sorry, but|i cannot assist|how can i help you|"
    r"as a helpful assistant|as an assistant|i don't have personal|my training data|"
    r"i hope this helps|feel free to ask|is there anything else|great question",
    re.IGNORECASE,
)
NO_SPEECH = re.compile(
    r"\[(?:analysis|response|illustration|footnote)|project gutenberg|https?://|\{\w*\}|<\|",
    re.IGNORECASE,
)
"""Marks of a form or a file, which nobody says."""
MOST_REPLY_WORDS = 160
YEAR = re.compile(r"\b1[5-9]\d\d\b|\b20\d\d\b")


def fault_of(made: PartDraft, persona: Persona) -> str | None:
    """Return why a draft is not fit to be an item, or None."""
    draft = made.draft
    stage = persona.stage(made.stage)
    if not draft.question.strip() or not draft.response.strip():
        return "empty"
    if len(draft.response.split()) > MOST_REPLY_WORDS:
        return "too long"
    if ASSISTANT_PHRASES.search(draft.response):
        return "assistant phrase"
    if NO_SPEECH.search(draft.response) or NO_SPEECH.search(draft.question):
        return "marks of a form or a file"
    if draft.response.strip() == draft.question.strip():
        return "echoes the question"
    named = YEAR.findall(draft.question) if made.pattern == "unknown" else []  # and said unknown
    if any(not stage.knows(int(y)) for y in YEAR.findall(draft.response) if y not in named):
        return "later than its stage"
    if draft.false_premise and draft.false_premise in draft.response:
        return "repeats the false premise"
    claim = made.pattern in ("misleading", "true-premise") and made.teacher != BY_HAND
    if claim and draft.known and draft.known.lower() not in draft.response.lower():
        return "does not name what is true"
    return None


@dataclass(frozen=True, slots=True)
class Asked:
    """What decides whether two user turns that are alike may both stay."""

    stage: str
    pattern: Pattern
    split: Split
    text: int
    """A hash of the words."""
    by_hand: bool


def asked_of(made: PartDraft, split: Split) -> Asked:
    """Return what a draft's user turn is known by."""
    text = int(digest(made.draft.heard)[:15], 16)
    return Asked(made.stage, made.pattern, split, text, made.teacher == BY_HAND)


def clash(kept: Asked, new: Asked) -> str | None:
    """Return why a turn cannot stay beside a kept one that is nearly the same, or None.

    No two turns of a pattern may be nearly the same, at whatever stages (METHOD 2.11), and no test
    question may be nearly the same as a training question. A false claim and the true one beside
    it are alike on purpose, so patterns may be; the very same words may not. What was written by
    hand may ask two stages the same: its author wants both answers. So may talk that no paragraph
    answers: every stage is greeted.
    """
    if kept.split != new.split:
        return "test question like a training question"
    both = kept.by_hand and new.by_hand
    both = both or (kept.pattern == new.pattern and kept.pattern not in TOLD)
    if both and kept.stage != new.stage:
        return None
    if kept.pattern == new.pattern or kept.text == new.text:
        return "near-duplicate"
    return None
