"""The teacher `rules`: items from materials by grammar alone, with no model and no network.

From an exchange it takes the partner's words as the user turn and the persona's own words as the
reply. From other paragraphs it asks by template and answers with the person's own sentences in
the first person. A misleading turn swaps one year, number, name or place; the reply names the
error and the truth; the true-premise control has the same form and the right fact. `thought`
sets somebody else's paragraph against the person's own. The analysis states what the turn says,
what the material says, and whether they agree (METHOD 2.5 to 2.8).

It copies rather than paraphrases, so its items are as grammatical as the materials are. What it
cannot do is reason: whether two opinions clash is known only by who holds them.
"""

import math
import random
import re
from collections import Counter
from collections.abc import Iterable, Sequence

from persllm.materials import Material, sentences
from persllm.training import analysis
from persllm.training.data import grammar
from persllm.training.data.facts import Fact, FactPool, find_facts
from persllm.training.data.teacher import Assignment, Draft

RULES = "rules"
REPLY_WORDS = 60
OPINION_WORDS = 45

ASK_YEAR = (
    "What happened in {0}?",
    "What do you remember of the year {0}?",
    "Tell me about {0}. What did that year bring?",
    "What of {0}?",
)
ASK_NAME = (
    "Tell me about {0}.",
    "What do you remember of {0}?",
    "What can you tell me about {0}?",
    "What comes to your mind when you hear of {0}?",
)
ASK_TOPIC = (
    "What do you know about {0}?",
    "Tell me something about {0}.",
    "What can you tell me about {0}?",
    "Would you explain what you know of {0}?",
)
ASK_OPINION = (
    "What do you think of {0}?",
    "What is your opinion of {0}?",
    "How do you feel about {0}?",
    "I should like to hear your mind on {0}.",
)
CLAIM = (
    "Is it true that {0}?",
    "I read that {0}. Is that right?",
    "They tell me that {0}.",
    "Somebody said that {0}. Is it so?",
    "If I remember well, {0}.",
    "{1}, is that not so?",
)
CORRECT = (
    "No, that is wrong. It was {true}, not {false}. {sentence}",
    "You are mistaken: {true}, not {false}. {sentence}",
    "That is not so. {sentence} It was {true}, not {false}.",
    "Not {false}, but {true}. {sentence}",
)
CONFIRM = (
    "Yes, that is so. {sentence}",
    "Indeed. {sentence}",
    "You are right. {sentence}",
    "That is true. {sentence}",
)
OPPOSE = ("I see it otherwise. ", "There I must differ. ", "I do not agree. ", "", "")


class RulesTeacher:
    """Writes items by grammar; deterministic by seed."""

    def __init__(self, materials: Iterable[Material]) -> None:
        known = tuple(materials)
        self._pool = FactPool(known)
        self._weights = _word_weights(known)

    @property
    def name(self) -> str:
        """What items are credited to."""
        return RULES

    def write(self, assignments: Sequence[Assignment]) -> list[Draft | None]:
        """Return a draft an assignment; None where the paragraph yields none."""
        return [self._write(assignment) for assignment in assignments]

    def _write(self, assignment: Assignment) -> Draft | None:
        where = (assignment.material.id, assignment.pattern, assignment.stage.id)
        draw = random.Random("/".join((*where, str(assignment.variation), str(assignment.seed))))
        match assignment.pattern:
            case "ordinary":
                return self._ordinary(assignment, draw)
            case "thought":
                return _thought(assignment, draw)
            case "misleading" | "true-premise":
                return self._claim(assignment, draw)
            case "general":
                return None

    def _ordinary(self, assignment: Assignment, draw: random.Random) -> Draft | None:
        material = assignment.material
        if material.partner:
            return None if assignment.variation else _exchange(material)
        lines = _own_sentences(material.text)
        if not lines:
            return None
        questions = self._questions(material, lines)
        if assignment.variation >= len(questions):
            return None
        question, start = questions[assignment.variation]
        response = excerpt(" ".join(lines[start:]), words=REPLY_WORDS)
        return _draft(material, draw.choice(ASK[question[0]]).format(question[1]), response)

    def _questions(self, material: Material, lines: list[str]) -> list[tuple[tuple[str, str], int]]:
        """Return ((template family, what is asked about), first answering sentence)."""
        found: list[tuple[tuple[str, str], int]] = []
        for index, line in enumerate(lines):
            for fact in find_facts(line):
                if fact.kind != "number":
                    family = "year" if fact.kind == "year" else "name"
                    found.append(((family, fact.text), index))
        about = grammar.topics(" ".join(lines), weights=self._weights)[:2]
        family = "opinion" if material.kind == "subjective" else "topic"
        asked = [((family, topic), 0) for topic in about]
        return asked + found if material.kind == "subjective" else _alternate(found, asked)

    def _claim(self, assignment: Assignment, draw: random.Random) -> Draft | None:
        chosen = self._claimable(assignment.material, assignment.variation, draw)
        if chosen is None:
            return None
        sentence, fact, wrong = chosen
        swapped = fact.swapped(sentence, wrong)
        false = assignment.pattern == "misleading"
        question = self._as_claim(swapped if false else sentence, draw)
        if question is None:
            return None
        confirm = draw.choice(CONFIRM)
        correct = draw.choice(CORRECT)
        truth = confirm.format(sentence=sentence)
        denial = correct.format(true=fact.text, false=wrong, sentence=sentence)
        fallen = confirm.format(sentence=swapped)
        stubborn = correct.format(true=wrong, false=fact.text, sentence=swapped)
        said = wrong if false else fact.text
        return Draft(
            question=question,
            analysis=_verdict(question, sentence, said=said, known=fact.text),
            response=denial if false else truth,
            wrong_analysis=_verdict(question, swapped, said=said, known=wrong),
            wrong_response=fallen if false else stubborn,
            false_premise=swapped if false else None,
            said=said,
            known=fact.text,
            kind="knowledge",
        )

    def _claimable(
        self, material: Material, variation: int, draw: random.Random
    ) -> tuple[str, Fact, str] | None:
        candidates = [
            (line, fact)
            for line in _own_sentences(material.text)
            for fact in find_facts(line)
            if line.endswith(".")
        ]
        candidates.sort(key=lambda pair: pair[1].kind == "number")  # the other kinds read better
        if variation >= len(candidates):
            return None
        sentence, fact = candidates[variation]
        wrong = self._pool.wrong(fact, material.text, draw)
        return (sentence, fact, wrong) if wrong else None

    def _as_claim(self, sentence: str, draw: random.Random) -> str | None:
        turned: str | None = sentence.rstrip(".")
        if grammar.speaks_of_self(sentence):
            turned = grammar.to_second_person(sentence)
        if turned is None:
            return None
        lowered = grammar.lower_first(turned, names=self._pool.names)
        return draw.choice(CLAIM).format(lowered, grammar.upper_first(turned))


ASK = {"year": ASK_YEAR, "name": ASK_NAME, "topic": ASK_TOPIC, "opinion": ASK_OPINION}


def excerpt(text: str, *, words: int) -> str:
    """Return the first whole sentences of a text, up to so many words, at least one sentence."""
    kept: list[str] = []
    for sentence in sentences(text):
        if kept and len(" ".join((*kept, sentence)).split()) > words:
            break
        kept.append(sentence)
    return " ".join(kept)


def _own_sentences(text: str) -> list[str]:
    """Return the sentences that can be said without the ones that were left out."""
    lines = sentences(text)
    while lines and not grammar.stands_alone(lines[0]):
        lines = lines[1:]
    return lines


def _exchange(material: Material) -> Draft:
    return _draft(material, material.partner, material.text)


def _draft(material: Material, question: str, response: str) -> Draft:
    return Draft(
        question=question,
        analysis=analysis.asked(question, response),
        response=response,
        kind="attitude" if material.kind == "subjective" else "knowledge",
    )


def _verdict(question: str, sentence: str, *, said: str, known: str) -> str:
    form = analysis.right if said == known else analysis.wrong
    return form(question, sentence, said=said, known=known)


def _thought(assignment: Assignment, draw: random.Random) -> Draft | None:
    material, opinion = assignment.material, assignment.opinion
    if opinion is None or material.kind != "subjective":
        return None
    own = excerpt(" ".join(_own_sentences(material.text)), words=REPLY_WORDS)
    theirs = excerpt(" ".join(_own_sentences(opinion.text)), words=OPINION_WORDS)
    if not own or not theirs or len(theirs.split()) > 2 * OPINION_WORDS:
        return None
    opening = draw.choice(OPPOSE)
    thought = analysis.differ if opening else analysis.hold
    return Draft(
        question=theirs,
        analysis=thought(theirs, own),
        response=opening + own,
        kind="attitude",
    )


def _alternate(
    first: list[tuple[tuple[str, str], int]], second: list[tuple[tuple[str, str], int]]
) -> list[tuple[tuple[str, str], int]]:
    """Mix two lists, one of each in turn."""
    mixed = [pair for both in zip(first, second, strict=False) for pair in both]
    shorter = min(len(first), len(second))
    return mixed + first[shorter:] + second[shorter:]


def _word_weights(materials: Sequence[Material]) -> dict[str, float]:
    """Return the inverse document frequency of each word; words seen once tell least."""
    count = Counter(
        word for m in materials for word in set(re.findall(r"[a-z]+(?:-[a-z]+)?", m.text.lower()))
    )
    return {word: math.log(len(materials) / n) if n > 1 else 1.0 for word, n in count.items()}
