"""`persllm psychometrics`: profiles with how far they can be trusted."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table

from persllm.agents.runtime import Runtime
from persllm.training.evaluation.psychometrics.inventory import DOMAINS, inventory
from persllm.training.evaluation.psychometrics.profile import Difference, Reliability
from persllm.ui.cli.terminal import reporting_on
from persllm.workflows.psychometrics import (
    PsychometricsOptions,
    Result,
    as_record,
    compared,
    psychometrics,
)

VERDICT = {
    True: "above noise",
    False: "not above noise",
    None: "noise cannot be told of one sitting, an interview or so many gaps",
}


def run_psychometrics(
    speakers: Sequence[str],
    *,
    runtime: Runtime,
    options: PsychometricsOptions,
    facets: bool,
    as_json: bool,
) -> None:
    """Measure, and show each profile and where they differ."""
    with reporting_on(Console(stderr=True)) as reporter:
        results = psychometrics(speakers, runtime, options, reporter=reporter)
    found = compared(results)
    if as_json:
        print(json.dumps({"profiles": [as_record(r) for r in results], **_as_pairs(found)}))
        return
    console = Console()
    for result in results:
        show(console, result, facets=facets)
    for first, second, differing in found:
        console.print(difference_line(first, second, differing), highlight=False)


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
