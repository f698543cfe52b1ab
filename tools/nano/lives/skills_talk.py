"""The skill of telling: what happened, who somebody was, who one is; and small talk.

Knows broad requests; questions for one fact are in `skills_facts`.
"""

from persllm.training import analysis
from tools.nano.lives.frames import FRAMES
from tools.nano.lives.item import Draft
from tools.nano.lives.people import Fact
from tools.nano.lives.telling import (
    Speaker,
    Told,
    alike,
    distractors,
    mixed,
    other_count,
    tell_fact,
    tell_stranger,
)
from tools.nano.lives.text import with_article, word_count
from tools.nano.lives.words import WORDS
from tools.nano.lives.world import WORLD


def narrate(speaker: Speaker) -> Draft:
    """Return a request to tell something, or small talk."""
    chance = speaker.random.random()
    if speaker.scene is not None:
        return _about(speaker) if chance < 0.7 else _small_talk(speaker)
    if chance < 0.36:
        return _about(speaker)
    if chance < 0.5:
        return _person(speaker)
    if chance < 0.62:
        return _life(speaker)
    if chance < 0.72:
        return _town(speaker)
    if chance < 0.77:
        return _stranger(speaker)
    return _small_talk(speaker)


def _told_at_length(known: Fact, speaker: Speaker) -> Told:
    return tell_fact(known, speaker.random, colours=speaker.random.choice((1, 2, 2)))


def _draft(question: str, told: Told, known: Fact, speaker: Speaker) -> Draft:
    random = speaker.random
    others = distractors(speaker, other_count(random), without=alike(known.kind.name))
    return Draft(
        question=question,
        recalled=mixed([told.text], others, speaker),
        analysis=analysis.asked(question, told.text),
        response=" ".join((told.plain, *told.colours)),
        want=(known.value,) if known.value in told.plain else (),
    )


def _about(speaker: Speaker) -> Draft:
    random = speaker.random
    if speaker.scene is not None:
        known, told = random.choice(speaker.scene.facts)
    else:
        known = random.choice(speaker.facts())
        told = None
    question = random.choice(FRAMES.about_questions).format(o=known.kind.about)
    return _draft(question, told or _told_at_length(known, speaker), known, speaker)


def _person(speaker: Speaker) -> Draft:
    random = speaker.random
    people = [f for f in speaker.facts() if f.kind.theme == "person"]
    if not people:
        return _about(speaker)
    known = random.choice(people)
    question = random.choice(FRAMES.person_questions).format(v=known.value)
    return _draft(question, _told_at_length(known, speaker), known, speaker)


def _life(speaker: Speaker) -> Draft:
    """Return a broad question, answered with two recalled facts in their order."""
    random = speaker.random
    known = random.sample(speaker.facts(), random.choice((2, 3, 4)))
    told = [tell_fact(fact, random) for fact in known]
    first, second = told[0], told[1]
    question = random.choice(FRAMES.life_questions)
    return Draft(
        question=question,
        recalled=tuple(one.text for one in told),
        analysis=analysis.asked(question, first.text),
        response=f"{first.plain} {second.plain}",
        want=(known[0].value,) if known[0].value in first.plain else (),
    )


def _town(speaker: Speaker) -> Draft:
    random, names = speaker.random, speaker.life.names
    place, river, goods = (
        names.place(random),
        random.choice(names.rivers),
        random.choice(WORDS.goods),
    )
    lies = random.choice(WORLD.town_lies).format(p=place, r=river)
    known = random.choice(WORLD.town_known).format(g=goods)
    of_river = random.random() < 0.5
    questions = WORLD.town_river_questions if of_river else WORLD.town_goods_questions
    question = random.choice(questions).format(p=place)
    text = f"{lies} {known}"
    others = distractors(speaker, other_count(random))
    return Draft(
        question=question,
        recalled=mixed([text], others, speaker),
        analysis=analysis.asked(question, text),
        response=lies if of_river and random.random() < 0.5 else text,
        want=(river,) if of_river else (goods,),
    )


def _stranger(speaker: Speaker) -> Draft:
    random, names = speaker.random, speaker.life.names
    name = names.anyone(random)
    told = tell_stranger(name, names.place(random), speaker)
    question = random.choice(FRAMES.person_questions).format(v=name)
    others = distractors(speaker, other_count(random))
    return Draft(
        question=question,
        recalled=mixed([told.text], others, speaker),
        analysis=analysis.asked(question, told.text),
        response=told.text,
        want=(name,),
    )


_TALKS = (
    (FRAMES.greetings, FRAMES.greeting_replies, 4),
    (FRAMES.who_questions, FRAMES.who_replies, 4),
    (FRAMES.trade_questions, FRAMES.trade_replies, 2),
    (FRAMES.now_questions, FRAMES.now_replies, 2),
    (FRAMES.farewells, FRAMES.farewell_replies, 1),
)
_WEIGHTS = tuple(weight for _, _, weight in _TALKS)


def _small_talk(speaker: Speaker) -> Draft:
    random = speaker.random
    questions, replies, _ = random.choices(_TALKS, _WEIGHTS)[0]
    reply = random.choice(replies)
    trade = with_article(speaker.life.facts["trade"].value)
    slots = {"name": speaker.life.persona.name, "a": trade, "now": str(speaker.now)}
    response = reply.format(mood=random.choice(FRAMES.moods), **slots)
    count = random.choice((0, 0, 0, 0, 1, 2))
    return Draft(
        question=random.choice(questions),
        recalled=tuple(distractors(speaker, count)),
        response=response if word_count(response) > 5 else f"{response} Welcome.",
        want=tuple(text for slot, text in slots.items() if f"{{{slot}}}" in reply),
    )
