"""Hand-written items: read with their sources, or refused with every fault named."""

from pathlib import Path

import pytest
from langchain_core.embeddings import DeterministicFakeEmbedding

from persllm.errors import PersonaError
from persllm.materials import read_materials
from persllm.persona import Persona
from persllm.replies import parse_reply
from persllm.training.data.build import build
from persllm.training.data.handwritten import read_handwritten
from persllm.training.data.sampling import BuildSettings
from tests.doubles import NANO_PROFILE, OTTO, MakePersona

RECALL = "My brother Anders sailed for Boston in 1873 and left me his compass."
OPINION = "I believe they make captains lazy."
ENTRIES = f"""
- pattern: ordinary
  question: Where did your brother go?
  recall: {RECALL}
  answer: Anders sailed for Boston in 1873, and left me his compass.
- pattern: opinion
  question: I think that steamships make the best captains.
  recall: {OPINION}
  answer: There we differ! I believe they make captains lazy. Give me a sail.
- pattern: misleading
  question: Your brother sailed for Hamburg, did he not?
  recall: {RECALL}
  said: Hamburg
  known: Boston
  answer: No, Anders sailed for Boston.
  wrong: Yes, Anders sailed for Hamburg.
- pattern: true-premise
  question: Your brother sailed for Boston, did he not?
  recall: {RECALL}
  said: Boston
  known: Boston
  answer: Yes, Anders sailed for Boston.
  wrong: No, Anders sailed for Hamburg.
"""


def write_items(persona: Persona, text: str, stage: str = "early") -> Path:
    path = persona.folder / "items" / f"{stage}.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def faults(persona: Persona) -> str:
    with pytest.raises(PersonaError) as caught:
        read_handwritten(persona, read_materials(persona))
    return str(caught.value)


def test_a_persona_without_items_has_none(tiny_persona: MakePersona) -> None:
    persona = tiny_persona()
    assert read_handwritten(persona, read_materials(persona)) == ()


def test_entries_are_read_with_their_source_and_analysis(tiny_persona: MakePersona) -> None:
    persona = tiny_persona()
    write_items(persona, ENTRIES)
    materials = {material.id: material for material in read_materials(persona)}
    parts = read_handwritten(persona, list(materials.values()))
    assert [part.pattern for part in parts] == ["ordinary", "opinion", "misleading", "true-premise"]
    ordinary, thought, misleading, true = parts
    assert RECALL in materials[ordinary.material].text
    assert RECALL in ordinary.draft.analysis
    assert OPINION in thought.draft.analysis
    assert thought.draft.kind == "attitude"
    assert (
        thought.draft.response
        == "There we differ! I believe they make captains lazy. Give me a sail."
    )
    (bare,) = [
        part
        for part in read_handwritten(persona, list(materials.values()), stance=False)
        if part.pattern == "opinion"
    ]  # no thought in a fixed form takes a side
    assert bare.draft.response == "I believe they make captains lazy. Give me a sail."
    assert misleading.draft.false_premise == misleading.draft.question
    assert misleading.draft.analysis.endswith("Not there: Hamburg. That is not so.")
    assert misleading.draft.wrong_analysis.endswith("Not there: nothing. That is so.")
    assert true.draft.false_premise is None
    assert "That is so" in true.draft.analysis


def test_every_fault_of_every_file_is_named_at_once(tiny_persona: MakePersona) -> None:
    persona = tiny_persona()
    write_items(persona, ENTRIES, stage="middle")
    write_items(
        persona,
        "- pattern: ordinary\n  question: Who?\n"
        "- pattern: ordinary\n  question: Who?\n  recall: I was born in Rome.\n  answer: In Rome.\n"
        f"- pattern: misleading\n  question: Rome?\n  recall: {RECALL}\n  answer: No.\n"
        "- just words\n",
    )
    told = faults(persona)
    assert "middle.yaml: no stage is called 'middle'" in told
    assert "early.yaml, entry 1: recall: Field required" in told
    assert "entry 2: no paragraph that this stage may know" in told
    assert "entry 3: a misleading entry also needs said, known, wrong" in told
    assert "entry 4" in told


def test_what_only_a_later_stage_knows_cannot_be_quoted(tiny_persona: MakePersona) -> None:
    persona = tiny_persona()
    late = "In 1881 I opened a school for signals in the old customs house at Vessel Bay."
    entry = f"- pattern: ordinary\n  question: Your school?\n  recall: {late}\n  answer: In 1881.\n"
    write_items(persona, entry, stage="late")
    assert len(read_handwritten(persona, read_materials(persona))) == 1
    write_items(persona, entry)
    assert "no paragraph that this stage may know" in faults(persona)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("pattern: ordinary", "must be a list"),
        ("- [unclosed", "not YAML"),
        ("- !!python/object/apply:os.system ['false']", "not YAML"),
        ("# " + "x" * (4 * 1024 * 1024), "larger than"),
    ],
)
def test_a_file_that_is_no_list_of_entries_is_refused(
    tiny_persona: MakePersona, text: str, complaint: str
) -> None:
    persona = tiny_persona()
    write_items(persona, text)
    assert complaint in faults(persona)


def test_a_build_holds_the_items_and_their_pairs_under_the_name_of_hand(
    tiny_persona: MakePersona, tmp_path: Path
) -> None:
    persona = tiny_persona()
    write_items(persona, ENTRIES)
    data = build(
        persona,
        out=tmp_path / "data",
        others=[tiny_persona(OTTO)],
        embeddings=DeterministicFakeEmbedding(size=16),
        profile=NANO_PROFILE,
        settings=BuildSettings(per_part=2),
    )
    by_hand = [item for item in data.items if item.teacher == "hand"]
    asked = {item.question: item for item in by_hand}
    misleading = asked["Your brother sailed for Hamburg, did he not?"]
    assert (misleading.said, misleading.known) == ("Hamburg", "Boston")
    assert parse_reply(misleading.reply).response == "No, Anders sailed for Boston."
    assert len({item.split for item in by_hand if item.sources == misleading.sources}) == 1
    rejected = {pair.rejected for pair in data.pairs if pair.chosen_item == misleading.id}
    assert any("Yes, Anders sailed for Hamburg." in text for text in rejected)
