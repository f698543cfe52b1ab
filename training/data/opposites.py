"""Words and their opposites: what a claim without names and numbers can be wrong about."""

import re

PAIRS = """
more less|greater smaller|great small|larger smaller|higher lower|stronger weaker|strong weak|
always never|often seldom|frequently rarely|usually seldom|commonly rarely|common rare|rich poor|
richer poorer|old young|older younger|ancient modern|increase decrease|increased decreased|
increases decreases|male female|males females|friend enemy|friends enemies|love hatred|
loved hated|loves hates|life death|day night|summer winter|north south|northern southern|
east west|eastern western|northward southward|good bad|true false|possible impossible|
easy difficult|early late|earlier later|beginning end|hot cold|warm cold|hotter colder|dry wet|
heavy light|high low|deep shallow|quick slow|quickly slowly|rapid slow|rapidly slowly|
fertile sterile|fertility sterility|useful useless|beautiful ugly|beauty ugliness|happy unhappy|
happiness misery|pleasure pain|pleasures pains|joy sorrow|joys sorrows|strength weakness|
health sickness|healthy sick|freedom slavery|master slave|masters slaves|moral immoral|
morality immorality|conscious unconscious|consciously unconsciously|similar different|
simple complex|wise foolish|wisdom folly|courage cowardice|brave cowardly|proud humble|
pride humility|war peace|victory defeat|faith doubt|superior inferior|advantage disadvantage|
advantageous injurious|favourable unfavourable|regular irregular|perfect imperfect|
perfectly imperfectly|important trifling|necessary needless|natural artificial|permanent passing|
many few|everything nothing|everybody nobody|everywhere nowhere|inside outside|loud quiet|
best worst|better worse|most least|largest smallest|highest lowest|greatest smallest|
longer shorter|wide narrow|broad narrow|thick thin|presence absence|visible invisible|alive dead|
land sea|gain loss|rise fall|success failure|succeeded failed|hope fear|praise blame|virtue vice|
virtues vices|reward punishment|guilty innocent|pessimism optimism|cause effect|causes effects|
agree disagree|remember forget|noble vulgar|lofty low|solitude company|cheerful gloomy|
generous mean|honest false|clever stupid|educated ignorant|knowledge ignorance|certain doubtful|
clearly dimly|strongly faintly|slight strong|slightly greatly|large small|tall short|fast slow|
safe dangerous|danger safety|active idle|civilised savage|wild tame|smooth rough|bright dull|
brighter duller|black white|harmless dangerous|gentle fierce|polite rude|grateful ungrateful|
interesting dull|
""".replace("\n", "")
UNSAFE_BEFORE = re.compile(
    r"\b(?:no|any|once|still|or|nor|not|as|so|how|too|at|in|neither|either|and|the|never|far|much|"
    r"good|my|his|our|your|their|her|a|one|all|every|each|this|that)\s+$",
    re.IGNORECASE,
)
FIXED_BEFORE = re.compile(r"\b(?:at|no|any|once|as well|or|and then)\s+$", re.IGNORECASE)
MORE_OR_LESS = frozenset(
    "more less most least light long late early end rise fall first mean".split()
)


def _both_ways() -> dict[str, str]:
    table: dict[str, str] = {}
    for pair in filter(None, (part.strip() for part in PAIRS.split("|"))):
        one, other = pair.split()
        table.setdefault(one, other)
        table.setdefault(other, one)
    return table


OPPOSITES = _both_ways()
WORD = re.compile(r"\b(" + "|".join(sorted(OPPOSITES, key=len, reverse=True)) + r")\b")
AUXILIARY = re.compile(r"\b(is|are|was|were|can|could|will|would|shall|should|must|has|have|had)\b")
NEGATED = re.compile(r"\b(?:not|no|never|nothing|nobody|none|neither|nor|cannot|without|hardly)\b")
FEWEST_BEFORE = 1
MOST_BEFORE = 9


def find_opposable(sentence: str) -> list[tuple[int, str, str]]:
    """Return (place, word, its opposite) of words that occur once, their opposite nowhere."""
    found = []
    for match in WORD.finditer(sentence):
        word, other = match[1], OPPOSITES[match[1]]
        once = len(re.findall(rf"\b{word}\b", sentence, re.IGNORECASE)) == 1
        free = not re.search(rf"\b{other}\b", sentence, re.IGNORECASE)
        unsafe = word in MORE_OR_LESS and UNSAFE_BEFORE.search(sentence[: match.start()])
        unsafe = unsafe or FIXED_BEFORE.search(sentence[: match.start()])
        if once and free and not unsafe and sentence[match.end() :][:1] not in {"-", "'", "\u2019"}:
            found.append((match.start(1), word, other))
    return found


def negated(sentence: str) -> str | None:
    """Return the opposite of a short plain statement, as "Art is not play." for "Art is play.".

    None where it is negated already, or where its first verb is not plainly the main one.
    """
    if NEGATED.search(sentence.lower()) or re.search(r"[;:()\u2014\"“”?!]", sentence):
        return None
    match = AUXILIARY.search(sentence)
    if match is None:
        return None
    before = sentence[: match.start()]
    subordinate = re.search(
        r"\b(?:if|when|who|which|that|what|as|where|because|although|whether|"
        r"while|since|unless|until|for|how|why|whoever|though|after|before)\b",
        before.lower(),
    )
    if subordinate or "," in before or not FEWEST_BEFORE <= len(before.split()) <= MOST_BEFORE:
        return None
    instead = "cannot" if match[1] == "can" else f"{match[1]} not"
    return before + instead + sentence[match.end() :]
