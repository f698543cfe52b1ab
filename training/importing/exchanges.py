"""Turns of many speakers to what the persona answered: segments of at most five turns.

The paper cuts long conversations into segments of five turns (METHOD 2.2). A segment here never
parts a question from its answer: where the fifth turn would be the persona's answer to come, the
question opens the next segment.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from persllm.errors import PersonaError
from persllm.sentences import one_line
from persllm.training.importing.cleaning.authorship import own_text
from persllm.training.importing.document import OWN_MESSAGES, Turn, merged

TURNS = 5
"""Turns of one segment (the paper's number)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A piece of a conversation in which the persona speaks at least once."""

    turns: tuple[Turn, ...]
    """In order; turns in a row by several partners are one, with their names before their words."""
    own: tuple[bool, ...]
    """Which turns are the persona's."""
    year: int | None


def own_speakers(
    turns: Sequence[Turn], *, name: str, named: Sequence[str], where: str
) -> frozenset[str]:
    """Return the labels under which the persona speaks: those named, else guessed from its name.

    Raises:
        PersonaError: No speaker is the persona; the message lists who speaks.
    """
    spoken = Counter(turn.speaker for turn in turns)
    if spoken.keys() == {OWN_MESSAGES}:
        return frozenset(spoken)
    if named:
        wanted = {_key(label) for label in named}
        found = {label for label in spoken if _key(label) in wanted}
    else:
        found = {label for label in spoken if _key(label) == _key(name)} or _likely(spoken, name)
    if not found:
        known = ", ".join(f"{label} ({n})" for label, n in spoken.most_common(12))
        asked = " or ".join(named) if named else name
        raise PersonaError(
            f"{where}: nobody speaks as {asked}. These do: {known}. "
            "Name the persona's label: --speaker NAME."
        )
    return frozenset(found)


def segments(turns: Sequence[Turn], own: frozenset[str]) -> Iterator[Segment]:
    """Yield the segments in which the persona speaks, in order."""
    scene: list[Turn] = []
    for turn in [*_sides(turns, own), None]:
        if scene and (turn is None or turn.scene != scene[-1].scene):
            yield from _cut(scene, own)
            scene = []
        if turn is not None:
            scene.append(turn)


def speech_lines(segment: Segment) -> list[str]:
    """Return the segment as lines of a speech file: ">" before what the partner says."""
    return [
        plain_line(own_text(turn.text)) if own else f"> {plain_line(own_text(turn.text))}"
        for turn, own in zip(segment.turns, segment.own, strict=True)
    ]


def plain_line(text: str) -> str:
    """Return one line that a material file does not take for a heading, a partner or a tag."""
    line = one_line(text)
    return line.lstrip("#>\u3010- ") if line.startswith(("#", ">", "\u3010", "---")) else line


def _cut(scene: Sequence[Turn], own: frozenset[str]) -> Iterator[Segment]:
    start = 0
    while start < len(scene):
        end = min(start + TURNS, len(scene))
        if end < len(scene) and scene[end].speaker in own and end - start > 1:
            end -= 1  # the question goes with its answer
        part = tuple(scene[start:end])
        mine = tuple(turn.speaker in own for turn in part)
        while mine and not mine[-1]:  # what nobody answers teaches nothing
            part, mine = part[:-1], mine[:-1]
        if part:
            year = next((turn.year for turn in part if turn.year), None)
            yield Segment(turns=part, own=mine, year=year)
        start = end


def _sides(turns: Sequence[Turn], own: frozenset[str]) -> Iterator[Turn]:
    """Yield turns that alternate between the persona and everybody else."""
    others: list[Turn] = []
    for turn in merged([_as_one(turn, own) for turn in turns]):
        if others and (turn.speaker in own or turn.scene != others[0].scene):
            yield _together(others)
            others = []
        if turn.speaker in own:
            yield turn
        else:
            others.append(turn)
    if others:
        yield _together(others)


def _as_one(turn: Turn, own: frozenset[str]) -> Turn:
    """Give all of the persona's labels one name."""
    if turn.speaker not in own:
        return turn
    return Turn(
        speaker=min(own), text=turn.text, where=turn.where, year=turn.year, scene=turn.scene
    )


def _together(others: Sequence[Turn]) -> Turn:
    if len(others) == 1:
        return others[0]
    return Turn(
        speaker=others[-1].speaker,
        text=" ".join(f"{turn.speaker}: {turn.text}" for turn in others),
        where=others[0].where,
        year=others[0].year,
        scene=others[0].scene,
    )


def _likely(spoken: Counter[str], name: str) -> set[str]:
    """Return the labels that share the most words with the name, where only one family does."""
    words = {word for word in re.findall(r"\w+", name.lower()) if len(word) > 2}
    shared = {
        label: len(words & set(re.findall(r"\w+", label.lower())))
        for label in spoken
        if not re.search(r"\b(?:mrs|miss|lady|madame|frau|mother|father|son)\b", label.lower())
    }
    most = max(shared.values(), default=0)
    best = {label for label, count in shared.items() if count == most and most}
    return best if len({_key(label) for label in best}) == 1 else set()


def _key(label: str) -> str:
    return " ".join(re.findall(r"\w+", label.lower()))
