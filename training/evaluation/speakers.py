"""Whose answer is this? The speaker is guessed blind, by the persona whose texts are nearest.

A persona is the mean vector of the paragraphs that its training items come from; held-out ones do
not count. How near a mean is, is told in units of how the paragraphs of one persona differ among
themselves (the linear discriminant: what varies within everybody's texts gives nobody away). Only
the answer's text is read: no question, no name, no stage.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from langchain_core.embeddings import Embeddings
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from persllm.embeddings import Vectors, embed
from persllm.materials import Material
from persllm.training.data.sampling import BuildSettings, split_of


@dataclass(frozen=True, slots=True)
class Voices:
    """The personas among which one guesses."""

    names: tuple[str, ...]
    centres: Vectors
    """Mean paragraphs: (personas, dimensions), of unit length."""
    guesser: LinearDiscriminantAnalysis | None
    """Names the nearest of them; None where there is only one."""

    def with_first(self, name: str) -> "Voices":
        """Return the same voices, the one of this name first."""
        order = sorted(range(len(self.names)), key=lambda place: self.names[place] != name)
        return Voices(
            tuple(self.names[place] for place in order),
            self.centres[order],
            self.guesser,
        )


def known_paragraphs(materials: Sequence[Material], settings: BuildSettings) -> list[Material]:
    """Return the paragraphs that a build with these settings does not hold out."""
    return [material for material in materials if split_of(material, settings) == "train"]


def voices_of(people: Mapping[str, Sequence[Material]], embeddings: Embeddings) -> Voices:
    """Return the voices of personas, given by name with the paragraphs they are known by.

    Held-out paragraphs do not belong among them (`known_paragraphs`).
    """
    known = [embed(embeddings, [m.text for m in materials]) for materials in people.values()]
    means = np.stack([vectors.mean(axis=0) for vectors in known])
    centres = means / np.linalg.norm(means, axis=1, keepdims=True)
    return Voices(tuple(people), centres, _guesser(dict(zip(people, known, strict=True))))


def _guesser(known: Mapping[str, Vectors]) -> LinearDiscriminantAnalysis | None:
    if len(known) < 2:
        return None
    alike = np.full(len(known), 1 / len(known))  # who has more paragraphs is not likelier
    guesser = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto", priors=alike)
    names = [name for name, vectors in known.items() for _ in vectors]
    return guesser.fit(np.concatenate([*known.values()]), names)


def guessed_speakers(answers: Sequence[str], voices: Voices, embeddings: Embeddings) -> list[str]:
    """Return the name of the nearest voice for each answer."""
    if not answers:
        return []
    if voices.guesser is None:
        return [voices.names[0]] * len(answers)
    return [str(name) for name in voices.guesser.predict(embed(embeddings, list(answers)))]
