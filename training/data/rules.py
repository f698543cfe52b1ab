"""The teacher `rules`: items from materials by grammar alone, with no model and no network.

From an exchange it takes the partner's words as the user turn and the persona's own words as the
reply. Of other paragraphs it asks what the form of a sentence lets it ask with certainty, and
answers with the person's own sentences. It copies rather than paraphrases, so its items are as
grammatical as the materials are, and it leaves a paragraph alone whenever it is unsure: rather few
good items than many. Talk that no paragraph tells (greetings, requests, insults, what nobody knows)
is made from templates in `texts/` and the persona's own sentences.
"""

import random
import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from persllm.materials import Material
from persllm.training import analysis
from persllm.training.data.claims import Claims
from persllm.training.data.follow_ups import FollowUps
from persllm.training.data.items import Pattern
from persllm.training.data.named_things import NamedThings
from persllm.training.data.prose import VERB
from persllm.training.data.questions import DANGLING, Questions, answer_of
from persllm.training.data.talk import Spoken, Talk
from persllm.training.data.teacher import Assignment, Draft
from persllm.training.data.topics import Vocabulary
from persllm.training.data.views import Views

RULES = "rules"
TALKED_SHARE = 0.5
"""Share of thanks and farewells that come after a question and its answer."""
CLOSING = re.compile(
    r"thank|oblig|goodbye|farewell|good night|leave|be off|tomorrow", re.IGNORECASE
)
Write = Callable[[Assignment, random.Random], Draft | None]


class RulesTeacher:
    """Writes items by grammar; deterministic by seed.

    Args:
        materials: All that the persona left; what a name is, and what nothing tells, is judged by
            all of them.
    """

    def __init__(self, materials: Iterable[Material]) -> None:
        known = tuple(materials)
        vocabulary, things = Vocabulary(known), NamedThings(known)
        self._questions = Questions(things, vocabulary)
        self._claims = Claims(things, vocabulary)
        self._views = Views(things, vocabulary)
        self._follow_ups = FollowUps(self._questions)
        self._talk = Talk(known, things, vocabulary)
        self._writers: Mapping[Pattern, Write] = {
            "ordinary": self._ordinary,
            "opinion": self._opinion,
            "misleading": self._claim,
            "true-premise": self._claim,
            "unknown": self._unknown,
            "small-talk": self._small_talk,
            "follow-up": self._follow_up,
            "request": self._request,
            "provocation": self._provocation,
        }

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
        writer = self._writers.get(assignment.pattern)
        if writer is None or _speaks_of(assignment.persona.name, assignment.material):
            return None
        return writer(assignment, draw)

    def _ordinary(self, assignment: Assignment, draw: random.Random) -> Draft | None:
        material, number = assignment.material, assignment.variation
        if material.partner:
            return None if number else _draft(material, material.partner, material.text)
        found = self._questions.of(material, draw)
        if number >= len(found):
            return None
        return _draft(
            material, found[number].text, answer_of(found[number].lines), about=found[number].about
        )

    def _opinion(self, assignment: Assignment, draw: random.Random) -> Draft | None:
        view = self._views.of(assignment.material, number=assignment.variation, draw=draw)
        if view is None:
            return None
        stance = assignment.stance
        return Draft(
            question=view.held,
            analysis=analysis.hold(view.held, view.own),
            response=view.response if stance else view.own,
            wrong_analysis=analysis.hold(view.held, view.other or view.held),
            wrong_response=view.wrong_response if stance else "",
            kind="attitude",
        )

    def _claim(self, assignment: Assignment, draw: random.Random) -> Draft | None:
        false = assignment.pattern == "misleading"
        claim = self._claims.of(
            assignment.material,
            assignment.stage,
            assignment.persona,
            number=assignment.variation,
            false=false,
            draw=draw,
        )
        if claim is None:
            return None
        asked, said = claim.asked, claim.said
        return Draft(
            question=asked,
            analysis=analysis.verdict(asked, claim.sentence, said=said, holds=not false),
            response=claim.response,
            wrong_analysis=analysis.verdict(asked, claim.swapped, said=said, holds=false),
            wrong_response=claim.wrong_response,
            false_premise=claim.swapped if false else None,
            said=said,
            known=claim.known,
            kind="knowledge",
        )

    def _follow_up(self, assignment: Assignment, draw: random.Random) -> Draft | None:
        material = assignment.material
        found = self._follow_ups.of(material, number=assignment.variation, draw=draw)
        if found is None:
            return None
        return _draft(material, found.asked, found.response, before=(found.first, found.answer))

    def _small_talk(self, assignment: Assignment, draw: random.Random) -> Draft | None:
        persona, stage, material = assignment.persona, assignment.stage, assignment.material
        spoken = self._talk.small_talk(persona, stage, material, draw)
        if spoken is None or assignment.variation:
            return None
        before: tuple[str, ...] = ()
        if CLOSING.search(spoken.asked) and draw.random() < TALKED_SHARE:
            ordinary = self._ordinary(assignment, draw)
            before = (ordinary.question, ordinary.response) if ordinary else ()
        return _spoken(spoken, before=before)

    def _request(self, assignment: Assignment, draw: random.Random) -> Draft | None:
        spoken = None if assignment.variation else self._talk.request(assignment.material, draw)
        return _spoken(spoken) if spoken else None

    def _provocation(self, assignment: Assignment, draw: random.Random) -> Draft | None:
        spoken = None if assignment.variation else self._talk.provocation(assignment.material, draw)
        return _spoken(spoken) if spoken else None

    def _unknown(self, assignment: Assignment, draw: random.Random) -> Draft | None:
        spoken = self._talk.unknown(assignment.persona, assignment.stage, assignment.material, draw)
        if spoken is None or assignment.variation:
            return None
        wrong = spoken.wrong_response
        return Draft(
            question=spoken.asked,
            analysis=analysis.unknown(spoken.asked),
            response=spoken.response,
            wrong_analysis=analysis.asked(spoken.asked, wrong) if wrong else "",
            wrong_response=wrong,
            kind="neither",
        )


def _speaks_of(name: str, material: Material) -> bool:
    """Tell whether a paragraph is about the person, so that somebody else must have written it."""
    surname = re.escape(name.split()[-1])
    told = rf"\b{surname}(?:['\u2019]s \w+| (?:{VERB.pattern}|himself|herself))"
    return not material.partner and bool(re.search(told, material.text))


def _draft(
    material: Material,
    question: str,
    response: str,
    *,
    before: tuple[str, ...] = (),
    about: str = "",
) -> Draft | None:
    if DANGLING.match(response) and not material.partner:
        return None
    return Draft(
        question=question,
        analysis=analysis.asked(question, response),
        response=response,
        before=before,
        about=about,
        kind="attitude" if material.kind == "subjective" else "knowledge",
    )


def _spoken(spoken: Spoken, *, before: tuple[str, ...] = ()) -> Draft:
    """Return talk as a draft; there is nothing to think about it but the persona's own sentence."""
    recalled = spoken.own or spoken.response
    return Draft(
        question=spoken.asked,
        analysis=analysis.asked(spoken.asked, recalled),
        response=spoken.response,
        before=before,
        kind="neither",
        other_stage=spoken.other_stage,
        other_analysis=analysis.asked(spoken.asked, spoken.other_response)
        if spoken.other_response
        else "",
        other_response=spoken.other_response,
    )
