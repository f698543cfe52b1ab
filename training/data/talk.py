"""Talk that no paragraph answers: greetings, who one is, requests, provocations, the unknown.

The words are templates; what the persona adds is its name, what its stage says of its life, and
sentences of its own.
"""

import random
import re
from dataclasses import dataclass

from persllm.materials import Material
from persllm.persona import Persona, Stage
from persllm.training.data.claims import alike_in_length
from persllm.training.data.named_things import NamedThings
from persllm.training.data.prose import is_view, stands_alone
from persllm.training.data.questions import BELIEF, DANGLING, PERSUADED, answer_of, answering
from persllm.training.data.texts import read_texts
from persllm.training.data.topics import Vocabulary

MOST_OWN_WORDS = 34
TOLD_SHARE = 0.6
"""Share of what is unknown about something near by which the persona tells what it does know."""
FIRST_PERSON = {
    "you": "I",
    "your": "my",
    "yours": "mine",
    "yourself": "myself",
    "yourselves": "ourselves",
}
VERBS = {"are": "am", "were": "was"}
YOU_ARE = re.compile(r"\byou (are|were)\b")
YOU = re.compile(rf"\b(?:{'|'.join(FIRST_PERSON)})\b")
OBJECT = re.compile(
    r"\b(?:to|for|with|of|by|at|about|around|let|made|upon|on|from|after|calls?|leave|left) you\b"
    r"|\byou$"
)
"""Where "you" is no subject, it would have to become "me"."""
NO_ADVICE = re.compile(
    r"\b(?:sir|madam|him|his|her|he|she|they|their|them|this|these|those|letter|yesterday|today|"
    r"tomorrow|tonight|last (?:week|year|month)|you|your)\b|[A-Z]\w+ [A-Z]|\d",
)
CHANGED = re.compile(r"\b(?:became|later|once|turned|former(?:ly)?)\b")
"""A summary that tells of two lives: which of them one leads depends on the stage."""
TELLS = re.compile(r"\b(?:I|my|we|me)\b")
NOUN_PHRASE = re.compile(
    r"^(?:(a|an|the) )?([^,.]+?)(?= (?:who|that|whose|which|and later)\b|[,.]|$)", re.I
)


@dataclass(frozen=True, slots=True)
class Spoken:
    """What a visitor says and what the persona answers."""

    asked: str
    response: str
    own: str = ""
    """The persona's own sentence in it."""
    other_response: str = ""
    """What another stage would answer."""
    other_stage: str = ""
    wrong_response: str = ""
    """What one would answer who does not own up to not knowing."""


class Talk:
    """Makes small talk, requests, provocations and questions that nothing answers."""

    def __init__(
        self, materials: tuple[Material, ...], things: NamedThings, vocabulary: Vocabulary
    ) -> None:
        self._things = things
        self._vocabulary = vocabulary
        self._words = {word for m in materials for word in re.findall(r"[\w-]+", m.heard.lower())}

    def small_talk(
        self, persona: Persona, stage: Stage, material: Material, draw: random.Random
    ) -> Spoken | None:
        """Return a greeting or the like with its answer."""
        texts = read_texts("small_talk")
        own = _first(_opinions(material), draw)
        subjects = [name for name in texts if name != "own" or own]
        weights = [3 if name in ("who", "state", "doing") else 2 for name in subjects]
        subject = draw.choices(subjects, weights)[0]
        who = who_is(persona)
        answers = [
            str(form) for form in texts[subject]["answered"] if who or "{who}" not in str(form)
        ]
        form, asked = draw.choice(answers), str(draw.choice(texts[subject]["asked"]))
        fields = {"name": persona.name, "who": who, "own": own}
        now = now_of(stage)
        if "{now}" in form and now is None:
            return None
        said = form.format(now=now, **fields)
        other = _other_stage(persona, stage) if "{now}" in form else None
        if other is None or not (then := now_of(other)):
            return Spoken(asked, said, own=own)
        return Spoken(
            asked,
            said,
            own=own,
            other_response=form.format(now=then, **fields),
            other_stage=other.id,
        )

    def request(self, material: Material, draw: random.Random) -> Spoken | None:
        """Return what a visitor asks for, and how the persona gives it."""
        texts = read_texts("request")
        kind = draw.choice(("story", "letter") if material.kind == "objective" else ("advice",))
        chosen = _opinions(material) if kind == "advice" else _tales(material)
        said = _first(chosen, draw)
        if not said:
            return None
        form = str(draw.choice(texts[kind]["begins"]))
        return Spoken(str(draw.choice(texts[kind]["asked"])), f"{form} {said}".strip(), own=said)

    def provocation(self, material: Material, draw: random.Random) -> Spoken | None:
        """Return what a visitor says to provoke, and an answer that keeps its countenance."""
        texts, own = read_texts("provocation"), _first(_opinions(material), draw)
        kind = "pressure" if own else draw.choice(("insult", "insult", "flattery"))
        answer = str(draw.choice(texts[kind]["answered"]))
        return Spoken(str(draw.choice(texts[kind]["asked"])), answer.format(own=own), own=own)

    def unknown(
        self, persona: Persona, stage: Stage, material: Material, draw: random.Random
    ) -> Spoken | None:
        """Return a question that nothing of the persona tells, and how it says so."""
        texts = read_texts("unknown")
        asked, name, kind = self._unanswered(persona, stage, material, draw)
        if not asked:
            return None
        heading = {"stranger": "declined_stranger", "later": "declined_later"}.get(kind, "declined")
        decline = str(draw.choice(texts[heading])).format(name)
        lines = answering(material) if kind in ("place", "person", "year") else []
        places = [n for n, line in enumerate(lines) if stands_alone(line) and name in line]
        if not places or draw.random() >= TOLD_SHARE:
            return Spoken(asked, decline)
        told = lines[places[0]]
        said = f"{decline} {draw.choice(texts['instead']).format(told)}"
        # The failing of small models: they tell what is near as if it were the answer.
        wrong = (" ".join(lines[places[0] :][:count]) for count in (1, 2))
        fits = next((each for each in wrong if alike_in_length(said, each)), "")
        return Spoken(asked, said, own=told, wrong_response=fits)

    def _unanswered(
        self, persona: Persona, stage: Stage, material: Material, draw: random.Random
    ) -> tuple[str, str, str]:
        """Return (question, name in it, kind); an empty question where there is none."""
        texts = read_texts("unknown")
        things = [
            each
            for each in self._things.find(" ".join(answering(material)))
            if each.kind != "number"
            and each.type != "country"
            and not set(each.text.split()) & set(persona.name.split())
        ]
        kinds = ["any", "stranger", "later", *(["named"] * 5 if things else [])]
        kind = draw.choice(kinds)
        if kind == "stranger":
            free = [n for n in texts["strangers"] if not self._words & _parts(n)]
            name = str(draw.choice(free)) if free else ""
            return (str(draw.choice(texts[kind])).format(name) if name else ""), name, kind
        if kind == "later":
            year = str(stage.last + draw.randrange(2, 40))
            return str(draw.choice(texts[kind])).format(year), year, kind
        thing = draw.choice(things) if kind == "named" else None
        kind = thing.kind if thing else kind
        free = [form for form, unless in map(_split, texts[kind]) if not self._words & set(unless)]
        name = thing.text if thing else ""
        return (draw.choice(free).format(name) if free else ""), name, kind


def who_is(persona: Persona) -> str:
    """Return what a summary says one is: "a Scottish mathematician"; nothing if unsure."""
    match = NOUN_PHRASE.match(persona.summary)
    if match is None or len(match[2].split()) > 12 or CHANGED.search(persona.summary):
        return ""
    article = match[1].lower() if match[1] else "an" if match[2][0] in "AEIOaeio" else "a"
    return f"{article} {match[2]}"


def now_of(stage: Stage) -> str | None:
    """Return what a stage's label says to the persona, as the persona says it itself."""
    label = stage.label.rstrip(".")
    if OBJECT.search(label) or not re.search(r"\byou(?:r|rs)?\b", label):
        return None
    turned = YOU_ARE.sub(lambda match: f"I {VERBS[match[1]]}", label)
    text = YOU.sub(lambda match: FIRST_PERSON[match[0]], turned)
    text = re.sub(r"^I and ([A-Z]\w+)", r"\1 and I", text)
    return text[:1].upper() + text[1:]


def _other_stage(persona: Persona, stage: Stage) -> Stage | None:
    others = persona.contradicting(stage, attitude=True)
    return others[0] if others else None


def _opinions(material: Material) -> list[str]:
    """Return sentences that one may say to anybody at any time: plain views of one's own.

    What was said in answer to somebody leans on the question, unless it says "I believe".
    """
    if material.kind != "subjective":
        return []
    return [
        line
        for place, line in enumerate(answering(material))
        if stands_alone(line)
        and line.endswith(".")
        and 5 <= len(line.split()) <= MOST_OWN_WORDS
        and not DANGLING.match(line)
        and not NO_ADVICE.search(line[1:])
        and (
            BELIEF.match(line)
            or PERSUADED.match(line)
            or (place == 0 and not material.partner and is_view(line))
        )
    ]


def _tales(material: Material) -> list[str]:
    """Return a tale: sentences from one in the first person on."""
    lines = answering(material)
    if not lines or DANGLING.match(lines[0]) or not TELLS.search(lines[0]):
        return []
    return [answer_of(lines)]


def _first(lines: list[str], draw: random.Random) -> str:
    return draw.choice(lines) if lines else ""


def _parts(name: str) -> set[str]:
    return {word.lower() for word in name.split() if len(word) > 4}


def _split(entry: str) -> tuple[str, list[str]]:
    """Return (question, words that must not stand in the materials) of an entry of `unknown`."""
    question, _, unless = entry.partition(" | ")
    return question, unless.split()
