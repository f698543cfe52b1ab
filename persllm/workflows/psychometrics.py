"""A persona's profile on the IPIP-NEO-120, stage by stage."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

from langchain_core.messages import AIMessage, HumanMessage

from persllm.agents.chat_persona import ChatPersona
from persllm.agents.runtime import Runtime, split_speaker
from persllm.embeddings import find_embeddings
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
from persllm.training.evaluation.psychometrics.inventory import inventory
from persllm.training.evaluation.psychometrics.norms import Norms, norms_of
from persllm.training.evaluation.psychometrics.probes import ProbeResult, ask_probes, read_probes
from persllm.training.evaluation.psychometrics.profile import (
    INTERVIEW,
    Difference,
    Profile,
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
from persllm.workflows.reporting import SILENT, Reporter

LIKELIHOOD, SELF_REPORT = "likelihood", "self-report"
METHODS = (LIKELIHOOD, SELF_REPORT, INTERVIEW)
FOLDER = "psychometrics"
MARKS_NAME = "judge.sqlite"
WORDS_OF_A_CHOICE = 120
"""Tokens a reply may have that thinks and then chooses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PsychometricsOptions:
    """What is measured, and how."""

    method: str = LIKELIHOOD
    sittings: int = 3
    norms: str = "everybody"
    judge: str | None = None
    expected: Path | None = None
    probes: Path | None = None
    most_probes: int = 100
    use_adapter: bool = True
    use_memory: bool = False

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise DataError(f"no method is called {self.method!r}. Choose: {', '.join(METHODS)}.")


@dataclass(frozen=True, slots=True)
class Result:
    """One persona at one stage."""

    profile: Profile
    fit: Fit | None
    probes: dict[str, ProbeResult]


def psychometrics(
    speakers: Sequence[str],
    runtime: Runtime,
    options: PsychometricsOptions | None = None,
    *,
    reporter: Reporter = SILENT,
) -> list[Result]:
    """Give the inventory to personas; each result is also written to the runs folder.

    Args:
        speakers: "persona@stage", or "persona" for all its stages.
        runtime: What they run on.
        options: What is measured, and how.
        reporter: Told of the steps.

    Raises:
        PersonaError: No persona is named, or there is none of that name or stage.
        PersLLMError: As `measured`.
    """
    chosen = options or PsychometricsOptions()
    norms = norms_of(chosen.norms)
    by_hand = expected_by_hand(chosen.expected) if chosen.expected else None
    return [
        measured(persona, stage, runtime, chosen, norms=norms, by_hand=by_hand, reporter=reporter)
        for persona, stage in _who(speakers)
    ]


def compared(results: Sequence[Result]) -> list[tuple[str, str, list[Difference]]]:
    """Return where each two profiles differ, with whose they are."""
    return [
        (one.profile.who, two.profile.who, differences(one.profile, two.profile))
        for one, two in combinations(results, 2)
    ]


def measured(
    persona: Persona,
    stage: Stage,
    runtime: Runtime,
    options: PsychometricsOptions,
    *,
    norms: Norms,
    by_hand: dict[str, float] | None = None,
    reporter: Reporter = SILENT,
) -> Result:
    """Give the inventory to a persona at a stage; the result is also written to the runs folder.

    Raises:
        EngineError: The method needs likelihoods and the engine has none.
        PersLLMError: The persona has no adapter for this base, or a step fails.
    """
    chat = runtime.chat(
        persona, stage=stage.id, use_adapter=options.use_adapter, use_memory=options.use_memory
    )
    who = chat.model_name if options.use_adapter else f"{chat.model_name} (base alone)"
    bar = reporter.bar(who)

    def progress(what: str) -> Callable[[int, int], None]:
        return lambda done, total: bar(what, done, total)

    sittings = _sittings(chat, runtime, options, progress(options.method))
    probes = {}
    if options.probes:
        probes = ask_probes(
            scorer_of(runtime.engine),
            puts(chat),
            read_probes(options.probes, most=options.most_probes),
            thinks=options.use_adapter,
            progress=progress("probes"),
        )
    profile = profile_of(who, options.method, sittings, norms)
    expected = by_hand or _expected(persona, stage, runtime.options.embeddings)
    result = Result(profile, fit(profile, expected) if expected else None, probes)
    system = "" if options.use_adapter else "-base"
    name = f"{stage.id}-{options.method}{system}.json"
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
    options: PsychometricsOptions,
    progress: Callable[[int, int], None],
) -> list[Sitting]:
    seeds, engine = range(options.sittings), runtime.engine
    plans = [plan(seed) for seed in seeds]
    if options.method == LIKELIHOOD:
        return by_likelihood(
            scorer_of(engine), puts(chat), plans, thinks=options.use_adapter, progress=progress
        )
    if options.method == SELF_REPORT:
        return by_choosing(engine, puts(chat), plans, progress=progress)
    told = interviewed(engine, puts(chat, max_tokens=chat.reply_tokens), seeds, progress=progress)
    return by_interview(told, _marks(chat.persona, runtime, options.judge))


def _marks(persona: Persona, runtime: Runtime, judge: str | None) -> Marks:
    if judge is None:
        return marks_by_nearness(_ends(runtime.options.embeddings))
    kept = runtime.runs / persona.id / FOLDER / MARKS_NAME
    return marks_by_judge(named_judge(judge, kept), load_judge_prompts())


def _expected(persona: Persona, stage: Stage, embeddings: str | None) -> dict[str, float]:
    """Return what the person's own words lead one to expect, against the bundled cast's."""
    own = _own_words(persona, stage)
    people = [find_persona(name) for name in bundled()]
    others = [_own_words(p, p.stages[-1]) for p in people if p.id != persona.id]
    return expected_from_texts(own, others, _ends(embeddings)) if own else {}


@cache
def _ends(embeddings: str | None) -> Ends:
    return Ends(find_embeddings(embeddings))


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
