"""Objective or subjective: does a paragraph tell what was, or what the person thinks of it?

Objective text feeds what is said, subjective text how it is said (METHOD 2.2). The rule used here
and for the labelled sample: a paragraph is objective when somebody else could have told the same
(events, descriptions, knowledge, also in the first person), subjective when it takes a stance:
an opinion, a judgement, a feeling, a wish, an argument, or words addressed to somebody.
"""

import re
from typing import Literal

Kind = Literal["objective", "subjective"]

BIAS = -0.55
"""Below zero: without any sign a paragraph is objective."""
MAX_COUNT = 3
"""A sign counts at most so often in a paragraph."""
_VERBS = (
    "think|believe|feel|hope|wish|love|hate|hold|fear|suppose|doubt|expect|regret|confess|prefer|"
    "despise|admire|trust|dare say|daresay|suspect|imagine|fancy|cannot|can't|long|care|mind|agree|"
    "wonder|beg|swear|insist|maintain|deny|intend|mean|envy|adore|detest|rejoice|grieve"
)
SIGNS: tuple[tuple[float, re.Pattern[str]], ...] = (
    (
        1.3,
        re.compile(
            rf"\bI (?:do not |don't |only |must |can |should |now |still |often )?(?:{_VERBS})\b"
        ),
    ),
    (
        1.1,
        re.compile(
            r"\bI (?:am|'m|was) (?:\w+ )?(?:sure|glad|sorry|afraid|happy|proud|ashamed|convinced|"
            r"certain|delighted|tired|sick|weary|astonished|grateful|angry|inclined|unable|quite)\b"
        ),
    ),
    (
        1.0,
        re.compile(
            r"\b(?:in my (?:opinion|view|judgment|mind|heart)|to my mind|my (?:opinion|view|"
            r"belief|conviction|hope|heart|dear|taste|conscience|own part)|seems? to me|it is my|"
            r"as for me)\b",
            re.I,
        ),
    ),
    (
        0.9,
        re.compile(
            r"\b(?:ought|must not|should|let us|let me|alas|thank (?:you|god|heaven))\b", re.I
        ),
    ),
    (0.5, re.compile(r"\b(?:must|shall|would|I'd|I'll|I will|I shall|need not|never)\b")),
    (0.8, re.compile(r"!")),
    (0.7, re.compile(r"\?")),
    (0.7, re.compile(r"\b(?:you|your|yours|thou|thee|thy|ye)\b", re.I)),
    (1.3, re.compile(r"\b(?:dear(?:est)?|affectionate(?:ly)?|yours)\b", re.I)),
    (
        0.6,
        re.compile(
            r"\b(?:beautiful|wonderful|glorious|horrid|horrible|absurd|ridiculous|noble|dreadful|"
            r"terrible|splendid|shameful|stupid|foolish|wicked|vile|evil|sacred|false|true|truth|lie|"
            r"lies|wise|wisdom|folly|nonsense|contempt|pity|beauty|ugly|vulgar|charming|delightful|"
            r"miserable|wretched|happiness|virtue|vice|cruel|justice|injustice|duty|moral(?:ity|s)?|"
            r"conscience|faith|soul|freedom|genius|best|worst|better|worse|too|unworthy|worth|lovely|"
            r"marvellous|magnificent|detestable|clever|honest|base|great|good|bad)\b",
            re.I,
        ),
    ),
    (
        0.35,
        re.compile(
            r"\b(?:surely|certainly|indeed|perhaps|of course|merely|nothing|always|nobody|everyone|"
            r"everything|all (?:men|people|that)|mankind|one must|we (?:are|have|must|should|do|"
            r"can)|therefore|why|how|whoever|he who|those who|rather)\b",
            re.I,
        ),
    ),
    (0.25, re.compile(r"\b(?:is|are|does|do)\b")),
    (-0.45, re.compile(r"\b(?:1[0-9]{3}|20[0-2]\d)\b")),
    (-0.35, re.compile(r"\b\d+(?:[.,]\d+)*\b")),
    (
        -0.5,
        re.compile(
            r"\b(?:feet|miles|inches|yards|pounds|degrees|metres?|kilometres?|per cent|o'clock|"
            r"species|genus|family|varieties|birds?|plants?|shells?|rocks?|located|born|died|published|founded|"
            r"consists?|called|contains?|situated|built|married|appointed|elected)\b"
        ),
    ),
    (
        -0.3,
        re.compile(
            r"\b(?:was|were|had|went|came|took|saw|made|found|gave|began|left|sat|stood|ran|rode|got|"
            r"reached|arrived|returned|started|crossed|landed|sailed|passed|entered|walked|looked|"
            r"brought|told|asked|lived|worked|read|wrote|collected|received|visited|said)\b"
        ),
    ),
    (-0.25, re.compile(r"\b(?:he|she|they|his|her|their|him|them)\b")),
    (-0.15, re.compile(r"(?<=[a-z,] )[A-Z][a-z]{2,}")),
)
"""Weights and signs; tuned on one half of the labelled sample (docs/materials.md)."""


def kind_of(text: str) -> Kind:
    """Return the class of a paragraph by its words."""
    return "subjective" if stance(text) > 0 else "objective"


def stance(text: str) -> float:
    """Return how much of a stance a paragraph takes; above zero it is subjective."""
    length = max(1.0, len(text.split()) / 30)
    counted = sum(
        weight * min(MAX_COUNT * length, len(sign.findall(text))) for weight, sign in SIGNS
    )
    return BIAS + counted / float(length**0.7)
