"""Scripts of three forms, subtitles, and the cut into segments of five turns."""

import pytest

from persllm.errors import PersonaError
from persllm.training.importing.document import Turn
from persllm.training.importing.exchanges import TURNS, own_speakers, segments, speech_lines
from persllm.training.importing.readers.scripts import (
    looks_like_subtitles,
    read_script,
    script_form,
    subtitle_text,
)

LABELS = (
    "Q: Are you afraid?\nMARTA: No (laughs) I am\n  not.\nQ: Why?\nMARTA: I know the sea.\n" * 2
)
PLAY = (
    "MARTA. Who is there?\n\nOTTO. It is I,\n  the owner.\n\nMARTA. Come in.\n\n"
    "OTTO. [Sits] Thanks.\n"
)
SCREENPLAY = (
    "INT. LIGHTHOUSE - NIGHT\n\nRain falls on the glass.\n\n"
    "    MARTA\n  (softly)\n  Who is there?\n\n"
    "    OTTO (V.O.)\n  It is I.\n\n    MARTA\n  Come in.\n\n    OTTO\n  Thanks.\n"
)


@pytest.mark.parametrize(
    ("text", "form", "said"),
    [
        (LABELS, "labels", ("MARTA", "No I am not.")),
        (PLAY, "play", ("OTTO", "It is I, the owner.")),
        (SCREENPLAY, "screenplay", ("OTTO", "It is I.")),
    ],
)
def test_each_form_is_told_and_read(text: str, form: str, said: tuple[str, str]) -> None:
    assert script_form(text) == form
    turns = read_script(text, form).turns
    assert (turns[1].speaker, turns[1].text) == said


@pytest.mark.parametrize(
    "prose",
    [
        "I went home. My brother said: come. Then: nothing.\n\nIt was late.\n\nNote: it rained.\n",
        "CHAPTER I\n\nIt was late.\n\nCHAPTER II\n\nIt rained.\n\nCHAPTER I\n\nAgain.\n",
        "Dear Anna: I write to you.\n\nYours: Marta.\n",
    ],
)
def test_prose_with_colons_or_capitals_is_no_script(prose: str) -> None:
    assert script_form(prose) == ""


def test_subtitles_give_their_words_only() -> None:
    text = (
        "1\n00:00:01,000 --> 00:00:02,000\n<i>MARTA: Who</i>\nis there?\n\n"
        "2\n00:00:03,000 --> 00:00:04,000\n- It is I. - Come in.\n"
    )
    assert looks_like_subtitles(text)
    assert subtitle_text(text).split("\n") == ["MARTA: Who is there?", "It is I.", "Come in."]


def _turns(order: str, scene: str = "") -> list[Turn]:
    return [
        Turn(
            speaker={"m": "Marta", "a": "Anna", "b": "Ben"}[c],
            text=f"{c}{i}",
            where="",
            scene=scene,
        )
        for i, c in enumerate(order)
    ]


def _cut(order: str) -> list[list[str]]:
    return [speech_lines(s) for s in segments(_turns(order), frozenset({"Marta"}))]


def test_a_segment_has_at_most_five_turns_and_keeps_question_with_answer() -> None:
    assert _cut("amamamam") == [["> a0", "m1", "> a2", "m3"], ["> a4", "m5", "> a6", "m7"]]
    assert _cut("mamam" + "am") == [["m0", "> a1", "m2", "> a3", "m4"], ["> a5", "m6"]]
    assert all(len(lines) <= TURNS for lines in _cut("am" * 40))


def test_turns_in_a_row_are_one_and_several_partners_are_named() -> None:
    assert _cut("aammab") == [["> a0 a1", "m2 m3"]]
    assert _cut("abm") == [["> Anna: a0 Ben: b1", "m2"]]


def test_a_segment_never_spans_two_days() -> None:
    turns = _turns("a", "monday") + _turns("m", "tuesday")
    assert [speech_lines(s) for s in segments(turns, frozenset({"Marta"}))] == [["m0"]]


def test_what_looks_like_a_partners_line_or_a_heading_stays_the_personas() -> None:
    turns = [Turn(speaker="Marta", text="> # I say so", where="")]
    (segment,) = segments(turns, frozenset({"Marta"}))
    assert speech_lines(segment) == ["I say so"]


@pytest.mark.parametrize(
    ("labels", "named", "own"),
    [
        (["Anna", "MARTA LIND"], (), {"MARTA LIND"}),
        (["Anna", "Marta"], (), {"Marta"}),
        (["Anna", "MISS LIND", "Lind"], (), {"Lind"}),
        (["user", "assistant"], ("Assistant",), {"assistant"}),
        (["Q", "A"], ("A", "M"), {"A"}),
    ],
)
def test_the_personas_label_is_named_or_guessed(
    labels: list[str], named: tuple[str, ...], own: set[str]
) -> None:
    turns = [Turn(speaker=label, text="x", where="") for label in labels]
    assert own_speakers(turns, name="Marta Lind", named=named, where="a.txt") == own


def test_where_nobody_is_the_persona_the_speakers_are_listed() -> None:
    turns = [Turn(speaker=name, text="x", where="") for name in ("Anna", "Ben", "Anna")]
    with pytest.raises(PersonaError, match=r"Anna \(2\), Ben \(1\).*--speaker"):
        own_speakers(turns, name="Marta Lind", named=(), where="a.txt")
