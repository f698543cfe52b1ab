"""The rules class paragraphs as a person did, on a sample that ships."""

from pathlib import Path

import pytest

from persllm.subjectivity import kind_of, kinds_of
from persllm.training.importing.accuracy import main, read_labels, shares
from persllm.training.importing.asking import read_answer

OWN = Path(__file__).parent / "labelled" / "own.jsonl"
CORPORA = Path(__file__).parent / "labelled" / "corpora.jsonl"


def test_on_the_own_sample_nine_of_ten_are_right_in_the_half_that_was_not_tuned_on() -> None:
    labels = read_labels(OWN)
    right, total = shares(labels)["held out"]
    assert len(labels) >= 60
    assert right >= 0.9 * total


def test_the_command_prints_both_halves(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(OWN)]) == 0
    told = capsys.readouterr().out
    assert "tuned on: " in told and "held out: " in told


def test_labels_of_a_corpus_need_its_folder(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(CORPORA)]) == 4
    assert "--corpora FOLDER" in capsys.readouterr().err


def test_a_documents_tone_decides_what_a_paragraph_leaves_open() -> None:
    open_ = "The shepherds were of the flock."
    stances = ["I think that this is false, and I hate it!"] * 30
    assert kind_of(open_) == "objective"
    assert kinds_of([open_, *stances])[0] == "subjective"


def test_a_models_answer_is_read_and_what_it_leaves_open_the_rules_say() -> None:
    texts = ["The lamp burns oil.", "The oil is cold.", "I think so, my dear!"]
    assert read_answer("1 s\n2. o\nnonsense", texts) == ["subjective", "objective", "subjective"]
