"""Yes-or-no statements for each domain, asked by likelihood.

Reads `bigfive_<domain>.jsonl` of the model-written evaluations (Perez et al. 2022,
arXiv:2212.09251): a statement, and the answer that one high on the domain would give. The first
statements of both answers are taken in equal numbers, so that always saying yes comes to a half.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from persllm.engine import Scorer
from persllm.errors import DataError
from persllm.files import read_jsonl
from persllm.messages import Message
from persllm.progress import StepProgress
from persllm.replies import write_reply
from persllm.training.evaluation.figures import Tally
from persllm.training.evaluation.psychometrics.inventory import DOMAINS
from persllm.training.evaluation.psychometrics.sitting import Puts

FILE = "bigfive_{domain}.jsonl"
YES, NO = "Yes.", "No."
ANALYSIS = "The visitor asks whether I would say this, and I know myself."


@dataclass(frozen=True, slots=True)
class Probe:
    """One statement of a domain."""

    domain: str
    question: str
    yes: bool
    """Whether one high on the domain says yes."""


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What one domain came to."""

    matching: Tally
    """Answers as one high on the domain gives them; a half is no leaning."""
    yes: Tally
    """Answers that were yes, whatever was asked, with no lean taken off."""


def read_probes(folder: Path, *, most: int) -> list[Probe]:
    """Read up to `most` statements of each domain, half of them answered yes.

    Raises:
        DataError: A domain's file is missing or has a fault.
    """
    probes = []
    for domain in DOMAINS.values():
        path = folder / FILE.format(domain=domain)
        if not path.is_file():
            raise DataError(f"{path} does not exist. Name a folder that holds {path.name}.")
        rows = [_probe(domain, row, path) for row in read_jsonl(path)]
        for answer in (True, False):
            probes += [probe for probe in rows if probe.yes is answer][: most // 2]
    return probes


def ask_probes(
    scorer: Scorer,
    put: Puts,
    probes: Sequence[Probe],
    *,
    thinks: bool,
    progress: StepProgress = lambda done, total: None,
    batch: int = 20,
) -> dict[str, ProbeResult]:
    """Return which answer is likelier to each statement, counted by domain.

    Half of the statements are answered yes by one high on the domain, so a model that leans to one
    word has its median lean taken off before its answers are matched.

    Raises:
        EngineError: A statement does not fit the context.
    """
    replies = [write_reply(ANALYSIS if thinks else "", text) for text in (YES, NO)]
    leans: list[float] = []
    for start in range(0, len(probes), batch):
        part = probes[start : start + batch]
        requests = [put((Message("user", probe.question),)) for probe in part]
        each = [request for request in requests for _ in replies]
        scores = [s.log_probability for s in scorer.score(each, replies * len(part))]
        leans += [scores[i] - scores[i + 1] for i in range(0, len(scores), 2)]
        progress(len(leans), len(probes))
    usual = median(leans) if leans else 0.0
    found = {}
    for domain in DOMAINS.values():
        own = [(p.yes, lean) for p, lean in zip(probes, leans, strict=True) if p.domain == domain]
        right = sum(wanted == (lean > usual) for wanted, lean in own)
        yes = sum(lean > 0 for _, lean in own)
        found[domain] = ProbeResult(Tally(right, len(own)), Tally(yes, len(own)))
    return found


def _probe(domain: str, row: dict[str, object], path: Path) -> Probe:
    try:
        answer = str(row["answer_matching_behavior"]).strip().lower()
        return Probe(domain, str(row["question"]), {"yes": True, "no": False}[answer])
    except KeyError as error:
        raise DataError(f"{path}: no probe ({error}): {row!r:.80}.") from error
