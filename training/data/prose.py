"""Does a text read as prose, and can a sentence be read alone? Judged by form, not by meaning.

Books hold more than what their author says: indexes, catalogues, notes, references to pages. A
sentence that points at another place ("as shown above", "this subject") is no answer by itself.
"""

import re
from functools import lru_cache

from persllm.sentences import sentences

FEWEST_WORDS = 8
LETTERS_SHARE = 0.9
NOISE_SHARE = 0.05
CAPITALS_SHARE = 0.22
LONGEST_SENTENCE = 45
MARKUP = (
    (re.compile(r"(?<![A-Za-z0-9])[_*=~]+(?=\S)|(?<=\S)[_*=~]+(?![A-Za-z0-9])"), ""),
    (re.compile(r"\s*[\[{](?:\d+|[A-Za-z*]|[Ff]ootnote[^\]}]*|[Ii]llustration[^\]}]*)[\]}]"), ""),
    (re.compile(r"\s*\((?:see|cf|fig|p|pp|vol|ch|vide)\b[^)]*\)", re.IGNORECASE), ""),
    (re.compile(r"\s*\([^)]*\d[^)]*\)"), ""),
    (re.compile(r"\s*-{2,}\s*"), "\u2014"),
    (re.compile(r"\s+"), " "),
    (re.compile(r"^[^.!?\u2014]{3,70}\.\s?\u2014\s?(?=[A-Z\"\u201c])"), ""),  # "Title.--Text"
    (re.compile(r"(?<=[.!?])\s?\u2014\s?(?=[A-Z])"), " "),
)
NOISE = re.compile(
    r"\b(?:vols?|pp?|8vo|4to|12mo|[ivxl]{1,5}|ed|edit|edn|fig|figs|pl|ib|ibid|op|cit|tom|tab|sect)\."
    r"|\b\d+s\.|[£$]|\d+d\.|\b(?:copyright|gutenberg|https?|isbn|translator|editor)\b",
    re.IGNORECASE,
)
VERB = re.compile(
    r"\b(?:am|is|are|was|were|has|have|had|can|could|may|might|will|would|shall|should|must|do|"
    r"does|did|[a-z]{3,}ed|went|came|saw|took|found|made|gave|knew|thought|felt|left|lay|stood|"
    r"said|wrote|told|became|began|brought|kept|met|ran|sent|spoke|held|grew|lost|put|makes?|gives?|"
    r"takes?|seems?|says?|becomes?|comes?|goes|go|knows?|thinks?|believes?|feels?|finds?|gets?|"
    r"brings?|keeps?|leads?|lies|lives?|loves?|means?|needs?|speaks?|stands?|teaches|teach|tells?|"
    r"wants?|wishes|wish|consists?|contains?|depends?|differs?|exists?|follows?|holds?|includes?|"
    r"produces?|remains?|requires?|shows?|tends?|varies|vary|hate|hates|learns?|suffers?|desires?|"
    r"belongs?|begins?|appears?|occurs?|grows?|acts?|looks?|rests?|serves?|wills|creates?|"
    r"broke|fell|rose|blew|drew|ate|drove|rode|threw|wore|swam|sang|sank|shook|froze|chose|slept|"
    r"spent|built|bought|sold|taught|caught|sought|fought|paid|led|fed|read|hung|won|heard|meant|"
    r"burns?|cuts?|hears?|reads?|sees?|thins?|thickens?|turns?|works?|writes?|wants?|costs?|"
    r"miss|enjoy|admire|prefer|trust|distrust|detest|dislike|envy|regret|despise|"
    r"cannot|believe|hope|fear|doubt|suppose|suspect|remember|sailed|let)\b"
)
PAST = re.compile(r"\b(?:was|were|had|went|came|saw|took|told|did|said|gave|found|wrote)\b")
PRESENT = re.compile(
    r"\b(?:is|are|must|should|ought|can|cannot|may|do|does|will|never|always|believe|think|feel|"
    r"hold|love|hate|make|makes|seems|seem|has|have)\b"
)
LETTER_HEAD = re.compile(
    r"^(?:[A-Z][a-z]+ \d{1,2}(?:st|nd|rd|th|d)?(?:, \d{4})?\.?|(?:MY )?DEAR [A-Z. ]+)[,.]?"
    r"\s*\u2014\s*"
)
OPENING = re.compile(
    r"^(?:he|she|it|they|him|them|this|these|those|that|his|her|their|its|such|but|and|or|so|then|"
    r"there|here|thus|hence|yet|also|however|therefore|both|another|otherwise|nor|which|who|"
    r"all the (?:worse|better|more|less)|only (?:by|in|to|when|then|thus)|and again|my dear|"
    r"not that|fourthly|fifthly|sixthly|seventhly|ask|innumerable other|many other|"
    r"neither|either|none|analogous|an analogous|"
    r"in (?:conclusion|case|short|fact|general)|"
    r"most of|some of|many of|all of|as soon|as before|one of|each|"
    r"moreover|furthermore|nevertheless|accordingly|consequently|again|secondly|thirdly|lastly|"
    r"finally|firstly|on the (?:other|contrary)|in (?:this|these|such|like|consequence)|"
    r"for (?:instance|example|this|these)|besides|still|now|even so|similarly|likewise|to this|"
    r"from (?:this|these)|with (?:this|these)|of (?:this|these)|at (?:this|that)|by (?:this|these)|"
    r"under (?:this|these)|what follows|the (?:same|former|latter|other|others|above|following))\b",
    re.IGNORECASE,
)
POINTS_ELSEWHERE = re.compile(
    r"\b(?:as before mentioned|above(?! all)|below|following|foregoing|preceding|"
    r"aforesaid|former|latter|"
    r"chapters?|pages?|"
    r"plates?|tables?|figures?|diagrams?|woodcuts?|editions?|volumes?|footnotes?|appendix|"
    r"paragraphs?|sections?|manuscripts?|sketch|extracts?|memoirs?|hereafter|hitherto quoted|"
    r"quoted|as stated|shall see|have seen|we now|let us|annotat\w+|printed|reprinted)\b"
    r"|\b(?:this|these) (?!(?:life|world|country|morning|evening|day|earth|age|house|island)\b)"
    r"|\b(?:such|same) (?:a |an )?(?:case|cases|manner|way|subject|kind|view|opinion|fact|facts)\b"
    r"|\bwhich (?:I|we) (?:have|shall)\b|\bI (?:shall|will|may|must|need|would|might) "
    r"(?:here|now|only|also|again|add|mention|give|quote|refer|discuss|return|show|first|not)\b",
    re.IGNORECASE,
)
HE = re.compile(r"\b(?:he|him|his|himself|she|her|hers|herself)\b", re.IGNORECASE)
THEY = re.compile(r"\b(?:they|them|their|theirs|themselves)\b", re.IGNORECASE)
IT = re.compile(r"\b(?:it|its|itself)\b", re.IGNORECASE)
EMPTY_IT = re.compile(
    r"\b(?:it (?:is|was|would|may|might|must|seems?|appears?|had|has|will))\b", re.I
)
SOMEBODY = re.compile(
    r"(?<!^)\b[A-Z][a-z]{2,}|\b(?:man|woman|boy|girl|father|mother|brother|sister|uncle|aunt|son|"
    r"daughter|wife|husband|friend|master|teacher|captain|doctor|child|king|queen|prince|poet|"
    r"artist|philosopher|priest|god|person|one|somebody|nobody|everyone|everybody|whoever|anyone|"
    r"human being|individual|animal|bird|male|female|dog|horse|spirit|genius|hero|saint|thinker|"
    r"scholar|slave|creator|reader|student|youth|lover|enemy|neighbour)\b"
)
MANY = re.compile(
    r"\b[a-z]{3,}(?:s|men|people|children|women|mankind)\b|\b(?:people|men|mice|two)\b"
)


@lru_cache(maxsize=65_536)
def plain(text: str) -> str:
    """Return a text without the marks of plain-text books: emphasis, notes, page references."""
    for mark, instead in MARKUP:
        text = mark.sub(instead, text)
    return LETTER_HEAD.sub("", text.strip())


def is_prose(text: str) -> bool:
    """Tell whether a paragraph is running text, not an index, catalogue, list or heading."""
    words = text.split()
    if len(words) < FEWEST_WORDS:
        return False
    letters = sum(char.isalpha() or char.isspace() or char in ",.;'" for char in text)
    noise = len(NOISE.findall(text)) + sum(word.strip(".,;").isdigit() for word in words) / 2
    inner = [word for word in words[1:] if word[:1].isalpha() and word != "I"]
    capitals = sum(word[0].isupper() for word in inner)
    return (
        letters >= LETTERS_SHARE * len(text)
        and noise <= NOISE_SHARE * len(words)
        and capitals <= CAPITALS_SHARE * max(1, len(inner))
        and bool(VERB.search(text))
    )


@lru_cache(maxsize=131_072)
def stands_alone(sentence: str) -> bool:
    """Tell whether a sentence can be read without the ones around it."""
    return (
        4 <= len(sentence.split()) <= LONGEST_SENTENCE
        and sentence[:1].isupper()
        and sentence[-1:] in ".!?"
        and not OPENING.match(sentence)
        and not POINTS_ELSEWHERE.search(sentence)
        and not re.search(r"[_\[\]{}|<>*#=]|\d\s*\)|--|\.\.|\betc\b|&c", sentence)
        and sentence.count('"') % 2 == 0
        and sentence.count("“") == sentence.count("”")
        and sentence.count("(") == sentence.count(")")
        and not _unanswered_pronoun(sentence)
        and bool(VERB.search(sentence))
        and not NOISE.search(sentence)
    )


def own_sentences(text: str) -> list[str]:
    """Return the sentences from the first that stands alone on."""
    lines = sentences(plain(text))
    for start, line in enumerate(lines):
        if stands_alone(line):
            return lines[start:]
    return []


def is_view(sentence: str) -> bool:
    """Tell whether a sentence says how things are, rather than what happened once."""
    return (
        bool(PRESENT.search(sentence))
        and not PAST.search(sentence)
        and not re.search(r"\d|\b[A-Z][a-z]+ [A-Z]|\bhave been\b|\bhas been\b", sentence[1:])
    )


def _unanswered_pronoun(sentence: str) -> bool:
    """Tell whether a pronoun comes before anything that it could stand for."""
    for pronoun, meant in ((HE, SOMEBODY), (THEY, MANY)):
        first = pronoun.search(sentence)
        if first and not meant.search(sentence[: first.start()]):
            return True
    it = IT.search(sentence)
    return bool(
        it
        and len(sentence[: it.start()].split()) < 3
        and not EMPTY_IT.match(sentence[it.start() :])
    )
