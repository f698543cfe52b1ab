"""Which paragraphs serve, where, and in which split."""

from typing import Any

import pytest

from persllm.files import write_text
from persllm.materials import Material, read_materials
from persllm.training.data.items import PATTERNS
from persllm.training.data.sampling import SPARE, BuildSettings, part_materials, split_of, usable
from tests.doubles import MakePersona

SETTINGS = BuildSettings()


def _material(
    number: int, text: str = "The keeper trimmed nine wicks on that morning."
) -> Material:
    return Material(
        id=f"early-a-{number}", stage="early", kind="objective", text=text, source="a.md:1"
    )


def test_splits_stay_when_paragraphs_are_added(tiny_persona: MakePersona) -> None:
    persona = tiny_persona()
    before = {m.id: split_of(m, SETTINGS) for m in read_materials(persona)}
    path = persona.materials_folder / "experiences.md"
    added = "## early\n\nIn 1859 I saw a comet above Port Ellery with my mother.\n\n"
    write_text(path, added + path.read_text(encoding="utf-8"))
    after = {m.id: split_of(m, SETTINGS) for m in read_materials(persona)}
    assert len(after) == len(before) + 1
    assert before.items() <= after.items()


def test_the_share_of_test_paragraphs_is_as_asked() -> None:
    tests = sum(split_of(_material(n), SETTINGS) == "test" for n in range(2000))
    assert 0.17 < tests / 2000 < 0.23


def test_prose_is_used_and_fragments_are_not() -> None:
    texts = (
        "The keeper trimmed nine wicks on that morning.",
        "Too short.",
        "12 | 34 | 56 | 78 | 90 | 12 | 34 | 56 | 78 |",
        "and so it was that nobody ever came back to it",
    )
    materials = [_material(number, text) for number, text in enumerate(texts)]
    assert usable(materials, SETTINGS) == materials[:1]


def test_large_corpora_are_sampled_in_their_order() -> None:
    materials = [_material(number) for number in range(50)]
    kept = usable(materials, BuildSettings(per_part=7))
    assert len(kept) == 7 * SPARE
    assert kept == [m for m in materials if m in kept]
    assert kept == usable(materials, BuildSettings(per_part=7))


def test_no_stage_is_asked_about_what_comes_later(tiny_persona: MakePersona) -> None:
    persona = tiny_persona()
    materials = read_materials(persona)
    for pattern in PATTERNS:
        chosen = part_materials(persona, "early", pattern, materials, SETTINGS)
        assert chosen
        assert {m.stage for m in chosen} == {"early"}


def test_a_later_stage_remembers_facts_and_no_opinions(tiny_persona: MakePersona) -> None:
    persona = tiny_persona()
    settings = BuildSettings(carried_share=1)
    chosen = part_materials(persona, "late", "ordinary", read_materials(persona), settings)
    carried = [m for m in chosen if m.stage == "early"]
    assert len(carried) == 12
    assert {m.kind for m in carried} == {"objective"}


def test_thoughts_come_from_opinions_and_from_what_was_lived(tiny_persona: MakePersona) -> None:
    persona = tiny_persona()
    chosen = part_materials(persona, "late", "opinion", read_materials(persona), SETTINGS)
    assert any(m.kind == "subjective" for m in chosen)
    assert all(m.kind == "subjective" or not m.partner for m in chosen)


@pytest.mark.parametrize(
    "settings", [{"test_share": 1.5}, {"similarity": -0.1}, {"per_part": 0}, {"variations": 0}]
)
def test_impossible_settings_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must"):
        BuildSettings(**settings)
