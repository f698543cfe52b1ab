"""The stream of question items about invented lives: the one door to this package.

Knows how often each skill is asked and how lives take turns. The skills themselves are in
`skills_facts`, `skills_views` and `skills_talk`.
"""

from collections.abc import Callable, Iterator, Mapping
from random import Random

from tools.nano.lives import skills_facts, skills_talk, skills_views
from tools.nano.lives.item import SKILLS, Draft, LifeItem, finished
from tools.nano.lives.people import Life, drawn_life
from tools.nano.lives.scenes import scene_items
from tools.nano.lives.telling import Speaker

__all__ = ["SKILLS", "LifeItem", "life_items", "life_scenes"]

WEIGHTS: Mapping[str, int] = {
    "fact": 30,
    "false-premise": 20,
    "true-premise": 22,
    "unknown": 16,
    "opinion": 12,
    "clash": 14,
    "stage": 8,
    "narrate": 12,
}
LIVES_AT_ONCE = 48
SCENES_A_LIFE = 2
ITEMS_A_LIFE = 8

_MAKERS: Mapping[str, Callable[[Speaker], Draft]] = {
    "fact": skills_facts.fact,
    "false-premise": skills_facts.false_premise,
    "true-premise": skills_facts.true_premise,
    "unknown": skills_facts.unknown,
    "opinion": skills_views.opinion,
    "clash": skills_views.clash,
    "stage": skills_views.stage,
    "narrate": skills_talk.narrate,
}


def life_items(*, seed: int, count: int, held_out: bool = False) -> Iterator[LifeItem]:
    """Yield question items; the same seed yields the same items.

    Args:
        seed: Where chance starts.
        count: How many items.
        held_out: Whether to use the names, places and subjects that training never uses.
    """
    random = Random(f"{seed}|{held_out}")
    skills = random.choices(SKILLS, [WEIGHTS[skill] for skill in SKILLS], k=count)
    lives = _lives_in_turn(random, held_out=held_out)
    for skill in skills:
        speaker = Speaker(next(lives), random.randrange(2), random)
        yield finished(skill, _MAKERS[skill](speaker), speaker)


def life_scenes(*, seed: int, count: int) -> Iterator[list[LifeItem]]:
    """Yield scenes of training lives, `SCENES_A_LIFE` of each; a seed always yields the same."""
    random = Random(f"scenes {seed}")
    for number in range(0, count, SCENES_A_LIFE):
        life = drawn_life(random, held_out=False)
        for _ in range(min(SCENES_A_LIFE, count - number)):
            yield scene_items(life, random)


def _lives_in_turn(random: Random, *, held_out: bool) -> Iterator[Life]:
    """Yield lives, each about `ITEMS_A_LIFE` times and never twice in a row for long."""
    lives = [drawn_life(random, held_out=held_out) for _ in range(LIVES_AT_ONCE)]
    while True:
        place = random.randrange(LIVES_AT_ONCE)
        yield lives[place]
        if random.random() * ITEMS_A_LIFE < 1:
            lives[place] = drawn_life(random, held_out=held_out)
