"""Commands from texts to data: init, import, build, prompts, check, review, export-data."""

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
    Host,
    PersonaName,
    PersonaNames,
    Port,
    Runs,
    named,
)
from persllm.ui.cli.run_files import RunFileCommand

app = typer.Typer()


@app.command(
    epilog='Example: persllm init marta --name "Marta Lind" '
    '--stage "early:you keep the light:1850-1879"'
)
def init(
    folder: Annotated[Path, typer.Argument(help="The folder to make.")],
    name: Annotated[str, typer.Option(help="The person's full name.")],
    stage: Annotated[
        list[str], typer.Option(help="One stage, in order of time, as id:label:from-to.")
    ],
    summary: Annotated[str, typer.Option(help="Who this is, in a sentence.")] = "",
    language: Annotated[str, typer.Option(help="Language of the texts.")] = "en",
) -> None:
    """Make a persona's folder: the card and a materials folder for each stage."""
    from persllm.ui.cli.actions.imports import run_init

    run_init(folder, name=name, summary=summary, stages=stage, language=language)


@app.command(
    name="import",
    epilog="Example: persllm import marta letters/ chat.txt --speaker Marta --stage late",
)
def import_(
    persona: PersonaName,
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILES...",
            help="Text, Markdown, HTML, EPUB, PDF, DOCX, chats, scripts; or folders of them.",
        ),
    ],
    stage: Annotated[
        str | None, typer.Option(help="All of it belongs to this stage. Default: by name and date.")
    ] = None,
    speaker: Annotated[
        list[str] | None, typer.Option(help="The persona's label in chats and scripts.")
    ] = None,
    teacher: Annotated[
        str, typer.Option(help="Who tells objective from subjective: rules, or a chat model.")
    ] = "rules",
    licence: Annotated[str, typer.Option(help="Terms of use, kept beside every paragraph.")] = "",
    links: Annotated[
        bool, typer.Option("--links", help="Also take linked pages, inside the folder given.")
    ] = False,
    anybody: Annotated[
        bool, typer.Option("--anybody", help="Keep letters and prefaces by others too.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Turn books, letters, pages and chats into a persona's materials, with a report."""
    from persllm.ui.cli.actions.imports import run_import

    run_import(
        persona,
        paths,
        stage=stage,
        speakers=speaker or [],
        teacher=teacher,
        licence=licence,
        links=links,
        anybody=anybody,
        dry_run=dry_run,
        as_json=as_json,
    )


@app.command(
    cls=RunFileCommand,
    epilog="Example: persllm build nikola-tesla --per-part 80; persllm build run.yaml",
)
def build(
    persona: PersonaName,
    runs: Runs = RUNS,
    per_part: Annotated[
        int, typer.Option(help="Most items of one stage and pattern.", min=1)
    ] = 160,
    variations: Annotated[
        int, typer.Option(help="Most items of one pattern from one paragraph.", min=1)
    ] = 1,
    seed: Annotated[int, typer.Option(help="The same seed builds the same items.")] = 1,
    mine: Annotated[
        str,
        typer.Option(
            help="Wrong answers of pairs: same-question (answered from the wrong place), or "
            "nearest (the paper's way: the stored answer to a near question)."
        ),
    ] = "same-question",
    skip: Annotated[
        int,
        typer.Option(help="With --mine nearest: so many of the nearest are passed over.", min=0),
    ] = 5,
    mix: Annotated[
        Path | None,
        typer.Option(help="JSONL of general conversations, mixed in as they are."),
    ] = None,
    mix_share: Annotated[
        float, typer.Option(help="With --mix: their share of all items.", min=0, max=0.9)
    ] = 0.2,
    teacher: Annotated[
        list[str] | None,
        typer.Option(
            help="Who writes: rules (no model, no network), openai:gpt-4o-mini, vllm:model, "
            "http://host:port/v1#model, or any LangChain chat model. Several share the work.",
        ),
    ] = None,
    shares: Annotated[
        str, typer.Option(help="Shares of several teachers, such as 3,1. Default: equal.")
    ] = "",
    prompts: Annotated[
        Path | None, typer.Option(help="Folder with changed prompts; see: persllm prompts.")
    ] = None,
    plain: Annotated[bool, typer.Option("--plain", help="Answers without an analysis.")] = False,
    known_words: Annotated[
        int, typer.Option(help="Words of objective text an answer is written from.", min=0)
    ] = 1500,
    manner_words: Annotated[
        int, typer.Option(help="Words of subjective text an answer is written from.", min=0)
    ] = 500,
    other_stages: Annotated[
        bool, typer.Option(help="Answer questions at another stage too, for pairs.")
    ] = True,
    general: Annotated[
        Path | None,
        typer.Option(help="JSONL of general instructions, answered in the persona's voice."),
    ] = None,
    at_once: Annotated[
        int, typer.Option(help="Most calls to a chat model under way at once.", min=1)
    ] = 64,
    budget: Annotated[
        float | None, typer.Option(help="Dollars after which no call begins.", min=0)
    ] = None,
    price: Annotated[
        str, typer.Option(help="Dollars a million tokens in and out, such as 0.15,0.60.")
    ] = "",
    prices: Annotated[Path | None, typer.Option(help="File with prices by model.")] = None,
    calibrate: Annotated[
        bool, typer.Option("--calibrate", help="Show a first answer and take remarks.")
    ] = False,
    remark: Annotated[
        list[str] | None, typer.Option(help="A remark that every answer heeds; is remembered.")
    ] = None,
    shard: Annotated[str, typer.Option(help="Only ask for this share, such as 3/8.")] = "",
    ray: Annotated[
        int, typer.Option(help="Ask in so many shards as a Ray job, then build.", min=0)
    ] = 0,
    base: BaseName = DEFAULT_BASE,
    embeddings: EmbeddingsName = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Build a persona's training data from its materials.

    All of it may be said in one file: persllm build run.yaml.
    """
    from persllm.ui.cli.actions.build import chosen_settings, run_build, teacher_choice
    from persllm.workflows.build import BuildOptions

    options = BuildOptions(
        base=base,
        settings=chosen_settings(
            per_part=per_part,
            variations=variations,
            seed=seed,
            mine=mine,
            skip=skip,
            mix=mix,
            mix_share=mix_share,
        ),
        teacher=teacher_choice(
            teacher or [],
            shares=shares,
            price=price,
            budget=budget,
            words=(known_words, manner_words),
            prompts=prompts,
            at_once=at_once,
            plain=plain,
            other_stages=other_stages,
            prices=prices,
        ),
        remarks=tuple(remark or ()),
        general=general,
        ray=ray,
        embeddings=embeddings,
    )
    run_build(
        persona,
        runs=runs,
        options=options,
        calibrate=calibrate,
        shard=shard,
        dry_run=dry_run,
        as_json=as_json,
    )


@app.command(epilog="Example: persllm prompts my-prompts")
def prompts(
    folder: Annotated[Path, typer.Argument(help="Where the files are copied to.")],
) -> None:
    """Copy what chat models are told when they write items, to read and to change."""
    from persllm.training.data.teachers.prompts import copy_prompts

    for path in copy_prompts(folder):
        print(path)
    print(f"change a file, then: persllm build <persona> --teacher ... --prompts {folder}")


@app.command(epilog="Example: persllm check nikola-tesla")
def check(personas: PersonaNames = None, bundled: Bundled = False, as_json: AsJson = False) -> None:
    """Look for contradictions, wrong ages and years after a stage in a persona's texts."""
    from persllm.ui.cli.actions.check import run_check

    run_check(named(personas, bundled), as_json=as_json)


@app.command(
    epilog="Examples: persllm review nikola-tesla --stage late --unreviewed; "
    'persllm review nikola-tesla --reject ID --why "dull"; persllm review nikola-tesla --page'
)
def review(
    persona: PersonaName,
    runs: Runs = RUNS,
    stage: Annotated[str, typer.Option(help="Only items of this stage.")] = "",
    pattern: Annotated[str, typer.Option(help="Only items of this pattern.")] = "",
    unreviewed: Annotated[
        bool, typer.Option("--unreviewed", help="Only what nothing was decided about.")
    ] = False,
    listed: Annotated[bool, typer.Option("--list", help="List the items and leave.")] = False,
    accept: Annotated[
        list[str] | None, typer.Option("--accept", metavar="ID", help="Accept this item.")
    ] = None,
    reject: Annotated[
        list[str] | None, typer.Option("--reject", metavar="ID", help="Leave this item out.")
    ] = None,
    why: Annotated[str, typer.Option(help="Why it is rejected.")] = "",
    edit: Annotated[
        str, typer.Option(metavar="ID", help="Give this item a new --question or --response.")
    ] = "",
    question: Annotated[str, typer.Option(help="With --edit.")] = "",
    response: Annotated[str, typer.Option(help="With --edit.")] = "",
    page: Annotated[bool, typer.Option("--page", help="Open a web page instead.")] = False,
    host: Host = "127.0.0.1",
    port: Port = 7862,
    as_json: AsJson = False,
) -> None:
    """Accept, edit or reject built items, each beside the paragraph it comes from.

    Decisions are kept in the persona folder (review.jsonl); the next build applies them.
    """
    from persllm.training.data.review import Wanted
    from persllm.ui.cli.actions.review import ReviewOptions, run_review

    if page:
        from persllm.ui.web.review_page import serve_review

        serve_review(persona, runs=runs, host=host, port=port)
        return
    options = ReviewOptions(
        accept=tuple(accept or ()),
        reject=tuple(reject or ()),
        why=why,
        edit=edit,
        question=question,
        response=response,
        listed=listed,
    )
    wanted = Wanted(stage=stage, pattern=pattern, unreviewed=unreviewed)
    run_review(persona, runs=runs, wanted=wanted, options=options, as_json=as_json)


@app.command(
    name="export-data",
    epilog="Example: persllm export-data nikola-tesla --format trl --to tesla-trl",
)
def export_data(
    persona: PersonaName,
    to: Annotated[Path, typer.Option(help="Folder to write to; it must be empty or absent.")],
    form: Annotated[
        str,
        typer.Option(
            "--format",
            help="openai (chat JSONL), trl (SFT and DPO), sharegpt (LLaMA-Factory) or datasets "
            "(Parquet with a dataset card).",
        ),
    ] = "datasets",
    runs: Runs = RUNS,
    as_json: AsJson = False,
) -> None:
    """Write a persona's built data for other trainers."""
    from persllm.ui.cli.actions.export_data import run_export

    run_export(persona, runs=runs, form=form, to=to, as_json=as_json)
