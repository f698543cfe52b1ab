"""People written by hand: sound, asked as an app would ask, grounded whatever they are called."""

import re
from pathlib import Path
from random import Random

import pytest

from persllm.bases import find_base
from persllm.embeddings import default_embeddings
from persllm.loading import load_base, load_tokenizer
from persllm.materials import read_materials
from persllm.messages import parse_reply
from persllm.persona import load_persona
from persllm.training.data.consistency import check_consistency
from persllm.training.data.golden import read_golden
from persllm.training.nano.passages import PassageItem
from persllm.training.nano.renaming import names_of, renamed
from persllm.training.nano.skills import measure_people
from persllm.training.nano.written import (
    MOST_RECALLED,
    PEOPLE,
    Written,
    is_held_out,
    written_people,
)
from persllm.training.nano.written_scenes import written_scenes

FOLDERS = sorted(path for path in PEOPLE.iterdir() if path.is_dir())
STORY = [
    "My sister Anna left Graz in 1861, and Emil wept. In Graz nobody asked why.",
    "When Anna wrote in March 1870, I showed it to Emil, who lives in Linz.",
]


def test_people_and_places_are_told_apart() -> None:
    names = names_of(STORY)
    assert names.places == ("Graz", "Linz")
    assert names.women == ("Anna",)
    assert names.others == ("Emil",)


def test_all_texts_of_a_story_change_their_names_and_years_alike() -> None:
    one, two = renamed(STORY, names_of(STORY), Random(4))
    assert not re.search("Anna|Graz|Emil|Linz", one + two)
    assert "in March 1" in two
    new = re.match(r"My sister (\w+) left (\w+) in (\d+), and (\w+) wept. In (\w+) nobody", one)
    assert new
    woman, place, year, man, again = new.groups()
    assert (place, int(year)) == (again, int(year))
    assert two.startswith(f"When {woman} wrote in March {int(year) + 9}, I showed it to {man},")


@pytest.fixture(scope="module")
def people() -> tuple[Written, ...]:
    """Return three of them: to read them all takes a minute."""
    return written_people(default_embeddings(), most=3)


@pytest.fixture(scope="module")
def person(people: tuple[Written, ...]) -> Written:
    return people[0]


def test_a_question_stands_after_what_comes_to_mind_at_its_stage(person: Written) -> None:
    needed, told = 0, list[int]()
    for made in person.drafts:
        system, asked = person.item(made).prompt
        stage = person.persona.stage(made.stage)
        assert str(stage.last) in system.content
        recalled, _, question = asked.content.rpartition("\n\n")
        assert question == made.draft.question
        told.append(recalled.count("\n- "))
        source = next(fit for m, fit in person.fit[question] if m.id == made.material)
        needed += source.told in recalled
        later = {each.id for each in person.persona.stages} - {
            each.id for each in person.persona.reaches(stage)
        }
        assert not any(fit.told in recalled for m, fit in person.fit[question] if m.stage in later)
    assert set(told) == set(range(1, MOST_RECALLED + 1))
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


def recalled(item: PassageItem) -> str:
    return item.prompt[-1].content.rpartition("\n\n")[0]


def test_a_scene_asks_one_person_about_the_same_paragraphs_and_answers_from_them(
    people: tuple[Written, ...],
) -> None:
    scenes = list(written_scenes(people, seed=1, count=60))
    assert len({len(scene) for scene in scenes}) > 2
    unknown = 0
    for scene in scenes:
        assert len({(item.prompt[0].content, recalled(item)) for item in scene}) == 1
        for item in scene:
            thought = parse_reply(item.reply).analysis
            unknown += "I recall nothing of it" in thought
            for quoted in re.findall(r"(?:I recall|I hold): (.{20,40})", thought):
                assert quoted.rstrip(". ") in recalled(item)
    assert 5 < unknown < 60


def test_scenes_are_the_same_again_and_those_of_other_seeds_are_others(
    people: tuple[Written, ...],
) -> None:
    def told(seed: int) -> list[str]:
        return [
            item.reply for scene in written_scenes(people, seed=seed, count=4) for item in scene
        ]

    assert told(1) == told(1) != told(2)


def test_some_people_are_kept_for_measuring() -> None:
    kept = [path.name for path in sorted(PEOPLE.iterdir()) if is_held_out(path.name)]
    assert 2 < len(kept) < len(list(PEOPLE.iterdir())) / 4


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_each_person_agrees_with_themselves(folder: Path) -> None:
    persona = load_persona(folder)
    read = read_materials(persona)
    written = read_golden(persona, read)
    assert len(written) > 90
    assert check_consistency(persona, read, written) == []
