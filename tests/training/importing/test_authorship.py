"""Whose words: editors, printers and other people are recognised, the person's own words kept."""

import pytest

from persllm.materials import read_materials
from persllm.persona_catalog import bundled, find_persona
from persllm.training.importing.cleaning.authorship import Context, is_about, own_text, recognise
from persllm.training.importing.cleaning.document_structure import contexts
from persllm.training.importing.cleaning.doubtful import doubtful_paragraphs
from tests.doubles import MakePersona

OWN = (
    "I have been all my life a great walker, and the hills about here have taught me more than "
    "the books which I had to read at school, for they never said the same thing twice."
)
NARRATED = (
    "The letters which follow were found in a drawer, and my father had forgotten them. I print "
    "them as they stand, because they show what he was like when he had nobody to please."
)


def _reasons(paragraphs: list[str], author: str = "Marta Lind") -> list[str | None]:
    places = contexts(paragraphs, author)
    return [recognise(text, place) for text, place in zip(paragraphs, places, strict=True)]


@pytest.mark.parametrize(
    ("paragraph", "why"),
    [
        ("CHAPTER II. THE LIGHT", "a heading, title page or date line"),
        ("XIV.", "a page number or ornament"),
        ("* * * * *", "a page number or ornament"),
        ("127", "a page number or ornament"),
        ("[12] See the log of 1862, p. 14.", "a footnote"),
        ("{34} Life and Letters, ii. p. 9.", "a footnote"),
        ("The lowest of the three lamps.--TR.", "a footnote"),
        ("[The next letter has lost its first page.]", "an editor's remark"),
        ("Skarn, June 5th, 1855.", "a heading, title page or date line"),
        ("Wrens, nest of, 243.\nYouatt, Mr., on sheep, 36, 112.", "an index"),
        ("The lamp.......... 12\nThe oil.......... 30", "a table or list"),
        ("Crown 8vo. 5s. Second edition, cloth, 7s. 6d.", "an advertisement or imprint"),
        ("LONDON: PRINTED BY JOHN SMITH AND SONS.", "a heading, title page or date line"),
        (
            "Transcriber's note: typographical errors have been corrected.",
            "a licence or a note on the edition",
        ),
        (
            "Bahia -- Aspect of the town -- Sound of the sea -- Ants -- Departure",
            "a chapter's summary",
        ),
        ("My dear Lind, I have your letter of Monday.", "another's letter"),
    ],
)
def test_a_paragraph_of_others_is_recognised_by_itself(paragraph: str, why: str) -> None:
    assert recognise(paragraph, Context(names=("marta", "lind"))) == why


@pytest.mark.parametrize(
    "paragraph",
    [
        OWN,
        "I was born in 1851.",
        "In 1851 Anna came to Skarn.",
        "My dear Anna, I have your letter of Monday.",
        "NO! I will not.",
        "My book was printed in 1843 and sold for 2s., which was too much.",
        "I paid 150,000 dollars for the lens in 1901, and J. P. Holm paid the rest.",
        "What is a lamp? A promise.",
        "Soup was 10 cents at my ferry and bread 40 cents.",
        "Copyright is theft, said my brother.",
    ],
)
def test_the_persons_own_words_are_kept(paragraph: str) -> None:
    assert recognise(paragraph, Context(names=("marta", "lind"))) is None


def test_between_the_marks_of_project_gutenberg_all_is_kept_and_outside_nothing() -> None:
    text = [
        "The Project Gutenberg eBook of A Life",
        "Some terms of use that name nobody.",
        "*** START OF THE PROJECT GUTENBERG EBOOK A LIFE ***",
        OWN,
        "*** END OF THE PROJECT GUTENBERG EBOOK A LIFE ***",
        "Updated editions will replace the previous one.",
    ]
    assert [why is None for why in _reasons(text)] == [False, False, False, True, False, False]


def _book(*parts: str) -> list[str]:
    front = ["A LIFE ON SKARN", "BY", "MARTA LIND", "TRANSLATED BY", "A. B. HOLM, M.A.", "LONDON"]
    return [*front, *parts, *[f"{OWN} {number}" for number in range(60)]]


def test_a_translators_introduction_ends_where_the_book_begins() -> None:
    book = _book(
        "INTRODUCTION.",
        f"Marta Lind was born on Skarn. {NARRATED}",
        NARRATED,
        "ANNA HOLM.",
        "CHAPTER I.",
        OWN,
    )
    found = _reasons(book)
    assert found[6:12] == ["another's preface or appendix"] * 4 + [
        "a heading, title page or date line",
        None,
    ]


def test_the_persons_own_preface_is_kept() -> None:
    book = _book("PREFACE.", OWN, "MARTA LIND.", "CHAPTER I.", OWN)
    assert _reasons(book)[7] is None


def test_contents_and_index_are_left_out_as_a_whole() -> None:
    listed = [f"CHAPTER {number}. The Light" for number in ("I", "II", "III", "IV", "V", "VI")]
    book = _book("CONTENTS.", *listed, "CHAPTER I.", OWN)
    book += ["INDEX.", "Lamp, the", "Oil, price of"]
    found = _reasons(book)
    assert found[6:9] == ["a table of contents"] * 3
    assert found[14] is None
    assert found[-3:] == ["an index"] * 3


def test_in_a_life_and_letters_only_the_persons_letters_and_facts_are_kept() -> None:
    about = "In 1862 Lind moved to the school on the mainland, where she stayed for eleven years."
    book = [
        "THE LIFE AND LETTERS OF MARTA LIND",
        "EDITED BY HER SON",
        *["TITLE"] * 4,
        NARRATED,
        about,
        *["MARTA LIND TO A. HOLM. Skarn, June 5, 1855.", "My dear Holm,", OWN] * 3,
        "Yours truly, M. LIND.",
        NARRATED,
        "A. HOLM TO MARTA LIND. June 9, 1855.",
        OWN,
        *[NARRATED] * 50,
    ]
    found = _reasons(book)
    narrated, kept = "an editor's narration", None
    assert found[6:8] == [narrated, kept]
    assert found[8:11] == ["a heading, title page or date line", kept, kept]
    assert found[17:21] == [
        kept,
        narrated,
        "a heading, title page or date line",
        "another's letter",
    ]
    assert is_about(about, ("marta", "lind"))


def test_note_marks_inline_notes_and_emphasis_are_taken_out_of_kept_text() -> None:
    text = "I sailed[12] in the _Skarn_{3} (6/1. Some (few) notes.) and stayed [sic] home."
    assert own_text(text) == "I sailed in the Skarn and stayed [sic] home."


def test_nothing_of_the_bundled_personas_is_doubtful() -> None:
    for name in bundled():
        assert doubtful_paragraphs(find_persona(name)) == ()


@pytest.mark.parametrize(
    "paragraph",
    [
        "我认为学习是一生的事情，不可以停止。",
        "ولدت في قرية بالقرب من بخارى وحفظت كثيرا من الكتب صغيرا.",
        "ولدت في بخارى في عام 1851.",
        "В 1884 году я родился в Таганроге.",
        "Я — сын лавочника — рос в Таганроге — и помню — море, степь, лавку и церковь.",
        "私は1884年に生まれました。",
        "Chapter one of my life was hunger.",
        '"My dear Lind!" said the doctor, and took the lamp.',
    ],
)
def test_words_in_other_languages_and_sentences_like_headings_are_kept(paragraph: str) -> None:
    (place,) = contexts([paragraph], "Marta Lind", language="ru")
    assert recognise(paragraph, place) is None


def test_a_salutation_in_dialogue_leaves_what_follows_to_the_person() -> None:
    assert _reasons(['"My dear Lind!" said the doctor.', OWN, OWN]) == [None] * 3


def test_what_an_import_would_leave_out_is_pointed_at_and_read_all_the_same(
    tiny_persona: MakePersona,
) -> None:
    persona = tiny_persona()
    notes = persona.materials_folder / "knowledge.md"
    notes.write_text(notes.read_text(encoding="utf-8") + "\n\nINDEX.\n", encoding="utf-8")
    assert [found.text for found in doubtful_paragraphs(persona)] == ["INDEX."]
    assert "INDEX." in {material.text for material in read_materials(persona)}
