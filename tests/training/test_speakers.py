"""Who speaks is guessed by what the answers are like."""

from persllm.materials import read_materials
from persllm.training.data.sampling import BuildSettings, split_of
from persllm.training.evaluation.speakers import guessed_speakers, known_paragraphs, voices_of
from tests.doubles import MARTA, OTTO, LetterEmbeddings, MakePersona

SETTINGS = BuildSettings()


def test_texts_held_out_are_guessed_by_those_that_are_known(tiny_persona: MakePersona) -> None:
    people = {
        name: known_paragraphs(read_materials(tiny_persona(name)), SETTINGS)
        for name in (MARTA, OTTO)
    }
    voices = voices_of(people, LetterEmbeddings())
    assert voices.names == (MARTA, OTTO)
    for name, materials in people.items():
        texts = [m.text for m in materials]
        guessed = guessed_speakers(texts, voices, LetterEmbeddings())
        assert guessed.count(name) > 0.7 * len(texts)


def test_what_a_build_holds_out_is_held_out_by_that_build_s_own_seed(
    tiny_persona: MakePersona,
) -> None:
    materials = read_materials(tiny_persona())
    for seed in (1, 2, 3):
        settings = BuildSettings(seed=seed)
        known = known_paragraphs(materials, settings)
        assert 0 < len(known) < len(materials)
        assert {split_of(m, settings) for m in known} == {"train"}


def test_nothing_is_guessed_from_nothing(tiny_persona: MakePersona) -> None:
    voices = voices_of({MARTA: read_materials(tiny_persona())}, LetterEmbeddings())
    assert guessed_speakers([], voices, LetterEmbeddings()) == []
