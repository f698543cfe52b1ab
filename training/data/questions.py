"""Questions that a paragraph answers, made from how its sentences begin.

Each form of sentence has its own question ("In 1875 I entered ..." is asked "What did you do in
1875?"), and a sentence of no known form is not asked about: rather few good questions than many.
"""

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from persllm.materials import Material
from persllm.training.data import grammar
from persllm.training.data.named_things import NamedThings
from persllm.training.data.prose import VERB, own_sentences, stands_alone
from persllm.training.data.statements import MOST_CLAIM_WORDS, UNCLEAR
from persllm.training.data.texts import read_texts, read_words
from persllm.training.data.topics import Vocabulary

BELIEF = re.compile(
    r"^I (?:(?:now|still) )?(think|believe|feel|hold|fear|suppose|suspect|hope) that (?=[a-z])"
)
PERSUADED = re.compile(r"^I am (persuaded|convinced|certain|sure) that (?=[a-z])")
LIKING = re.compile(
    rf"^I (?:(do not|never|still|now) )?({'|'.join(sorted(read_words('words', 'liking')))}) "
    r"(?!(?:to|that|it|him|her|them|nothing|myself|this|when|you|your|nobody)\b)(?=[a-z])"
)
WHEN = re.compile(
    r"^((?:In|On|From|During|After|Before) (?:[^,.;:]{0,40}?)?"
    r"\b(?:1[4-9]\d\d|20\d\d)(?: (?:to|until|and) (?:[A-Z][a-z]+ )?(?:1[4-9]\d\d|20\d\d))?)"
    r",? (?=(?:at [a-z]+, )?(I|my|we|our)\b)"
)
AGED = re.compile(r"^When I was ([a-z-]+|\d+)(?: years old)?,? (?=(?:I|my|a|an|the) )")
BORN = re.compile(r"^I was born (?=in|on|at)")
AT_PLACE = re.compile(
    r"^(?:As a (?:small |young )?(?:boy|girl|child|student) )?[Ii]n "
    r"(?:the (?:town|city|village) of )?([A-Z][\w\u00c0-\u024f]+) (?:I|my|we)\b"
)
KIN = sorted(read_words("words", "kin"))
MY_KIN = re.compile(
    rf"^My ((?:older |younger |elder |eldest |youngest |little |first |second |old |good |only )?"
    rf"(?:{'|'.join(KIN)}))(?:,| [A-Z][\w-]+)* (?=[a-z])"
)
NOUN = r"[a-z\u00e0-\u024f]+(?:-[a-z]+)*"
SAYS = "(?:" + "|".join(sorted(read_words("words", "says"))) + ")"
THING = re.compile(
    rf"^(The|A|An|My|Our) ((?:{NOUN} ){{0,2}}{NOUN}(?: of (?:the |my )?(?:{NOUN}|[A-Z]\w+))?)"
    rf"(?:, I (?:think|believe|hold),)? {SAYS}\b"
)
PLURAL = re.compile(
    rf"^([A-Z][a-z]+(?:-[a-z]+)?(?: {NOUN})?)(?:, I (?:think|believe|hold),)? "
    rf"(?:are|have|were|must|should|will|can|do|need|make|live|grow|is|has|makes|needs|costs|takes|"
    rf"comes|teaches|gives|pass)\b"
)
FIGURE = re.compile(
    rf"^((?:Professor |Dr\.? |Mrs?\.? |Miss |Captain )?[A-Z][\w\u00c0-\u024f]+"
    rf"(?: [A-Z][\w\u00c0-\u024f]+){{0,2}})(?:,| of [A-Z]\w+| in [A-Z]\w+)? {SAYS}\b"
)
TALKS_OF = re.compile(r"^(?:My dear|Dear|Dearest) [A-Z][^,.]{0,40}, (?=I\b)")
"""The head of a letter, which is no part of an answer."""
DANGLING = re.compile(
    r"^(?:but|yet|and|or|nor|so|then|still|however|also|too|therefore|thus|only|there)\b",
    re.IGNORECASE,
)
REPLY_WORDS = 48
NO_THING = read_words("words", "no_thing")


Asked = tuple[str, str, str]
"""Family, what it is about, and the question."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question, and the sentences that answer it."""

    family: str
    text: str
    about: str
    """What an answer must speak of."""
    index: int
    """Place of the first answering sentence."""
    lines: tuple[str, ...]


class Questions:
    """Finds questions in paragraphs."""

    def __init__(self, things: NamedThings, vocabulary: Vocabulary) -> None:
        self._things = things
        self._vocabulary = vocabulary

    def of(self, material: Material, draw: random.Random) -> list[Question]:
        """Return a paragraph's questions, of each sentence at most one, the surest first."""
        found: list[Question] = []
        lines = answering(material)
        for index, line in enumerate(lines):
            if not stands_alone(line) or DANGLING.match(line):
                continue
            for family, about, asked in self._asked(material, line, index, draw):
                if about in {each.about for each in found}:
                    continue
                found.append(Question(family, asked, about, index, tuple(lines[index:])))
                break
        return sorted(found, key=lambda each: each.family == "place")

    def _asked(
        self, material: Material, line: str, index: int, draw: random.Random
    ) -> Iterator[Asked]:
        """Yield (family, about, question) of one sentence, the surest first."""
        forms = read_texts("questions")

        def form(family: str, shown: str, about: str = "") -> Asked:
            return family, about or shown, str(draw.choice(forms[family])).format(shown)

        if BORN.match(line):
            yield form("born", "", "born")
            return
        yield from self._convictions(line, draw)
        if when := WHEN.match(line):
            years = re.findall(r"\d{4}", when[1])
            if self._things.alone(*years):
                yield form("deed" if when[2] == "I" else "time", _small(when[1]), " ".join(years))
                return
        if aged := AGED.match(line):
            yield form("time", f"when you were {aged[1]}")
        if kin := MY_KIN.match(line):
            yield form("kin", f"your {kin[1]}", kin[1].split()[-1])
        there = AT_PLACE.match(line)
        if there and any(each.text == there[1] for each in self._things.find(line)):
            yield form("place", there[1])
        yield from self._subjects(material, line, index, form)

    def _convictions(self, line: str, draw: random.Random) -> Iterator[Asked]:
        """Yield what asks for a belief or a liking."""
        forms = read_texts("questions")
        belief = BELIEF.match(line) or PERSUADED.match(line)
        bare = line[belief.end() :] if belief else ""
        short = len(line.split()) <= MOST_CLAIM_WORDS and not UNCLEAR.search(line)
        if belief and short and (turned := grammar.to_second_person(bare)):
            verb = belief[1] if BELIEF.match(line) else "think"
            asked = draw.choice(forms["belief"]).format(turned, verb=verb)
            yield "belief", " ".join(bare.rstrip(".").split()[:4]), asked
        if liking := LIKING.match(line):
            shown = f"{liking[1]} {liking[2]}" if liking[1] else liking[2]
            if liking[1] == "never":
                return
            shown = shown.replace("do not ", "not ")
            asked = draw.choice(forms["liking"]).format(shown)
            yield "liking", liking[2], asked

    def _subjects(
        self, material: Material, line: str, index: int, form: Callable[..., Asked]
    ) -> Iterator[Asked]:
        """Yield what asks about the sentence's subject."""
        view = material.kind == "subjective"
        figure = FIGURE.match(line)
        if figure and (thing := self._person(figure[1])):
            known = grammar.speaks_of_self(" ".join(answering(material)))
            yield form("person" if known else "figure", thing)
        thing_match = THING.match(line)
        first = index == 0 or (thing_match and thing_match[1] in ("A", "An"))
        if thing_match and first and self._is_thing(thing_match[2]):  # else "the" points back
            own = thing_match[1] in ("My", "Our")
            determiner = "your" if own else thing_match[1].lower()
            shown = f"{determiner} {thing_match[2].replace(' my ', ' your ')}"
            family = "own" if own else "opinion" if view else "thing"
            yield form(family, shown, _head(thing_match[2]))
        plural = PLURAL.match(line)
        if plural and self._is_common(plural[1]):
            yield form("opinion" if view else "thing", _small(plural[1]), _head(_small(plural[1])))

    def _person(self, name: str) -> str | None:
        found = [each for each in self._things.find(name) if each.kind == "person"]
        return name if found and found[0].text == name else None

    def _is_thing(self, phrase: str) -> bool:
        words = phrase.split(" of ")[0].split()
        return (
            not set(words) & NO_THING
            and not any(word.endswith("ly") for word in words)
            and (self._vocabulary.is_noun(words[-1]) or len(words) > 1)
            and words[0] not in grammar.STOP_WORDS
            and not re.search(r"(?:ed|ing)$", words[-1])
        )

    def _is_common(self, phrase: str) -> bool:
        words = _small(phrase).split()
        return (
            not set(words) & NO_THING
            and not set(words) & grammar.STOP_WORDS
            and not VERB.search(" ".join(words))
            and not self._things.is_name(phrase.split()[0])
            and not self._vocabulary.is_name(phrase.split()[0])
            and (self._vocabulary.seen(words[0]) or words[-1].endswith("s"))
            and not any(re.search(r"(?:ly|ing|ed|est)$", word) for word in words)
        )


def answering(material: Material) -> list[str]:
    """Return the sentences of a paragraph that may answer, without the head of a letter."""
    lines = own_sentences(TALKS_OF.sub("", material.text))
    return [line for line in lines if line]


def answer_of(lines: Sequence[str], *, words: int = REPLY_WORDS) -> str:
    """Return whole sentences from the first on, up to so many words, at least one."""
    kept: list[str] = []
    for line in lines:
        if kept and len(" ".join((*kept, line)).split()) > words:
            break
        kept.append(line)
    return " ".join(kept)


def _small(text: str) -> str:
    return text[:1].lower() + text[1:]


def _head(phrase: str) -> str:
    return phrase.split(" of ")[0].split()[-1]
