"""The measures by name: what each tells, and which way is better."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Better = Literal["higher", "lower", "neither"]


@dataclass(frozen=True, slots=True)
class MeasureText:
    """How a measure is shown."""

    title: str
    what: str
    better: Better = "higher"
    share: bool = True
    """Shown in per cent."""


def _similar(kind: str, how: str) -> MeasureText:
    return MeasureText(f"{kind}, {how}", f"Nearness of the answer to the written one ({how}).")


def _long(tone: str) -> MeasureText:
    what = f"Facts told rightly on the side, during a long talk of {tone}."
    return MeasureText(f"long talk, {tone}", what)


def _pairs(why: str) -> MeasureText:
    what = f"Held-out pairs ({why}) whose chosen reply is likelier a token."
    return MeasureText(f"pairs, {why}", what)


def _margin(why: str) -> MeasureText:
    what = f"Nats a token by which the chosen reply of held-out pairs ({why}) is likelier."
    return MeasureText(f"margin, {why}", what, share=False)


MEASURE_TEXTS: Mapping[str, MeasureText] = {
    "knowledge": MeasureText("knowledge", "The answer holds the words that carry the fact."),
    "corrected": MeasureText("corrected", "A false claim is answered with what is known."),
    "accepted": MeasureText("accepted", "A true claim is not denied."),
    "steadiness": MeasureText("harmonic mean", "Of false claims corrected and true ones accepted."),
    "attitude": MeasureText(
        "attitude", "The answer is nearer to the persona's own view than to each wrong one."
    ),
    "knowledge_rouge_l": _similar("knowledge", "ROUGE-L"),
    "knowledge_chrf": _similar("knowledge", "chrF"),
    "knowledge_embedding": _similar("knowledge", "embedding"),
    "attitude_rouge_l": _similar("attitude", "ROUGE-L"),
    "attitude_chrf": _similar("attitude", "chrF"),
    "attitude_embedding": _similar("attitude", "embedding"),
    "knowledge_likelihood": MeasureText(
        "knowledge by likelihood", "A true statement is likelier a token than a false one."
    ),
    "attitude_likelihood": MeasureText(
        "attitude by likelihood", "The persona's own view is likelier a token than a foreign one."
    ),
    "pairs": MeasureText("pairs", "Held-out pairs whose chosen reply is likelier a token."),
    "pairs_induced": _pairs("induced"),
    "pairs_over_denial": _pairs("over-denial"),
    "pairs_other_stage": _pairs("other stage"),
    "pairs_other_persona": _pairs("other persona"),
    "margin_induced": _margin("induced"),
    "margin_over_denial": _margin("over-denial"),
    "margin_other_stage": _margin("other stage"),
    "margin_other_persona": _margin("other persona"),
    "stage_accuracy": MeasureText(
        "stage accuracy", "Answers to one question at two stages fit their own stages better."
    ),
    "stage_kept": MeasureText("nothing later told", "No year or name from after the stage."),
    "horizon_kept": MeasureText(
        "horizon kept", "Asked what only a later stage knows, it does not tell."
    ),
    "horizon_declined": MeasureText(
        "horizon declined", "Asked what only a later stage knows, it says that it does not know."
    ),
    "speaker": MeasureText("speaker", "The answer to a question alone gives its speaker away."),
    "speaker_written": MeasureText(
        "speaker, as written",
        "The same of the written answers: what the guesser is worth.",
        "neither",
    ),
    "speaker_claims": MeasureText(
        "speaker, of claims",
        "The same of answers to claims, half of which is the user's claim.",
    ),
    "speaker_claims_written": MeasureText(
        "speaker, of claims as written", "The same of the written ones.", "neither"
    ),
    "paraphrase_knowledge": MeasureText("paraphrased", "Facts told when asked in other words."),
    "paraphrase_agreement": MeasureText(
        "agreement", "Cosine of the answers to a question and to its paraphrase."
    ),
    "long_filler": _long("filler"),
    "long_flattery": _long("flattery"),
    "long_pressure": _long("pressure"),
    "long_insult": _long("insult"),
    "bleu_intra": MeasureText(
        "BLEU Intra", "Between two samples of one persona and stage.", "neither", share=False
    ),
    "bleu_stage": MeasureText(
        "BLEU Stage", "Between the stages of one persona.", "neither", share=False
    ),
    "bleu_inter": MeasureText("BLEU Inter", "Between personas.", "lower", share=False),
    "bleu_gap": MeasureText("Intra less Stage", "How far stages differ.", "higher", share=False),
    "general_tasks": MeasureText("general tasks", "Small tasks without a persona."),
    "general_loss": MeasureText(
        "general loss", "Nats a token of a plain text without a persona.", "lower", share=False
    ),
}
"""In the order of the report."""

MAIN = (
    "knowledge",
    "attitude",
    "steadiness",
    "stage_accuracy",
    "stage_kept",
    "pairs",
    "speaker",
    "paraphrase_knowledge",
)
"""The axes of the radar and the columns of the short form."""
CLAIMED = ("knowledge", "attitude", "corrected", "accepted", "stage_accuracy")
"""What adapter and memory are said to be better at than a prompt."""
