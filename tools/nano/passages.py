"""Question items over real prose: the rules teacher's own forms, with invented speakers.

Synthetic lives teach the skills in a grammar of our own; what people left behind is longer,
odder and full of rare words. So a share of the items asks about paragraphs of public-domain
prose, through the very teacher that later writes a persona's items.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from persllm.base_profile import named_profile
from persllm.files import digest
from persllm.materials import Kind, Material
from persllm.messages import Message, Notes, render
from persllm.replies import write_reply
from persllm.sentences import sentences
from persllm.training import analysis
from persllm.training.data.items import Pattern
from persllm.training.data.rules import RulesTeacher
from persllm.training.data.teacher import Assignment, Draft
from tools.nano.lives.frames import FRAMES
from tools.nano.lives.items import LifeItem, life_items

LEAST_WORDS = 14
MOST_WORDS = (30, 48, 75)
"""Each passage is cut at one of these."""
NEEDED_FIRST_SHARE = 0.5
MOST_RECALLED = 3
ABSENT_SHARE = 0.15
"""How many questions are put without the passage that answers them."""
PROFILE = named_profile("nano")
PLAIN_SHARE = 0.15
ASKED: tuple[Pattern, ...] = ("ordinary", "opinion", "misleading", "true-premise")
PATTERN_WEIGHTS = (4, 1, 4, 4)
RECALLED = (1, 2, 2, 3, 4)
"""How many passages a scene recalls, each as likely."""
MOST_ASKED = 2
"""How many of them are asked about."""
PASSAGES_A_SCENE = 8
LEAST_PASSAGES = 2
"""One that is recalled and one that is not."""


@dataclass(frozen=True, slots=True)
class PassageItem:
    """One question about real prose, put to an invented speaker."""

    prompt: tuple[Message, ...]
    reply: str

    def messages(self) -> tuple[Message, ...]:
        """Return the conversation as a model is trained on it."""
        return (*self.prompt, Message("assistant", self.reply))


def passages(paragraphs: Sequence[str]) -> tuple[Material, ...]:
    """Return the paragraphs' openings of fitting length, half of them as if said by the speaker."""
    found: list[Material] = []
    for text in paragraphs:
        most = MOST_WORDS[len(found) % len(MOST_WORDS)]
        kept: list[str] = []
        for sentence in sentences(text):
            if len(" ".join((*kept, sentence)).split()) > most:
                break
            kept.append(sentence)
        passage = " ".join(kept)
        if len(passage.split()) >= LEAST_WORDS:
            name = digest(passage)[:12]
            kind: Kind = "subjective" if len(found) % 2 else "objective"
            found.append(
                Material(id=f"prose-{name}", stage="prose", kind=kind, text=passage, source="prose")
            )
    return tuple(found)


def passage_items(known: Sequence[Material], *, seed: int, count: int) -> Iterator[PassageItem]:
    """Yield items about the passages; the same seed yields the same items."""
    draw = random.Random(f"passages {seed}")
    some = draw.sample(known, min(len(known), 12 * count + 20))
    teacher = RulesTeacher(some)
    speakers = life_items(seed=seed, count=12 * count)
    made = 0
    for speaker, material in zip(speakers, some, strict=False):
        if made == count:
            return
        pattern = draw.choices(ASKED, PATTERN_WEIGHTS)[0]
        draft = _drafted(teacher, speaker, material, pattern, some, draw, seed)
        if draft is None:
            continue
        made += 1
        if pattern == "ordinary" and draw.random() < ABSENT_SHARE:
            others = [m.text for m in draw.sample(some, draw.randrange(MOST_RECALLED + 1))]
            texts = [text for text in others if text != material.text]
            yield _posed(speaker, texts, _not_known(draft.question, draw), draw)
        else:
            yield _item(speaker, material, draft, some, draw)


def _assignment(
    speaker: LifeItem,
    material: Material,
    pattern: Pattern,
    some: Sequence[Material],
    draw: random.Random,
    seed: int,
) -> Assignment:
    return Assignment(
        persona=speaker.persona,
        stage=speaker.stage,
        pattern=pattern,
        material=material,
        variation=0,
        seed=seed,
    )


def passage_scenes(
    known: Sequence[Material], *, seed: int, count: int
) -> Iterator[list[PassageItem]]:
    """Yield questions to one speaker over the same passages, of every form that fits.

    Some are about a passage that is not recalled: of these the speaker knows nothing.
    """
    draw = random.Random(f"passage scenes {seed}")
    some = draw.sample(known, min(len(known), PASSAGES_A_SCENE * count))
    teacher = RulesTeacher(some)
    for number, speaker in enumerate(life_items(seed=seed, count=count)):
        mine = some[number * PASSAGES_A_SCENE : (number + 1) * PASSAGES_A_SCENE]
        if len(mine) < LEAST_PASSAGES:
            return
        drafts = {
            material: [
                draft
                for pattern in ASKED
                if (draft := _drafted(teacher, speaker, material, pattern, some, draw, seed))
            ]
            for material in mine
        }
        mine.sort(key=lambda material: -len(drafts[material]))  # what yields most is asked about
        *recalled, absent = mine[: draw.choice(RECALLED) + 1]
        asked = [draft for material in recalled[:MOST_ASKED] for draft in drafts[material]]
        draw.shuffle(recalled)
        texts = [material.text for material in recalled]
        other = _drafted(teacher, speaker, absent, "ordinary", some, draw, seed)
        if other is not None:
            asked.append(_not_known(other.question, draw))
        if asked:
            yield [_posed(speaker, texts, draft, draw) for draft in asked]


def _drafted(
    teacher: RulesTeacher,
    speaker: LifeItem,
    material: Material,
    pattern: Pattern,
    some: Sequence[Material],
    draw: random.Random,
    seed: int,
) -> Draft | None:
    return teacher.write([_assignment(speaker, material, pattern, some, draw, seed)])[0]


def _item(
    speaker: LifeItem,
    material: Material,
    draft: Draft,
    some: Sequence[Material],
    draw: random.Random,
) -> PassageItem:
    others = draw.sample(some, draw.randrange(MOST_RECALLED))
    recalled = [material.text, *(other.text for other in others if other is not material)]
    if draw.random() >= NEEDED_FIRST_SHARE:
        draw.shuffle(recalled)
    return _posed(speaker, recalled, draft, draw)


def _posed(
    speaker: LifeItem, recalled: Sequence[str], draft: Draft, draw: random.Random
) -> PassageItem:
    asked = (Message("user", draft.question),)
    prompt = render(
        speaker.persona,
        speaker.stage,
        asked,
        profile=PROFILE,
        notes={0: Notes(tuple(recalled))},
    )
    thought = "" if draw.random() < PLAIN_SHARE else draft.analysis
    return PassageItem(prompt, write_reply(thought, draft.response))


def _not_known(question: str, draw: random.Random) -> Draft:
    """Return the answer of one who recalls nothing of what is asked."""
    response = draw.choice(FRAMES.unknowns)
    return Draft(
        question=question,
        analysis=analysis.unknown(question),
        response=f"{response} {draw.choice(FRAMES.unknown_tails)}",
        kind="neither",
    )
