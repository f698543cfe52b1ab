"""Of the nearest texts the one that answers is ranked first, and told from its best sentence."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from persllm.embeddings import embed
from persllm.memory.reranking import (
    CONTEXT_SHARE,
    SENTENCE_SHARE,
    WORDS_WEIGHT,
    Candidate,
    Query,
    Rank,
    Reranker,
    around_sentence,
    by_relevance,
    from_sentence,
)
from persllm.sentences import sentences
from tests.doubles import LetterEmbeddings

EMBEDDINGS = LetterEmbeddings()
GRAZ = "In Graz I lost my money. In 1878 I drew machines in Maribor. I was poor."


def ranked(query: Query, *texts: str, before: str = "") -> list[Rank]:
    vectors = list(embed(EMBEDDINGS, [text for text, _ in query.texts]))
    candidates = [
        Candidate(text=text, vector=vector, before=before)
        for text, vector in zip(texts, embed(EMBEDDINGS, list(texts)), strict=True)
    ]
    return Reranker(EMBEDDINGS).rerank(query, vectors, candidates)


def blind(query: str, *texts: str, before: str = "") -> list[float]:
    """Return the relevance where no vector tells anything."""
    nowhere = np.zeros_like(embed(EMBEDDINGS, ["any"])[0])
    candidates = [Candidate(text=text, vector=nowhere, before=before) for text in texts]
    ranks = Reranker(EMBEDDINGS).rerank(Query(query), [nowhere], candidates)
    return [rank.relevance for rank in ranks]


def test_the_sentence_that_answers_is_found() -> None:
    (rank,) = ranked(Query("What did you do in Maribor in 1878?"), GRAZ)
    assert sentences(GRAZ)[rank.sentence] == "In 1878 I drew machines in Maribor."


def test_a_long_text_counts_by_its_best_sentence_too() -> None:
    query = "In 1878 I drew machines in Maribor."
    (rank,) = ranked(Query(query), GRAZ)
    text, asked = embed(EMBEDDINGS, [GRAZ, query])
    expected = (1 - SENTENCE_SHARE) * float(text @ asked) + SENTENCE_SHARE + WORDS_WEIGHT
    assert rank.relevance == pytest.approx(expected, abs=1e-5)


def test_of_texts_as_near_the_one_that_shares_a_rare_word_is_more_relevant() -> None:
    query = "Where did you draw machines, in Maribor?"
    other, named = blind(query, "I drew machines in a hall.", "I drew machines in Maribor.")
    assert named == pytest.approx(0.1)
    assert other < named / 2


def test_a_word_that_all_texts_share_tells_little() -> None:
    texts = ("motor 1890", "motor and wheel", "motor and brake", "motor and belt")
    first, *others = blind("the motor of 1890", *texts)
    assert all(first - other > 0.08 for other in others)


def test_words_of_what_a_text_answered_count() -> None:
    answered, alone = (blind("How do you sleep?", "Badly.", before=b) for b in ("You sleep?", ""))
    assert answered[0] > alone[0] == 0.0


def test_a_turn_alone_is_the_whole_query() -> None:
    assert Query("Why?").texts == (("Why?", 1.0),)


def test_the_context_has_its_share_of_the_query() -> None:
    query = Query("Why?", "I love pigeons. Why?")
    assert query.texts == (("Why?", 1 - CONTEXT_SHARE), ("I love pigeons. Why?", CONTEXT_SHARE))


def test_the_context_tells_what_a_short_turn_means() -> None:
    texts = ("One pigeon came to my window.", "Why would a king lie?")
    alone = ranked(Query("Why?"), *texts)
    in_context = ranked(Query("Why?", "One pigeon came to your window. Why?"), *texts)
    gained = [
        after.relevance - before.relevance for before, after in zip(alone, in_context, strict=True)
    ]
    assert gained[0] > 0.1 > gained[1]


def test_nothing_near_is_nothing_ranked() -> None:
    assert ranked(Query("anything")) == []


def test_texts_come_the_most_relevant_first() -> None:
    ranks = [Rank(0.1, 0), Rank(0.9, 2), Rank(0.5, 1)]
    assert [text for text, _ in by_relevance(["a", "b", "c"], ranks)] == ["b", "c", "a"]


def test_a_text_is_told_from_a_sentence_on() -> None:
    assert from_sentence(GRAZ, 1) == (
        "In 1878 I drew machines in Maribor. I was poor. In Graz I lost my money."
    )


@pytest.mark.parametrize("place", [0, 3, 9])
def test_a_text_stays_as_it_is_where_its_first_sentence_answers(place: int) -> None:
    text = "In Graz I lost my  money.\nI was poor. So."
    assert from_sentence(text, place) == text


@given(st.text(), st.integers(0, 9))
def test_no_word_is_lost_or_added(text: str, place: int) -> None:
    assert Counter(from_sentence(text, place).split()) == Counter(text.split())


def test_of_a_long_text_the_sentence_that_answers_is_told_with_those_beside_it() -> None:
    text = "One two. Three four five. Six seven. Eight nine ten eleven."
    assert around_sentence(text, 1, 5) == "Three four five. Six seven."
    assert around_sentence(text, 2, 6) == "Six seven. Eight nine ten eleven."
    assert around_sentence(text, 3, 4) == "Eight nine ten eleven."
    assert around_sentence(text, 3, 6) == "Six seven. Eight nine ten eleven."
    assert around_sentence(text, 0, 99) == text


def test_the_sentence_that_answers_is_whole_however_long() -> None:
    assert around_sentence("One two three. Four.", 0, 1) == "One two three."


@given(st.text(), st.lists(st.text(), max_size=4))
def test_every_text_has_a_rank_in_its_order(query: str, texts: list[str]) -> None:
    ranks = ranked(Query(query), *texts)
    assert len(ranks) == len(texts)
    for text, rank in zip(texts, ranks, strict=True):
        assert -1.001 <= rank.relevance <= 1.101
        assert 0 <= rank.sentence < max(1, len(sentences(text)))


def test_vectors_of_sentences_are_kept() -> None:
    class Counting(LetterEmbeddings):
        embedded = 0

        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            self.embedded += len(texts)
            return super().embed_documents(texts)

    embeddings = Counting()
    reranker = Reranker(embeddings)
    vector = embed(LetterEmbeddings(), [GRAZ])[0]
    for _ in range(2):
        reranker.rerank(Query("Graz?"), [vector], [Candidate(text=GRAZ, vector=vector)])
    assert embeddings.embedded == 3
