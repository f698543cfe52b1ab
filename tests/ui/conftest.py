"""A place with the bundled cast where a scripted engine answers at once."""

from pathlib import Path

import pytest

from persllm.agents.engines.scripted import ScriptedEngine
from persllm.agents.options import RuntimeOptions
from persllm.agents.runtime import Runtime
from persllm.engine import Request
from persllm.ui.web.talk import Company, company


def scripted_answer(request: Request) -> str:
    """Name the speaker and the year, as the header gives them."""
    header = request.messages[0].content
    name = "Tesla" if "Nikola Tesla" in header else "Edison"
    year = header.partition("It is ")[2][:4]
    return f"[Analysis] I weigh it. [Response] I am {name} in {year}, and I answer you plainly."


@pytest.fixture(scope="session")
def engine() -> ScriptedEngine:
    return ScriptedEngine(scripted_answer, context=1024)


@pytest.fixture(scope="session")
def people(tmp_path_factory: pytest.TempPathFactory, engine: ScriptedEngine) -> Company:
    runs: Path = tmp_path_factory.mktemp("runs")
    return company(Runtime(RuntimeOptions(base="nano", runs=runs), engine=engine), [])
