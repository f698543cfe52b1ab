"""The skills about facts: telling one, refusing or accepting a claim, not knowing.

Knows questions and answers about single facts; opinions and years are in `skills_views`.
"""

import re
from random import Random

from persllm.messages import header
from persllm.training import analysis
from persllm.words import unsaid
from tools.nano.lives.frames import FRAMES
from tools.nano.lives.item import Draft
from tools.nano.lives.kinds import KINDS
from tools.nano.lives.names import HELD_OUT
from tools.nano.lives.people import Fact, any_subject, drawn_fact, wrong_value
from tools.nano.lives.telling import (
    Speaker,
    Told,
    alike,
    distractors,
    mixed,
    other_count,
    tell_fact,
)
from tools.nano.lives.text import addressed, capital, lowered, word_count
from tools.nano.lives.world import WORLD

FEWEST_WORDS = 6
CONTRACTED_SHARE = 0.5
CONTRACTED = re.compile(r"^(did|do|does|was|were|is|are|have|has|had) (\w+) not$")
"""Closing questions that people say shorter: "didn't you"."""
OTHER_WORDS_SHARE = 0.15
"""How many of the true claims with words that nothing recalled holds are put: people who know
mostly say it in the words of what is recalled."""
AS_RECALLED_SHARE = 0.5
"""How many claims are answered in the very words of what is recalled."""
BESIDE_NOTHING = (0, 0, 0, 1, 2, 3)
"""How many others come to mind where nothing answers, each as likely."""
HEADER_SHARE = 0.14
"""How many of the facts stand in the system turn only, and not in what is recalled."""


def fact(speaker: Speaker) -> Draft:
    """Return a question about one fact, answered from the recalled text."""
    random = speaker.random
    if speaker.scene is None and random.random() < 0.08:
        return _world_fact(speaker)
    known, told, recalled = _source(speaker)
    question = known.told(random.choice(known.kind.questions))
    return Draft(
        question=question,
        recalled=recalled,
        analysis=analysis.asked(question, told.text),
        response=_answer(known, told, speaker),
        want=(known.value[1:] if known.kind.pool == "study" else known.value,),
        unwanted=_values_elsewhere(speaker, known),
    )


def _source(speaker: Speaker, *, without: str = "") -> tuple[Fact, Told, tuple[str, ...]]:
    """Return a fact, the text that tells it and all that is recalled."""
    random = speaker.random
    if speaker.scene is not None:
        known, told = random.choice([f for f in speaker.scene.facts if f[0].kind.name != without])
        return known, told, speaker.scene.recalled
    known = random.choice([f for f in speaker.facts() if f.kind.name != without])
    if random.random() >= HEADER_SHARE or not speaker.life.in_summary:
        told = tell_fact(known, random, beside=_beside(known, speaker))
        return known, told, _around(known, told, speaker)
    named = sorted(speaker.life.in_summary & speaker.life.facts.keys())
    known = speaker.life.facts[random.choice(named)]
    summary = analysis.first_sentence(speaker.life.persona.summary)
    told = Told((summary,), capital(known.told(known.kind.first[0])) + ".")
    count = random.choice((0, 0, 0, 0, 1, 2))
    return known, told, tuple(distractors(speaker, count, without=alike(known.kind.name)))


def _beside(known: Fact, speaker: Speaker) -> Fact | None:
    """Return a fact of another kind for the same sentence, for half of the facts."""
    near = alike(known.kind.name) | {"unwed"}
    others = [
        fact
        for fact in speaker.facts()
        if fact.kind.name not in near and fact.kind.pool != known.kind.pool
    ]
    return speaker.random.choice(others) if others and speaker.random.random() < 0.5 else None


def _values_elsewhere(speaker: Speaker, known: Fact) -> tuple[str, ...]:
    pool = known.kind.pool
    others = (f.value for f in speaker.facts() if f.kind.pool == pool and f is not known)
    return tuple(value for value in others if value not in known.value)


def _answer(known: Fact, told: Told, speaker: Speaker) -> str:
    random = speaker.random
    main = told.plain
    if random.random() < 0.5:
        main = capital(known.told(random.choice(known.kind.first))) + "."
    parts = [main]
    if told.colours and random.random() < 0.4:
        parts.append(random.choice(told.colours))
    return _long_enough(parts, told, speaker)


def _long_enough(parts: list[str], told: Told, speaker: Speaker) -> str:
    """Return the joined parts; a short answer gets a colour or an opening sentence."""
    text = " ".join(parts)
    if word_count(text) >= FEWEST_WORDS and speaker.random.random() > 0.08:
        return text
    left = [colour for colour in told.colours if colour not in parts]
    if left:
        return f"{text} {left[0]}"
    return f"{speaker.random.choice(FRAMES.starters)} {text}"


def _world_fact(speaker: Speaker) -> Draft:
    random = speaker.random
    topic = random.choice(WORLD.topics)
    text = topic.text
    first = text.partition(". ")[0]
    others = distractors(speaker, other_count(random))
    others = [other for other in others if other != text]
    response = text if random.random() < 0.4 else first + "."
    return Draft(
        question=topic.question,
        recalled=mixed([text], others, speaker),
        analysis=analysis.asked(topic.question, text),
        response=response,
        want=(first,),
    )


def claim(known: Fact, value: str, speaker: Speaker) -> str:
    """Return the user's claim, true or false, in one of the forms that both share."""
    random = speaker.random
    value = _as_said(known, value)
    if random.random() < 0.3:
        return known.claimed(random.choice(known.kind.loaded), value)
    clause = known.claimed(random.choice(known.kind.second), value)
    frame = random.choice(FRAMES.claims)
    tag = _tag(clause, known)
    if random.random() < CONTRACTED_SHARE:
        tag = CONTRACTED.sub(r"\1n't \2", tag)
    return frame.format(c=clause, C=capital(clause), tag=tag)


def _as_said(known: Fact, value: str) -> str:
    """Return a value as the user names it."""
    return addressed(value) if known.kind.pool == "habit" else value


def _tag(clause: str, known: Fact) -> str:
    """Return the closing question that fits the clause's verb."""
    own = known.kind.tag
    for start, tag in _TAGS:
        if clause.startswith(start):
            return tag
    return own


_TAGS = (
    ("you were ", "were you not"),
    ("you are ", "are you not"),
    ("your life ", "did it not"),
)


def false_premise(speaker: Speaker) -> Draft:
    """Return a false claim about the speaker, refused with the true fact."""
    random = speaker.random
    known, told, recalled = _source(speaker)
    value = wrong_value(known, speaker.life, random, now=speaker.now)
    question = claim(known, value, speaker)
    return Draft(
        question=question,
        recalled=recalled,
        analysis=analysis.wrong(question, told.text, said=_as_said(known, value)),
        response=_correction(known, value, told, speaker),
        want=(known.value,),
        unwanted=FRAMES.yes_signs,
    )


def true_premise(speaker: Speaker) -> Draft:
    """Return a true claim about the speaker, accepted."""
    random = speaker.random
    known, told, recalled, question = _true_claim(speaker)
    stated = _stated(known, told, random)
    response = random.choice(FRAMES.acceptances).format(f=stated, F=capital(stated))
    asked = analysis.is_question(question)
    return Draft(
        question=question,
        recalled=recalled,
        analysis=analysis.right(question, told.text),
        response=_answer(known, told, speaker) if asked else _coloured(response, told, speaker),
        want=(known.value,),
        unwanted=FRAMES.no_signs,
    )


def _true_claim(speaker: Speaker) -> tuple[Fact, Told, tuple[str, ...], str]:
    """Return a fact, the text that tells it, all that is recalled and a true claim."""
    while True:
        known, told, recalled = _source(speaker, without="unwed")
        question = claim(known, known.value, speaker)
        texts = [header(speaker.life.persona, speaker.stage), *recalled]
        if not unsaid(question, texts) or speaker.random.random() < OTHER_WORDS_SHARE:
            return known, told, recalled, question


def _around(known: Fact, told: Told, speaker: Speaker) -> tuple[str, ...]:
    others = distractors(speaker, other_count(speaker.random), without=alike(known.kind.name))
    return mixed([told.text], others, speaker)


def _correction(known: Fact, value: str, told: Told, speaker: Speaker) -> str:
    random = speaker.random
    stated = _stated(known, told, random)
    negated = known.denied(known.kind.negated, value)
    contrast = known.denied(known.kind.contrast, value)
    choices: tuple[str, ...] = FRAMES.corrections
    if contrast and random.random() < 0.6:
        choices = FRAMES.corrections_with_contrast
    response = random.choice(choices).format(
        f=stated, F=capital(stated), n=negated, N=capital(negated), k=contrast
    )
    return _coloured(response, told, speaker)


def _stated(known: Fact, told: Told, random: Random) -> str:
    """Return the fact as the recalled text tells it, or in a form of its own."""
    if random.random() < AS_RECALLED_SHARE:
        plain = told.plain.removesuffix(".")
        return lowered(plain) or plain
    return known.told(random.choice(known.kind.first))


def _coloured(response: str, told: Told, speaker: Speaker) -> str:
    wished = speaker.random.random() < 0.3 or word_count(response) < FEWEST_WORDS
    if wished and told.colours:
        return f"{response} {speaker.random.choice(told.colours)}"
    return response


def unknown(speaker: Speaker) -> Draft:
    """Return a question that nothing recalled answers."""
    random = speaker.random
    question, without, claimed = _unanswered(speaker)
    count = random.choice(BESIDE_NOTHING)
    response, sign = _not_known(speaker)
    return Draft(
        question=question,
        recalled=tuple(distractors(speaker, count, without=without)),
        analysis=analysis.unknown(question, claim=claimed),
        response=response,
        want=(sign,),
    )


def _unanswered(speaker: Speaker) -> tuple[str, set[str], bool]:
    """Return a question, what kinds must not be recalled beside it, and if it is a claim."""
    random, life = speaker.random, speaker.life
    chance = random.random()
    if chance < 0.1:
        held = {opinion.subject.name for opinion in life.opinions}
        while (subject := any_subject(random, held_out=life.names is HELD_OUT)).name in held:
            pass
        return random.choice(FRAMES.opinion_questions).format(t=subject.name), set(), False
    if chance < 0.2:
        name = life.names.anyone(random)
        return random.choice(FRAMES.person_questions).format(v=name), set(), False
    if chance < 0.3:
        return _past_event(speaker), set(), False
    barred = set().union(*(alike(name) for name in life.in_summary))
    barred.add("spouse" if life.woman else "husband")
    barred |= speaker.scene.kinds if speaker.scene is not None else set()
    kind = random.choice([k for k in KINDS.values() if k.name not in barred])
    asked = drawn_fact(kind, life.names, random.randint(speaker.stage.first, speaker.now), random)
    if random.random() < 0.25 and kind.name != "unwed":
        return claim(asked, asked.value, speaker), alike(kind.name), True
    return asked.told(random.choice(kind.questions)), alike(kind.name), False


def _past_event(speaker: Speaker) -> str:
    past = [event for event in WORLD.events if event[0] <= speaker.now]
    random = speaker.random
    if past and random.random() < 0.5:
        year, name = random.choice(past)
        return random.choice(FRAMES.event_questions).format(e=name, y=year)
    years = {fact.year for fact in speaker.facts()}
    free = [y for y in range(speaker.now - 30, speaker.now) if y not in years]
    return random.choice(FRAMES.year_questions).format(y=random.choice(free))


def _not_known(speaker: Speaker) -> tuple[str, str]:
    """Return an answer and the sentence in it that says so."""
    random = speaker.random
    sign = random.choice(FRAMES.unknowns)
    response = sign
    if word_count(sign) < FEWEST_WORDS or random.random() < 0.3:
        response = f"{sign} {random.choice(FRAMES.unknown_tails)}"
    return response, sign
