"""`persllm mcp` as the SDK's own client sees it."""

import sys
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

from persllm.agents.engines.scripted import ScriptedEngine
from persllm.agents.options import RuntimeOptions
from persllm.agents.runtime import Runtime
from persllm.agents.serving.mcp_server import build_mcp_server
from persllm.agents.serving.persona_tools import PersonaTools
from persllm.persona_catalog import find_persona

CAST = ("nikola-tesla", "thomas-edison")


@pytest.fixture
def server(tmp_path: Path) -> Any:  # noqa: ANN401 (the SDK's server)
    runtime = Runtime(
        RuntimeOptions(base="nano", runs=tmp_path), engine=ScriptedEngine("Yes, sir.")
    )
    return build_mcp_server(PersonaTools(runtime, [find_persona(name) for name in CAST]))


async def call(server: Any, name: str, **arguments: object) -> Any:  # noqa: ANN401 (JSON)
    async with Client(server) as client:
        answer = await client.call_tool(name, arguments)
    assert not answer.is_error, answer
    assert answer.structured_content is not None
    return answer.structured_content.get("result", answer.structured_content)


async def refusal(server: Any, name: str, **arguments: object) -> str:  # noqa: ANN401
    async with Client(server) as client:
        answer = await client.call_tool(name, arguments)
    assert answer.is_error
    return str(answer.content)


async def test_the_tools_are_described(server: Any) -> None:  # noqa: ANN401
    async with Client(server) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
    assert set(tools) == {"list_personas", "ask_persona", "start_debate", "recall"}
    assert set(tools["ask_persona"].input_schema["required"]) == {"persona", "question"}
    assert all(tool.description for tool in tools.values())


async def test_personas_are_listed_with_their_stages(server: Any) -> None:  # noqa: ANN401
    rows = await call(server, "list_personas")
    assert [row["id"] for row in rows] == list(CAST)
    assert [stage["id"] for stage in rows[0]["stages"]] == ["early", "late"]
    assert rows[0]["trained"] is True


async def test_a_persona_answers_from_its_stage_and_memory(server: Any) -> None:  # noqa: ANN401
    row = await call(
        server, "ask_persona", persona="nikola-tesla@late", question="Do you like pigeons?"
    )
    assert (row["speaker"], row["stage"], row["answer"]) == ("Nikola Tesla", "late", "Yes, sir.")
    assert any("pigeon" in memory["text"] for memory in row["recalled"])


async def test_a_debate_alternates_sides(server: Any) -> None:  # noqa: ANN401
    rows = await call(
        server, "start_debate", speakers=list(CAST), motion="Power needs no wires.", turns=3
    )
    assert [(row["speaker"], row["side"]) for row in rows] == [
        ("Nikola Tesla", "for"),
        ("Thomas Edison", "against"),
        ("Nikola Tesla", "for"),
    ]


async def test_what_comes_to_mind_has_its_source(server: Any) -> None:  # noqa: ANN401
    rows = await call(server, "recall", persona="nikola-tesla@late", cue="pigeons", count=2)
    assert len(rows) == 2
    assert all(row["source"] and row["similarity"] > 0 for row in rows)


async def test_faults_reach_the_client_with_what_would_be_right(server: Any) -> None:  # noqa: ANN401
    question = {"question": "Hello"}
    assert "thomas-edison" in await refusal(server, "ask_persona", persona="nobody", **question)
    middle = await refusal(server, "ask_persona", persona="nikola-tesla@middle", **question)
    assert "early, late" in middle
    assert await refusal(server, "ask_persona", persona=str(Path.cwd()), **question)


async def test_sizes_are_bounded(server: Any) -> None:  # noqa: ANN401
    pair = {"speakers": list(CAST), "motion": "Power needs no wires."}
    assert "24" in await refusal(server, "start_debate", turns=1000, **pair)
    assert await refusal(server, "ask_persona", persona=CAST[0], question="x" * 10_000)


@pytest.mark.slow
async def test_a_client_over_standard_input_asks_a_persona(tmp_path: Path) -> None:
    arguments = ["-m", "persllm", "mcp", "nikola-tesla", "--runs", str(tmp_path)]
    here = str(Path(__file__).parents[2])
    parameters = StdioServerParameters(
        command=sys.executable, args=arguments, cwd=here, env={"PYTHONPATH": here}
    )
    async with Client(stdio_client(parameters)) as client:
        listed = await client.call_tool("list_personas", {})
        asked = {"persona": "nikola-tesla", "question": "Who are you?"}
        answer = await client.call_tool("ask_persona", asked)
    assert "nikola-tesla" in str(listed.content)
    assert answer.structured_content is not None
    assert answer.structured_content["speaker"] == "Nikola Tesla"
    assert answer.structured_content["answer"]
