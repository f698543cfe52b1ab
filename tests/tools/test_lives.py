"""The synthetic lives: what every item promises, on a few thousand of them."""

import json
import re
from collections import Counter
from itertools import chain
from pathlib import Path

import pytest
from pydantic import ValidationError

from persllm.files import digest
from persllm.training import analysis
from tools.nano.lives import tables
from tools.nano.lives.frames import FRAMES
from tools.nano.lives.items import SKILLS, LifeItem, life_items, life_scenes
from tools.nano.lives.kinds import KINDS
from tools.nano.lives.names import HELD_OUT, TRAINING
from tools.nano.lives.world import Topic

COUNT = 4000
LINES = "51173cec4f6942af"
"""Digest of all that is asked, recalled and answered in the lives below."""
TOPIC = {"name": "salt", "question": "Where is salt from?", "text": "It is from the sea."}


@pytest.fixture(scope="module")
def training() -> list[LifeItem]:
    return list(life_items(seed=3, count=COUNT))


@pytest.fixture(scope="module")
def held_out() -> list[LifeItem]:
    return list(life_items(seed=3, count=1000, held_out=True))


def _text(item: LifeItem) -> str:
    return "\n".join(message.content for message in item.messages())


def _capitalised(items: list[LifeItem]) -> set[str]:
    return set(chain.from_iterable(re.findall(r"\b[A-Z][a-z]+", _text(item)) for item in items))


@pytest.fixture(scope="module")
def scenes() -> list[list[LifeItem]]:
    return list(life_scenes(seed=3, count=500))


def test_a_scene_is_one_speaker_with_one_memory_and_several_skills(
    scenes: list[list[LifeItem]],
) -> None:
    for scene in scenes:
        assert len({item.messages()[0] for item in scene}) == 1
        assert len({item.recalled for item in scene}) == 1
        assert 5 <= len(scene) <= 7
    assert sum(len({item.skill for item in scene}) > 2 for scene in scenes) > 450


def test_scenes_bear_out_their_answers_and_ask_for_every_skill(
    scenes: list[list[LifeItem]],
) -> None:
    for item in chain.from_iterable(scenes):
        if item.skill in {"fact", "false-premise", "true-premise", "opinion", "clash"}:
            recalled = " ".join(item.recalled).lower()
            assert all(text.lower() in recalled for text in item.want), item
        assert not any(text in item.response for text in item.unwanted), item
    assert {item.skill for item in chain.from_iterable(scenes)} == set(SKILLS)


def test_same_seed_gives_same_items_and_another_seed_others() -> None:
    first = list(life_items(seed=5, count=50))
    assert first == list(life_items(seed=5, count=50))
    assert first != list(life_items(seed=6, count=50))


def test_a_change_of_the_lives_does_not_go_unnoticed(
    scenes: list[list[LifeItem]], training: list[LifeItem], held_out: list[LifeItem]
) -> None:
    """A word moved in a table makes other lives: then the digest is set anew, knowingly."""
    seen = [
        (item.skill, item.question, item.recalled, item.response)
        for item in chain(training, held_out, *scenes)
    ]
    assert digest(json.dumps(seen))[:16] == LINES


@pytest.mark.parametrize(
    ("row", "fault"),
    [({"name": "salt", "question": "What?"}, "text"), ({**TOPIC, "answer": "."}, "answer")],
)
def test_a_table_with_a_missing_or_unknown_field_is_refused(
    row: dict[str, str], fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "world.yaml").write_text(json.dumps([row]), encoding="utf-8")
    monkeypatch.setattr(tables, "FOLDER", tmp_path)
    with pytest.raises(ValidationError, match=fault):
        tables.read_table("world.yaml", tuple[Topic, ...])


def test_all_skills_are_filled(training: list[LifeItem]) -> None:
    shares = Counter(item.skill for item in training)
    assert set(shares) == set(SKILLS)
    assert min(shares.values()) > COUNT * 0.05


def test_wanted_occurs_and_unwanted_does_not(training: list[LifeItem]) -> None:
    for item in training:
        assert all(text.lower() in item.response.lower() for text in item.want), item
        assert not any(text in item.response for text in item.unwanted), item


def test_nothing_wanted_is_left_out_but_for_small_talk(training: list[LifeItem]) -> None:
    bare = [item for item in training if not item.want]
    assert {item.skill for item in bare} <= {"narrate", "stage"}


def test_facts_and_corrections_are_borne_out_by_what_is_recalled(training: list[LifeItem]) -> None:
    for item in training:
        if item.skill in {"fact", "false-premise", "true-premise"}:
            recalled = " ".join((item.persona.summary, *item.recalled))
            assert all(text.lower() in recalled.lower() for text in item.want), item


def test_what_answers_is_known_and_bears_out_the_answer(training: list[LifeItem]) -> None:
    for item in training:
        assert set(item.needed) <= set(item.recalled)
        assert not (item.needed and item.skill == "unknown"), item
    facts = [item for item in training if item.skill == "fact" and item.needed]
    assert len(facts) > 0.8 * sum(item.skill == "fact" for item in training)
    for item in facts:
        told = " ".join(item.needed).lower()
        assert all(text.lower() in told for text in item.want), item


def test_held_out_lives_share_no_proper_name_with_training(
    training: list[LifeItem], held_out: list[LifeItem]
) -> None:
    for field in HELD_OUT.__slots__:
        assert not set(getattr(HELD_OUT, field)) & set(getattr(TRAINING, field))
    only_there = {
        *HELD_OUT.men, *HELD_OUT.women, *HELD_OUT.towns, *HELD_OUT.surnames, *HELD_OUT.rivers
    }  # fmt: skip
    assert only_there & _capitalised(held_out)
    assert not only_there & _capitalised(training)
    assert not {item.persona.name for item in training} & {item.persona.name for item in held_out}


def test_true_and_false_claims_share_their_forms_and_their_share(training: list[LifeItem]) -> None:
    def forms(skill: str) -> Counter[str]:
        texts = (item.question for item in training if item.skill == skill)
        return Counter(" ".join(text.split()[:2]) for text in texts)

    true, false = forms("true-premise"), forms("false-premise")
    common = {form for form, count in true.items() if count >= 8}
    assert len(common) > 10
    assert all(false[form] for form in common)
    assert 0.85 < true.total() / false.total() < 1.18


def test_no_template_is_left_unfilled(training: list[LifeItem]) -> None:
    for item in training:
        text = _text(item)
        assert not re.search(r"[{}]|\.\.| {2}|None|\b[Aa] [aeio]|,,", text.replace(" ...", "")), (
            text
        )


def test_nothing_is_unknown_that_the_scene_tells(scenes: list[list[LifeItem]]) -> None:
    for scene in scenes:
        answered = {item.question for item in scene if item.skill in {"fact", "narrate"}}
        assert not answered & {item.question for item in scene if item.skill == "unknown"}


def test_sentences_begin_with_a_capital(training: list[LifeItem]) -> None:
    for item in training:
        for text in (item.question, item.response, *item.recalled):
            assert text[0].isupper() or text[0] == '"', item
            assert text[-1] in '.?!"', item
            assert not re.search(r"[.?!] [a-z]", text), text


def test_lengths_fit_the_context(training: list[LifeItem]) -> None:
    for item in training:
        assert len(_text(item).split()) < 350
        assert 6 <= len(item.response.split()) <= 60, item.response
        assert len(item.recalled) <= 5
        assert all(8 <= len(text.split()) <= 50 for text in item.recalled), item.recalled


def test_shares_of_plain_and_of_bare_items(training: list[LifeItem]) -> None:
    plain = sum(not item.analysis for item in training) / COUNT
    bare = sum(not item.recalled for item in training) / COUNT
    assert 0.15 < plain < 0.3
    assert 0.1 < bare < 0.25


def test_a_later_year_is_refused_with_the_present_one(training: list[LifeItem]) -> None:
    later = [item for item in training if "They speak of" in item.analysis]
    assert later
    for item in later:
        year = max(int(text) for text in re.findall(r"\d{4}", item.question))
        assert year > item.stage.last
        assert item.analysis == analysis.later(
            item.question, year, item.stage.last, claim=item.analysis.startswith("They say")
        )


def test_no_claim_or_recalled_fact_lies_after_the_stage(training: list[LifeItem]) -> None:
    for item in training:
        if item.skill != "stage":
            years = re.findall(r"\b1[6-9]\d\d\b", " ".join((item.question, *item.recalled)))
            assert all(int(year) <= item.stage.last for year in years), item


def test_every_kind_has_enough_phrasings() -> None:
    assert len(KINDS) >= 25
    for kind in KINDS.values():
        assert len(set(kind.statements)) >= 8, kind.name
        assert len(set(kind.questions)) >= 8, kind.name


def test_only_an_opponent_in_a_debate_is_told_that_one_differs(training: list[LifeItem]) -> None:
    clashes = [item for item in training if item.skill == "clash" and item.analysis]
    debated = [item for item in clashes if item.analysis.endswith("I do not agree.")]
    assert 0.35 < len(debated) / len(clashes) < 0.65
    for item in clashes:
        opponent = item.question.startswith("The motion is") or any(
            lead in item.question for lead in FRAMES.opponent_leads
        )
        assert opponent == (item in debated), item
        assert opponent or "agree" not in item.analysis.partition("I hold:")[2]


def test_claims_speak_to_the_speaker(training: list[LifeItem]) -> None:
    for item in training:
        if item.skill.endswith("premise"):
            claim = item.question.replace("told me", "").replace("tell me", "")
            claim = claim.replace("Tell me", "")
            assert not re.search(r"\b(my|myself|me)\b", claim), item.question
