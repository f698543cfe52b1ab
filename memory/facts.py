"""What a visitor tells of himself in a turn: facts, each as a note about him and what it is about.

Patterns stand in `facts.yaml`. What fits none is kept as a sentence in the third person; what tells
nothing of the visitor (questions, greetings, commands, remarks on the persona) is not kept: a
question kept would be the nearest memory to the same question asked again, and bury its answer.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache

from persllm.memory.answers import answer_in_full
from persllm.memory.clauses import Sentence, is_command, is_filler, sentences_of, without_fillers
from persllm.memory.languages import ENGLISH, language_of, sentences_of_oneself
from persllm.memory.recall import is_small_talk
from persllm.memory.third_person import SAID, finished, first_person, later, third_person
from persllm.tables import filled, table

LEAST_WORDS, LONGEST_NOTE = 3, 60
SPOKEN = SAID.partition("{")[0]
MOST_FACTS = 12
"""Of one turn; who pastes a letter does not tell all of it."""
KEPT = 1024
"""What so many turns tell is kept: a talk is read again at each of its turns."""
EVERYTHING = "*"
LAST = "<"
NOT = re.compile(r"(?:,|,? and|,? but) not (?P<old>[^,]+?)(?: any ?more| any longer)?$")
REASON = re.compile(r",|\s+(?:because|since|but)\b")
"""What follows tells why something is no longer so."""
OLD = re.compile(r"^(?:in|at|from|a|an|the|called|named)\s+")
PRONOUN = re.compile(
    r"^(?P<it>he|she|it|they|his|her|its|their)\b(?P<short>'s|'re)?", re.IGNORECASE
)
OWN = {"his", "her", "its", "their"}


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that a visitor told."""

    text: str
    """A note about him, in the third person."""
    about: str = ""
    """What it is about, such as "name" or "dog name"; a later fact about the same supersedes it."""
    takes_back: str = ""
    """Words of older memories that are no longer so; `EVERYTHING`; or `LAST`, what came last."""
    denial: bool = False
    """Whether it only denies: what else is known of the same stays."""
    alone: bool = True
    """Whether it is worth keeping where it takes nothing back."""


@lru_cache(KEPT)
def facts_of(turn: str, before: str = "") -> tuple[Fact, ...]:
    """Return what a turn tells of the speaker, in order.

    Args:
        turn: What the visitor said.
        before: What the persona had said just before: a bare answer is read with its question.
    """
    answer = answer_in_full(turn, before)
    language = ENGLISH if answer else language_of(turn)
    if language != ENGLISH:
        quoted = sentences_of_oneself(turn, language)
        return tuple(Fact(SAID.format(sentence=each)) for each in quoted)[:MOST_FACTS]
    said = [Sentence(answer, (answer,), hearsay=False)] if answer else []
    return tuple(dict.fromkeys(_facts([*said, *sentences_of(turn)], before)))[:MOST_FACTS]


def _facts(said: Sequence[Sentence], before: str) -> Iterator[Fact]:
    """Yield what the patterns find, and the rest of the turn as one note."""
    spoken_of, telling = _asked_of(before), False
    rest: list[str] = []
    for sentence in said:
        found: list[Fact] = []
        other: list[str] = []
        text = _named_again(_small(sentence.text), spoken_of)
        for each in sentence.clauses:
            clause = _named_again(_small(each), spoken_of)
            spoken_of = _spoken_of(clause) or spoken_of
            facts = [] if before and _opening().fullmatch(clause) else list(_read(clause))
            found += facts
            other += [] if facts or _is_empty(clause) else [clause]
        yield from found
        rest += other if found else [text] if other else []
        telling = telling or any(_tells(each, sentence.hearsay) for each in other)
    yield from _notes(rest) if telling else ()


def _small(clause: str) -> str:
    first = clause.partition(" ")[0].lower()
    return clause[0].lower() + clause[1:] if first in _small_words() else clause


def _read(clause: str) -> Iterator[Fact]:
    """Yield what the patterns find in one clause."""
    if taken := _taken_back(clause):
        yield taken
        return
    if _is_empty(clause):
        return
    if introduced := _introduced().fullmatch(clause):
        yield from _introduction(introduced)
        return
    old = NOT.search(clause)
    fact = _matched(clause[: old.start()] if old else clause) or _untrue(clause)
    if fact:
        yield replace(fact, takes_back=OLD.sub("", old["old"])) if old else fact


def _is_empty(clause: str) -> bool:
    """Tell whether a clause is a command, small talk, or a remark that tells nothing."""
    idle = _patterns("nothing").fullmatch(clause)
    return is_command(clause) or is_filler(clause) or is_small_talk(clause) or bool(idle)


def _tells(clause: str, hearsay: bool) -> bool:
    """Tell whether a clause that fits no pattern tells something by itself."""
    if first_person(clause):
        return True
    remark = hearsay or len(clause.split()) < LEAST_WORDS
    return not (remark or _patterns("idle").fullmatch(clause))


def _notes(rest: Sequence[str]) -> Iterator[Fact]:
    """Yield the rest of a turn as it hangs together, in notes that are not too long."""
    note: list[str] = []
    for sentence in (*rest, ""):
        if note and (not sentence or len(" ".join((*note, sentence)).split()) > LONGEST_NOTE):
            if len(" ".join(note).split()) >= LEAST_WORDS:
                yield Fact(_note_of(note))
            note = []
        note.append(sentence)


def _note_of(said: Sequence[str]) -> str:
    """Return sentences as a note: in the third person, or quoted where that goes badly."""
    turned = [_tidy(third_person(each)) for each in said]
    if len(turned) == 1 and first_person(said[0]):
        return turned[0]
    if not any(map(first_person, said)) or any(each.startswith(SPOKEN) for each in turned):
        return SAID.format(sentence=" ".join(finished(each) for each in said).replace('"', "'"))
    return " ".join(turned)


def _introduction(found: re.Match[str]) -> Iterator[Fact]:
    """Yield the name, and what is said after it: "I'm Egger, electrician, from Graz"."""
    name = found["value1"] or found["value2"].title()
    yield Fact(f"The visitor's name is {name}.", "name")
    more = found["more1"] or found["rest1"]
    for part in re.split(r",\s*(?:and )?|^and ", more):
        told = without_fillers(part)
        if not told:
            continue
        if first_person(told):
            yield from _read(told)
            continue
        noun = told.removeprefix("the ")
        whole = (f"I'm {told}", f"I'm {_article(noun)} {noun}")
        fact = next((each for each in map(_matched, whole) if each), None)
        yield fact or Fact(third_person(f"I'm {name}, {told}"))


def _matched(clause: str) -> Fact | None:
    """Return the fact of the first pattern that fits."""
    for row in _rows():
        match = row.told.fullmatch(clause)
        if match:
            words = _words_of(match)
            text = row.text.format_map(words) if row.text else third_person(_one_of_several(clause))
            about = " ".join(row.about.format_map(words).split())
            return Fact(_tidy(text), about, row.takes_back.format_map(words), row.denial)
    return None


def _untrue(clause: str) -> Fact | None:
    """Return what is told to be so no longer; what was told of it is taken back."""
    for pattern in _patterns_of("no_longer"):
        if match := pattern.fullmatch(clause):
            rest = REASON.split(match["rest1"])[0]
            so = rest if clause.startswith("my ") else _positive(rest)
            told = _matched(so)
            about = told.about if told else ""
            return Fact(_tidy(third_person(clause)), about, rest, denial=True)
    return None


def _positive(rest: str) -> str:
    """Return what was so before: "playing the cello" was told as "I play the cello"."""
    verb, _, more = rest.partition(" ")
    if verb.endswith("ing"):
        return f"I {verb.removesuffix('ing')} {more}"
    return f"I'm {rest}" if verb in {"a", "an", "in", "from", "married"} else f"I {rest}"


def _taken_back(clause: str) -> Fact | None:
    data = table("persllm.memory.facts")
    if any(pattern.fullmatch(clause) for pattern in _patterns_of("forget_all")):
        return Fact(data["taken_back_all"], "", EVERYTHING, alone=False)
    for pattern in _patterns_of("forget"):
        if match := pattern.fullmatch(clause):
            rest = third_person(match["rest1"]).rstrip(".").replace("The visitor's", "their")
            return Fact(data["taken_back"].format(rest=rest), "", match["rest1"], alone=False)
    if any(pattern.fullmatch(clause) for pattern in _patterns_of("forget_last")):
        return Fact(data["taken_back_last"], "", LAST, alone=False)
    return None


def _spoken_of(clause: str) -> str:
    """Return whom or what of the visitor's a clause speaks of: "my dog"."""
    match = _antecedent().search(clause)
    return f"my {next(filter(None, match.groups()))}" if match else ""


def _asked_of(before: str) -> str:
    """Return whom or what of the visitor's the persona spoke of last."""
    found = _theirs().findall(before)
    return f"my {found[-1]}" if found else ""


def _named_again(clause: str, spoken_of: str) -> str:
    """Return a clause with its pronoun replaced: "He's called Rex" with "my dog is called Rex"."""
    match = PRONOUN.match(clause)
    if not match or not spoken_of or _others(match["it"].lower()).fullmatch(spoken_of):
        return clause
    ending = (
        "'s" if match["it"].lower() in OWN else {"'s": " is", "'re": " are"}.get(match["short"], "")
    )
    return f"{spoken_of}{ending}{clause[match.end() :]}"


def _one_of_several(clause: str) -> str:
    """Return what one says of "us" as said of oneself: "we live here" is "I live here"."""
    clause = re.sub(r"^we(?:'re| are)\b", "I'm", clause)
    clause = re.sub(r"^we\b", "I", clause)
    return re.sub(r"^our\b", "my", clause)


def _words_of(match: re.Match[str]) -> Mapping[str, str]:
    """Return the named parts of a match; a value may stand in one of several places."""
    parts = "what named value rest article more".split()
    words: dict[str, str] = dict.fromkeys(parts, "")
    for name, text in match.groupdict("").items():
        if text:
            words[name.rstrip("0123456789")] = " ".join(text.split())
    words["head"] = words["what"].rpartition(" ")[2]
    words["named"] = f" {words['named'].replace(',', '').strip()}" if words["named"] else ""
    words["more"] = later(words["more"])
    words["rest"] = f" {words['rest']}" if words["rest"] else ""
    words["article"] = f"{words['article']} " if words["article"] else ""
    value = words["value"] = later(words["value"])
    words["Value"] = value.title() if value.islower() else value
    return words


def _tidy(text: str) -> str:
    text = " ".join(text.split()).rstrip(" ,;:")
    return text if re.search(r"[.!?\u2026]['\"\u201d]?$", text) else f"{text}."


def _article(noun: str) -> str:
    return "an" if noun[:1].lower() in "aeiou" else "a"


@dataclass(frozen=True, slots=True)
class _Row:
    told: re.Pattern[str]
    about: str
    text: str
    takes_back: str
    denial: bool


@cache
def _rows() -> tuple[_Row, ...]:
    return tuple(
        _Row(
            _compiled(row["told"]),
            row["about"],
            row.get("text", ""),
            row.get("takes_back", ""),
            row.get("denial", False),
        )
        for row in table("persllm.memory.facts")["facts"]
    )


@cache
def _small_words() -> frozenset[str]:
    return frozenset(table("persllm.memory.facts")["small"].split())


@cache
def _introduced() -> re.Pattern[str]:
    return _compiled(table("persllm.memory.facts")["introduced"])


@cache
def _antecedent() -> re.Pattern[str]:
    return _compiled(
        r"\b(?:my|our|an?) (?P<what>{pet})\b|\b(?:my|our|(?:have|got|'ve) an?) (?P<what>{person})\b"
        r"|my (?P<what>name) (?:is not|isn't)"
    )


@cache
def _others(pronoun: str) -> re.Pattern[str]:
    """Return what matches those of his whom a pronoun does not stand for."""
    others = table("persllm.memory.facts")["others"].get(pronoun, "nobody")
    return _compiled(f"my (?:{others})")


@cache
def _theirs() -> re.Pattern[str]:
    return _compiled("\\byour (?P<what>{person}|{pet})\\b")


@cache
def _opening() -> re.Pattern[str]:
    return _compiled(table("persllm.memory.facts")["opening"])


@cache
def _patterns(name: str) -> re.Pattern[str]:
    return _compiled(
        "|".join(f"(?:{each})" for each in table("persllm.memory.facts")[name]),
        re.IGNORECASE,
    )


@cache
def _patterns_of(name: str) -> tuple[re.Pattern[str], ...]:
    return tuple(_compiled(each, re.IGNORECASE) for each in table("persllm.memory.facts")[name])


def _compiled(pattern: str, flags: int = 0) -> re.Pattern[str]:
    """Compile a pattern with its lists; of groups of one name the later ones get numbers."""
    seen: Counter[str] = Counter()

    def numbered(match: re.Match[str]) -> str:
        seen[match[1]] += 1
        return f"(?P<{match[1]}{seen[match[1]]}>"

    return re.compile(
        re.sub(
            r"\(\?P<([a-z]+)\d*>",
            numbered,
            filled(pattern, table("persllm.memory.facts")["words"]),
        ),
        flags,
    )
