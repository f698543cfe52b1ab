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
    teacher: Annotated[
        str,
        typer.Option(
            help="Who writes the items: rules (no model, no network), a LangChain chat model such "
            "as openai:gpt-4o-mini, or http://host:port/v1#model."
        ),
    ] = "rules",
    prompts: Annotated[
        Path | None, typer.Option(help="Folder with changed prompts for a chat model.")
    ] = None,
    at_once: Annotated[
        int, typer.Option(help="Most calls to a chat model under way at once.", min=1)
    ] = 8,
    as_json: AsJson = False,
) -> None:
    """Build a persona's training data from its materials."""
    from persllm.training.data.sampling import BuildSettings
    from persllm.training.data.teachers import TeacherChoice
    from persllm.ui.commands import build_data

    build_data(
        persona,
        runs=runs,
        settings=BuildSettings(per_part=per_part, variations=variations, seed=seed),
        teacher=TeacherChoice(names=(teacher,), prompts=prompts, at_once=at_once),
        as_json=as_json,
    )


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
