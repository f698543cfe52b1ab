"""The skills about opinions and time: saying one's own, answering an opponent, keeping the year.

Knows which side a stage takes and what it cannot know yet; single facts are in `skills_facts`.
"""

from persllm.training import analysis
from tools.nano.lives.frames import FRAMES
from tools.nano.lives.item import Draft
from tools.nano.lives.kinds import KINDS
from tools.nano.lives.people import Opinion, drawn_fact
from tools.nano.lives.telling import (
    Speaker,
    Told,
    alike,
    distractors,
    framed,
    mixed,
    other_count,
    tell_fact,
    tell_opinion,
)
from tools.nano.lives.text import capital, word_count
from tools.nano.lives.world import WORLD

FEWEST_WORDS = 6
MOST_RECALLED = 5
DEBATED_SHARE = 0.5
"""How many of others' opinions are an opponent's in a debate."""


def opinion(speaker: Speaker) -> Draft:
    """Return a question for the speaker's opinion of a subject."""
    random, view = speaker.random, speaker.life.summary_view
    if speaker.scene is None and view and random.random() < 0.4:
        return _from_summary(view, speaker)
    held, told = _held(speaker)
    question = _question(held, speaker)
    return Draft(
        question=question,
        recalled=_around(held, [told.text], speaker),
        analysis=analysis.asked(question, told.text),
        response=_own_words(held, told, speaker),
        want=(_core(held.stances[speaker.number]),),
        unwanted=_other_side(held, speaker.number),
    )


def _held(speaker: Speaker) -> tuple[Opinion, Told]:
    """Return an opinion and the paragraph that tells it."""
    if speaker.scene is not None:
        return speaker.random.choice(speaker.scene.opinions)
    held = speaker.random.choice(speaker.life.opinions)
    return held, tell_opinion(held, speaker.number, speaker.random)


def _question(held: Opinion, speaker: Speaker) -> str:
    random, subject = speaker.random, held.subject
    if random.random() < 0.2:
        return random.choice(FRAMES.motion_questions).format(M=subject.motion)
    return random.choice(FRAMES.opinion_questions).format(t=subject.name)


def _from_summary(view: Opinion, speaker: Speaker) -> Draft:
    random = speaker.random
    question = _question(view, speaker)
    stance = view.stances[0]
    response = f"{framed(random.choice(FRAMES.opinion_frames), stance)} {view.reasons[0][0]}"
    others = _around(view, [], speaker) if random.random() < 0.3 else ()
    return Draft(
        question=question,
        recalled=others,
        analysis=analysis.asked(question, f"I hold that {stance}."),
        response=response,
        want=(_core(stance),),
        unwanted=_other_side(view, 0),
    )


def _core(stance: str) -> str:
    """Return the part of a stance that stays the same at the start of a sentence."""
    return stance[1:]


def _other_side(held: Opinion, stage: int) -> tuple[str, ...]:
    other = held.subject.side(favour=not held.favours[stage])
    return tuple(_core(stance) for stance in other.stances)


def _around(held: Opinion, needed: list[str], speaker: Speaker) -> tuple[str, ...]:
    count = min(other_count(speaker.random), MOST_RECALLED - len(needed))
    others = distractors(speaker, count, subject=held.subject)
    return mixed(needed, others, speaker)


def _own_words(held: Opinion, told: Told, speaker: Speaker) -> str:
    """Return the recalled paragraph, whole, shortened or with another first frame."""
    random, stance = speaker.random, held.stances[speaker.number]
    main = told.plain
    if random.random() < 0.3:
        main = framed(random.choice(FRAMES.opinion_frames), stance)
    reasons = told.colours[: random.choice((1, 1, 2))]
    return " ".join((main, *reasons))


def clash(speaker: Speaker) -> Draft:
    """Return another's opinion, answered from the speaker's own paragraph.

    In a debate the other is the opponent, and is told so. By itself an opinion is answered with
    one's own, without a verdict: whether two sentences agree is more than a small model can tell.
    """
    random = speaker.random
    held, told = _held(speaker)
    debated = random.random() < DEBATED_SHARE
    opposed = debated or random.random() < 0.5
    claimed, question = _opponent(held, speaker, opposed=opposed, debated=debated)
    response = _own_words(held, told, speaker)
    if debated:
        response = f"{random.choice(FRAMES.disagreements)} {response}"
    return Draft(
        question=question,
        recalled=_around(held, [told.text], speaker),
        analysis=(analysis.differ if debated else analysis.hold)(claimed, told.text),
        response=response,
        want=(_core(held.stances[speaker.number]),),
        unwanted=_other_side(held, speaker.number) if opposed else FRAMES.disagreements,
    )


def _opponent(held: Opinion, speaker: Speaker, *, opposed: bool, debated: bool) -> tuple[str, str]:
    """Return the other's paragraph and the whole user turn."""
    random, favour = speaker.random, held.favours[speaker.number]
    side = held.subject.side(favour=favour != opposed)
    reasons = random.sample(side.reasons, random.choice((0, 1, 1, 2)))
    main = framed(random.choice(FRAMES.opponent_frames), random.choice(side.stances))
    paragraph = " ".join((main, *reasons))
    turn = paragraph
    motion = debated and random.random() < 0.6
    if debated and (not motion or random.random() < 0.35):
        turn = f"{random.choice(FRAMES.opponent_leads)} {turn}"
    if random.random() < 0.3:
        turn = f"{turn} {random.choice(FRAMES.opponent_closers)}"
    if motion:
        lead = FRAMES.motion_lead.format(m=held.subject.motion, side="for" if favour else "against")
        turn = f"{lead} {turn}"
    return paragraph, turn


def stage(speaker: Speaker) -> Draft:
    """Return a question that the speaker's year decides."""
    chance = speaker.random.random()
    if speaker.scene is not None or chance < 0.4:
        return _later(speaker)
    if chance < 0.65:
        return _dated(speaker)
    return _changed(speaker)


def _later(speaker: Speaker) -> Draft:
    random = speaker.random
    year, question, claimed = _later_question(speaker)
    response = random.choice(FRAMES.laters).format(now=speaker.now, year=year)
    if word_count(response) < FEWEST_WORDS:
        response = f"I cannot say. {response}"
    count = random.choice((0, 1, 2, 3, 3))
    return Draft(
        question=question,
        recalled=tuple(distractors(speaker, count)),
        analysis=analysis.later(question, year, speaker.now, claim=claimed),
        response=response,
        want=(str(speaker.now),),
        unwanted=FRAMES.yes_signs,
    )


def _later_question(speaker: Speaker) -> tuple[int, str, bool]:
    """Return a year to come, a user turn that speaks of it, and whether that is a claim."""
    random, now = speaker.random, speaker.now
    events = [event for event in WORLD.events if event[0] > now]
    if events and random.random() < 0.3:
        year, name = random.choice(events)
        return year, random.choice(FRAMES.event_questions).format(e=name, y=year), False
    year = now + random.choice((random.randint(1, 12), random.randint(5, 90)))
    if random.random() < 0.5:
        return year, random.choice(FRAMES.year_questions).format(y=year), False
    unfit = {"debt", "spouse" if speaker.life.woman else "husband"}
    events_of_life = [k for k in KINDS.values() if k.time == "event" and k.name not in unfit]
    kind = random.choice(events_of_life)
    fact = drawn_fact(kind, speaker.life.names, year, random)
    clause = fact.told(random.choice(kind.second))
    if str(year) not in clause:
        clause = f"{clause} in {year}"
    turn = random.choice(FRAMES.claims).format(c=clause, C=capital(clause), tag=kind.tag)
    return year, turn, True


def _dated(speaker: Speaker) -> Draft:
    """Return a question for a year that has passed, answered from the recalled text."""
    random = speaker.random
    dated = [f for f in speaker.facts() if any("{y}" in s for s in f.kind.statements)]
    known = random.choice(dated)
    told = tell_fact(known, random, dated=True)
    question = random.choice(FRAMES.year_questions).format(y=known.year)
    same = {f.kind.name for f in speaker.facts() if f.year == known.year}
    others = distractors(speaker, other_count(random), without=alike(known.kind.name) | same)
    colour = told.colours[:1] if random.random() < 0.6 else ()
    return Draft(
        question=question,
        recalled=mixed([told.text], others, speaker),
        analysis=analysis.asked(question, told.text),
        response=" ".join((told.plain, *colour)),
        want=(known.value,) if known.value in told.plain else (),
    )


def _changed(speaker: Speaker) -> Draft:
    random = speaker.random
    changed = [o for o in speaker.life.opinions if o.changed] or list(speaker.life.opinions)
    held = random.choice(changed)
    late = speaker.number == 1 and held.changed
    told = tell_opinion(held, speaker.number, random, changed=late)
    needed = [told.text]
    if late and random.random() < 0.4:
        needed.append(tell_opinion(held, 0, random).text)
    choices = FRAMES.change_questions if random.random() < 0.6 else FRAMES.opinion_questions
    question = random.choice(choices).format(t=held.subject.name)
    response = " ".join((told.plain, *told.colours[: random.choice((1, 1, 2))]))
    return Draft(
        question=question,
        recalled=_around(held, needed, speaker),
        analysis=analysis.asked(question, told.text),
        response=response,
        want=(_core(held.stances[speaker.number]),),
    )
