"""Decisions about items: kept apart, found again after a rebuild, applied by it."""

from pathlib import Path

import pytest

from persllm.errors import DataError
from persllm.persona import Persona
from persllm.replies import parse_reply
from persllm.training.data.build import PersonaData, build
from persllm.training.data.decisions import Decision, read_decisions, review_path, write_decision
from persllm.training.data.items import Item
from persllm.training.data.review import Desk, Wanted
from persllm.training.data.sampling import BuildSettings
from tests.doubles import NANO_PROFILE, OTTO, LetterEmbeddings, MakePersona

WORDS = "I carried the oil myself, and I was proud of every step."


@pytest.fixture
def marta(tiny_persona: MakePersona) -> Persona:
    return tiny_persona()


def _build(persona: Persona, others: list[Persona], *, seed: int = 1) -> PersonaData:
    return build(
        persona,
        out=persona.folder / "data",
        others=others,
        embeddings=LetterEmbeddings(),
        profile=NANO_PROFILE,
        settings=BuildSettings(per_part=12, seed=seed),
    )


def _first(data: PersonaData, pattern: str = "ordinary") -> Item:
    return next(item for item in data.items if item.pattern == pattern)


def test_a_decision_is_on_disk_and_apart_from_the_data(marta: Persona) -> None:
    data = _build(marta, [])
    Desk(marta, data.folder).decide(_first(data), "accept")
    assert review_path(marta).parent == marta.folder
    assert [d.verdict for d in read_decisions(marta).values()] == ["accept"]


def test_an_item_lies_on_the_desk_with_its_paragraphs(marta: Persona) -> None:
    data = _build(marta, [])
    for sheet in Desk(marta, data.folder).sheets():
        assert [source.id for source in sheet.sources] == list(sheet.item.sources)
        assert sheet.question == sheet.item.question


def test_a_rejected_item_is_gone_after_a_rebuild_and_counted(marta: Persona) -> None:
    data = _build(marta, [])
    item = _first(data)
    Desk(marta, data.folder).decide(item, "reject", why="dull")
    after = _build(marta, [])
    assert item.key not in {other.key for other in after.items}
    assert item.id not in {pair.chosen_item for pair in after.pairs}
    assert after.statistics["dropped"]["rejected in review"] == 1


def test_an_edited_item_wins_and_is_preferred_to_what_it_was(
    marta: Persona, tiny_persona: MakePersona
) -> None:
    others = [tiny_persona(OTTO)]
    data = _build(marta, others)
    item = _first(data)
    Desk(marta, data.folder).decide(item, "edit", question="Were you proud?", response=WORDS)
    after = _build(marta, others)
    edited = next(other for other in after.items if other.key == item.key)
    assert (edited.question, edited.reviewed) == ("Were you proud?", "edited")
    assert parse_reply(edited.reply).response == WORDS
    (pair,) = [pair for pair in after.pairs if pair.why == "edited"]
    assert WORDS in pair.chosen
    assert parse_reply(pair.rejected).response == parse_reply(item.reply).response
    assert after.statistics["reviewed"] == {"edited": 1}


def test_decisions_survive_a_build_with_more_material(marta: Persona) -> None:
    data = _build(marta, [])
    accepted, rejected = _first(data), _first(data, "misleading")
    desk = Desk(marta, data.folder)
    desk.decide(accepted, "accept")
    desk.decide(rejected, "reject")
    path = marta.materials_folder / "experiences.md"
    path.write_text(path.read_text() + "\nIn 1908 I returned to Gull Point.\n", encoding="utf-8")
    after = {item.key: item for item in _build(marta, []).items}
    assert rejected.key not in after
    assert accepted.key not in after or after[accepted.key].reviewed == "accepted"


def test_a_rebuild_after_edits_can_be_edited_again(marta: Persona) -> None:
    data = _build(marta, [])
    item = _first(data)
    Desk(marta, data.folder).decide(item, "edit", response=WORDS)
    again = next(i for i in _build(marta, []).items if i.key == item.key)
    desk = Desk(marta, data.folder)
    desk.decide(again, "edit", response="I was proud.")
    last = next(i for i in _build(marta, []).items if i.key == item.key)
    assert parse_reply(last.reply).response == "I was proud."


def test_the_last_decision_is_taken_back(marta: Persona) -> None:
    data = _build(marta, [])
    desk = Desk(marta, data.folder)
    desk.decide(_first(data), "accept")
    desk.decide(_first(data), "reject")
    desk.undo()
    assert [d.verdict for d in read_decisions(marta).values()] == ["accept"]
    desk.undo()
    assert read_decisions(marta) == {}
    assert desk.undo() is None


def test_only_what_is_wanted_is_shown(marta: Persona) -> None:
    data = _build(marta, [])
    desk = Desk(marta, data.folder)
    desk.decide(_first(data), "accept")
    shown = list(desk.sheets(Wanted(stage="late", pattern="opinion")))
    assert {(sheet.item.stage, sheet.item.pattern) for sheet in shown} == {("late", "opinion")}
    left = {sheet.item.id for sheet in desk.sheets(Wanted(unreviewed=True))}
    assert left == {item.id for item in data.items} - {_first(data).id}


def test_an_edit_without_new_words_is_refused(marta: Persona) -> None:
    data = _build(marta, [])
    item = _first(data)
    with pytest.raises(DataError, match="a new question or a new response"):
        Desk(marta, data.folder).decide(item, "edit", question=item.question)
    assert not review_path(marta).exists()


def test_a_desk_without_a_build_says_what_to_run(marta: Persona, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="persllm build"):
        Desk(marta, tmp_path / "none")


@pytest.mark.parametrize(
    "line", ["no json", "[]", '{"key": "a"}', '{"key": "a", "verdict": "eat"}', '{"key": 1}']
)
def test_a_line_that_is_no_decision_is_named(marta: Persona, line: str) -> None:
    write_decision(marta, Decision(key="a", verdict="accept"))
    with review_path(marta).open("a", encoding="utf-8") as stream:
        stream.write(line + "\n")
    with pytest.raises(DataError, match=r"review\.jsonl:2"):
        read_decisions(marta)
