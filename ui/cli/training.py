"""Commands that make adapters and pass them on: train, push, export."""

from pathlib import Path
from typing import Annotated

import typer

from persllm.bases import DEFAULT_BASE
from persllm.ui.cli.flags import (
    RUNS,
    AsJson,
    BaseName,
    Bundled,
    DryRun,
    EmbeddingsName,
    PersonaName,
    PersonaNames,
    Runs,
    named,
)
from persllm.ui.cli.run_files import RunFileCommand

app = typer.Typer()


@app.command(
    cls=RunFileCommand,
    epilog="Example: persllm train nikola-tesla --base Qwen/Qwen3-0.6B; persllm train run.yaml; "
    "persllm train --bundled; "
    "persllm train nikola-tesla --general chats.jsonl --general-share 0.5; "
    "persllm train nikola-tesla --ablate no-cot,no-dpo",
)
def train(
    personas: PersonaNames = None,
    bundled: Bundled = False,
    runs: Runs = RUNS,
    base: BaseName = DEFAULT_BASE,
    preset: Annotated[
        str | None,
        typer.Option(help="nano, small, medium (0.5 to 2 B) or large. Default: by the base."),
    ] = None,
    repeats: Annotated[
        float | None, typer.Option(help="Passes over the items. Default: the preset's.")
    ] = None,
    sft_rate: Annotated[float | None, typer.Option(help="Learning rate of SFT.")] = None,
    dpo_rate: Annotated[float | None, typer.Option(help="Learning rate of DPO.")] = None,
    dpo_passes: Annotated[
        float | None, typer.Option(help="Passes over the pairs; 0 leaves DPO out.")
    ] = None,
    keep: Annotated[
        float | None, typer.Option(help="Weight of the chosen replies' likelihood in DPO; 0: none.")
    ] = None,
    rank: Annotated[int | None, typer.Option(help="LoRA rank.")] = None,
    batch: Annotated[int | None, typer.Option(help="Items a step, over all processes.")] = None,
    accumulate: Annotated[
        int | None, typer.Option(help="Parts of a step, one after another, to save memory.")
    ] = None,
    max_tokens: Annotated[int | None, typer.Option(help="Longest item, in tokens.")] = None,
    general: Annotated[
        Path | None, typer.Option(help="General conversations to mix in: JSON lines of messages.")
    ] = None,
    general_share: Annotated[
        float | None,
        typer.Option(help="Their share among the rows of SFT, below 1; 0.2 with --general."),
    ] = None,
    patience: Annotated[
        int | None, typer.Option(help="End DPO after so many checkpoints without gain; 0: never.")
    ] = None,
    four_bit: Annotated[
        bool | None, typer.Option("--four-bit", help="Load the base in 4 bits; needs a GPU.")
    ] = None,
    packed: Annotated[
        bool | None, typer.Option("--packed/--padded", help="Compute what rows share once.")
    ] = None,
    ablate: Annotated[
        str | None,
        typer.Option(
            help="Also train without parts of the recipe, and compare: some of no-cot, "
            "no-anti-induction, no-mix, no-dpo, no-stage, with commas."
        ),
    ] = None,
    report_to: Annotated[str, typer.Option(help="none, tensorboard, wandb or trackio.")] = "none",
    into: Annotated[
        Path | None, typer.Option(help="Also copy each adapter to INTO/<persona>/adapter.")
    ] = None,
    embeddings: EmbeddingsName = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Train adapters: SFT, then DPO. Builds the data first where there is none.

    All of it may be said in one file: persllm train run.yaml.
    """
    from persllm.ui.cli.actions.train import run_train
    from persllm.workflows.train import TrainOptions

    run_train(
        named(personas, bundled),
        runs=runs,
        options=TrainOptions(
            base=base,
            preset=preset,
            changes={
                "repeats": repeats,
                "sft_rate": sft_rate,
                "dpo_rate": dpo_rate,
                "dpo_passes": dpo_passes,
                "keep": keep,
                "rank": rank,
                "batch": batch,
                "accumulate": accumulate,
                "max_tokens": max_tokens,
                "general_share": general_share,
                "patience": patience,
                "four_bit": four_bit,
                "packed": packed,
            },
            general=general,
            ablate=ablate,
            report_to=report_to,
            into=into,
            embeddings=embeddings,
        ),
        dry_run=dry_run,
        as_json=as_json,
    )


@app.command(
    epilog="Example: persllm push nikola-tesla --to ./published/tesla; "
    "persllm push nikola-tesla --to me/tesla --private"
)
def push(
    persona: PersonaName,
    to: Annotated[str, typer.Option(help="A hub id (owner/name), or a folder such as ./tesla.")],
    private: Annotated[bool, typer.Option("--private", help="Make a new repository private.")] = (
        False
    ),
    runs: Runs = RUNS,
    base: BaseName = DEFAULT_BASE,
) -> None:
    """Publish a trained adapter, where the persona's rights record is there."""
    from persllm.ui.cli.actions.publishing import push_adapter

    push_adapter(persona, to=to, private=private, runs=runs, base_name=base)


@app.command(epilog="Example: persllm export nikola-tesla --merge ./tesla-merged")
def export(
    persona: PersonaName,
    merge: Annotated[Path, typer.Option(help="A new folder for base and adapter as one model.")],
    runs: Runs = RUNS,
    base: BaseName = DEFAULT_BASE,
) -> None:
    """Write a persona as a model of its own, for engines without adapters."""
    from persllm.ui.cli.actions.publishing import export_merged

    export_merged(persona, into=merge, runs=runs, base_name=base)
