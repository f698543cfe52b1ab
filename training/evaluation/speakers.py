"""Whose answer is this? The speaker is guessed blind, by the persona whose texts are nearest.

A persona is the mean vector of the paragraphs that its training items come from; held-out ones do
not count. Only the answer's text is read: no question, no name, no stage.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from langchain_core.embeddings import Embeddings

from persllm.embeddings import Vectors, embed
from persllm.materials import Material
from persllm.training.data.sampling import BuildSettings, split_of


@dataclass(frozen=True, slots=True)
class Voices:
    """The personas among which one guesses."""

    names: tuple[str, ...]
    centres: Vectors
    """(personas, dimensions), of unit length."""


def voices_of(
    people: Mapping[str, Sequence[Material]], embeddings: Embeddings, settings: BuildSettings
) -> Voices:
    """Return the voices of personas, given by name with all their paragraphs."""
    centres = []
    for materials in people.values():
        known = [m.text for m in materials if split_of(m, settings) == "train"]
        mean = embed(embeddings, known).mean(axis=0)
        centres.append(mean / np.linalg.norm(mean))
    return Voices(tuple(people), np.stack(centres))


def guessed_speakers(answers: Sequence[str], voices: Voices, embeddings: Embeddings) -> list[str]:
    """Return the name of the nearest voice for each answer."""
    if not answers:
        return []
    nearest = np.argmax(embed(embeddings, list(answers)) @ voices.centres.T, axis=1)
    return [voices.names[i] for i in nearest]
