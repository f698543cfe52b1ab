"""What a paragraph is about: noun phrases, judged by how a person's own texts use the words.

There is no tagger here. A word is taken for a noun where the texts set it right after an article
and end the phrase there ("the barnacle is"), so the judgement gets better with more text.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property

from persllm.materials import Material
from persllm.training.data import grammar
from persllm.training.data.grammar import DETERMINERS, STOP_WORDS
from persllm.training.data.prose import VERB, plain

EDGE = (
    r"(?=\s*[.,;:?!)\u2014]|\s+(?:of|and|in|is|was|are|were|which|that|has|had|have|for|from|with|by|"
    r"to|on|at|as|or|who|when|but|may|can|could|will|would|must|should|than|through|upon|into|if|"
    r"where|between|without|among|over|under)\b)"
)
WORD = r"[a-z]+(?:-[a-z]+)*"
PHRASE = re.compile(
    rf"(?:\b(the|a|an|my|our|The|A|An|My|Our)\s+|"
    rf"\b(?:of|for|with|against|about|between|in|by|on|that)\s+(?!(?:the|an?|my|our)\b)|^)"
    rf"((?:{WORD}\s+){{0,2}}?{WORD}){EDGE}"
)
COUNTED = re.compile(rf"\b(?:a|an|one|every|each|another)\s+(?:{WORD}\s+)?({WORD})\b")
RIGHT_AFTER = re.compile(rf"\b(?:[Tt]he|[Aa]n?|[Mm]y|[Oo]ur|of)\s+({WORD}){EDGE}")
COMPLEMENT = re.compile(rf"^\s+of\s+((?:the\s+|my\s+|our\s+)?(?:{WORD}\s+)?{WORD}){EDGE}")
PLAIN_WORD = re.compile(r"[a-z]+(?:-[a-z]+)*")
MID_CAPITAL = re.compile(r"(?<=[A-Za-z,;] )([A-Z][a-z]+)\b")
EMPTY = frozenset(
    "case cases manner number numbers part parts way ways fact facts kind kinds sort end side "
    "sides point points view views place degree means account course reason reasons rest whole "
    "day days time times hand hands subject question word words instance example sake period "
    "amount chapter author reader readers page result results length state states matter thing "
    "things term terms use set line lines lot bit order same other others world evening morning "
    "following present past former latter first second third one ones most least all none half "
    "middle top bottom back front turn name names age year years month hour hours week moment "
    "opinion purpose effect effects cause causes difference form forms nature condition "
    "conditions character characters existence occasion respect extent contrary possibility "
    "doubt series group groups class kindred letter letters book work works note notes passage "
    "remark remarks remainder majority presence absence action change changes appearance object "
    "objects power subjects general particular truth sense idea ideas high low right left size "
    "consequence circumstances circumstance removal treatment advent addition assistance aid "
    "purposes regard regards spite front addition exception reference relation conclusion "
    "evidence proof statement statements authority difficulty importance value feeling position "
    "proportion distance measure mass body bodies piece pieces pair variety process method step "
    "steps good better best evil great little own very more less many few much long short small "
    "large old new last next like unlike so such only".split()
)
VERB_END = re.compile(r"(?:ed|ly|ing|est|ous|ful|ive|able|ible|ical|less)$")
MOST_COMMON_SHARE = 0.12
FEW_TEXTS = 1000


class Vocabulary:
    """How a person's texts use their words.

    Args:
        materials: All of them; the judgements are counts over these.
    """

    def __init__(self, materials: Iterable[Material]) -> None:
        self._texts = [plain(material.text) for material in materials]

    def weight(self, word: str) -> float:
        """Return how telling a word is: the inverse of the share of paragraphs that hold it."""
        seen = self._counts[word]
        return math.log((len(self._texts) + 1) / seen) if seen > 1 else 1.0

    def is_name(self, word: str) -> bool:
        """Tell whether a capitalised word is a name rather than the start of a sentence."""
        return self._capitals[word] > self._counts[word.lower()]

    def seen(self, word: str) -> bool:
        """Tell whether the texts use a word written small."""
        return self._counts[word] > 0

    def is_noun(self, word: str) -> bool:
        """Tell whether the texts use a word as the end of a noun phrase."""
        if word in EMPTY or word in STOP_WORDS or len(word) < 3:
            return False
        if VERB_END.search(word) and len(word) > 4 and self._nouns[word] < 2:
            return False
        return self._nouns[word] > 0.08 * self._counts[word]

    def topics(self, sentence: str, context: str = "") -> list[str]:
        """Return what a sentence is about, the most telling first, as said to the speaker.

        A phrase counts where it is the sentence's subject or comes again in its context. In few
        texts, where nothing may be wasted, any phrase will do if there is no such one.
        """
        found: dict[str, float] = {}
        passing: dict[str, float] = {}
        lowered = f"{sentence} {context}".lower()
        verb = VERB.search(sentence)
        for match in PHRASE.finditer(grammar.lower_first(sentence)):
            determiner = DETERMINERS.get((match[1] or "").lower(), "")
            phrase = self._trimmed(match[2].split(), bare=not determiner)
            if not phrase:
                continue
            again = len(re.findall(rf"\b{re.escape(phrase[-1])}\b", lowered))
            subject = verb is not None and match.end() <= verb.start() + 1
            complement = self._complement(sentence[match.end() :])
            weight = self.weight(phrase[-1]) * math.sqrt(again) * (1.5 if subject else 1.0)
            weight *= 1.3 if len(phrase) > 1 or complement else 1.0
            shown = determiner + " ".join(phrase) + complement
            kept = found if subject or again > 1 else passing
            kept[shown] = max(weight, kept.get(shown, 0.0))
        if not found and len(self._texts) < FEW_TEXTS:
            found = passing
        return sorted(found, key=lambda phrase: (-found[phrase], phrase))

    def _complement(self, rest: str) -> str:
        """Return " of man" where it follows and is a noun phrase itself."""
        match = COMPLEMENT.match(rest)
        if match is None or not self.is_noun(match[1].split()[-1]):
            return ""
        words = match[1].split()
        if any(word in STOP_WORDS and word not in {"the", "my", "our"} for word in words):
            return ""
        return " of " + re.sub(r"\b(?:my|our)\b", "your", match[1])

    def _trimmed(self, words: Sequence[str], *, bare: bool) -> list[str]:
        """Return a phrase without its empty first words; nothing where it is no noun phrase.

        Without an article one word stands for itself only if it is never counted: "pride", but
        not "insect".
        """
        kept = list(words)
        while kept and (kept[0] in STOP_WORDS or kept[0] in EMPTY or kept[0].endswith("ly")):
            kept.pop(0)
        if not kept or not self.is_noun(kept[-1]) or any(word in STOP_WORDS for word in kept):
            return []
        if self._counts[kept[-1]] > MOST_COMMON_SHARE * len(self._texts) > 20:
            return []
        single = not kept[-1].endswith("s") and self._counted[kept[-1]] > 0
        return [] if bare and single else kept

    @cached_property
    def _counts(self) -> Counter[str]:
        return Counter(word for text in self._texts for word in set(PLAIN_WORD.findall(text)))

    @cached_property
    def _nouns(self) -> Counter[str]:
        return Counter(word for text in self._texts for word in set(RIGHT_AFTER.findall(text)))

    @cached_property
    def _counted(self) -> Counter[str]:
        return Counter(word for text in self._texts for word in set(COUNTED.findall(text)))

    @cached_property
    def _capitals(self) -> Counter[str]:
        return Counter(word for text in self._texts for word in set(MID_CAPITAL.findall(text)))
