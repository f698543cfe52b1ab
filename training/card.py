"""The model card of an adapter, as the hub reads it."""

from string import Template
from typing import Any

from persllm.manifest import Manifest
from persllm.persona import Persona, year_text

CARD = Template("""---
base_model: $base
library_name: peft
pipeline_tag: text-generation
tags: [persllm, persona, lora, dpo]
language: $language
license: $licence_tag
---

# $name, a persona adapter

LoRA adapter made by persllm, an independent implementation of the PersLLM method (Zeng et al.,
Findings of EMNLP 2025, arXiv:2407.12393). It makes the base `$base` speak as $name.

$summary

Stages: $stages. The stage is a line of the system turn; `manifest.json` names the rendering.

## Data

$data

Materials: $source Licence: $licence $consent

## Training

SFT ($repeats passes, rate $sft_rate), then DPO (beta $beta, rate $dpo_rate) on the same adapter,
rank $rank, over the frozen base, in $seconds seconds.

## Held-out likelihood

| system | pair accuracy | pairs | reply perplexity | items |
| --- | --- | --- | --- | --- |
$results

Measured at the end of training, with the prompts as they were built. Pair accuracy: share of
held-out pairs whose chosen reply is likelier a token than the rejected one, with its 95 % interval.
Train and test share no source paragraph. What `persllm eval` finds, asking as a visitor does,
stands under Evaluation in the report's own measures.

## Use

Meant for research, teaching and fiction. It imitates a person; it is not that person, and what it
says is not a quotation. Ask it sincerely whether it is a machine and persllm answers truthfully.
""")


def model_card(persona: Persona, manifest: Manifest, statistics: dict[str, Any]) -> str:
    """Return the card's text."""
    rights, settings = persona.rights, manifest.settings
    return CARD.substitute(
        base=manifest.base,
        language=persona.language,
        licence_tag="other",
        name=persona.name,
        summary=persona.summary,
        stages=", ".join(
            f"`{s.id}` ({year_text(s.first)} to {year_text(s.last)}: {s.label})"
            for s in persona.stages
        ),
        data=_data_table(statistics),
        source=rights.source if rights else "not recorded.",
        licence=f"{rights.licence}." if rights else "not recorded.",
        consent=rights.consent if rights else "",
        repeats=f"{settings['repeats']:g}",
        sft_rate=f"{settings['sft_rate']:g}",
        dpo_rate=f"{settings['dpo_rate']:g}",
        beta=f"{settings['beta']:g}",
        rank=settings["rank"],
        seconds=f"{manifest.seconds:.0f}",
        results="\n".join(
            f"| {system} | {row['pair_accuracy']:.1%} ± {row['pair_error']:.1%} | {row['pairs']} "
            f"| {row['perplexity']:.2f} | {row['items']} |"
            for system, row in manifest.evaluation.items()
        ),
    )


def _data_table(statistics: dict[str, Any]) -> str:
    rows = [
        f"| {part} | {count['train']} | {count['test']} |"
        for part, count in statistics["items"].items()
    ]
    pairs = ", ".join(f"{count} {why}" for why, count in statistics["pairs"].items())
    return "\n".join(
        [
            "| stage and pattern | train | test |",
            "| --- | --- | --- |",
            *rows,
            "",
            f"Pairs: {pairs}.",
        ]
    )
