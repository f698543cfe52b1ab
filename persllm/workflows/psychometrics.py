"""`persllm psychometrics`: a persona's profile on the IPIP-NEO-120, stage by stage."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

from langchain_core.messages import AIMessage, HumanMessage
from rich.console import Console
from rich.table import Table

from persllm.agents.chat_persona import ChatPersona
from persllm.agents.runtime import Runtime, split_speaker
from persllm.embeddings import default_embeddings
from persllm.engine import Engine, Request, Scorer
from persllm.errors import DataError, EngineError, PersonaError
from persllm.files import write_json
from persllm.materials import read_materials
from persllm.messages import Message
from persllm.persona import Persona, Stage
from persllm.persona_catalog import bundled, find_persona
from persllm.training.evaluation.judging.prompts import load_judge_prompts
from persllm.training.evaluation.psychometrics.expectation import (
    Ends,
    Fit,
    expected_by_hand,
    expected_from_texts,
    fit,
)
from persllm.training.evaluation.psychometrics.interview import (
    Marks,
    by_interview,
    interviewed,
    marks_by_judge,
    marks_by_nearness,
)
from persllm.training.evaluation.psychometrics.inventory import DOMAINS, inventory
from persllm.training.evaluation.psychometrics.norms import Norms, norms_of
from persllm.training.evaluation.psychometrics.probes import ProbeResult, ask_probes, read_probes
from persllm.training.evaluation.psychometrics.profile import (
    INTERVIEW,
    Difference,
    Profile,
    Reliability,
    differences,
    profile_of,
)
from persllm.training.evaluation.psychometrics.sitting import (
    Puts,
    Sitting,
    by_choosing,
    by_likelihood,
    plan,
)
from persllm.workflows.judge import named_judge
from persllm.workflows.progress import progress_on

LIKELIHOOD, SELF_REPORT = "likelihood", "self-report"
METHODS = (LIKELIHOOD, SELF_REPORT, INTERVIEW)
FOLDER = "psychometrics"
MARKS_NAME = "judge.sqlite"
WORDS_OF_A_CHOICE = 120
"""Tokens a reply may have that thinks and then chooses."""
VERDICT = {
    True: "above noise",
    False: "not above noise",
    None: "noise cannot be told of one sitting, an interview or so many gaps",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the user wants measured, and how."""

    method: str = LIKELIHOOD
    sittings: int = 3
    norms: str = "everybody"
    judge: str | None = None
    expected: Path | None = None
    probes: Path | None = None
    most_probes: int = 100
    use_adapter: bool = True
    use_memory: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """One persona at one stage."""

    profile: Profile
    fit: Fit | None
    probes: dict[str, ProbeResult]


def run_psychometrics(
    speakers: Sequence[str],
    *,
    runtime: Runtime,
    wishes: Wishes,
    facets: bool,
    as_json: bool,
) -> None:
    """`persllm psychometrics`."""
    if wishes.method not in METHODS:
        raise DataError(f"no method is called {wishes.method!r}. Choose: {', '.join(METHODS)}.")
    norms = norms_of(wishes.norms)
    by_hand = expected_by_hand(wishes.expected) if wishes.expected else None
    results = [
        measured(persona, stage, runtime, wishes, norms=norms, by_hand=by_hand)
        for persona, stage in _who(speakers)
    ]
    compared = [
        (one.profile.who, two.profile.who, differences(one.profile, two.profile))
        for one, two in combinations(results, 2)
    ]
    if as_json:
        print(json.dumps({"profiles": [as_record(r) for r in results], **_as_pairs(compared)}))
        return
    console = Console()
    for result in results:
        show(console, result, facets=facets)
    for first, second, found in compared:
        console.print(difference_line(first, second, found), highlight=False)


def measured(
    persona: Persona,
    stage: Stage,
    runtime: Runtime,
    wishes: Wishes,
    *,
    norms: Norms,
    by_hand: dict[str, float] | None = None,
) -> Result:
    """Give the inventory to a persona at a stage; the result is also written to the runs folder.

    Raises:
        EngineError: The method needs likelihoods and the engine has none.
        PersLLMError: The persona has no adapter for this base, or a step fails.
    """
    chat = runtime.chat(
        persona, stage=stage.id, use_adapter=wishes.use_adapter, use_memory=wishes.use_memory
    )
    who = chat.model_name if wishes.use_adapter else f"{chat.model_name} (base alone)"
    with progress_on(Console(stderr=True), who) as told:

        def progress(what: str) -> Callable[[int, int], None]:
            return lambda done, total: told(what, done, total)

        sittings = _sittings(chat, runtime, wishes, progress(wishes.method))
        probes = {}
        if wishes.probes:
            probes = ask_probes(
                scorer_of(runtime.engine),
                puts(chat),
                read_probes(wishes.probes, most=wishes.most_probes),
                thinks=wishes.use_adapter,
                progress=progress("probes"),
            )
    profile = profile_of(who, wishes.method, sittings, norms)
    expected = by_hand or _expected(persona, stage)
    result = Result(profile, fit(profile, expected) if expected else None, probes)
    system = "" if wishes.use_adapter else "-base"
    name = f"{stage.id}-{wishes.method}{system}.json"
    write_json(runtime.runs / persona.id / FOLDER / name, as_record(result))
    return result


def puts(chat: ChatPersona, *, max_tokens: int = WORDS_OF_A_CHOICE) -> Puts:
    """Return what makes requests to a persona of a conversation so far."""

    def put(said: tuple[Message, ...]) -> Request:
        kinds = {"user": HumanMessage, "assistant": AIMessage}
        ready = chat.prepare(
            [kinds[message.role](message.content) for message in said],
            in_play=True,  # an inventory is no sincere question about being a machine
            max_tokens=max_tokens,
        )
        assert ready.request is not None
        return ready.request

    return put


def scorer_of(engine: Engine) -> Scorer:
    """Return the engine as a scorer.

    Raises:
        EngineError: It cannot tell how likely a reply is.
    """
    if not hasattr(engine, "score"):
        raise EngineError(
            f"{engine.name} cannot tell how likely a reply is. Use --method self-report or "
            "interview, or a base that runs on this machine."
        )
    scorer: Any = engine
    return scorer  # type: ignore[no-any-return]


def _sittings(
    chat: ChatPersona,
    runtime: Runtime,
    wishes: Wishes,
    progress: Callable[[int, int], None],
) -> list[Sitting]:
    seeds, engine = range(wishes.sittings), runtime.engine
    plans = [plan(seed) for seed in seeds]
    if wishes.method == LIKELIHOOD:
        return by_likelihood(
            scorer_of(engine), puts(chat), plans, thinks=wishes.use_adapter, progress=progress
        )
    if wishes.method == SELF_REPORT:
        return by_choosing(engine, puts(chat), plans, progress=progress)
    told = interviewed(engine, puts(chat, max_tokens=chat.max_tokens), seeds, progress=progress)
    return by_interview(told, _marks(chat.persona, runtime.runs, wishes.judge))


def _marks(persona: Persona, runs: Path, judge: str | None) -> Marks:
    if judge is None:
        return marks_by_nearness(_ends())
    kept = runs / persona.id / FOLDER / MARKS_NAME
    return marks_by_judge(named_judge(judge, kept), load_judge_prompts())


def _expected(persona: Persona, stage: Stage) -> dict[str, float]:
    """Return what the person's own words lead one to expect, against the bundled cast's."""
    own = _own_words(persona, stage)
    cast = [find_persona(name) for name in bundled()]
    others = [_own_words(p, p.stages[-1]) for p in cast if p.id != persona.id]
    return expected_from_texts(own, others, _ends()) if own else {}


@cache
def _ends() -> Ends:
    return Ends(default_embeddings())


def _own_words(persona: Persona, stage: Stage) -> list[str]:
    known = {each.id for each in persona.reaches(stage)}
    return [
        material.text
        for material in read_materials(persona)
        if material.kind == "subjective" and material.stage in known
    ]


def _who(speakers: Sequence[str]) -> list[tuple[Persona, Stage]]:
    found = []
    for speaker in speakers:
        persona, stage = split_speaker(speaker)
        stages = [persona.stage(stage)] if stage else list(persona.stages)
        found += [(persona, each) for each in stages]
    if not found:
        raise PersonaError(f"no persona was named. Name one or several of {', '.join(bundled())}.")
    return found


def show(console: Console, result: Result, *, facets: bool) -> None:
    """Print a profile with how far it can be trusted."""
    profile = result.profile
    table = Table(title=f"{profile.who}, {profile.method}, {len(profile.sittings)} sittings")
    for column in ("scale", "score", "95 %", "between sittings", "z", "percentile"):
        table.add_column(column, justify="left" if column == "scale" else "right")
    names = inventory().scales
    for scale, standing in profile.scales.items():
        domain = scale in DOMAINS
        if not domain and not facets:
            continue
        table.add_row(
            names[scale] if domain else f"  {names[scale]}",
            f"{standing.score:.1f}",
            f"{standing.low:.0f} to {standing.high:.0f}" if domain else "",
            f"± {standing.sd:.1f}",
            f"{standing.z:+.1f}",
            f"{standing.percentile:.0f}",
        )
    table.caption = "\n".join([reliability_line(profile.reliability), *_more(result)])
    console.print(table)


def reliability_line(found: Reliability) -> str:
    """Return how far a profile can be trusted, for people."""
    return (
        f"stability {_figure(found.stability)}, reversal {_figure(found.reversal)}, chance of as "
        f"much structure {_figure(found.structure)}, mean answer {found.agreeing:.2f}: "
        f"{VERDICT[found.above_noise]}"
    )


def difference_line(first: str, second: str, found: Sequence[Difference]) -> str:
    """Return where two profiles differ, for people."""
    names = inventory().scales
    each = [
        f"{names[d.scale]} {d.points:+.1f} ({d.low:+.1f} to {d.high:+.1f}{', clear' * d.clear})"
        for d in found
    ]
    return f"from {first} to {second}: {', '.join(each)}"


def as_record(result: Result) -> dict[str, Any]:
    """Return a result for programs."""
    profile, names = result.profile, inventory().scales
    return {
        "who": profile.who,
        "method": profile.method,
        "scales": {
            scale: {"name": names[scale], **asdict(standing)}
            for scale, standing in profile.scales.items()
        },
        "reliability": {
            **asdict(profile.reliability),
            "above_noise": profile.reliability.above_noise,
        },
        "fit": asdict(result.fit) if result.fit else None,
        "probes": {
            domain: {
                "matching": found.matching.share,
                "interval": found.matching.interval,
                "yes": found.yes.share,
                "asked": found.yes.asked,
            }
            for domain, found in result.probes.items()
        },
        "sittings": [
            {
                "seed": s.seed,
                "unread": s.unread,
                "answers": {str(n): a for n, a in s.answers.items()},
            }
            for s in profile.sittings
        ],
    }


def _as_pairs(compared: Sequence[tuple[str, str, list[Difference]]]) -> dict[str, Any]:
    return {
        "differences": [
            {"from": one, "to": two, "scales": [{**asdict(d), "clear": d.clear} for d in found]}
            for one, two, found in compared
        ]
    }


def _more(result: Result) -> list[str]:
    lines = []
    unread = sum(sitting.unread for sitting in result.profile.sittings)
    if unread:
        lines.append(f"{unread} answers named no choice and count as their facet's mean")
    if result.fit:
        found = result.fit
        lines.append(
            f"agreement with what is expected: {_figure(found.correlation)} ({found.low:.2f} to "
            f"{found.high:.2f}) over {found.scales} scales, by chance {found.chance:.2f}"
        )
    for domain, probe in result.probes.items():
        low, high = probe.matching.interval
        lines.append(
            f"probes of {domain}: {probe.matching.share:.0%} ({low:.0%} to {high:.0%}) of "
            f"{probe.matching.asked} as one high on it, yes to {probe.yes.share:.0%}"
        )
    return lines


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
