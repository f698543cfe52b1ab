"""Mined wrong answers, and general conversations mixed in: the paper's ways, as options."""

import json
from pathlib import Path

import pytest

from persllm.errors import DataError
from persllm.training.data.build import PersonaData, build
from persllm.training.data.general import mixed_in
from persllm.training.data.mining import StoredAnswers
from persllm.training.data.sampling import BuildSettings
from tests.doubles import NANO_PROFILE, OTTO, LetterEmbeddings, write_tiny_persona

NEAREST = BuildSettings(mine="nearest", skip=5)


def _build(folder: Path, name: str, stored: list[Path], settings: BuildSettings) -> PersonaData:
    persona = write_tiny_persona(folder, name)
    return build(
        persona,
        out=persona.folder / "data",
        others=[],
        embeddings=LetterEmbeddings(),
        profile=NANO_PROFILE,
        settings=settings,
        stored=stored,
    )


@pytest.fixture(scope="module")
def otto(tmp_path_factory: pytest.TempPathFactory) -> PersonaData:
    return _build(tmp_path_factory.mktemp("otto"), OTTO, [], BuildSettings(test_share=0.4))


@pytest.fixture(scope="module")
def marta(tmp_path_factory: pytest.TempPathFactory, otto: PersonaData) -> PersonaData:
    return _build(tmp_path_factory.mktemp("marta"), "Marta Lind", [otto.folder], NEAREST)


def test_a_mined_answer_is_never_the_same_personas_at_the_same_stage(
    marta: PersonaData, otto: PersonaData
) -> None:
    stored = {item.id: item for item in (*marta.items, *otto.items)}
    open_ended = {item.id for item in marta.items if item.pattern in ("ordinary", "opinion")}
    mined = [pair for pair in marta.pairs if pair.chosen_item in open_ended]
    assert {pair.why for pair in mined} == {"other-stage", "other-persona"}
    for pair in mined:
        if pair.rejected_source not in stored:
            continue  # small talk: the same words, said at another stage
        other = stored[pair.rejected_source]
        assert (other.persona != pair.persona) == (pair.why == "other-persona")
        assert other.persona != pair.persona or other.stage != pair.stage
        assert other.split == pair.split
        assert pair.rejected == other.reply != pair.chosen


def test_misled_answers_stay_the_items_own(marta: PersonaData) -> None:
    assert {"induced", "over-denial"} <= {pair.why for pair in marta.pairs}


def test_the_nearest_stored_questions_are_passed_over(
    marta: PersonaData, otto: PersonaData
) -> None:
    persona = write_tiny_persona(marta.folder / "again")
    answers = StoredAnswers(otto.items, LetterEmbeddings())
    some = [item for item in marta.items if item.split == "train"][:8]
    found = {
        skip: list(answers.pairs(persona, some, LetterEmbeddings(), skip=skip)) for skip in (0, 5)
    }
    assert len(found[0]) == len(some)
    assert [pair.rejected for pair in found[0]] != [pair.rejected for pair in found[5]]


FORMS = (
    {"messages": [{"role": "user", "content": "Why?"}, {"role": "assistant", "content": "So."}]},
    {"prompt": "Why?", "completion": "So."},
    {"data": ["Why?", "So."]},
)


def _general(path: Path, count: int) -> Path:
    rows = [
        {"prompt": f"What is {number} and {number}?", "completion": f"It is {2 * number}."}
        for number in range(count)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_general_items_make_up_their_share_and_are_counted(tmp_path: Path) -> None:
    path = _general(tmp_path / "general.jsonl", 400)
    settings = BuildSettings(general=str(path), general_share=0.25)
    data = _build(tmp_path, "Marta Lind", [], settings)
    general = [item for item in data.items if item.pattern == "general"]
    assert abs(len(general) / len(data.items) - 0.25) < 0.01
    assert all(item.messages[0].role == "user" and not item.persona for item in general)
    assert {item.split for item in general} == {"train", "test"}
    assert sum(data.statistics["items"]["general"].values()) == len(general)


@pytest.mark.parametrize("form", FORMS)
def test_three_forms_of_general_lines_are_read(tmp_path: Path, form: dict[str, object]) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps(form) + "\n", encoding="utf-8")
    (item,) = mixed_in(path, beside=100, settings=BuildSettings())
    assert (item.question, item.reply) == ("Why?", "So.")


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"data": ["Why?"]},
        {"data": ["Why?", 1]},
        {"messages": "Why?"},
        {"messages": [1, 2]},
        {"messages": [{"role": "assistant", "content": "a"}, {"role": "user", "content": "b"}]},
        {"prompt": "", "completion": "So."},
    ],
)
def test_a_line_that_is_no_conversation_is_named(tmp_path: Path, row: dict[str, object]) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps(FORMS[1]) + "\n" + json.dumps(row) + "\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"a\.jsonl:2: no conversation"):
        list(mixed_in(path, beside=100, settings=BuildSettings()))


def test_the_same_seed_mixes_the_same_lines(tmp_path: Path) -> None:
    path = _general(tmp_path / "a.jsonl", 200)
    one, two = (
        [item.id for item in mixed_in(path, beside=40, settings=BuildSettings(seed=seed))]
        for seed in (1, 2)
    )
    assert one == [item.id for item in mixed_in(path, beside=40, settings=BuildSettings())]
    assert one != two
