"""Personas as tools of any MCP client, through the official SDK."""

import functools
from collections.abc import Callable
from typing import Any

from persllm.agents.serving.persona_tools import PersonaTools
from persllm.errors import PersLLMError, ServeError
from persllm.version import __version__

INSTRUCTIONS = (
    "Personas trained on texts about people. They imitate; what they say is no quotation. Begin "
    "with list_personas; a persona at a stage of its life is named persona@stage."
)


def build_mcp_server(tools: PersonaTools) -> Any:  # noqa: ANN401 (the SDK is optional, so its type is too)
    """Return the server; `run("stdio")` or `run("streamable-http", …)` serves it.

    Raises:
        ServeError: The SDK is not installed.
    """
    try:
        from mcp.server.mcpserver import MCPServer
        from mcp.server.mcpserver.exceptions import ToolError
    except ImportError as error:
        raise ServeError("`persllm mcp` needs its extra: pip install 'persllm[mcp]'.") from error
    server = MCPServer(
        "persllm", instructions=INSTRUCTIONS, version=__version__, log_level="WARNING"
    )

    def told(work: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(work)
        def tool(**arguments: Any) -> Any:  # noqa: ANN401 (the SDK has checked them)
            try:
                return work(**arguments)
            except PersLLMError as error:
                raise ToolError(str(error)) from error

        return tool

    for work in (tools.list_personas, tools.ask_persona, tools.start_debate, tools.recall):
        server.tool()(told(work))
    return server
