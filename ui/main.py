"""The command line. Each command imports what it needs, so that help answers at once."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from persllm import __version__
from persllm.errors import PersLLMError, PersonaError

app = typer.Typer(
    name="persllm",
    help="Personas that are trained, not prompted: build their data, train them, let them debate.",
    epilog="Start with: persllm demo",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

PersonaName = Annotated[
    str, typer.Argument(metavar="PERSONA", help="A bundled persona's name, or a persona folder.")
]
PersonaNames = Annotated[
    list[str] | None,
    typer.Argument(metavar="PERSONA...", help="Bundled personas' names, or persona folders."),
]
Bundled = Annotated[bool, typer.Option("--bundled", help="All bundled personas.")]
Runs = Annotated[
    Path,
    typer.Option("--runs", help="Folder for data, adapters and memory.", envvar="PERSLLM_RUNS"),
]
BaseName = Annotated[
    str,
    typer.Option(
        "--base",
        help="nano, a local model folder, or a hub id such as Qwen/Qwen3-0.6B.",
        envvar="PERSLLM_BASE",
    ),
]
MemoryAt = Annotated[
    str | None,
    typer.Option(
        "--memory", help="Chroma folder or server (http://host:port). Default: in --runs."
    ),
]
NoAdapter = Annotated[
    bool, typer.Option("--no-adapter", help="Ask the base alone, without the trained adapter.")
]
EngineName = Annotated[
    str,
    typer.Option(
        "--engine",
        help="local, local:int8 (CPU), vllm, or any OpenAI-compatible server: "
        "http://host:port/v1#model.",
        envvar="PERSLLM_ENGINE",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
RUNS = Path("runs")


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"persllm {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option("--version", help="Show the version.", is_eager=True, callback=_show_version),
    ] = False,
) -> None:
    pass


@app.command(epilog="Example: persllm demo --runs /tmp/first-look")
def demo(
    runs: Runs = RUNS,
    base: BaseName = "nano",
    turns: Annotated[int, typer.Option(help="Turns of the debate.", min=1)] = 6,
) -> None:
    """Build, train and debate: Nikola Tesla against Thomas Edison, offline."""
    from persllm.ui.demo import run_demo

    run_demo(runs=runs, base_name=base, turns=turns)


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
    from persllm.ui.imports import run_init

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
    from persllm.ui.imports import run_import

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


@app.command(epilog="Example: persllm build nikola-tesla --per-part 80")
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
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what it will take.")] = False,
    as_json: AsJson = False,
) -> None:
    """Build a persona's training data from its materials."""
    from persllm.ui.building import Orders, build_with_orders, chosen_settings, teacher_choice

    build_with_orders(
        persona,
        runs=runs,
        settings=chosen_settings(
            per_part=per_part,
            variations=variations,
            seed=seed,
            mine=mine,
            skip=skip,
            mix=mix,
            mix_share=mix_share,
        ),
        choice=teacher_choice(
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
        orders=Orders(
            calibrate=calibrate,
            remarks=tuple(remark or ()),
            general=general,
            shard=shard,
            ray=ray,
            dry_run=dry_run,
            as_json=as_json,
        ),
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
    from persllm.ui.check import run_check

    run_check(_named(personas, bundled), as_json=as_json)


@app.command(
    epilog="Example: persllm train nikola-tesla --base Qwen/Qwen3-0.6B; persllm train --bundled; "
    "persllm train nikola-tesla --general chats.jsonl --general-share 0.5; "
    "persllm train nikola-tesla --ablate no-cot,no-dpo"
)
def train(
    personas: PersonaNames = None,
    bundled: Bundled = False,
    runs: Runs = RUNS,
    base: BaseName = "nano",
    preset: Annotated[
        str | None,
        typer.Option(help="nano, small (0.5 to 2 B) or large (7 to 8 B). Default: by the base."),
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
        float | None, typer.Option(help="Their share among the rows of SFT, below 1.")
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
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what it will take.")] = False,
    as_json: AsJson = False,
) -> None:
    """Train adapters: SFT, then DPO. Builds the data first where there is none."""
    from persllm.ui.training import TrainOptions, train_adapters

    train_adapters(
        _named(personas, bundled),
        TrainOptions(
            runs=runs,
            base_name=base,
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
            dry_run=dry_run,
            as_json=as_json,
        ),
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
    base: BaseName = "nano",
) -> None:
    """Publish a trained adapter, where the persona's rights record is there."""
    from persllm.ui.publishing import push_adapter

    push_adapter(persona, to=to, private=private, runs=runs, base_name=base)


@app.command(epilog="Example: persllm export nikola-tesla --merge ./tesla-merged")
def export(
    persona: PersonaName,
    merge: Annotated[Path, typer.Option(help="A new folder for base and adapter as one model.")],
    runs: Runs = RUNS,
    base: BaseName = "nano",
) -> None:
    """Write a persona as a model of its own, for engines without adapters."""
    from persllm.ui.publishing import export_merged

    export_merged(persona, into=merge, runs=runs, base_name=base)


@app.command(
    name="eval",
    epilog="Examples: persllm eval --bundled --into README.md; "
    "persllm eval nikola-tesla --gate old.json; persllm eval --gate old.json --of new.json",
)
def evaluate(
    personas: PersonaNames = None,
    bundled: Bundled = False,
    runs: Runs = RUNS,
    base: BaseName = "nano",
    engine: EngineName = "local",
    memory: MemoryAt = None,
    most: Annotated[int, typer.Option(help="Most items of one measure and stage.", min=1)] = 8,
    turns: Annotated[
        int, typer.Option(help="Turns of the long talks; 0 leaves them out.", min=0)
    ] = 50,
    also: Annotated[
        list[str] | None,
        typer.Option(help="Also ask this chat model, such as openai:gpt-4o-mini."),
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same figures.")] = 1,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the report. Default: in --runs.")
    ] = None,
    into: Annotated[
        Path | None, typer.Option(help="Also put the table between the marks of this file.")
    ] = None,
    gate: Annotated[
        Path | None, typer.Option(help="Fail if a figure fell since this older report.json.")
    ] = None,
    of: Annotated[
        Path | None,
        typer.Option("--of", help="With --gate: this report.json, instead of a new evaluation."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compare prompt, examples, memory and adapter on held-out items; write a report."""
    from persllm.training.evaluation.suite import EvalSettings
    from persllm.ui.evaluate import EvalWishes, run_eval

    run_eval(
        [] if of else _named(personas, bundled),
        runs=runs,
        base_name=base,
        engine=engine,
        memory=memory,
        wishes=EvalWishes(
            settings=EvalSettings(most=most, turns=turns, seed=seed),
            also=tuple(also or ()),
            out=out,
            into=into,
            gate=gate,
            of=of,
        ),
        as_json=as_json,
    )


@app.command(epilog="Example: persllm psychometrics nikola-tesla --method interview --sittings 3")
def psychometrics(
    personas: Annotated[
        list[str], typer.Argument(metavar="PERSONA[@STAGE]...", help="All stages by default.")
    ],
    method: Annotated[
        str, typer.Option(help="likelihood, self-report or interview.")
    ] = "likelihood",
    sittings: Annotated[
        int, typer.Option("--sittings", "--seeds", help="Each in another order.", min=1)
    ] = 3,
    norms: Annotated[
        str, typer.Option(help="everybody, or such as men-41-to-60, women-over-60.")
    ] = "everybody",
    judge: Annotated[
        str | None, typer.Option(help="Chat model that marks the interview's answers.")
    ] = None,
    expected: Annotated[
        Path | None, typer.Option(help="YAML of scales from 1 to 5. Default: from the texts.")
    ] = None,
    probes: Annotated[
        Path | None, typer.Option(help="Folder with bigfive_<domain>.jsonl: also ask these.")
    ] = None,
    most_probes: Annotated[int, typer.Option(help="Most probes of one domain.", min=2)] = 100,
    facets: Annotated[bool, typer.Option("--facets", help="Show the thirty facets too.")] = False,
    with_memory: Annotated[
        bool, typer.Option("--with-memory", help="Recall what fits each statement.")
    ] = False,
    no_adapter: NoAdapter = False,
    runs: Runs = RUNS,
    base: BaseName = "nano",
    engine: EngineName = "local",
    memory: MemoryAt = None,
    as_json: AsJson = False,
) -> None:
    """Give a persona the IPIP-NEO-120; tell its profile and whether it is above noise."""
    from persllm.agents.workplace import Workplace
    from persllm.ui.psychometrics import Wishes, run_psychometrics

    run_psychometrics(
        personas,
        workplace=Workplace(base_name=base, engine=engine, runs=runs, memory=memory),
        wishes=Wishes(
            method=method,
            sittings=sittings,
            norms=norms,
            judge=judge,
            expected=expected,
            probes=probes,
            most_probes=most_probes,
            use_adapter=not no_adapter,
            use_memory=with_memory,
        ),
        facets=facets,
        as_json=as_json,
    )


@app.command(epilog="Example: persllm judge nikola-tesla --judge openai:gpt-4o-mini --repeats 3")
def judge(
    persona: PersonaName,
    judges: Annotated[
        list[str],
        typer.Option(
            "--judge",
            help="A LangChain chat model such as openai:gpt-4o-mini, or http://host:port/v1#model; "
            "two judges are compared.",
        ),
    ],
    tasks: Annotated[
        list[str] | None,
        typer.Option("--task", help="typing, accuracy, ranking or rubrics. Default: all four."),
    ] = None,
    repeats: Annotated[int, typer.Option(help="How often each verdict is asked.", min=1)] = 1,
    most: Annotated[
        int | None, typer.Option(help="Most items. Default: all that were asked.", min=1)
    ] = None,
    prompts: Annotated[
        Path | None, typer.Option(help="Folder with changed prompts for the judge.")
    ] = None,
    at_once: Annotated[int, typer.Option(help="Most calls under way at once.", min=1)] = 8,
    runs: Runs = RUNS,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say how many calls.")] = False,
    as_json: AsJson = False,
) -> None:
    """Let a chat model judge the answers of the last `persllm eval`; the same command continues."""
    from persllm.ui.judge import TASKS, JudgeWishes, run_judge

    run_judge(
        persona,
        judges=judges,
        runs=runs,
        wishes=JudgeWishes(
            tasks=tasks or TASKS, repeats=repeats, most=most, at_once=at_once, prompts=prompts
        ),
        dry_run=dry_run,
        as_json=as_json,
    )


@app.command(epilog="Example: persllm study nikola-tesla --export ratings.csv")
def study(
    persona: PersonaName,
    systems: Annotated[
        list[str] | None,
        typer.Option("--system", help="Two of the evaluation's. Default: the first and the last."),
    ] = None,
    most: Annotated[int, typer.Option(help="Most questions a rater is shown.", min=1)] = 30,
    seed: Annotated[int, typer.Option(help="Deals questions, order and sides.")] = 0,
    export: Annotated[
        Path | None, typer.Option(help="Write the ratings as CSV to this file and leave.")
    ] = None,
    report: Annotated[
        bool, typer.Option("--report", help="Tell what raters found, and how they agree.")
    ] = False,
    host: Annotated[str, typer.Option(help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen at.", min=1, max=65535)] = 7862,
    runs: Runs = RUNS,
    base: BaseName = "nano",
    engine: EngineName = "local",
    memory: MemoryAt = None,
    as_json: AsJson = False,
) -> None:
    """Open a desk where people compare and rate the answers of the last `persllm eval`, blind."""
    from persllm.agents.workplace import Workplace
    from persllm.ui.study_page import run_study

    run_study(
        persona,
        workplace=Workplace(base_name=base, engine=engine, runs=runs, memory=memory),
        systems=systems or [],
        most=most,
        seed=seed,
        host=host,
        port=port,
        export_to=export,
        report=report or as_json,
        as_json=as_json,
    )


@app.command(epilog='Example: persllm chat nikola-tesla --stage late --ask "Do you like pigeons?"')
def chat(
    persona: PersonaName,
    stage: Annotated[str | None, typer.Option(help="Stage of life; the first by default.")] = None,
    ask: Annotated[str | None, typer.Option(help="Ask once and leave.")] = None,
    runs: Runs = RUNS,
    base: BaseName = "nano",
    engine: EngineName = "local",
    memory: MemoryAt = None,
    no_adapter: NoAdapter = False,
    no_memory: Annotated[bool, typer.Option("--no-memory", help="Recall nothing.")] = False,
    as_: Annotated[
        str, typer.Option("--as", help="Your name: the persona remembers what you say.")
    ] = "",
    temperature: Annotated[float, typer.Option(help="0 is greedy.", min=0)] = 0.0,
    show_recalled: Annotated[
        bool, typer.Option("--show-recalled", help="Show what each reply recalled.")
    ] = False,
) -> None:
    """Talk with a persona at a stage of its life."""
    from persllm.ui.chat import hold_chat

    hold_chat(
        persona,
        stage=stage,
        ask=ask,
        runs=runs,
        base_name=base,
        engine=engine,
        memory=memory,
        use_adapter=not no_adapter,
        use_memory=not no_memory,
        audience=as_,
        temperature=temperature,
        show_recalled=show_recalled,
    )


@app.command(
    epilog="Example: persllm debate nikola-tesla@late thomas-edison@late "
    '--motion "Power will be sent without wires."'
)
def debate(
    speakers: Annotated[
        list[str] | None,
        typer.Argument(metavar="PERSONA[@STAGE]...", help="The first speaks for the motion."),
    ] = None,
    motion: Annotated[str | None, typer.Option(help="What is debated, as a statement.")] = None,
    scenario: Annotated[
        str, typer.Option(help="Speakers and motion: currents, constitution or machines.")
    ] = "currents",
    turns: Annotated[int, typer.Option(help="Turns in all.", min=1)] = 6,
    runs: Runs = RUNS,
    base: BaseName = "nano",
    engine: EngineName = "local",
    memory: MemoryAt = None,
    no_adapter: NoAdapter = False,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the transcript. Default: in --runs.")
    ] = None,
) -> None:
    """Let personas debate a motion; writes the transcript as JSONL and Markdown."""
    from persllm.ui.commands import run_debate

    run_debate(
        speakers or [],
        motion=motion,
        scenario=scenario,
        turns=turns,
        runs=runs,
        base_name=base,
        engine=engine,
        memory=memory,
        use_adapter=not no_adapter,
        out=out,
    )


@app.command(epilog="Example: persllm ui --port 7861")
def ui(
    host: Annotated[str, typer.Option(help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen at.", min=1, max=65535)] = 7860,
    personas: Annotated[
        list[str] | None, typer.Option("--persona", help="Also offer this persona folder.")
    ] = None,
    runs: Runs = RUNS,
    base: BaseName = "nano",
    engine: EngineName = "local",
    memory: MemoryAt = None,
) -> None:
    """Open the web page: chat with a persona, watch a debate."""
    from persllm.ui.app import serve

    serve(
        host=host,
        port=port,
        more=personas or [],
        runs=runs,
        base_name=base,
        engine=engine,
        memory=memory,
    )


@app.command(epilog="Example: persllm serve nikola-tesla --port 8000 --api-key SECRET")
def serve(
    personas: PersonaNames = None,
    host: Annotated[str, typer.Option(help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen at.", min=1, max=65535)] = 8000,
    engine: EngineName = "local",
    base: BaseName = "nano",
    runs: Runs = RUNS,
    memory: MemoryAt = None,
    no_adapter: NoAdapter = False,
    no_memory: Annotated[bool, typer.Option("--no-memory", help="Recall nothing.")] = False,
    api_key: Annotated[
        list[str] | None,
        typer.Option(help="Who asks must send one of these.", envvar="PERSLLM_API_KEYS"),
    ] = None,
    cors_origin: Annotated[
        list[str] | None, typer.Option(help="Web pages from here may ask; * for all.")
    ] = None,
    at_once: Annotated[int, typer.Option(help="Replies written at one time.", min=1)] = 32,
    waiting: Annotated[int, typer.Option(help="Requests that may wait.", min=0)] = 256,
    max_tokens: Annotated[
        int | None, typer.Option(help="Most tokens a reply may ask for.", min=1)
    ] = None,
    max_body: Annotated[int, typer.Option(help="Largest request, in bytes.", min=1)] = 1024 * 1024,
    drain: Annotated[float, typer.Option(help="Seconds given to replies at the end.")] = 30.0,
    show_command: Annotated[
        bool, typer.Option("--print-command", help="Print how vLLM would be started, and leave.")
    ] = False,
) -> None:
    """Serve personas to OpenAI clients; what follows -- goes to vLLM (with --engine vllm)."""
    from persllm.agents.serving.limits import Access, Limits
    from persllm.ui.serve import Served, print_command, run_serve, split_flags

    names, flags = split_flags(personas or [])
    served = Served(
        names=names,
        engine=engine,
        base_name=base,
        runs=runs,
        memory=memory,
        use_adapter=not no_adapter,
        use_memory=not no_memory,
        flags=flags,
    )
    if show_command:
        print_command(served, port=port)
        return
    limits = Limits(
        at_once=at_once,
        waiting=waiting,
        max_tokens=max_tokens,
        body_bytes=max_body,
        drain_seconds=drain,
    )
    access = Access(keys=tuple(api_key or ()), origins=tuple(cors_origin or ()))
    run_serve(served, host=host, port=port, limits=limits, access=access)


@app.command(epilog="Example: persllm mcp nikola-tesla thomas-edison")
def mcp(
    personas: PersonaNames = None,
    engine: EngineName = "local",
    base: BaseName = "nano",
    runs: Runs = RUNS,
    memory: MemoryAt = None,
) -> None:
    """Offer personas as tools to an MCP client, over standard input and output."""
    from persllm.ui.serve import run_mcp

    run_mcp(personas or [], engine=engine, base_name=base, runs=runs, memory=memory)


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
    host: Annotated[str, typer.Option(help="Address of the page.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port of the page.", min=1, max=65535)] = 7862,
    as_json: AsJson = False,
) -> None:
    """Accept, edit or reject built items, each beside the paragraph it comes from.

    Decisions are kept in the persona folder (review.jsonl); the next build applies them.
    """
    from persllm.training.data.review import Wanted
    from persllm.ui.review import Orders, run_review

    if page:
        from persllm.ui.review_page import serve_review

        serve_review(persona, runs=runs, host=host, port=port)
        return
    orders = Orders(
        accept=tuple(accept or ()),
        reject=tuple(reject or ()),
        why=why,
        edit=edit,
        question=question,
        response=response,
        listed=listed,
    )
    wanted = Wanted(stage=stage, pattern=pattern, unreviewed=unreviewed)
    run_review(persona, runs=runs, wanted=wanted, orders=orders, as_json=as_json)


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
    from persllm.ui.exports import run_export

    run_export(persona, runs=runs, form=form, to=to, as_json=as_json)


@app.command(epilog="Example: persllm doctor --json")
def doctor(runs: Runs = RUNS, as_json: AsJson = False) -> None:
    """Check what is installed, what is found and what is missing."""
    from persllm.ui.doctor import examine

    raise typer.Exit(examine(runs=runs, as_json=as_json))


def _named(personas: list[str] | None, bundled: bool) -> list[str]:
    """Return the personas that were asked for.

    Raises:
        PersonaError: None was.
    """
    from persllm import cast

    names = [*(personas or []), *(cast.bundled() if bundled else ())]
    if not names:
        raise PersonaError(
            f"no persona was named. Name one or several of {', '.join(cast.bundled())}, "
            "give a persona's folder, or take them all with --bundled."
        )
    return list(dict.fromkeys(names))


def main() -> None:
    """Run the command line; an error a user can mend is printed without a traceback."""
    from persllm.ui.quiet import quiet_libraries

    quiet_libraries()
    try:
        app()
    except PersLLMError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        print("\nstopped; the same command continues", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
