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
        help="local, vllm, or any OpenAI-compatible server: http://host:port/v1#model.",
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
    from persllm.training.data.sampling import BuildSettings
    from persllm.ui.building import Orders, build_with_orders, teacher_choice

    build_with_orders(
        persona,
        runs=runs,
        settings=BuildSettings(per_part=per_part, variations=variations, seed=seed),
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


@app.command(epilog="Example: persllm train nikola-tesla --base Qwen/Qwen3-0.6B")
def train(
    personas: PersonaNames = None,
    bundled: Bundled = False,
    runs: Runs = RUNS,
    base: BaseName = "nano",
    repeats: Annotated[
        float | None, typer.Option(help="Passes over the items. Default: the base's preset.")
    ] = None,
    sft_rate: Annotated[float | None, typer.Option(help="Learning rate of SFT.")] = None,
    dpo_rate: Annotated[float | None, typer.Option(help="Learning rate of DPO.")] = None,
    rank: Annotated[int | None, typer.Option(help="LoRA rank.")] = None,
    max_tokens: Annotated[int | None, typer.Option(help="Longest item, in tokens.")] = None,
    report_to: Annotated[str, typer.Option(help="none, tensorboard, wandb or trackio.")] = "none",
    into: Annotated[
        Path | None, typer.Option(help="Also copy each adapter to INTO/<persona>/adapter.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what it will take.")] = False,
    as_json: AsJson = False,
) -> None:
    """Train adapters: SFT, then DPO. Builds the data first where there is none."""
    from persllm.ui.commands import train_adapters

    train_adapters(
        _named(personas, bundled),
        runs=runs,
        base_name=base,
        changes={
            "repeats": repeats,
            "sft_rate": sft_rate,
            "dpo_rate": dpo_rate,
            "rank": rank,
            "max_tokens": max_tokens,
        },
        report_to=report_to,
        into=into,
        dry_run=dry_run,
        as_json=as_json,
    )


@app.command(name="eval", epilog="Example: persllm eval --bundled --into README.md")
def evaluate(
    personas: PersonaNames = None,
    bundled: Bundled = False,
    runs: Runs = RUNS,
    base: BaseName = "nano",
    engine: EngineName = "local",
    memory: MemoryAt = None,
    most: Annotated[int, typer.Option(help="Most items of one measure and stage.", min=1)] = 30,
    into: Annotated[
        Path | None, typer.Option(help="Also put the table between the marks of this file.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Ask the held-out items of base and adapter, with and without memory; count right answers."""
    from persllm.ui.evaluate import run_eval

    run_eval(
        _named(personas, bundled),
        runs=runs,
        base_name=base,
        engine=engine,
        memory=memory,
        most=most,
        into=into,
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
