"""Second half of a build: filters, de-duplication and the split check.

What is dropped is counted by reason; nothing disappears silently.
"""

import re
from collections import Counter
from collections.abc import Sequence

from persllm.embeddings import Vectors
from persllm.persona import Persona
from persllm.training.data.drafting import PartDraft
from persllm.training.data.items import Split

ASSISTANT_PHRASES = re.compile(
    r"as an ai\b|language model|i'm sorry, but|i cannot assist|how can i help you|"
    r"as a helpful assistant",
    re.IGNORECASE,
)
MOST_REPLY_WORDS = 160
YEAR = re.compile(r"\b1[5-9]\d\d\b|\b20\d\d\b")


def fault_of(made: PartDraft, persona: Persona) -> str | None:
    """Return why a draft is not fit to be an item, or None."""
    draft = made.draft
    last = persona.stage(made.stage).last
    if not draft.question.strip() or not draft.response.strip():
        return "empty"
    if len(draft.response.split()) > MOST_REPLY_WORDS:
        return "too long"
    if ASSISTANT_PHRASES.search(draft.response):
        return "assistant phrase"
    if any(int(year) > last for year in YEAR.findall(draft.response)):
        return "later than its stage"
    if draft.false_premise and draft.false_premise in draft.response:
        return "repeats the false premise"
    return None


def keep_unlike(
    drafts: Sequence[PartDraft],
    vectors: Vectors,
    splits: Sequence[Split],
    *,
    similarity: float,
) -> tuple[list[int], Counter[str]]:
    """Return the rows to keep, and how many fell out by reason.

    Within a stage no two user turns of a pattern may be nearly the same. A question that two
    stages are both asked stays, because that is what stages are for (the paper drops it); but no
    test question may be nearly the same as a training question of any stage.

    Args:
        drafts: In order; of two alike the first stays.
        vectors: Of the user turns, (drafts, dimensions), unit length.
        splits: Of each draft.
        similarity: Cosine from which two turns are alike.
    """
    dropped: Counter[str] = Counter()
    kept: list[int] = []
    # Training rows first: a test question must not shadow the training question it repeats.
    for row in sorted(range(len(drafts)), key=lambda i: splits[i] == "test"):
        if not kept:
            kept.append(row)
            continue
        alike = vectors[kept] @ vectors[row] >= similarity
        reason = _reason(
            row, [k for k, near in zip(kept, alike, strict=True) if near], drafts, splits
        )
        if reason:
            dropped[reason] += 1
        else:
            kept.append(row)
    return sorted(kept), dropped


def _reason(
    row: int, alike: Sequence[int], drafts: Sequence[PartDraft], splits: Sequence[Split]
) -> str | None:
    for other in alike:
        if splits[other] != splits[row]:
            return "test question like a training question"
        same_form = (
            drafts[other].pattern == drafts[row].pattern
            or drafts[other].draft.question == drafts[row].draft.question
        )
        if drafts[other].stage == drafts[row].stage and same_form:
            return "near-duplicate"
    return None
