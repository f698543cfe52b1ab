"""What answers a cue is found among texts that lie near it, and told from the fitting sentence."""

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from persllm.fitting import Fit, Fitting, Near

from persllm.embeddings import embed
from tests.doubles import LetterEmbeddings

EMBEDDINGS = LetterEmbeddings()
GRAZ = "In Graz I lost my money. In 1878 I drew machines in Maribor. I was poor."


def weighed(cue: str, *texts: str) -> list[Fit]:
    vector, *others = embed(EMBEDDINGS, [cue, *texts])
    near = [
        Near(text=text, likeness=float(other @ vector))
        for text, other in zip(texts, others, strict=True)
    ]
    return Fitting(EMBEDDINGS).weigh(cue, vector, near)


def test_a_text_is_told_from_the_sentence_that_answers() -> None:
    (fit,) = weighed("What did you do in Maribor in 1878?", GRAZ)
    assert fit.told == "In 1878 I drew machines in Maribor. I was poor. In Graz I lost my money."


def test_a_text_whose_first_sentence_answers_stays_as_it_is() -> None:
    text = "In Graz I lost my  money at cards.\nI was poor."
    (fit,) = weighed("Did you lose money at cards in Graz?", text)
    assert fit.told == text


def test_of_texts_as_near_the_one_that_shares_a_rare_word_fits_better() -> None:
    texts = ["I drew machines in a hall.", "I drew machines in Maribor."]
    cue = "Where did you draw machines, in Maribor?"
    vector = embed(EMBEDDINGS, [cue])[0]
    near = [Near(text=text, likeness=0.5) for text in texts]
    other, named = Fitting(EMBEDDINGS).weigh(cue, vector, near)
    assert named.fitness > other.fitness + 0.1


def test_a_word_that_all_texts_share_tells_little() -> None:
    near = [
        Near(text=text, likeness=0.5)
        for text in ("motor 1890", "motor and wheel", "motor and brake", "motor and belt")
    ]
    nowhere = np.zeros_like(embed(EMBEDDINGS, ["any"])[0])
    first, *others = Fitting(EMBEDDINGS).weigh("the motor of 1890", nowhere, near)
    assert all(first.fitness - other.fitness > 0.08 for other in others)


def test_what_a_text_answered_counts_but_is_not_told() -> None:
    vector = embed(EMBEDDINGS, ["How do you sleep?"])[0]
    (fit,) = Fitting(EMBEDDINGS).weigh(
        "How do you sleep?", vector, [Near(text="Badly.", likeness=0.4, before="How do you sleep?")]
    )
    assert fit.told == "Badly."
    assert fit.fitness > 0.25


def test_nothing_near_is_nothing_weighed() -> None:
    assert weighed("anything") == []


@given(st.text(), st.lists(st.text(), max_size=4))
def test_no_word_is_lost_or_added(cue: str, texts: list[str]) -> None:
    for text, fit in zip(texts, weighed(cue, *texts), strict=True):
        assert Counter(fit.told.split()) == Counter(text.split())
