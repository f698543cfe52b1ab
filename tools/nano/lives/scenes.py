"""Scenes: one speaker, one set of recalled paragraphs, several questions about it.

What answers one question leaves another unanswered, so that the question has to be read. Training
computes the shared beginning once. Knows how a scene is laid; the questions are the skills'.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from random import Random

from tools.nano.lives import skills_facts, skills_talk, skills_views
from tools.nano.lives.item import Draft, LifeItem, finished
from tools.nano.lives.people import Fact, Life
from tools.nano.lives.telling import (
    Scene,
    Speaker,
    alike,
    tell_fact,
    tell_opinion,
    tell_world,
)

QUESTIONS = (5, 6, 7)
"""How many are asked in a scene, each as likely."""
FACTS = (1, 2, 2, 3)
OPINIONS = (0, 1, 1, 2)
OTHERS = (0, 0, 1)
Maker = Callable[[Speaker], Draft]
_OF_FACTS: Mapping[str, tuple[Maker, int]] = {
    "fact": (skills_facts.fact, 20),
    "false-premise": (skills_facts.false_premise, 16),
    "true-premise": (skills_facts.true_premise, 16),
    "unknown": (skills_facts.unknown, 20),
    "stage": (skills_views.stage, 4),
    "narrate": (skills_talk.narrate, 8),
}
_OF_OPINIONS: Mapping[str, tuple[Maker, int]] = {
    "opinion": (skills_views.opinion, 16),
    "clash": (skills_views.clash, 24),
}


def scene_items(life: Life, random: Random) -> list[LifeItem]:
    """Return questions to one speaker over the same recalled paragraphs."""
    speaker = Speaker(life, random.randrange(2), random)
    speaker = replace(speaker, scene=_laid(speaker))
    makers = {**_OF_FACTS, **(_OF_OPINIONS if speaker.scene and speaker.scene.opinions else {})}
    names = [*makers]
    weights = [weight for _, weight in makers.values()]
    skills = random.choices(names, weights, k=random.choice(QUESTIONS))
    return [finished(skill, makers[skill][0](speaker), speaker) for skill in skills]


def _laid(speaker: Speaker) -> Scene:
    """Return a scene of this speaker's own facts and opinions, no two of which answer alike."""
    random = speaker.random
    facts = tuple((fact, tell_fact(fact, random)) for fact in _apart(speaker, random.choice(FACTS)))
    held = random.sample(speaker.life.opinions, random.choice(OPINIONS))
    opinions = tuple((one, tell_opinion(one, speaker.number, random)) for one in held)
    others = [tell_world(speaker) for _ in range(random.choice(OTHERS))]
    texts = [told.text for told in (*(t for _, t in facts), *(t for _, t in opinions), *others)]
    return Scene(facts, opinions, tuple(random.sample(texts, len(texts))))


def _apart(speaker: Speaker, count: int) -> Iterator[Fact]:
    known = [fact for fact in speaker.facts() if fact.kind.name != "unwed"]
    taken: set[str] = set()
    for fact in speaker.random.sample(known, len(known)):
        if count and fact.kind.name not in taken:
            taken |= alike(fact.kind.name)
            count -= 1
            yield fact
