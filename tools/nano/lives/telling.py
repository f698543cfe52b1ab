"""What a speaker recalls: paragraphs of facts, opinions and the world, and the mixing of them.

Knows how a paragraph is built and which others may stand beside it. What is asked and answered is
decided in the skills.
"""

from collections.abc import Sequence, Set
from dataclasses import dataclass
from random import Random

from persllm.persona import Stage
from tools.nano.lives.frames import FRAMES
from tools.nano.lives.people import Fact, Life, Opinion
from tools.nano.lives.subjects import Subject
from tools.nano.lives.text import capital, lowered, with_article, word_count
from tools.nano.lives.words import WORDS
from tools.nano.lives.world import WORLD

FEWEST_WORDS = 8
MOST_WORDS = 50
WORLD_SHARE = 0.15
NEEDED_FIRST_SHARE = 0.65
"""What answers mostly comes to mind first, as in a persona's memory."""
ALIKE = (
    {"birthplace", "birth year"},
    {"spouse", "husband", "unwed"},
    {"father", "father's trade"},
    {"trade", "employer", "master"},
    {"invention", "prize", "book"},
    {"property sold", "debt", "disaster"},
)
"""Kinds whose texts might answer each other's questions."""


@dataclass(frozen=True, slots=True)
class Told:
    """One recalled paragraph, with its parts."""

    sentences: tuple[str, ...]
    plain: str
    """The main sentence without an opener."""

    @property
    def text(self) -> str:
        """The paragraph as it is recalled."""
        return " ".join(self.sentences)

    @property
    def colours(self) -> tuple[str, ...]:
        """The sentences beside the main one."""
        return tuple(s for s in self.sentences[1:])


@dataclass(frozen=True, slots=True)
class Scene:
    """Paragraphs that stay the same while several questions are asked about them."""

    facts: tuple[tuple[Fact, Told], ...]
    opinions: tuple[tuple[Opinion, Told], ...]
    recalled: tuple[str, ...]

    @property
    def kinds(self) -> set[str]:
        """The kinds of facts that these paragraphs may answer."""
        return set().union(*(alike(fact.kind.name) for fact, _ in self.facts))


@dataclass(frozen=True, slots=True)
class Speaker:
    """A life at one stage: who answers, and with what chance."""

    life: Life
    number: int
    random: Random
    scene: Scene | None = None
    """What is recalled, where it is settled before the question."""

    @property
    def stage(self) -> Stage:
        """The stage that the speaker lives in."""
        return self.life.persona.stages[self.number]

    @property
    def now(self) -> int:
        """The last year that the speaker knows."""
        return self.stage.last

    def facts(self) -> list[Fact]:
        """Return the facts that have happened by now."""
        return [fact for fact in self.life.facts.values() if fact.year <= self.now]


def alike(name: str) -> set[str]:
    """Return the kinds that may answer a question for the named one, itself included."""
    return {name}.union(*(group for group in ALIKE if name in group))


def tell_fact(
    fact: Fact,
    random: Random,
    *,
    colours: int | None = None,
    dated: bool = False,
    beside: Fact | None = None,
) -> Told:
    """Return a paragraph that states a fact.

    Args:
        fact: What is told.
        random: Where chance comes from.
        colours: How many sentences follow; none given, none to two.
        dated: Whether the main sentence must name the year.
        beside: Another fact that the main sentence may tell too.
    """
    statements = fact.kind.statements
    if dated:
        statements = tuple(s for s in statements if "{y}" in s) or statements
    plain = fact.told(random.choice(statements))
    if beside is not None:
        plain = _with_another(plain, beside.told(random.choice(beside.kind.statements)), random)
    count = random.choice((0, 1, 1, 2)) if colours is None else colours
    if word_count(plain) < FEWEST_WORDS:
        count = max(count, 1)
    lower = lowered(plain) if random.random() < 0.15 else None
    main = random.choice(FRAMES.openers) + lower if lower else plain
    sentences = [main, *_colours(fact, count, random)]
    if sum(map(word_count, sentences)) < FEWEST_WORDS:
        sentences.append(random.choice(FRAMES.colours[fact.kind.theme]))
    return Told(tuple(dict.fromkeys(sentences)), plain)


def _with_another(plain: str, other: str, random: Random) -> str:
    """Return two sentences as one, in either order, where their beginnings allow it."""
    first, second = random.sample((plain, other), 2)
    lower = lowered(second)
    return f"{first.removesuffix('.')}, and {lower}" if lower else plain


def _colours(fact: Fact, count: int, random: Random) -> list[str]:
    if count == 0:
        return []
    own = random.choice(fact.kind.colours)
    if count == 1 and random.random() < 0.65:
        return [own]
    common = random.choice(FRAMES.colours[fact.kind.theme])
    return [common] if count == 1 else [own, common]


def framed(frame: str, stance: str, other: str = "") -> str:
    """Return a stance in a frame."""
    return frame.format(s=stance, S=capital(stance), o=other)


def tell_opinion(opinion: Opinion, stage: int, random: Random, *, changed: bool = False) -> Told:
    """Return a paragraph that states an opinion as the stage holds it."""
    frame = random.choice(FRAMES.changed_frames if changed else FRAMES.opinion_frames)
    main = framed(frame, opinion.stances[stage], opinion.stances[0])
    count = random.choice((1, 1, 2))
    if word_count(main) + word_count(opinion.reasons[stage][0]) < FEWEST_WORDS:
        count = 2
    return Told((main, *opinion.reasons[stage][:count]), main)


def tell_world(speaker: Speaker) -> Told:
    """Return a paragraph about the world or a stranger."""
    random, names = speaker.random, speaker.life.names
    if random.random() < 0.7:
        first, _, second = random.choice(WORLD.topics).text.partition(". ")
        return Told((first + ".", second), first + ".")
    if random.random() < 0.5:
        return tell_town(names.place(random), random.choice(names.rivers), random)
    return tell_stranger(names.anyone(random), names.place(random), speaker)


def tell_town(place: str, river: str, random: Random) -> Told:
    """Return a paragraph about a town."""
    lies = random.choice(WORLD.town_lies).format(p=place, r=river)
    known = random.choice(WORLD.town_known).format(g=random.choice(WORDS.goods))
    return Told((lies, known), lies)


def tell_stranger(name: str, place: str, speaker: Speaker) -> Told:
    """Return a sentence about somebody who is not of the speaker's life."""
    random = speaker.random
    trade = with_article(random.choice(WORDS.trades))
    year = random.randint(speaker.now - 60, speaker.now - 1)
    text = random.choice(WORLD.strangers).format(n=name, a=trade, p=place, y=year)
    return Told((text,), text)


def distractors(
    speaker: Speaker, count: int, *, without: Set[str] = frozenset(), subject: Subject | None = None
) -> list[str]:
    """Return paragraphs of the same life that do not touch the kinds and the subject named.

    Where a scene settles what is recalled, these are its paragraphs.
    """
    if speaker.scene is not None:
        return [*speaker.scene.recalled]
    random = speaker.random
    facts = [f for f in speaker.facts() if f.kind.name not in without]
    opinions = [o for o in speaker.life.opinions if o.subject is not subject]
    random.shuffle(facts)
    random.shuffle(opinions)
    return [_distractor(speaker, facts, opinions) for _ in range(count)]


def _distractor(speaker: Speaker, facts: list[Fact], opinions: list[Opinion]) -> str:
    chance = speaker.random.random()
    if chance < WORLD_SHARE or not facts:
        return tell_world(speaker).text
    if chance < 0.4 and opinions:
        return tell_opinion(opinions.pop(), speaker.number, speaker.random).text
    return tell_fact(facts.pop(), speaker.random).text


def mixed(needed: Sequence[str], others: Sequence[str], speaker: Speaker) -> tuple[str, ...]:
    """Return all paragraphs, the needed ones mostly first: a memory recalls the nearest first."""
    if speaker.scene is not None:
        return speaker.scene.recalled
    random = speaker.random
    first = random.sample(needed, len(needed))
    rest = [text for text in others if text not in needed]
    if random.random() >= NEEDED_FIRST_SHARE:
        first, rest = [], random.sample([*first, *rest], len(first) + len(rest))
    return tuple(dict.fromkeys((*first, *rest)))


def other_count(random: Random) -> int:
    """Return how many distractors stand beside the needed paragraph."""
    return random.choice((0, 0, 0, 1, 1, 2, 3))
