"""The words that lives are made of: names, places, trades, things.

Which of them a life or an item gets is decided in `names`, `values` and the skills.
"""

from pydantic.dataclasses import dataclass

from tools.nano.lives.tables import COMPLETE, Texts, read_table


@dataclass(frozen=True, slots=True, kw_only=True, config=COMPLETE)
class Words:
    """Lists of words by what they name."""

    men: Texts
    women: Texts
    surnames: Texts
    cities: Texts
    place_starts: Texts
    place_ends: Texts
    name_starts: Texts
    name_ends: Texts
    river_starts: Texts
    river_ends: Texts
    trades: Texts
    studies: Texts
    objects: Texts
    animals: Texts
    pet_names: Texts
    fears: Texts
    habits: Texts
    foods: Texts
    drinks: Texts
    street_starts: Texts
    street_ends: Texts
    illnesses: Texts
    countries: Texts
    disasters: Texts
    prizes: Texts
    instruments: Texts
    flowers: Texts
    properties: Texts
    languages: Texts
    invention_adjectives: Texts
    invention_nouns: Texts
    title_adjectives: Texts
    title_nouns: Texts
    title_studies: Texts
    goods: Texts
    firm_ends: Texts


WORDS = read_table("words.yaml", Words)
