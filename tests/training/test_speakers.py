"""Who speaks is guessed by what the answers are like."""

from persllm.materials import read_materials
from persllm.training.data.sampling import BuildSettings, split_of
from persllm.training.evaluation.speakers import guessed_speakers, voices_of
from tests.doubles import MARTA, OTTO, LetterEmbeddings, MakePersona

SETTINGS = BuildSettings()


def test_texts_held_out_are_guessed_by_those_that_are_known(tiny_persona: MakePersona) -> None:
    people = {name: read_materials(tiny_persona(name)) for name in (MARTA, OTTO)}
    voices = voices_of(people, LetterEmbeddings(), SETTINGS)
    assert voices.names == (MARTA, OTTO)
    for name, materials in people.items():
        texts = [m.text for m in materials if split_of(m, SETTINGS) == "train"]
        guessed = guessed_speakers(texts, voices, LetterEmbeddings())
        assert guessed.count(name) > 0.7 * len(texts)


def test_held_out_paragraphs_do_not_shape_a_voice(tiny_persona: MakePersona) -> None:
    materials = read_materials(tiny_persona())
    train = [m for m in materials if split_of(m, SETTINGS) == "train"]
    assert 0 < len(train) < len(materials)
    whole, part = (voices_of({MARTA: m}, LetterEmbeddings(), SETTINGS) for m in (materials, train))
    assert (whole.centres == part.centres).all()


def test_nothing_is_guessed_from_nothing(tiny_persona: MakePersona) -> None:
    voices = voices_of({MARTA: read_materials(tiny_persona())}, LetterEmbeddings(), SETTINGS)
    assert guessed_speakers([], voices, LetterEmbeddings()) == []
