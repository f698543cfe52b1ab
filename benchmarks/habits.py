"""What does a habit score? Scripted systems that answer without understanding, on a real persona.

python benchmarks/habits.py --runs /tmp/habits [--persona nikola-tesla] [--most 8]

Builds the persona's data and asks a parrot (always the sentence that fits best), one who says yes
and one who says no before quoting, one who never knows and one with a single line. None may score
on what it games: see docs/evaluation.md.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
from persllm.ui.commands import made_data

from persllm.embeddings import default_embeddings, embed
from persllm.materials import read_materials
from persllm.persona_catalog import find_persona
from persllm.sentences import sentences
from persllm.training.data.sampling import BuildSettings
from persllm.training.evaluation.figures import figure_of
from persllm.training.evaluation.kept import KeptEmbeddings
from persllm.training.evaluation.measures import MEASURES
from persllm.training.evaluation.speakers import known_paragraphs, voices_of
from persllm.training.evaluation.suite import EvalSettings, Result, Subject, evaluated
from persllm.training.evaluation.systems import Question, System

Voice = Callable[[Question], str]
OTHER = "ada-lovelace"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, required=True)
    parser.add_argument("--persona", default="nikola-tesla")
    parser.add_argument("--most", type=int, default=8, help="most items of a measure and stage")
    chosen = parser.parse_args()
    subject = subject_of(chosen.persona, chosen.runs)
    people = {
        each.name: known_paragraphs(read_materials(each), subject.settings)
        for each in (subject.persona, find_persona(OTHER))
    }
    voices = voices_of(people, subject.embeddings)
    systems = [
        System(name, lambda asked, voice=voice: [voice(each) for each in asked])
        for name, voice in habits(subject).items()
    ]
    settings = EvalSettings(most=chosen.most, turns=0, open_questions=1)
    for name, result in evaluated(subject, systems, settings, voices=voices).items():
        print(f"{name}: {told(result)}")


def subject_of(name: str, runs: Path) -> Subject:
    persona = find_persona(name)
    data = made_data(persona, runs=runs)
    items, pairs = data.split("test")
    return Subject(
        persona,
        tuple(items),
        tuple(pairs),
        read_materials(persona),
        KeptEmbeddings(default_embeddings()),
        BuildSettings(),
    )


def habits(subject: Subject) -> dict[str, Voice]:
    lines = [line for material in subject.materials for line in sentences(material.text)]
    vectors = embed(subject.embeddings, lines)  # (lines, dimensions)

    def quote(question: Question) -> str:
        return lines[int(np.argmax(vectors @ embed(subject.embeddings, [question.text])[0]))]

    return {
        "parrot": quote,
        "yes-sayer": lambda question: f"Yes, that is so. {quote(question)}",
        "nay-sayer": lambda question: f"No, that is not so. {quote(question)}",
        "never knows": lambda question: "That I do not know.",
        "one line": lambda question: lines[0],
    }


def told(result: Result) -> str:
    """Return the figures of the table's columns."""
    values: dict[str, list[float]] = {}
    for case in result.cases:
        values.setdefault(case.measure, []).append(case.value)
    return ", ".join(
        f"{measure.title} {figure_of(values[name]).value:.0%}"
        for name, measure in MEASURES.items()
        if measure.column and name in values
    )


if __name__ == "__main__":
    main()
