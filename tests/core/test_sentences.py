"""Where sentences end, in the scripts of many languages, and how passages are cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persllm.sentences import count_words, joined, one_line, passages, sentences


@pytest.mark.parametrize(
    "wanted",
    [
        [
            "I met Mr. J. Holm there.",
            'He said "Come."',
            "Then he left.",
            "(It was May 3.)",
            "I wept!",
        ],
        ["I wrote to J.D. Hooker.", "Émile came.", "“Is it 3.5 feet?”", "Yes…", "No."],
        ["¿Quién es?", "¡Yo!", "«Bien.»", "Über alles."],
        ["Я родился в Таганроге.", "А. П. Чехов писал.", "Да!"],
        ["ولدت في قرية.", "هل تعلم؟", "نعم۔", "ثم ذهبت."],
        ["मैं गया।", "वह आया॥", "ठीक है।"],
    ],
)
def test_sentences_end_where_a_reader_ends_them(wanted: list[str]) -> None:
    assert sentences(" ".join(wanted)) == wanted


@pytest.mark.parametrize(
    "wanted",
    [
        ["我认为学习是一生的事情，不可以停止。", "你说呢？", "“是的。”", "他说！"],
        ["雨だ!", "行こう?", "「はい。」", "そうだ。"],
    ],
)
def test_chinese_and_japanese_sentences_end_without_a_space(wanted: list[str]) -> None:
    assert sentences("".join(wanted)) == wanted


def test_a_line_break_between_two_chinese_characters_is_no_space() -> None:
    assert one_line("我在\n鲁国，\n出生\nin a\nvillage") == "我在鲁国，出生 in a village"


@pytest.mark.parametrize(
    "text", ["我在鲁国。你说呢？「是的。」", "I wept. He left.", "Он ушёл. Да!"]
)
def test_sentences_are_joined_as_they_stood(text: str) -> None:
    assert joined(sentences(text)) == text


def test_chinese_paragraphs_are_cut_into_passages_too() -> None:
    text = "我认为学习是一生的事情。" * 40
    found = list(passages(text, words=20))
    assert "".join(found) == text
    assert all(count_words(passage) <= 20 for passage in found)


def test_words_are_counted_where_no_blanks_part_them() -> None:
    assert count_words("I keep the lamp.") == 4
    assert count_words("我认为学习是一生的事情") == 6
    assert 10 < count_words("ข้าพเจ้าเกิดที่กรุงเทพและเขียนบทกวีตั้งแต่ยังเด็กมาก") < 20


def test_the_size_of_a_passage_can_be_chosen() -> None:
    text = "I went to sea with him. " * 100
    assert [len(p.split()) for p in passages(text, words=200)] == [198, 198, 198, 6]


@given(
    st.lists(
        st.sampled_from(["a", "B. ", "。", "我", "! ", "؟", " ", "Mr. ", "”", ". “"]), max_size=40
    )
)
def test_no_character_is_lost_between_sentences_or_passages(parts: list[str]) -> None:
    bare = "".join("".join(parts).split())
    assert "".join("".join(sentences("".join(parts))).split()) == bare
    assert "".join("".join(passages("".join(parts), words=2)).split()) == bare
