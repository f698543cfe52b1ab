"""An agent that asks a persona as a tool; personas call no tools themselves, another model leads.

    python examples/agent_asks_persona.py openai:gpt-4o-mini

Without a model's name a rehearsed one leads, so that this runs offline.
"""

import sys
from collections.abc import Sequence

from langchain.agents import create_agent
from langchain.chat_models import init_chat_model
from langchain.tools import tool
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage

from persllm import open_persona

tesla = open_persona("nikola-tesla", stage="late")


@tool
def ask_tesla(question: str) -> str:
    """Ask Nikola Tesla, as he was in 1937."""
    return tesla.invoke(question).text


class Rehearsed(GenericFakeChatModel):
    """Plays the leading model: first it calls the tool, then it reports."""

    def bind_tools(self, tools: Sequence[object], **options: object) -> "Rehearsed":
        """Return itself; it knows its lines."""
        return self


call = {"name": "ask_tesla", "args": {"question": "Do you like pigeons?"}, "id": "1"}
lines = [AIMessage("", tool_calls=[call]), AIMessage("He has told you.")]
named = sys.argv[1:]
leader = init_chat_model(named[0]) if named else Rehearsed(messages=iter(lines))

agent = create_agent(leader, tools=[ask_tesla])
for message in agent.invoke({"messages": [("human", "Does Tesla like pigeons?")]})["messages"]:
    print(f"{message.type}: {message.text}")
