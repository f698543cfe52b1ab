"""Invented people written by hand agree with themselves and are asked as an app would ask."""

from pathlib import Path

import pytest

from persllm.bases import find_base
from persllm.embeddings import default_embeddings
from persllm.loading import load_base, load_tokenizer
from persllm.materials import read_materials
from persllm.persona import load_persona
from persllm.training.data.consistency import check_consistency
from persllm.training.data.handwritten import read_handwritten
from tools.nano.skills import measure_people
from tools.nano.written import PROFILE, Written, people_folders, written_people

FOLDERS = people_folders()


@pytest.fixture(scope="module")
def person() -> Written:
    return written_people(default_embeddings(), most=1)[0]


def test_a_question_stands_after_what_comes_to_mind_at_its_stage(person: Written) -> None:
    needed, told = 0, list[int]()
    texts = {each.memory.id: each.memory for each in person.held}
    for made in person.drafts:
        item = person.item(made)
        system, asked = item.prompt
        stage = person.persona.stage(made.stage)
        assert str(stage.last) in system.content
        recalled, _, question = asked.content.rpartition("\n\n")
        assert question == made.draft.question
        assert recalled.count("\n- ") == len(item.recalled)
        told.append(len(item.recalled))
        needed += made.material in item.recalled
        latest = person.persona.stages.index(stage)
        assert all(texts[id_].stage <= latest for id_ in item.recalled)
    assert set(told) <= set(range(PROFILE.passages + 1))
    assert max(told) == PROFILE.passages
    assert needed > 0.9 * len(person.drafts)


def test_the_base_is_asked_so_many_questions_of_each_measure(person: Written) -> None:
    base = find_base("nano")
    told = measure_people(load_base(base), load_tokenizer(base), [person], most=4)  # type: ignore[arg-type]
    assert {measure: skill.asked for measure, skill in told.items()} == {
        "knowledge": 4,
        "corrected": 4,
        "accepted": 4,
    }
    assert 0 < sum(skill.right for skill in told.values()) <= 12


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_each_person_agrees_with_themselves(folder: Path) -> None:
    persona = load_persona(folder)
    read = read_materials(persona)
    written = read_handwritten(persona, read)
    assert len(written) > 90
    assert check_consistency(persona, read, written) == []
