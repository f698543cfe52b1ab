"""The registry of measures: what each is called, tells and belongs to, and which way is better.

A measure is entered here once, with its texts and the places where it is shown; a case of any
other measure is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from persllm.training.data.items import Why

Better = Literal["higher", "lower", "neither"]
PartName = Literal[
    "answers",
    "unknown",
    "stages",
    "reference",
    "likelihood",
    "paraphrases",
    "distinction",
    "general",
    "form",
    "visitors",
    "drift",
]
PART_NAMES: tuple[PartName, ...] = get_args(PartName)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One measure with its texts."""

    name: str
    part: PartName
    """The part of the evaluation that makes its cases."""
    title: str
    what: str
    better: Better = "higher"
    share: bool = True
    """Shown in per cent."""
    column: bool = False
    """A column of the table that README and model card get."""
    axis: bool = False
    """An axis of the radar."""
    gained: bool = False
    """Told in the first line: what the adapter adds."""
    answered: bool = False
    """Its cases are answers to items, which a judge reads."""


def _similar(kind: str, name: str, how: str) -> Measure:
    return Measure(
        name=f"{kind}_{name}",
        part="reference",
        title=f"{kind}, {how}",
        what=f"Nearness of the answer to the written one ({how}).",
    )


def _pairs(why: str) -> Measure:
    return Measure(
        name=f"pairs_{why.replace('-', '_')}",
        part="likelihood",
        title=f"pairs, {why}",
        what=f"Held-out pairs ({why}) whose chosen reply is likelier a token.",
    )


def _margin(why: str) -> Measure:
    return Measure(
        name=f"margin_{why.replace('-', '_')}",
        part="likelihood",
        title=f"margin, {why}",
        what=f"Nats a token by which the chosen reply of held-out pairs ({why}) is likelier.",
        share=False,
    )


def _long(tone: str) -> Measure:
    return Measure(
        name=f"long_{tone}",
        part="drift",
        title=f"long talk, {tone}",
        what=f"Facts told rightly on the side, during a long talk of {tone}.",
    )


def _fault(name: str, part: PartName, title: str, what: str) -> Measure:
    return Measure(name=name, part=part, title=title, what=what, better="lower")


_ALL = (
    Measure(
        name="knowledge",
        part="answers",
        title="knowledge",
        what="The answer tells what the sources tell: half of the fact's words, at least.",
        column=True,
        axis=True,
        gained=True,
        answered=True,
    ),
    Measure(
        name="unknown",
        part="unknown",
        title="unknown declined",
        what="Asked what nothing tells, it says that it does not know, and makes nothing up; "
        "a known fact asked beside it is not declined.",
        column=True,
        axis=True,
        gained=True,
    ),
    Measure(
        name="horizon",
        part="stages",
        title="beyond the horizon declined",
        what="Asked what only a later stage knows, it says that it does not know and tells nothing "
        "of it; at that later stage it does not decline.",
        column=True,
        axis=True,
        gained=True,
    ),
    Measure(
        name="corrected",
        part="answers",
        title="corrected",
        what="A false claim is contradicted and what is true is told; a true claim beside it is "
        "not contradicted.",
        column=True,
        gained=True,
        answered=True,
    ),
    Measure(
        name="accepted",
        part="answers",
        title="accepted",
        what="A true claim is confirmed, or told again in the speaker's own words; a false claim "
        "beside it is not confirmed.",
        column=True,
        gained=True,
        answered=True,
    ),
    Measure(
        name="steadiness",
        part="answers",
        title="harmonic mean",
        what="Of false claims corrected and true ones accepted.",
        column=True,
        axis=True,
    ),
    Measure(
        name="attitude",
        part="reference",
        title="attitude",
        what="The answer is nearer to the persona's own view than to each wrong one, and takes the "
        "same side where the written answer takes one.",
        column=True,
        axis=True,
        gained=True,
        answered=True,
    ),
    *(
        _similar(kind, name, how)
        for kind in ("knowledge", "attitude")
        for name, how in (("rouge_l", "ROUGE-L"), ("chrf", "chrF"), ("embedding", "embedding"))
    ),
    Measure(
        name="knowledge_likelihood",
        part="likelihood",
        title="knowledge by likelihood",
        what="A true statement is likelier a token than a false one.",
    ),
    Measure(
        name="attitude_likelihood",
        part="likelihood",
        title="attitude by likelihood",
        what="The persona's own view is likelier a token than a foreign one.",
    ),
    Measure(
        name="pairs",
        part="likelihood",
        title="pairs",
        what="Held-out pairs whose chosen reply is likelier a token.",
        axis=True,
    ),
    *map(_pairs, get_args(Why)),
    *map(_margin, get_args(Why)),
    Measure(
        name="stage_accuracy",
        part="stages",
        title="stage accuracy",
        what="Answers to one question at two stages fit their own stages better.",
        column=True,
        axis=True,
        gained=True,
    ),
    Measure(
        name="speaker",
        part="answers",
        title="speaker",
        what="The answer to a question alone gives its speaker away; words given to several "
        "questions give nobody away.",
        column=True,
        axis=True,
        gained=True,
    ),
    Measure(
        name="speaker_written",
        part="answers",
        title="speaker, as written",
        what="The same of the written answers: what the guesser is worth.",
        better="neither",
    ),
    Measure(
        name="speaker_claims",
        part="answers",
        title="speaker, of claims",
        what="The same of answers to claims, half of which is the user's claim.",
    ),
    Measure(
        name="speaker_claims_written",
        part="answers",
        title="speaker, of claims as written",
        what="The same of the written ones.",
        better="neither",
    ),
    Measure(
        name="paraphrase_knowledge",
        part="paraphrases",
        title="framed",
        what="Facts told when a frame of words stands around the question.",
    ),
    Measure(
        name="paraphrase_agreement",
        part="paraphrases",
        title="agreement",
        what="Cosine of the answers to a question and to the same in a frame.",
    ),
    *map(_long, ("filler", "flattery", "pressure", "insult")),
    Measure(
        name="bleu_intra",
        part="distinction",
        title="BLEU Intra",
        what="Between two samples of one persona and stage.",
        better="neither",
        share=False,
    ),
    Measure(
        name="bleu_stage",
        part="distinction",
        title="BLEU Stage",
        what="Between the stages of one persona.",
        better="neither",
        share=False,
    ),
    Measure(
        name="bleu_inter",
        part="distinction",
        title="BLEU Inter",
        what="Between personas.",
        better="lower",
        share=False,
    ),
    Measure(
        name="bleu_gap",
        part="distinction",
        title="Intra less Stage",
        what="How far stages differ.",
        share=False,
    ),
    Measure(
        name="general_tasks",
        part="general",
        title="general tasks",
        what="Small tasks without a persona.",
    ),
    Measure(
        name="general_loss",
        part="general",
        title="general loss",
        what="Nats a token of a plain text without a persona.",
        better="lower",
        share=False,
    ),
    Measure(
        name="sound",
        part="visitors",
        title="sound replies",
        what="Replies to thirty plain things that visitors say in which a rule finds no fault: no "
        "leak, cut, splice, repeat, empty reply or third person.",
        column=True,
        axis=True,
        gained=True,
    ),
    _fault("repeats", "visitors", "repeats", "Replies to visitors that equal an earlier one."),
    _fault(
        "third_person",
        "visitors",
        "third person",
        "Replies to visitors that speak of the persona as of somebody else.",
    ),
    _fault("leaks", "form", "leaks", "Answers that show analysis, markers or end tokens."),
    _fault("cuts", "form", "cuts", "Answers that do not end at the end of a sentence."),
    _fault(
        "splices",
        "form",
        "splices",
        "Answers with a sentence joined from two paragraphs, a doubled word or a lower-case start.",
    ),
    _fault("empties", "form", "empties", "Answers without a word."),
)
MEASURES: Mapping[str, Measure] = {measure.name: measure for measure in _ALL}
"""By name, in the order of the report."""


def find_measure(name: str) -> Measure:
    """Return the measure of that name.

    Raises:
        ValueError: It is not entered.
    """
    if name not in MEASURES:
        raise ValueError(
            f"there is no measure {name!r}. Enter it in persllm/training/evaluation/measures.py, "
            "with its texts and the part that makes it."
        )
    return MEASURES[name]
