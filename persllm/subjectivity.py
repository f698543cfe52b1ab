"""Objective or subjective: does a paragraph tell what was, or what the person thinks of it?

Objective text feeds what is said, subjective text how it is said (METHOD 2.2). The rule used here
and for the labelled sample: a paragraph is objective when somebody else could have told the same
(events, descriptions, knowledge, also in the first person), subjective when it takes a stance:
an opinion, a judgement, a feeling, a wish, an argument, or words addressed to somebody.
"""

import re
from collections.abc import Sequence
from typing import Literal

Kind = Literal["objective", "subjective"]

BIAS = -0.24
"""Below zero: without any sign a paragraph is objective."""
TONE_COUNTS = 0.75
"""Weight of the document's mean stance beside the paragraph's own; tuned like the others."""
SHORT = 10
"""Paragraphs at which a document's tone counts half."""
MAX_COUNT = 3
"""A sign counts at most so often in a paragraph."""
_VERBS = (
    "think|believe|feel|hope|wish|love|hate|hold|fear|suppose|doubt|expect|regret|confess|prefer|"
    "despise|admire|trust|dare say|daresay|suspect|imagine|fancy|cannot|can't|long|care|mind|agree|"
    "wonder|beg|swear|insist|maintain|deny|intend|mean|envy|adore|detest|rejoice|grieve"
)
SIGNS: tuple[tuple[float, re.Pattern[str]], ...] = (
    (
        1.37,
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
        1.03,
        re.compile(
            r"\b(?:in my (?:opinion|view|judgment|mind|heart)|to my mind|my (?:opinion|view|"
            r"belief|conviction|hope|heart|dear|taste|conscience|own part)|seems? to me|it is my|"
            r"as for me)\b",
            re.I,
        ),
    ),
    (
        0.93,
        re.compile(
            r"\b(?:ought|must not|should|let us|let me|alas|thank (?:you|god|heaven))\b", re.I
        ),
    ),
    (0.61, re.compile(r"\b(?:must|shall|would|I'd|I'll|I will|I shall|need not|never)\b")),
    (0.94, re.compile(r"!")),
    (0.83, re.compile(r"\?")),
    (0.81, re.compile(r"\b(?:you|your|yours|thou|thee|thy|ye)\b", re.I)),
    (1.31, re.compile(r"\b(?:dear(?:est)?|affectionate(?:ly)?|yours)\b", re.I)),
    (
        0.53,
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
        0.53,
        re.compile(
            r"\b(?:surely|certainly|indeed|perhaps|of course|merely|nothing|always|nobody|everyone|"
            r"everything|all (?:men|people|that)|mankind|one must|we (?:are|have|must|should|do|"
            r"can)|therefore|why|how|whoever|he who|those who|rather)\b",
            re.I,
        ),
    ),
    (0.35, re.compile(r"\b(?:is|are|does|do)\b")),
    (
        0.55,
        re.compile(
            r"\b(?:man|men|people|world|life|God|love|death|humanity|society|doctrine|beliefs?|spirit|"
            r"art|passions?|virtues?|religion|christian\w*|war|heart|suffer\w*|right)\b",
            re.I,
        ),
    ),
    (0.46, re.compile(r"\b(?:us|ourselves|himself|oneself|themselves|itself)\b", re.I)),
    (0.44, re.compile(r"\b(?:not|no|nor|only|even|so|but|if|such|every|all|most|any)\b", re.I)),
    (0.43, re.compile(r"[\"\u201c\u201d]")),
    (0.24, re.compile(r"\b(?:I|my|me|myself)\b")),
    (
        -0.57,
        re.compile(
            r"\b(?:sea|shore|river|coast|island|forest|water|land|valley|mountains?|plains?|trees?|"
            r"house|room|ship|boats?|horses?|north\w*|south\w*|east\w*|west\w*|stone|snow|ice|winter|"
            r"summer|spring|autumn|morning|evening|night|day|leaves|wood|harbour|town|village|eggs|"
            r"insects?|animals?|surface|colou?r\w*|feathers?|years?|months?|weeks?)\b",
            re.I,
        ),
    ),
    (
        -0.27,
        re.compile(
            r"\b(?:above|below|between|through|along|across|near|under|over|round|into|from|on the|"
            r"at the|in the)\b"
        ),
    ),
    (-0.45, re.compile(r"\b[a-z]{3,}ed\b")),
    (-0.46, re.compile(r"\b(?:1[0-9]{3}|20[0-2]\d)\b")),
    (-0.39, re.compile(r"\b\d+(?:[.,]\d+)*\b")),
    (
        -0.52,
        re.compile(
            r"\b(?:feet|miles|inches|yards|pounds|degrees|metres?|kilometres?|per cent|o'clock|"
            r"species|genus|family|varieties|birds?|plants?|shells?|rocks?|located|born|died|published|founded|"
            r"consists?|called|contains?|situated|built|married|appointed|elected)\b"
        ),
    ),
    (
        -0.15,
        re.compile(
            r"\b(?:was|were|had|went|came|took|saw|made|found|gave|began|left|sat|stood|ran|rode|got|"
            r"reached|arrived|returned|started|crossed|landed|sailed|passed|entered|walked|looked|"
            r"brought|told|asked|lived|worked|read|wrote|collected|received|visited|said)\b"
        ),
    ),
    (-0.05, re.compile(r"\b(?:he|she|they|his|her|their|him|them)\b")),
    (-0.05, re.compile(r"(?<=[a-z,] )[A-Z][a-z]{2,}")),
)
"""Weights and signs; tuned on one half of the labelled sample (docs/materials.md)."""


def kind_of(text: str, *, tone: float = 0.0) -> Kind:
    """Return the class of a paragraph by its words, and by the tone of its document."""
    return "subjective" if stance(text) + TONE_COUNTS * tone > 0 else "objective"


def kinds_of(texts: Sequence[str]) -> list[Kind]:
    """Return the classes of one document's paragraphs; its tone decides what words leave open."""
    tone = tone_of(texts)
    return [kind_of(text, tone=tone) for text in texts]


def tone_of(texts: Sequence[str]) -> float:
    """Return a document's mean stance; a short document hardly has one."""
    clipped = (max(-2.0, min(2.0, stance(text))) for text in texts)
    return sum(clipped) / (len(texts) + SHORT)


def stance(text: str) -> float:
    """Return how much of a stance a paragraph takes; above zero it is subjective."""
    length = max(1.0, len(text.split()) / 30)
    counted = sum(
        weight * min(MAX_COUNT * length, len(sign.findall(text))) for weight, sign in SIGNS
    )
    return BIAS + counted / float(length**0.7)
