"""Two personas as nodes of a graph: the second hears what the first said."""

from collections.abc import Callable

from langchain_core.messages import AIMessage, HumanMessage
from langgraph.graph import END, START, MessagesState, StateGraph

from persllm import ChatPersona, open_persona


def seat(chat: ChatPersona) -> Callable[[MessagesState], dict[str, list[AIMessage]]]:
    """Return a node: what others said is said to this persona."""

    def speak(state: MessagesState) -> dict[str, list[AIMessage]]:
        heard = [HumanMessage(message.text, name=message.name) for message in state["messages"]]
        reply = chat.invoke(heard)
        return {"messages": [AIMessage(reply.text, name=chat.persona.name)]}

    return speak


graph = StateGraph(MessagesState)
graph.add_node("tesla", seat(open_persona("nikola-tesla")))
graph.add_node("edison", seat(open_persona("thomas-edison")))
graph.add_edge(START, "tesla")
graph.add_edge("tesla", "edison")
graph.add_edge("edison", END)

said = graph.compile().invoke({"messages": [HumanMessage("Which current will light our cities?")]})
for message in said["messages"]:
    print(f"{message.name or 'question'}: {message.text}")
