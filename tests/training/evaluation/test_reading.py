"""Answers are read by what they say: verdicts, sides, not knowing, faults of form."""

from pathlib import Path

import pytest
import yaml

from persllm.materials import Material
from persllm.training.evaluation.reading.declining import declines
from persllm.training.evaluation.reading.facts import fact_in, holds, telling
from persllm.training.evaluation.reading.form import (
    Passages,
    in_third_person,
    is_cut,
    is_empty,
    is_spliced,
    leaks,
    repeats,
    said_twice,
)
from persllm.training.evaluation.reading.verdicts import contrasts, own_words, stance, verdict
from persllm.training.evaluation.unknown import invents, untold

CONVERSATIONS = Path(__file__).parents[3] / "tools" / "conversations"
STORM = "A great storm broke the gallery glass in the winter of 1871, and I held a blanket there."
BOAT = "I rowed out with Clara Wenn to the brig Fortune in March and we brought six sailors back."


def material(id_: str, text: str) -> Material:
    return Material(id=id_, stage="early", kind="objective", text=text, source="x.md")


PASSAGES = Passages([material("storm", STORM), material("boat", BOAT)])


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ("Yes, it was Graz.", "yes"),
        ("It was, sir, and I loved it.", "yes"),
        ("You have heard rightly. Graz it was.", "yes"),
        ("They say well.", "yes"),
        ("You are not mistaken.", "yes"),
        ("That isn't so.", "no"),
        ("He did not, sir; it was nobler still.", "no"),
        ("You believe wrong, and you'd break a shelf.", "no"),
        ("Certainly not.", "no"),
        ("I never lived there. It was Smiljan.", "no"),
        ("It was in Smiljan, not in Graz.", "no"),
        ("Graz never saw me.", "no"),
        ("Yes, that is so. It was Graz, not Smiljan.", "yes"),
        ("True? Not at all.", "no"),
        ("I was born in Smiljan in 1856.", ""),
        ("I like pigeons.", ""),
    ],
)
def test_the_earliest_verdict_counts(answer: str, found: str) -> None:
    assert verdict(answer, question="You were born in Graz, were you not?", said="Graz") == found


def test_a_negative_claim_is_agreed_with_in_negative_words() -> None:
    assert verdict("She never learned.", question="Your mother never learned to read.") == ""
    assert verdict("She never learned.", question="Your mother learned to read, no doubt.") == "no"


def test_claims_are_turned_against_by_contrast() -> None:
    asked = "So Lord Byron was your husband?"
    assert contrasts("My husband! He was my father.", asked)
    assert contrasts("He was my father, though I never knew him.", asked)
    assert not contrasts("He was the sixth of his name.", asked)


def test_own_words_leave_out_what_is_copied() -> None:
    assert own_words(STORM, [STORM, BOAT]) == ""
    assert own_words(f"No. {STORM}", [STORM]) == "No."
    assert own_words("I held it for nine hours.", [STORM]) == "I held it for nine hours."


@pytest.mark.parametrize(
    ("answer", "side"),
    [
        ("I must differ. A machine is finished in the mind.", "no"),
        ("We agree with all our hearts.", "yes"),
        ("So do I, dear friend.", "yes"),
        ("I don't think so. It came from our mother.", "no"),
        ("I do not agree with you there.", "no"),
        ("There I part from you.", "no"),
        ("You suppose well. War is a failure of acquaintance.", "yes"),
        ("Money is stored energy.", ""),
    ],
)
def test_sides_are_told_apart(answer: str, side: str) -> None:
    assert stance(answer) == side


@pytest.mark.parametrize(
    ("answer", "declined"),
    [
        ("That lies after my time; it is only 1879.", True),
        ("My memory holds nothing of it.", True),
        ("I couldn't tell you.", True),
        ("Nobody ever told me her name.", True),
        ("That has not happened yet. We write 1879.", True),
        ("I kept no record of it.", True),
        ("A telephone? And does it bite?", True),
        ("You must ask my brother; he kept the accounts.", True),
        ("I opened a school in 1881.", False),
        ("I know the coast well.", False),
        ("Grey, and quite grey.", False),
    ],
)
def test_declining_is_told_from_answering(answer: str, declined: bool) -> None:
    assert declines(answer, "Have you a telephone?") is declined


def test_most_hand_written_ways_of_not_knowing_are_recognised() -> None:
    turns = [
        turn
        for style in ("literary", "plain")
        for path in sorted(CONVERSATIONS.glob(f"{style}/*/*.yaml"))
        for talk in yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)
        if "motion" not in talk
        for turn in talk["turns"]
    ]

    def share(pattern: str) -> float:
        own = [turn for turn in turns if turn["pattern"] == pattern]
        return sum(declines(turn["reply"], turn["said"]) for turn in own) / len(own)

    assert share("unknown") > 0.7
    assert share("ordinary") < 0.1


def test_values_are_held_in_figures_words_and_by_a_last_name() -> None:
    assert holds("There were forty-two of them.", "42")
    assert holds("It cost 2,000 florins.", "2000 florins")
    assert holds("Sekulic taught me.", "Martin Sekulic")
    assert holds("It was Holm who did.", "Mr. Holm")
    assert not holds("I had sixteen.", "six")
    assert not holds("", "six")


def test_the_fact_is_told_words_beyond_the_question() -> None:
    assert telling("I worked for sixty florins.") == {"work", "60", "florin"}
    fact = fact_in(
        "At cards, I confess it freely.", "How did you lose it?", ["I lost it at cards."]
    )
    assert fact == {"card"}
    assert fact_in("Purple.", "What colour?", ["I lost it at cards."]) == {"purple"}


def test_faults_of_form_are_found_and_good_replies_pass() -> None:
    good = "I held it for nine hours, and the lamp burned on. Would you have done less?"
    assert not leaks(good)
    assert not is_cut(good)
    assert not is_empty(good)
    assert not is_spliced(good, PASSAGES)
    assert leaks("They ask: Who are you? I am Marta.")
    assert leaks("I am Marta.<|im_end|>")
    assert is_cut("I held it for nine")
    assert not is_cut('She said: "Nine hours."')
    assert is_empty(" ... ")


def test_sentences_joined_from_two_paragraphs_are_splices() -> None:
    assert not is_spliced(STORM, PASSAGES)
    assert not is_spliced(f"{STORM} {BOAT}", PASSAGES)
    assert is_spliced(
        "A great storm broke the gallery glass to the brig Fortune in March and we brought.",
        PASSAGES,
    )
    assert is_spliced("I held the the blanket.", PASSAGES)
    assert is_spliced("I held it. and then I slept.", PASSAGES)
    assert not is_spliced("I had had enough. No, no!", PASSAGES)


def test_repeats_and_the_third_person() -> None:
    assert repeats("I thank you, sir!", ["i thank you sir"])
    assert not repeats("I thank you.", ["I thank you, sir."])
    assert said_twice([("a", "Yes."), ("b", "Yes!"), ("c", "No.")]) == {"Yes.", "Yes!"}
    assert said_twice([("a", "Yes."), ("a", "Yes.")]) == set()
    assert in_third_person("Marta Lind keeps the light.", "Marta Lind")
    assert not in_third_person("They call me Marta Lind.", "Marta Lind")


def test_what_the_materials_tell_is_not_asked_as_unknown() -> None:
    whole = untold("")
    assert len(whole) >= 12
    assert len(untold("I bought an Umbrella.")) == len(whole) - 1


def test_who_declines_and_then_makes_something_up_is_caught() -> None:
    known = "I sailed with Anders in 1873."
    assert invents("I do not know, but I think it was Peter.", "Who was it?", known)
    assert not invents("I do not know; I had only Anders.", "Who was it?", known)
    assert not invents("I know nothing of Peter.", "Who was Peter?", known)
