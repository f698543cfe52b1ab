"""Words that tell something, which of them a text leaves unsaid, and years that are yet to come.

A claim gives itself away by the words that nothing recalled holds: a wrong name, another year.
Names and numbers are what vectors and small models compare worst, and words compare exactly.
"""

import re
from collections.abc import Iterator, Sequence, Set

WORD = re.compile(r"\d+|[^\W\d_]{3,}")
STEM = 4
"""Words that begin with the same letters count as the same."""
YEAR = re.compile(r"\b(?:1[4-9]\d\d|20\d\d)\b(?!\s[a-z]{3,}s\b)")
"""A number that may be a year, unless a plural follows: "2000 volts"."""
MOST_UNSAID = 8
"""A turn with more words that nothing holds tells of something else altogether."""
COMMON = frozenset(
    # What any sentence may have, and what questions and claims are put with.
    "about admit after again against all already also although always and answer any anyone are "
    "around ask asked away became because become becoming been before being believe below beside "
    "best better between both but call called came can cannot come correct could did does doing "
    "done down during each even ever every few first for from gave get give given gone good got "
    "had happen happened has have having hear heard her here hers him himself his how however "
    "indeed interesting into its itself just kind know known last let like long made make makes "
    "many may me met might mistaken more most much must myself name named never none nor not "
    "notes nothing now off once one only opinion other others our ours out over own perhaps "
    "presume question quite rather read really remember right said same saw say says see seem "
    "seems shall she should since some somebody something soon sort speak still such suppose sure "
    "surely take taken tell than that the their theirs them then there these they thing things "
    "think this those though thought through thus till together told too took toward true under "
    "understand understood until upon used very want wanted was way well went were what when "
    "where whether which while who whom whose why will wish with within without wrong would yes "
    "yet you your yours yourself "
    # Verbs that fit nearly anything, and titles: who errs, errs in a name, a number or a thing.
    "allow allowed allows begin began begun break broke broken bring brings brought buy bought "
    "carry carried cost costs draw drew drawn end ended fill filled find finds found follow "
    "followed happens help helped hold holds held keep keeps kept leave leaves left lose lost "
    "live lived lives mean means meant meet move moved need needed needs pay paid play put "
    "putting reach reached receive received remain remained run ran sell sold send sent set show "
    "showed shown spend spent stand stands stood start started stay stayed stop stopped tried try "
    "turn turned use uses write wrote written work worked people time times year years dame "
    "doctor lady lord madame master miss mister monsieur mrs professor sir "
    # What contractions leave.
    "didn doesn don isn wasn weren aren haven hasn hadn wouldn couldn".split()
)


def stems(text: str) -> Set[str]:
    """Return the beginnings of the words that tell something, and the numbers."""
    return {_stem(word) for word in WORD.findall(text) if word.lower() not in COMMON}


def unsaid(turn: str, texts: Sequence[str], *, language: str = "en") -> list[str] | None:
    """Return what of a turn none of the texts holds, in the turn's own words and order.

    Words that stand side by side come as one. Common words are known for English; of other
    languages only numbers and what is written with a capital count.

    Returns:
        None where there are more than `MOST_UNSAID` such words.
    """
    held = {_stem(word) for text in texts for word in WORD.findall(text)}
    found = [word for word in WORD.finditer(turn) if _counts(word[0], language)]
    strange = [word for word in found if _stem(word[0]) not in held]
    return [*_joined(turn, strange)] if len(strange) <= MOST_UNSAID else None


def years_after(turn: str, last: int) -> list[str]:
    """Return the years that a turn names and that come after the last one."""
    return [year for year in dict.fromkeys(YEAR.findall(turn)) if int(year) > last]


def _counts(word: str, language: str) -> bool:
    return word.lower() not in COMMON and (language == "en" or not word[0].islower())


def _joined(turn: str, words: Sequence[re.Match[str]]) -> Iterator[str]:
    start = end = 0
    for word in words:
        if end and turn[end : word.start()] not in (" ", "-"):
            yield turn[start:end]
            end = 0
        start = start if end else word.start()
        end = word.end()
    if end:
        yield turn[start:end]


def _stem(word: str) -> str:
    return word if word.isdigit() else word.lower().removesuffix("s")[:STEM]
