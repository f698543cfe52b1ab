"""The teacher `rules`: items from materials by grammar alone, with no model and no network.

From an exchange it takes the partner's words as the user turn and the persona's own words as the
reply. From other paragraphs it asks about a noun phrase, a name, a year or a belief, and answers
with the person's own sentences in the first person. A misleading turn swaps one year, number,
name, place or word of measure; the reply names the error and the truth; the true-premise control
has the same form and the right fact. `thought` holds an opinion that is the person's own, its
opposite, or somebody else's on a like topic. The analysis states what the turn says, what the
material says, which word is not there, and whether they agree (METHOD 2.5 to 2.8).

It copies rather than paraphrases, so its items are as grammatical as the materials are. What it
cannot do is reason: whether somebody else's opinion clashes is left open.
"""

import random
import re
from collections.abc import Callable, Iterable, Sequence

from persllm.materials import Material
from persllm.persona import Stage, year_text
from persllm.sentences import sentences
from persllm.training import analysis
from persllm.training.data import forms, grammar
from persllm.training.data.facts import Fact, FactPool, opposable
from persllm.training.data.opposites import OPPOSITES, negated
from persllm.training.data.prose import PAST, VERB, is_view, own_sentences, stands_alone
from persllm.training.data.statements import (
    CONDITION,
    MOST_CLAIM_WORDS,
    UNCLEAR,
    statements_of,
)
from persllm.training.data.teacher import Assignment, Draft
from persllm.training.data.topics import Vocabulary

RULES = "rules"
REPLY_WORDS = 60
OPINION_WORDS = 45
STAGE_SHARE = 0.25
"""Share of questions that name the stage; the others leave it to the system turn."""
OWN_SHARE = 0.6
"""Share of impersonal answers that begin in the first person."""
BELIEF = re.compile(r"^I (think|believe|feel|hold|fear|suppose|suspect|hope)(?: that|,)? (?=[a-z])")
Thinker = Callable[[str, random.Random], Draft | None]


class RulesTeacher:
    """Writes items by grammar; deterministic by seed."""

    def __init__(self, materials: Iterable[Material]) -> None:
        known = tuple(materials)
        self._vocabulary = Vocabulary(known)
        self._pool = FactPool(known, vocabulary=self._vocabulary)

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
        if _speaks_of(assignment.persona.name, assignment.material):
            return None
        match assignment.pattern:
            case "ordinary":
                return self._ordinary(assignment, draw)
            case "thought":
                return self._thought(assignment, draw)
            case "misleading" | "true-premise":
                return self._claim(assignment, draw)
            case "general":
                return None  # not made from a persona's paragraphs

    def _ordinary(self, assignment: Assignment, draw: random.Random) -> Draft | None:
        material = assignment.material
        if material.partner:
            return None if assignment.variation else _exchange(material)
        found = self._questions(material)
        if assignment.variation >= len(found):
            return None
        family, about, lines = found[assignment.variation]
        asked = draw.choice(forms.ASK[family]).format(about, verb=_belief_verb(lines[0]))
        response = self._said_by_oneself(excerpt(" ".join(lines), words=REPLY_WORDS), draw)
        return _draft(material, in_time(asked, assignment.stage, draw), response)

    def _questions(self, material: Material) -> list[tuple[str, str, list[str]]]:
        """Return (family, what is asked about, answering sentences), in turns of the families."""
        lines = own_sentences(material.text)
        beliefs: list[tuple[str, str, list[str]]] = []
        facts: list[tuple[str, str, list[str]]] = []
        topics: list[tuple[str, str, list[str]]] = []
        family = "opinion" if material.kind == "subjective" else "topic"
        for index, line in enumerate(lines):
            if not stands_alone(line):
                continue
            belief = BELIEF.match(line)
            turned = grammar.to_second_person(line[belief.end() :]) if belief else None
            if turned and not UNCLEAR.search(line) and len(line.split()) <= MOST_CLAIM_WORDS:
                beliefs.append(("belief", turned, lines[index:]))
            facts += [
                (*pointed, lines[index:])
                for fact in self._pool.facts(line)
                if fact.kind != "number"
                and _is_about(fact, line, lines[index + 1 : index + 3])
                and (pointed := self._pointed(fact, line))
            ]
            topics += [
                (family, topic, lines[index:])
                for topic in self._topics(line, " ".join(lines[index + 1 : index + 3]))[:1]
            ]
        facts = [
            each for place, each in enumerate(facts) if each[1] not in _subjects(facts[:place])
        ]
        rest = _alternate(topics, facts) if family == "opinion" else _alternate(facts, topics)
        return _alternate(beliefs, rest)

    def _pointed(self, fact: Fact, line: str) -> tuple[str, str] | None:
        """Return a question's family and subject; a fact that several paragraphs name is dated.

        "What happened in 1831?" has as many answers as paragraphs; "Cambridge in 1831" has one.
        None where the sentence has nothing to tell them apart by.
        """
        if self._pool.tells(fact):
            return fact.kind, fact.text
        for other in self._pool.facts(line):
            named = sorted((fact, other), key=lambda each: each.kind == "year")
            kinds = [each.kind == "year" for each in named]
            if kinds == [False, True] and other.kind != "number" and self._pool.tells(fact, other):
                return "dated", f"{named[0].text} in {named[1].text}"
        return None

    def _topics(self, line: str, following: str) -> list[str]:
        return self._vocabulary.topics(line, following) if line.endswith(".") else []

    def _said_by_oneself(self, response: str, draw: random.Random) -> str:
        """Return an impersonal answer as the speaker's own finding, where that is safe."""
        first = analysis.first_sentence(response)
        personal = (
            grammar.speaks_of_self(first) or CONDITION.match(first) or not first.endswith(".")
        )
        if personal or draw.random() >= OWN_SHARE:
            return response
        lowered = self._lowered(response)
        how = forms.OWN_PAST if PAST.search(first) else forms.OWN
        return response if lowered == response else draw.choice(how).format(lowered)

    def _thought(self, assignment: Assignment, draw: random.Random) -> Draft | None:
        """Hold an opinion up: the persona's own, its opposite, or somebody else's."""
        material, opinion = assignment.material, assignment.opinion
        thinkers: list[Thinker] = [self._shared, self._opposed]
        if material.kind == "subjective" and opinion is not None:
            thinkers.append(lambda text, draw: _beside(text, opinion, draw))
        draw.shuffle(thinkers)
        for think in thinkers[assignment.variation :]:
            draft = think(material.text, draw)
            if draft is not None:
                return draft
        return None

    def _shared(self, text: str, draw: random.Random) -> Draft | None:
        """Have the user hold what the person holds, where the person says more."""
        return self._held_up(text, draw, lambda line, _: line, least=2)

    def _opposed(self, text: str, draw: random.Random) -> Draft | None:
        """Have the user hold the opposite."""
        return self._held_up(text, draw, _opposite, least=1)

    def _held_up(
        self,
        text: str,
        draw: random.Random,
        turn: Callable[[str, random.Random], str | None],
        *,
        least: int,
    ) -> Draft | None:
        """Have the user hold a view that is turned; the reply has at least so many sentences."""
        lines = own_sentences(text)
        for index, line in filter(_is_view, statements_of(text)):
            turned = turn(line, draw)
            held = self._as_held(turned, draw) if turned else None
            if held is not None and len(lines) - index >= least:
                return _view_draft(held, lines[index:], draw)
        return None

    def _as_held(self, line: str, draw: random.Random) -> str | None:
        """Return a sentence as an opinion of the user, who speaks of "you" to the persona."""
        belief = BELIEF.match(line)
        bare = line[belief.end() :] if belief else line
        if grammar.speaks_of_self(bare) or CONDITION.match(bare):
            return None
        return draw.choice(forms.HELD).format(self._lowered(bare).rstrip("."))

    def _claim(self, assignment: Assignment, draw: random.Random) -> Draft | None:
        chosen = self._claimable(assignment)
        if chosen is None:
            return None
        sentence, fact, wrong = chosen
        swapped = fact.swapped(sentence, wrong)
        false = assignment.pattern == "misleading"
        claim = self._as_claim(swapped if false else sentence, draw)
        if claim is None:
            return None
        question = in_time(claim, assignment.stage, draw, plainly=True)
        corrections = forms.CORRECT_OPPOSITE if fact.kind == "opposite" else forms.CORRECT
        right, fallen, stubborn = (
            (draw.choice(corrections), forms.CONFIRM, ())
            if false
            else (draw.choice(forms.CONFIRM), (), corrections)
        )
        response = right.format(true=fact.text, false=wrong, sentence=sentence)
        # The wrong reply is chosen as long as the right one, so that length tells nothing.
        form = _as_long(right, fallen or stubborn, draw)
        turned = form.format(true=wrong, false=fact.text, sentence=swapped)
        said = wrong if false else fact.text
        return Draft(
            question=question,
            analysis=analysis.verdict(claim, sentence, said=said, holds=not false),
            response=response,
            wrong_analysis=analysis.verdict(claim, swapped, said=said, holds=false),
            wrong_response=turned,
            false_premise=swapped if false else None,
            said=said,
            known=fact.text,
            kind="knowledge",
        )

    def _claimable(self, assignment: Assignment) -> tuple[str, Fact, str] | None:
        """Return (sentence, fact, wrong fact); drawn alike for the true and the false claim."""
        material, stage, variation = assignment.material, assignment.stage, assignment.variation
        candidates = [
            (line, fact)
            for _, line in statements_of(material.text)
            for fact in (*self._pool.facts(line), *opposable(line))
            if line.count(fact.text) == 1
        ]
        draw = random.Random(f"{material.id}/{stage.id}/claims")
        draw.shuffle(candidates)
        candidates.sort(key=lambda pair: pair[1].kind == "number")  # the other kinds read better
        found = [
            (line, fact, wrong)
            for line, fact in candidates
            if (wrong := self._pool.wrong(fact, material.text, draw))
        ]
        return found[variation] if variation < len(found) else None

    def _as_claim(self, sentence: str, draw: random.Random) -> str | None:
        turned: str | None = sentence.rstrip(".")
        if grammar.speaks_of_self(sentence):
            turned = grammar.to_second_person(sentence)
        if turned is None:
            return None
        return draw.choice(forms.CLAIM).format(self._lowered(turned), grammar.upper_first(turned))

    def _lowered(self, sentence: str) -> str:
        first = re.match(r"[\w'-]+", sentence)
        known = first is not None and self._vocabulary.is_name(first[0])
        return sentence if known else grammar.lower_first(sentence)


def excerpt(text: str, *, words: int) -> str:
    """Return the first whole sentences of a text, up to so many words, at least one sentence."""
    kept: list[str] = []
    for sentence in sentences(text):
        if kept and len(" ".join((*kept, sentence)).split()) > words:
            break
        kept.append(sentence)
    return " ".join(kept)


def in_time(question: str, stage: Stage, draw: random.Random, *, plainly: bool = False) -> str:
    """Return a question, for some draws with the stage's year or label named in it.

    Args:
        question: As asked at any time.
        stage: Whose year is named, or, unless `plainly`, whose label.
        draw: Decides.
        plainly: Name the year only.
    """
    if draw.random() >= STAGE_SHARE:
        return question
    label = stage.label.rstrip(".")
    choices = [form.format(year=year_text(stage.last), question=question) for form in forms.NOW]
    if (
        not plainly
        and label.startswith("you ")
        and question.endswith("?")
        and question.count(".") == 0
    ):
        asked = grammar.lower_first(question)
        choices += [form.format(label=label, asked=asked) for form in forms.NOW_THAT]
        choices += [form.format(label=label, stem=question[:-1]) for form in forms.AFTER]
    return draw.choice(choices)


def _subjects(found: Sequence[tuple[str, str, list[str]]]) -> set[str]:
    return {about for _, about, _ in found}


def _is_view(placed: tuple[int, str]) -> bool:
    return is_view(placed[1])


def _as_long(form: str, others: Sequence[str], draw: random.Random) -> str:
    """Return the form whose length comes nearest; of two as near, either."""
    apart = {other: abs(len(other.split()) - len(form.split())) for other in others}
    return draw.choice([other for other in others if apart[other] == min(apart.values())])


def _is_about(fact: Fact, line: str, following: Sequence[str]) -> bool:
    """Tell whether a sentence is about a fact, rather than naming it in passing."""
    if fact.kind == "year":
        return grammar.speaks_of_self(line)
    if line[: fact.start].lower().endswith("the ") or line[fact.start :].startswith(
        fact.text + " de"
    ):
        return False  # "the Spaniard", "Cape de Verde"
    verb = VERB.search(line)
    subject = verb is not None and fact.start < verb.start()
    visited = fact.kind == "place" and grammar.speaks_of_self(line)
    return subject or visited or any(fact.text in other for other in following)


def _speaks_of(name: str, material: Material) -> bool:
    """Tell whether a paragraph is about the person, so that somebody else must have written it."""
    surname = re.escape(name.split()[-1])
    told = rf"\b{surname}(?:['\u2019]s \w+| (?:{VERB.pattern}|himself|herself))"
    return not material.partner and bool(re.search(told, material.text))


def _belief_verb(line: str) -> str:
    match = BELIEF.match(line)
    return match[1] if match else "think"


def _exchange(material: Material) -> Draft:
    return _draft(material, material.partner, material.text)


def _draft(material: Material, question: str, response: str) -> Draft:
    return Draft(
        question=question,
        analysis=analysis.asked(question, response),
        response=response,
        kind="attitude" if material.kind == "subjective" else "knowledge",
    )


def _opposite(line: str, draw: random.Random) -> str | None:
    facts = opposable(line)
    fact = draw.choice(facts) if facts else None
    return fact.swapped(line, OPPOSITES[fact.text]) if fact else negated(line)


def _view_draft(held: str, lines: Sequence[str], draw: random.Random) -> Draft:
    """Set the person's own view beside an opinion; no verdict (`analysis.hold`)."""
    own = excerpt(" ".join(lines), words=REPLY_WORDS)
    response = draw.choice(forms.VIEW) + own
    return Draft(
        question=held, analysis=analysis.hold(held, own), response=response, kind="attitude"
    )


def _beside(text: str, opinion: Material, draw: random.Random) -> Draft | None:
    """Hold up somebody else's words."""
    lines = own_sentences(text)
    views = [index for index, line in enumerate(lines) if stands_alone(line) and is_view(line)]
    theirs = excerpt(" ".join(own_sentences(opinion.text)), words=OPINION_WORDS)
    told = re.search(r"[?\u2014\"\u201c]", theirs) or PAST.search(theirs)
    held = is_view(analysis.first_sentence(theirs)) and not told
    if not views or not held or len(theirs.split()) > 2 * OPINION_WORDS:
        return None
    return _view_draft(theirs, lines[views[0] :], draw)


def _alternate(
    first: list[tuple[str, str, list[str]]], second: list[tuple[str, str, list[str]]]
) -> list[tuple[str, str, list[str]]]:
    """Mix two lists, one of each in turn."""
    mixed = [found for both in zip(first, second, strict=False) for found in both]
    shorter = min(len(first), len(second))
    return mixed + first[shorter:] + second[shorter:]
