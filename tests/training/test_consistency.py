"""Findings in texts: planted ones are found, and our own cast has none."""

from dataclasses import replace

import pytest

from persllm.materials import Material, read_materials
from persllm.persona import Persona
from persllm.persona_catalog import bundled, find_persona
from persllm.training.data.consistency import check_consistency
from persllm.training.data.drafting import BY_HAND, PartDraft
from persllm.training.data.handwritten import read_handwritten
from persllm.training.data.teacher import Draft

BORN = "I was born in 1856 in Smiljan, a village in Austria."


def materials(*texts: str, stage: str = "early") -> list[Material]:
    return [
        Material(id=str(i), stage=stage, kind="objective", text=text, source=f"notes.md:{i}")
        for i, text in enumerate(texts)
    ]


def found(tesla: Persona, *texts: str, stage: str = "early") -> list[str]:
    findings = check_consistency(tesla, materials(*texts, stage=stage))
    return [f"{finding.where}: {finding.what}" for finding in findings]


def test_a_year_after_the_stage_is_found(tesla: Persona) -> None:
    text = "In 1894 Mark Twain visited my laboratory."
    assert found(tesla, text) == [
        "notes.md:0: 1894 lies after the stage 'early', to 1893",
    ]
    assert found(tesla, text, stage="late") == []


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("In 1906 I turned fifty and showed a turbine.", False),
        ("In 1906 I turned sixty and showed a turbine.", True),
        ("In July 1931 I turned seventy-five, and a magazine wrote of me.", False),
        ("I watched the fire in 1895. I was nineteen years old.", True),
        ("I left home in 1866, at the age of ten.", False),
        ("I left home in 1866, at the age of twelve.", True),
        ("My daughter died in 1899 at the age of ten.", False),
        ("I was one of many in 1899.", False),
    ],
)
def test_an_age_that_does_not_follow_from_the_birth_is_found(
    text: str, wrong: bool, tesla: Persona
) -> None:
    assert bool(found(tesla, BORN, text, stage="late")) is wrong


def test_two_births_are_found(tesla: Persona) -> None:
    assert found(tesla, BORN, "I was born in 1857 at midnight.") == [
        "all materials: born in 1856 and in 1857"
    ]


def test_the_same_sentence_with_another_year_or_amount_is_found(tesla: Persona) -> None:
    told = "In 1885 I left the Edison Machine Works after a quarrel over a bonus of 50,000 dollars."
    again = "I left the Edison Machine Works in {} after that quarrel over a bonus of {} dollars."
    assert found(tesla, told, again.format(1885, "50,000")) == []
    assert len(found(tesla, told, again.format(1884, "50,000"))) == 1
    assert len(found(tesla, told, again.replace("in {} ", "").format("5,000"))) == 1


def test_an_answer_after_its_stage_is_found(tesla: Persona) -> None:
    draft = Draft(
        question="What then?", analysis="", response="In 1917 I was old.", kind="knowledge"
    )
    made = PartDraft("early", "ordinary", "0", 0, BY_HAND, draft)
    assert check_consistency(tesla, [], [made])[0].what.startswith("1917 in the answer")
    assert check_consistency(tesla, [], [replace(made, stage="late")]) == []


@pytest.mark.parametrize("name", bundled())
def test_the_bundled_cast_agrees_with_itself(name: str) -> None:
    persona = find_persona(name)
    read = read_materials(persona)
    assert check_consistency(persona, read, read_handwritten(persona, read)) == []
