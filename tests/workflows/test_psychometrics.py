"""`persllm psychometrics` on a scripted engine that also tells likelihoods."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from persllm.agents.engines.scripted import ScriptedEngine
from persllm.agents.options import RuntimeOptions
from persllm.agents.runtime import Runtime
from persllm.engine import Request, Score
from persllm.errors import AdapterError, DataError, EngineError, PersonaError
from persllm.persona import Persona
from persllm.training.evaluation.psychometrics.inventory import CHOICES
from persllm.ui.cli.actions.psychometrics import run_psychometrics
from persllm.workflows.psychometrics import PsychometricsOptions
from tests.doubles import MakePersona
from tests.training.test_psychometrics import Likely, asked_statement, outgoing, write_probes
from tests.workflows.test_evaluate import pretend_adapter

pytestmark = pytest.mark.slow  # expectations load the packaged embeddings


def says(request: Request) -> str:
    """Choose as one who is outgoing; talk when nothing is to be chosen."""
    statement = asked_statement(request)
    return CHOICES[outgoing(statement) - 1] if statement else "I love a large party."


class ScoringEngine(ScriptedEngine):
    """Says and finds likely what an outgoing person chooses."""

    def __init__(self) -> None:
        super().__init__(says)
        self.likely = Likely(outgoing)

    def score(self, requests: Sequence[Request], replies: Sequence[str]) -> list[Score]:
        return self.likely.score(requests, replies)


@pytest.fixture
def persona(tiny_persona: MakePersona) -> Persona:
    return tiny_persona()


@pytest.fixture
def runtime(persona: Persona, tmp_path: Path) -> Runtime:
    pretend_adapter(persona, tmp_path / "runs")
    return Runtime(RuntimeOptions(base="nano", runs=tmp_path / "runs"), engine=ScoringEngine())


@pytest.mark.parametrize("method", ["likelihood", "self-report", "interview"])
def test_every_method_prints_and_keeps_a_profile(
    method: str, persona: Persona, runtime: Runtime, capsys: pytest.CaptureFixture[str]
) -> None:
    run_psychometrics(
        [str(persona.folder) + "@late"],
        runtime=runtime,
        options=PsychometricsOptions(method=method, sittings=2),
        facets=True,
        as_json=False,
    )
    told = capsys.readouterr().out
    assert "extraversion" in told
    assert "gregariousness" in told
    assert "agreement with what is expected" in " ".join(told.split())
    path = runtime.runs / persona.id / "psychometrics" / f"late-{method}.json"
    kept = json.loads(path.read_text(encoding="utf-8"))
    assert kept["who"] == "marta-lind@late"
    assert len(kept["sittings"]) == 2
    if method != "interview":
        assert kept["scales"]["E"]["percentile"] > 95
        assert kept["reliability"]["above_noise"] is True


def test_all_stages_are_measured_and_compared_without_adapter(
    persona: Persona, runtime: Runtime, capsys: pytest.CaptureFixture[str]
) -> None:
    options = PsychometricsOptions(sittings=1, use_adapter=False, norms="women-41-to-60")
    run_psychometrics(
        [str(persona.folder)], runtime=runtime, options=options, facets=False, as_json=True
    )
    told = json.loads(capsys.readouterr().out)
    whos = [profile["who"] for profile in told["profiles"]]
    assert whos == ["marta-lind@early (base alone)", "marta-lind@late (base alone)"]
    (compared,) = told["differences"]
    assert not any(scale["clear"] for scale in compared["scales"])
    engine = runtime.engine
    assert isinstance(engine, ScoringEngine)
    assert {request.adapter for request in engine.likely.asked} == {None}


def test_probes_and_an_expectation_by_hand_are_told(
    persona: Persona,
    runtime: Runtime,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    expected = tmp_path / "expected.yaml"
    expected.write_text("{N: 1, E: 5, O: 3, A: 3, C: 3}", encoding="utf-8")
    options = PsychometricsOptions(
        sittings=1, expected=expected, probes=write_probes(tmp_path), most_probes=4
    )
    run_psychometrics(
        [f"{persona.folder}@early"], runtime=runtime, options=options, facets=False, as_json=True
    )
    (profile,) = json.loads(capsys.readouterr().out)["profiles"]
    assert profile["fit"]["scales"] == 5
    assert profile["fit"]["correlation"] > 0.8
    assert {probe["asked"] for probe in profile["probes"].values()} == {4}


def refused(runtime: Runtime, speaker: str, **options: str) -> None:
    run_psychometrics(
        [speaker],
        runtime=runtime,
        options=PsychometricsOptions(**options),  # type: ignore[arg-type]
        facets=False,
        as_json=False,
    )


def test_an_engine_without_likelihoods_is_told_what_else_there_is(
    persona: Persona, runtime: Runtime
) -> None:
    plain = Runtime(RuntimeOptions(base="nano", runs=runtime.runs), engine=ScriptedEngine("Yes."))
    with pytest.raises(EngineError, match="--method self-report"):
        refused(plain, str(persona.folder))


def test_what_does_not_exist_is_refused_before_anything_runs(
    persona: Persona, tmp_path: Path, runtime: Runtime
) -> None:
    with pytest.raises(DataError, match="no method is called 'guess'"):
        refused(runtime, str(persona.folder), method="guess")
    with pytest.raises(DataError, match="there are no norms of 'martians'"):
        refused(runtime, str(persona.folder), norms="martians")
    with pytest.raises(PersonaError, match="no stage 'middle'"):
        refused(runtime, f"{persona.folder}@middle")
    empty = Runtime(RuntimeOptions(base="nano", runs=tmp_path / "none"), engine=ScoringEngine())
    with pytest.raises(AdapterError):
        refused(empty, str(persona.folder))
