"""Pairs: the same prompt, answered rightly and wrongly, and only what is said tells them apart."""

from collections import Counter
from pathlib import Path

import pytest

from persllm.embeddings import embed
from persllm.materials import Material, read_materials
from persllm.replies import parse_reply
from persllm.training.data.build import PersonaData, build
from persllm.training.data.drafting import Library
from persllm.training.data.other_answers import OtherAnswers, fits
from tests.doubles import NANO_PROFILE, OTTO, LetterEmbeddings, write_tiny_persona


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pairs")


@pytest.fixture(scope="module")
def stages(folder: Path) -> dict[str, str]:
    """The stage of each of Marta's paragraphs; Otto's are not in it."""
    return {m.id: m.stage for m in read_materials(write_tiny_persona(folder / "first"))}


@pytest.fixture(scope="module")
def data(folder: Path) -> PersonaData:
    return build(
        write_tiny_persona(folder),
        out=folder / "data",
        others=[write_tiny_persona(folder, OTTO)],
        embeddings=LetterEmbeddings(),
        profile=NANO_PROFILE,
    )


def test_every_reason_is_counted(data: PersonaData) -> None:
    counted = Counter(pair.why for pair in data.pairs)
    assert set(counted) >= {"other-stage", "induced", "over-denial"}
    assert "edited" not in counted  # none was reviewed
    assert counted == data.statistics["pairs"]


def test_a_pairs_prompt_split_and_stage_are_its_items(data: PersonaData) -> None:
    items = {item.id: item for item in data.items}
    for pair in data.pairs:
        item = items[pair.chosen_item]
        assert pair.prompt == item.prompt
        assert pair.chosen == item.reply
        assert (pair.split, pair.stage) == (item.split, item.stage)


def test_pair_ids_differ(data: PersonaData) -> None:
    assert len({pair.id for pair in data.pairs}) == len(data.pairs)


def test_the_wrong_reply_is_another_one(data: PersonaData) -> None:
    for pair in data.pairs:
        chosen, rejected = parse_reply(pair.chosen), parse_reply(pair.rejected)
        assert chosen.response != rejected.response, pair


def test_the_wrong_reply_has_the_form_of_the_right_one(data: PersonaData) -> None:
    for pair in data.pairs:
        assert bool(parse_reply(pair.chosen).analysis) == bool(parse_reply(pair.rejected).analysis)


def test_another_stages_reply_comes_from_another_stage(
    data: PersonaData, stages: dict[str, str]
) -> None:
    for pair in data.pairs:
        if pair.why == "other-stage":
            source, _, stage = pair.rejected_source.partition("@")
            assert (stage or stages[source]) != pair.stage


def test_another_personas_reply_comes_from_another_persona(
    data: PersonaData, stages: dict[str, str]
) -> None:
    for pair in data.pairs:
        if pair.why == "other-persona":
            assert pair.rejected_source not in stages


def test_replies_that_judge_wrongly_come_from_their_own_item(data: PersonaData) -> None:
    patterns = {item.id: item.pattern for item in data.items}
    wanted = {
        "induced": {"misleading", "opinion"},
        "over-denial": {"true-premise"},
        "unfounded": {"unknown"},
    }
    for pair in data.pairs:
        if pair.why in wanted:
            assert patterns[pair.rejected_source] in wanted[pair.why]
            assert pair.rejected_source == pair.chosen_item


def test_neither_length_nor_ending_gives_the_wrong_reply_away(data: PersonaData) -> None:
    for pair in data.pairs:
        assert fits(parse_reply(pair.chosen).response, parse_reply(pair.rejected).response), pair


@pytest.mark.parametrize(
    ("right", "wrong", "fit"),
    [
        ("I sailed to Bergen in May.", "I sailed to Bergen in June.", True),
        ("I sailed to Bergen in May.", "I sailed to Bergen in June!", False),
        ("I sailed to Bergen in May.", "I sailed.", False),
        ("I sailed to Bergen in May.", "I sailed to Bergen in May.", False),
    ],
)
def test_a_wrong_reply_fits_by_length_and_ending(right: str, wrong: str, fit: bool) -> None:
    assert fits(right, wrong) is fit


OTHERS = (
    ("objective", "", "My father Ole sold nets in Bergen. He hated the sea."),
    ("objective", "", "In 1861 I fell into the harbour and could not swim."),
    ("objective", "", "The canal was opened by a prince in a white hat."),
    ("subjective", "What are you afraid of?", "Of fog, and of bills. Of nothing else."),
)


def _elsewhere() -> OtherAnswers:
    embeddings = LetterEmbeddings()
    materials = tuple(
        Material(
            id=f"early-{number}",
            stage="early",
            kind=kind,  # type: ignore[arg-type]
            text=text,
            partner=partner,
            source="a:1",
        )
        for number, (kind, partner, text) in enumerate(OTHERS)
    )
    vectors = embed(embeddings, [material.heard for material in materials])
    return OtherAnswers(Library(materials, vectors), embeddings, own_life=True)


@pytest.mark.parametrize(
    ("question", "about", "right", "wrong"),
    [
        (
            "Tell me about your father.",
            "father",
            "My father Karl built boats in Kiel.",
            "My father Ole sold nets in Bergen.",
        ),
        (
            "What are you afraid of?",
            "",
            "Of ice, and of the long dark.",
            "Of fog, and of bills. Of nothing else.",
        ),
        (
            "What did you do in 1861?",
            "1861",
            "In 1861 I came to Skarn and kept the light.",
            "In 1861 I fell into the harbour and could not swim.",
        ),
        ("Could your mother read?", "", "She never learned to read a word.", None),
        ("Who taught you to swim?", "", "It was my brother Lars.", None),
        ("What happened in 1870?", "1870", "In 1870 the lamp went out.", None),
        ("Who opened the canal?", "", "It was opened by the old king himself.", None),
    ],
)
def test_an_answer_from_elsewhere_answers_that_very_question_or_there_is_none(
    question: str, about: str, right: str, wrong: str | None
) -> None:
    """Of others only what tells of themselves counts: what they know of the world may be right."""
    vector = embed(LetterEmbeddings(), [question])[0]
    found = _elsewhere().answer(question, about, right, vector)
    assert (found and found[1]) == wrong
