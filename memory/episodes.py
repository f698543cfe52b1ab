"""What a visitor told of himself, kept as facts: each once, and until he tells otherwise.

What he tells later of the same supersedes what he told before; the older is kept as history, and
never comes up. Who may hear what is the store's matter: all here is one visitor's.
"""

import re
from collections.abc import Sequence, Set
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from persllm.files import digest
from persllm.memory.asking import NAME, SOMEBODY
from persllm.memory.facts import EVERYTHING, LAST, Fact, facts_of
from persllm.memory.lemmas import lemmas
from persllm.memory.store import Memory, MemoryStore

NEARLY = 0.85
"""What shares so many of its words with what is known tells nothing new."""
DENIED = re.compile(r"n't\b|\b(?:not|no|never|nor|neither)\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hearing:
    """Who told, to whom, and when."""

    audience: str
    """The visitor's id."""
    stage: int
    """Place of the stage that was told."""
    partner: str = ""
    """The visitor's name, where the caller knows it."""
    conversation: str = ""
    """An id of the talk, where there is one."""


def remember(
    store: MemoryStore, turn: str, hearing: Hearing, *, before: str = "", earlier: str = ""
) -> None:
    """Keep what a turn tells of the visitor; the same turn again keeps nothing new.

    Args:
        store: Of the persona.
        turn: What the visitor said.
        hearing: Who said it.
        before: What the persona had said just before.
        earlier: What the visitor had said before that.

    Raises:
        MemoryStoreError: It cannot be kept.
    """
    facts = facts_of(turn, before)
    if facts or hearing.partner:
        known = store.episodes(hearing.audience)
        named = [Fact(f"The visitor's name is {hearing.partner}.", NAME)] if hearing.partner else []
        if any(memory.about == NAME for memory in known):
            named = []  # he may have told another, or wants to be called otherwise
        changed = changes([*named, *facts], known, hearing, cue=f"{earlier} {before}".strip())
        if changed:
            store.add(changed)


def changes(
    facts: Sequence[Fact], known: Sequence[Memory], hearing: Hearing, *, cue: str = ""
) -> list[Memory]:
    """Return what is to be written: new memories, and older ones that they supersede.

    Args:
        facts: What was told, in order.
        known: All that this visitor told before, the oldest first.
        hearing: Who told.
        cue: What was said before: it helps to find "She's in Leicester" after "And your mother?"
    """
    when = datetime.now(UTC).isoformat(timespec="milliseconds")
    kept = {memory.id: memory for memory in known}
    written: dict[str, Memory] = {}
    superseding = False
    for fact in facts if all(each.takes_back != LAST for each in facts) else _last_after(facts):
        memory = _memory(fact, hearing, when, cue)
        live = [each for each in kept.values() if not each.superseded_by]
        if any(_is_known(memory, each) for each in live):
            continue
        old = [] if fact.takes_back == LAST and superseding else _superseded(fact, live)
        superseding = superseding or bool(old)
        if old or fact.alone:
            changed = [replace(each, superseded_by=memory.id) for each in old]
            for each in (*changed, memory):
                kept[each.id] = written[each.id] = each
    return list(written.values())


def ids_told(turn: str, before: str, audience: str) -> list[str]:
    """Return the ids under which what a turn tells is kept."""
    return [_id(fact, audience) for fact in facts_of(turn, before)]


def _last_after(facts: Sequence[Fact]) -> list[Fact]:
    """Return facts with "that was a lie" behind what was the truth: that may be what it meant."""
    return sorted(facts, key=lambda fact: fact.takes_back == LAST)


def _memory(fact: Fact, hearing: Hearing, when: str, cue: str) -> Memory:
    return Memory(
        id=_id(fact, hearing.audience),
        text=fact.text,
        kind="episode",
        stage=hearing.stage,
        source=f"{hearing.partner or 'A visitor'}, {when[:19].replace('T', ' ')}",
        audience=hearing.audience,
        when=when,
        conversation=hearing.conversation,
        about=fact.about,
        cue=cue,
    )


def _id(fact: Fact, audience: str) -> str:
    return f"episode-{digest(audience, fact.text.lower())[:24]}"


def _is_known(new: Memory, old: Memory) -> bool:
    """Tell whether a memory says nothing that another does not say."""
    if new.id == old.id:
        return True
    one, other = lemmas(new.text), lemmas(old.text)
    if bool(DENIED.search(new.text)) != bool(DENIED.search(old.text)):
        return False
    if new.about or old.about:
        return new.about == old.about and one == other
    return len(one & other) >= NEARLY * len(one | other)


def _superseded(fact: Fact, live: Sequence[Memory]) -> list[Memory]:
    """Return which memories are no longer so."""
    if fact.takes_back == EVERYTHING:
        return list(live)
    if fact.takes_back == LAST:
        newest = max((memory.when for memory in live), default="")
        return [memory for memory in live if memory.when == newest]
    gone, key = lemmas(fact.takes_back), lemmas(fact.about)
    denied = [each for each in live if gone and _holds(each, gone, key)]
    return denied if fact.denial else [*denied, *_of_the_same(fact, live)]


def _of_the_same(fact: Fact, live: Sequence[Memory]) -> list[Memory]:
    """Return what was told of the same; of two sisters nothing, where no name tells which."""
    same = [memory for memory in live if fact.about and _is_same(fact.about, memory.about)]
    alike = [memory for memory in same if memory.about == fact.about]
    return same if len({memory.about for memory in same}) == 1 else alike


def _is_same(one: str, other: str) -> bool:
    """Tell whether two keys mean the same; a name in them may be left out: "sister Kate home"."""
    first, second = _names(one), _names(other)
    plain = [lemmas(" ".join({*key.split()} - _names(key))) for key in (one, other)]
    return plain[0] == plain[1] and (first == second or not (first and second))


def _names(key: str) -> set[str]:
    return {word for word in key.split() if word[:1].isupper()}


def _words(memory: Memory) -> Set[str]:
    return lemmas(f"{memory.about} {memory.text}")


def _holds(memory: Memory, gone: Set[str], key: Set[str]) -> bool:
    """Tell whether a memory holds all the words, of the same thing, and of nobody else."""
    words = _words(memory)
    somebody = SOMEBODY.match(memory.text)
    others = somebody and not lemmas(somebody[1]) & (gone | key)
    return gone <= words and (not key or bool(key & words)) and not others
