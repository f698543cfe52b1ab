"""What answers a query is found among near texts, and told from the fitting sentence."""

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from persllm.embeddings import embed
from persllm.memory.reranking import Candidate, Query, Rank, Reranker, from_sentence
from tests.doubles import LetterEmbeddings

EMBEDDINGS = LetterEmbeddings()
GRAZ = "In Graz I lost my money. In 1878 I drew machines in Maribor. I was poor."
NOWHERE = np.zeros_like(embed(EMBEDDINGS, ["any"])[0])


def reranked(turn: str, *texts: str) -> list[Rank]:
    vector, *others = embed(EMBEDDINGS, [turn, *texts])
    near = [Candidate(text=text, vector=other) for text, other in zip(texts, others, strict=True)]
    return Reranker(EMBEDDINGS).rerank(Query(turn), [vector], near)


def test_a_text_is_told_from_the_sentence_that_answers() -> None:
    (rank,) = reranked("What did you do in Maribor in 1878?", GRAZ)
    assert rank.sentence == 1
    told = from_sentence(GRAZ, rank.sentence)
    assert told == "In 1878 I drew machines in Maribor. I was poor. In Graz I lost my money."


def test_a_text_whose_first_sentence_answers_stays_as_it_is() -> None:
    text = "In Graz I lost my  money at cards.\nI was poor."
    (rank,) = reranked("Did you lose money at cards in Graz?", text)
    assert from_sentence(text, rank.sentence) == text


def test_of_texts_as_near_the_one_that_shares_a_rare_word_ranks_higher() -> None:
    turn = "Where did you draw machines, in Maribor?"
    texts = ["I drew machines in a hall.", "I drew machines in Maribor."]
    near = [Candidate(text=text, vector=NOWHERE) for text in texts]
    other, named = Reranker(EMBEDDINGS).rerank(Query(turn), [NOWHERE], near)
    assert named.relevance > other.relevance + 0.05


def test_a_word_that_all_texts_share_tells_little() -> None:
    texts = ("motor 1890", "motor and wheel", "motor and brake", "motor and belt")
    near = [Candidate(text=text, vector=NOWHERE) for text in texts]
    first, *others = Reranker(EMBEDDINGS).rerank(Query("the motor of 1890"), [NOWHERE], near)
    assert all(first.relevance - other.relevance > 0.08 for other in others)


def test_what_a_text_answered_counts() -> None:
    turn = "How do you sleep?"
    near = [Candidate(text="Badly.", vector=NOWHERE, before=before) for before in (turn, "")]
    heard, alone = Reranker(EMBEDDINGS).rerank(Query(turn), [NOWHERE], near)
    assert heard.relevance > alone.relevance + 0.05


def test_what_was_said_before_the_turn_counts_too() -> None:
    texts = ("I sold the mill.", "I drew machines.")
    near = [Candidate(text=text, vector=NOWHERE) for text in texts]
    query = Query("Why was that?", "I sold the mill. Why was that?")
    mill, machines = Reranker(EMBEDDINGS).rerank(query, [NOWHERE, NOWHERE], near)
    assert mill.relevance > machines.relevance


def test_nothing_near_is_nothing_ranked() -> None:
    assert reranked("anything") == []


@given(st.text(), st.lists(st.text(), max_size=4))
def test_no_word_is_lost_or_added(turn: str, texts: list[str]) -> None:
    for text, rank in zip(texts, reranked(turn, *texts), strict=True):
        told = from_sentence(text, rank.sentence)
        assert Counter(told.split()) == Counter(text.split())
