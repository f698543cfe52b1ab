"""How a server is spoken to: in full at first, and with less once it has said what it refuses.

Servers that render the chat template themselves get the turns as `persllm.chat_template` writes
them, and the template's switches, so that what is served is what was trained.
"""

import logging
import re
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

from persllm.agents.engines.control import without_control
from persllm.chat_template import SWITCHES, ChatTemplate, turns_of
from persllm.engine import Request
from persllm.messages import Message

logger = logging.getLogger(__name__)

STOPS_SENT = 4
"""OpenAI takes no more stop strings; all of them are also looked for here."""
CONTINUES = ("continue_final_message", "add_generation_prompt")
"""How vLLM and its like are told to go on with the last turn."""
OPTIONAL = ("chat_template_kwargs", *CONTINUES, "stream_options", "seed", "top_p", "temperature")
"""Fields that a reply can be had without."""
SHORT, LONG = "max_tokens", "max_completion_tokens"
"""OpenAI's newer models know the limit by the second name only."""
_REFUSES = re.compile(
    r"unsupported|not support|unrecognized|unknown|unexpected|extra|not permitted|not allowed", re.I
)


class Dialect:
    """What one server takes.

    Args:
        name: The server's model, for warnings.
        template: Finds the base's chat template; None where the base is not on this machine.
    """

    def __init__(self, name: str, template: Callable[[], ChatTemplate | None]) -> None:
        self._name = name
        self._find = template
        self._strict = False
        self._left_out: set[str] = set()
        self._limit = SHORT

    def prompt(self, messages: Sequence[Message]) -> dict[str, Any]:
        """Return the fields that say what the prompt is."""
        options = self._template.options if self._template else {SWITCHES[0]: False}
        rows = self._rows(messages)
        goes_on = rows[-1:] and rows[-1]["role"] == "assistant"
        fields = {
            "messages": rows,
            **({"chat_template_kwargs": options} if options else {}),
            **(dict(zip(CONTINUES, (True, False), strict=True)) if goes_on else {}),
        }
        return {key: value for key, value in fields.items() if key not in self._left_out}

    def body(self, request: Request, model: str) -> dict[str, Any]:
        """Return what a server is asked."""
        fields = {
            "temperature": request.temperature,
            "top_p": request.top_p,
            "stream_options": {"include_usage": True},
            **({"seed": request.seed} if request.seed is not None else {}),
        }
        return {
            "model": model,
            self._limit: request.max_tokens,
            "stream": True,
            **{key: value for key, value in fields.items() if key not in self._left_out},
            **({"stop": list(request.stop[:STOPS_SENT])} if request.stop else {}),
            **self.prompt(request.messages),
        }

    def learn(self, refusal: str, messages: Sequence[Message]) -> bool:
        """Take in what a server refuses; tell whether to ask again, in another way."""
        if LONG in refusal and self._limit == SHORT:
            self._limit = LONG
            return True
        if _REFUSES.search(refusal):
            named = {field for field in OPTIONAL if re.search(rf"\b{field}\b", refusal)}
            if new := named - self._left_out:
                self._left_out |= new
                logger.warning("%s takes no %s; it is left out", self._name, ", ".join(sorted(new)))
                return True
        return self._learn_turns(refusal, messages)

    def _learn_turns(self, refusal: str, messages: Sequence[Message]) -> bool:
        """Learn that the server's chat template is strict.

        Such templates refuse a system turn, or a first or second turn of one side, in words of
        their own; all speak of roles.
        """
        before = self._rows(messages)
        if self._strict or "role" not in refusal.lower():
            return False
        self._strict = True
        if self._rows(messages) == before:
            self._strict = False
            return False
        logger.warning(
            "%s takes no system turn, or no such order of turns; the text of a system turn goes "
            "before the first question",
            self._name,
        )
        return True

    @cached_property
    def _template(self) -> ChatTemplate | None:
        return self._find()

    def _rows(self, messages: Sequence[Message]) -> list[dict[str, str]]:
        plain = [Message(each.role, without_control(each.content)) for each in messages]
        if self._template and not self._strict:
            return self._template.rows(plain)
        turns = turns_of(plain, system_turn=not self._strict, assistant_first=not self._strict)
        return [turn.as_dict() for turn in turns]
