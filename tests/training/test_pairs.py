"""Pairs: the same prompt, answered rightly and wrongly, for one of four reasons."""

from pathlib import Path
from typing import get_args

import pytest

from persllm.materials import read_materials
from persllm.replies import parse_reply
from persllm.training.data.build import PersonaData, build
from persllm.training.data.items import Why
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


def test_every_reason_is_there(data: PersonaData) -> None:
    found = {pair.why for pair in data.pairs}
    assert found == set(get_args(Why)) - {"edited"}  # none was reviewed


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
            assert stages[pair.rejected_source] != pair.stage


def test_another_personas_reply_comes_from_another_persona(
    data: PersonaData, stages: dict[str, str]
) -> None:
    for pair in data.pairs:
        if pair.why == "other-persona":
            assert pair.rejected_source not in stages


def test_induced_and_stubborn_replies_come_from_their_own_item(data: PersonaData) -> None:
    patterns = {item.id: item.pattern for item in data.items}
    for pair in data.pairs:
        if pair.why in {"induced", "over-denial"}:
            wanted = "misleading" if pair.why == "induced" else "true-premise"
            assert patterns[pair.rejected_source] == wanted
            assert pair.rejected_source == pair.chosen_item


def test_length_does_not_give_the_wrong_reply_away(data: PersonaData) -> None:
    for why, words in data.statistics["mean_pair_words_by_reason"].items():
        assert 0.8 < words["chosen"] / words["rejected"] < 1.25, why
