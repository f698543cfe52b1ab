"""`persllm chat`: a conversation on the terminal, or over a pipe, one line a turn."""

import sys
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from rich.console import Console
from rich.markup import escape

from persllm.agents.chat_persona import ChatPersona
from persllm.agents.options import RuntimeOptions
from persllm.agents.runtime import Runtime
from persllm.errors import PersLLMError
from persllm.persona_catalog import find_persona
from persllm.ui.cli.terminal import remembering, tell_without_adapter

HELP = "/stage NAME changes the stage, /recalled shows what was recalled, /exit leaves"
EXITS = {"/exit", "/quit", "exit", "quit"}


def hold_chat(
    name: str,
    options: RuntimeOptions,
    *,
    stage: str | None,
    ask: str | None,
    audience: str,
    show_recalled: bool,
) -> None:
    """Talk until the input ends or the user leaves."""
    persona = find_persona(name)
    persona.stage(stage)
    runtime = Runtime(options, progress=remembering)
    chat = runtime.chat(persona, stage=stage, audience=audience, partner=audience)
    tell_without_adapter(runtime, chat)
    talk = _Talk(Console(), chat, show_recalled=show_recalled)
    if ask is not None:
        talk.answer(ask)
        return
    talk.hold()


class _Talk:
    """One conversation, with its history."""

    def __init__(self, console: Console, chat: ChatPersona, *, show_recalled: bool) -> None:
        self._console, self._chat = console, chat
        self._show_recalled = show_recalled
        self._history: list[BaseMessage] = []

    def hold(self) -> None:
        at_terminal = sys.stdin.isatty()
        if at_terminal:
            self._greet()
        while True:
            if at_terminal:
                self._console.print("[bold]you:[/bold] ", end="")
            line = sys.stdin.readline()
            said = line.strip()
            if not line or said in EXITS:
                return
            if said.startswith("/"):
                self._command(said)
            elif said:
                try:
                    self.answer(said)
                except PersLLMError as error:
                    self._console.print(f"error: {escape(str(error))}")

    def answer(self, said: str) -> None:
        """Print the reply as it is written."""
        self._history.append(HumanMessage(said))
        self._console.print(f"[bold]{escape(self._chat.persona.name)}:[/bold] ", end="")
        text = ""
        recalled: list[dict[str, Any]] = []
        try:
            for chunk in self._chat.stream(self._history):
                self._console.print(escape(chunk.text), end="", soft_wrap=True)
                text += chunk.text
                recalled = chunk.response_metadata.get("recalled", recalled)
        except PersLLMError:
            self._history.pop()  # what could not be answered was not said: the talk goes on
            raise
        finally:
            self._console.print()
        self._history.append(AIMessage(text))
        if self._show_recalled:
            for row in recalled:
                line = f"  recalled {row['similarity']:.2f} {row['source']}: {row['text']}"
                self._console.print(escape(line), style="dim")

    def _greet(self) -> None:
        stage = self._chat.stage
        who = f"{self._chat.persona.name}, {stage.last} ({stage.id})"
        self._console.print(f"{escape(who)}. {escape(HELP)}", style="dim")

    def _command(self, said: str) -> None:
        word, _, argument = said.partition(" ")
        if word == "/stage":
            try:
                self._chat = self._chat.model_copy(update={"stage_id": argument.strip()})
                self._chat.model_post_init(None)
                self._greet()
            except PersLLMError as error:
                self._console.print(f"error: {escape(str(error))}")
        elif word == "/recalled":
            self._show_recalled = not self._show_recalled
        else:
            self._console.print(escape(HELP), style="dim")
