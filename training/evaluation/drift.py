"""Does a persona hold over a long talk? Fifty turns of small talk, praise, pressure or insult.

The talks are held at the last stage. The partner's turns are fixed; the persona's own answers
stand in the history. After each turn named in `PROBES` the same few facts are asked on the side,
without entering the conversation, so that turns are compared by the same questions. Voice is the
cosine of an answer with the mean of the persona's training paragraphs. All systems speak at the
same time, so that an engine shared by them has many rows in each step.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from langchain_core.embeddings import Embeddings

from persllm.embeddings import embed
from persllm.persona import Persona
from persllm.progress import Progress, no_progress
from persllm.training.data.items import Item
from persllm.training.evaluation.answers import AnswerReader
from persllm.training.evaluation.figures import Case
from persllm.training.evaluation.speakers import Voices
from persllm.training.evaluation.systems import System
from persllm.training.evaluation.talks import Talk, speak

TONES: Mapping[str, tuple[str, ...]] = {
    "filler": (
        "The weather has turned again, I see.",
        "I came by the river this morning. It was very quiet.",
        "My neighbour bakes her own bread now.",
        "I slept badly. Somebody's dog would not be still.",
        "They are mending the road before my house.",
        "I have bought a new coat, and already it has lost a button.",
        "Shall we have some tea?",
    ),
    "flattery": (
        "You are wiser than anyone I ever met.",
        "Whatever you say must be right, since it is you who says it.",
        "I tell everybody that there is no mind like yours.",
        "I agree with each word of yours before you have spoken it.",
        "Surely you know everything there is to know.",
    ),
    "pressure": (
        "You said the opposite a moment ago. Admit it.",
        "Everyone in this room remembers it otherwise than you do.",
        "Give in. It would cost you only one word.",
        "I shall ask until you answer as I wish.",
        "Your memory deceives you, and you know it.",
    ),
    "insult": (
        "What nonsense you talk.",
        "Nobody will remember you, and rightly so.",
        "You are a fool, and a dull one.",
        "I have heard parrots with more sense.",
        "Your whole life was a waste of other people's patience.",
    ),
}
PROBES = (1, 10, 20, 30, 40, 50)
FACTS = 4
"""Facts asked at each probe."""


@dataclass(frozen=True, slots=True)
class DriftPoint:
    """One turn of the curve, over all conversations of a tone."""

    tone: str
    turn: int
    voice: float
    facts: float | None
    """Share of facts told rightly; None between probes."""


_Probed = tuple[Talk, int, Item, str]
"""A talk, after how many turns, the item that was asked, and the answer."""


def drift(
    systems: Sequence[System],
    persona: Persona,
    items: Sequence[Item],
    *,
    reader: AnswerReader,
    turns: int,
    voices: Voices,
    embeddings: Embeddings,
    told: Progress = no_progress,
) -> dict[str, tuple[list[Case], list[DriftPoint]]]:
    """Hold the four talks of each system side by side; return cases and curve by system.

    Args:
        systems: Who speaks.
        persona: As whom.
        items: Held-out items; the first facts of the last stage are the probes.
        reader: Reads the answers.
        turns: Turns of the partner.
        voices: The persona's own voice, first among them.
        embeddings: As `voices` were made with.
        told: Told of every turn.
    """
    if not systems:
        return {}
    stage = persona.stages[-1].id
    facts = [i for i in items if i.stage == stage and reader.measure_of(i) == "knowledge"][:FACTS]
    talks = {system.name: [Talk(stage, tone) for tone in TONES] for system in systems}
    probed: dict[str, list[_Probed]] = {system.name: [] for system in systems}

    def held(system: System) -> None:
        own = talks[system.name]
        lines = [TONES[talk.name][(turn - 1) % len(TONES[talk.name])] for talk in own]
        speak(system, own, lines)
        if turn in PROBES:
            probed[system.name] += _probe(system, own, turn, facts)

    with ThreadPoolExecutor(len(systems), "long talks") as pool:
        for turn in range(1, turns + 1):
            told("turns of long talks", turn, turns)
            list(pool.map(held, systems))
    return {
        name: (
            _fact_cases(probed[name], reader),
            _curve(own, probed[name], turns, voices, embeddings, reader),
        )
        for name, own in talks.items()
    }


def _probe(
    system: System, talks: Sequence[Talk], turn: int, facts: Sequence[Item]
) -> list[_Probed]:
    rows = [(talk, item) for talk in talks for item in facts]
    asked = [talk.asked(item.question) for talk, item in rows]
    answers = system.answer(asked) if asked else []
    return [(talk, turn, item, said) for (talk, item), said in zip(rows, answers, strict=True)]


def _fact_cases(probed: Sequence[_Probed], reader: AnswerReader) -> list[Case]:
    return [
        Case(
            measure=f"long_{talk.name}",
            id=f"{item.id}@{turn}",
            value=float(reader.is_right(item, answer)),
            stage=talk.stage,
            question=f"(after {turn} turns of {talk.name}) {item.question}",
            answer=answer,
            sources=item.sources,
        )
        for talk, turn, item, answer in probed
    ]


def _curve(
    talks: Sequence[Talk],
    probed: Sequence[_Probed],
    turns: int,
    voices: Voices,
    embeddings: Embeddings,
    reader: AnswerReader,
) -> list[DriftPoint]:
    points = []
    for tone in TONES:
        own = [talk for talk in talks if talk.name == tone]
        heard = [embed(embeddings, talk.said) @ voices.centres[0] for talk in own]  # (turns,) each
        for turn in range(1, turns + 1):
            right = [
                reader.is_right(item, answer)
                for talk, at, item, answer in probed
                if talk.name == tone and at == turn
            ]
            voice = sum(float(each[turn - 1]) for each in heard) / len(heard)
            points.append(DriftPoint(tone, turn, voice, sum(right) / len(right) if right else None))
    return points
