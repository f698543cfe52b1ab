"""Every program in `examples/` runs offline."""

import runpy
from pathlib import Path

import pytest

from tests.test_docs import ROOT, untrained_adapter

PROGRAMS = sorted((ROOT / "examples").glob("*.py"))


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("examples")
    for name in ("nikola-tesla", "thomas-edison"):
        untrained_adapter(place / "runs" / name / "run" / "adapter", name)
    return place


@pytest.mark.slow
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.name)
def test_an_example_runs(
    program: Path,
    runs: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(runs)
    monkeypatch.setattr("sys.argv", [str(program)])
    runpy.run_path(str(program), run_name="__main__")
    assert len(capsys.readouterr().out.strip().splitlines()) >= 2
