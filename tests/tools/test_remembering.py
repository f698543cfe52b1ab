"""Lives are asked as a memory has it: what fits comes first, what does not fit stays away."""

from dataclasses import replace

import pytest

from persllm.embeddings import default_embeddings
from tools.nano.lives.items import LifeItem, life_items
from tools.nano.remembering import Remembering

SISTER = "My sister was called Berta. She kept bees."
TRADE = "I work as a baker, and my bread is known in the whole town."
FROST = "Amber is the hardened resin of old trees. Sometimes a fly is found inside it."


@pytest.fixture(scope="module")
def remembering() -> Remembering:
    return Remembering(default_embeddings())


@pytest.fixture(scope="module")
def item() -> LifeItem:
    return next(life_items(seed=3, count=1))


def _asked(item: LifeItem, question: str, *recalled: str, needed: tuple[str, ...] = ()) -> LifeItem:
    return replace(item, question=question, recalled=recalled, needed=needed)


def test_what_fits_comes_first_and_the_rest_stays_away(
    remembering: Remembering, item: LifeItem
) -> None:
    asked = _asked(item, "What was your sister called?", FROST, TRADE, SISTER)
    assert remembering.of(asked).recalled == (SISTER,)


def test_nothing_comes_to_mind_where_nothing_fits(remembering: Remembering, item: LifeItem) -> None:
    asked = _asked(item, "Did you ever travel to Brazil?", SISTER, FROST)
    assert remembering.of(asked).recalled == ()


def test_what_answers_is_recalled_even_where_it_fits_badly(
    remembering: Remembering, item: LifeItem
) -> None:
    asked = _asked(item, "Did you ever travel to Brazil?", SISTER, FROST, needed=(FROST,))
    assert remembering.of(asked).recalled == (FROST,)


def test_whoever_recalls_nothing_still_does(remembering: Remembering, item: LifeItem) -> None:
    asked = _asked(item, "What was your sister called?")
    assert remembering.of(asked) is asked
