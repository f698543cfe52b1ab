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
        teacher=TeacherChoice(teacher, prompts, at_once),
        as_json=as_json,
    )


@app.command(epilog="Example: persllm check nikola-tesla")
def check(personas: PersonaNames = None, bundled: Bundled = False, as_json: AsJson = False) -> None:
    """Look for contradictions, wrong ages and years after a stage in a persona's texts."""
    from persllm.ui.check import run_check

    run_check(_named(personas, bundled), as_json=as_json)


@app.command(
    epilog="Examples: persllm train nikola-tesla --base Qwen/Qwen3-0.6B; persllm train --bundled; "
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
    epilog="Examples: persllm push nikola-tesla --to ./published/tesla; "
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


@app.command(name="eval", epilog="Example: persllm eval --bundled --into README.md")
def evaluate(
    personas: PersonaNames = None,
    bundled: Bundled = False,
    runs: Runs = RUNS,
    base: BaseName = "nano",
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
    memory: MemoryAt = None,
) -> None:
    """Open the web page: chat with a persona, watch a debate."""
    from persllm.ui.app import serve

    serve(host=host, port=port, more=personas or [], runs=runs, base_name=base, memory=memory)


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
