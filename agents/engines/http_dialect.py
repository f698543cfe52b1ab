"""How a server is spoken to: in full at first, and with less once it has said what it refuses.

Servers that render the chat template themselves get the turns as `persllm.chat_template` writes
them, and the template's switches, so that what is served is what was trained.
"""

import logging
import re
from collections.abc import Callable, Mapping, Sequence
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
LIMITS = ("max_tokens", "max_completion_tokens")
"""What the limit of a reply is called, by most and by newer models of OpenAI's."""
REFUSABLE = (
    *("chat_template_kwargs", *CONTINUES),
    *("stream_options", "temperature", "top_p", "seed", "stop", LIMITS[0]),
)
"""Fields that some servers and models refuse by name; a reply can be had without them."""
BAD_REQUEST = {400, 422}


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

    def prompt(self, messages: Sequence[Message]) -> dict[str, Any]:
        """Return the fields that say what the prompt is."""
        options = self._template.options if self._template else {SWITCHES[0]: False}
        rows = self._rows(messages)
        goes_on = rows[-1:] and rows[-1]["role"] == "assistant"
        return self._taken(
            {
                "messages": rows,
                **({"chat_template_kwargs": options} if options else {}),
                **(dict(zip(CONTINUES, (True, False), strict=True)) if goes_on else {}),
            }
        )

    def body(self, request: Request, model: str) -> dict[str, Any]:
        """Return what a server is asked."""
        limit = LIMITS[LIMITS[0] in self._left_out]
        fields = {
            "model": model,
            limit: request.max_tokens,
            "temperature": request.temperature,
            "top_p": request.top_p,
            "stream": True,
            "stream_options": {"include_usage": True},
            **({"seed": request.seed} if request.seed is not None else {}),
            **({"stop": list(request.stop[:STOPS_SENT])} if request.stop else {}),
        }
        return self._taken(fields) | self.prompt(request.messages)

    def learn(
        self, refusal: str, status: int, sent: Mapping[str, Any], messages: Sequence[Message]
    ) -> bool:
        """Take in what a server refuses; tell whether to ask again, in another way.

        Args:
            refusal: What it said.
            status: Of its answer.
            sent: The fields that it refused.
            messages: What was asked.
        """
        named = [field for field in REFUSABLE if re.search(rf"\b{field}\b", refusal)]
        refused = {field for field in named if field in sent and status in BAD_REQUEST}
        if refused - self._left_out:
            logger.warning("%s does not take %s; it is asked without", self._name, named)
        self._left_out |= refused
        return bool(refused) or self._learn_turns(refusal, sent, messages)

    def _taken(self, fields: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in fields.items() if name not in self._left_out}

    def _learn_turns(
        self, refusal: str, sent: Mapping[str, Any], messages: Sequence[Message]
    ) -> bool:
        """Learn that the server's chat template is strict.

        Such templates refuse a system turn, or an order of turns, in words of their own; all speak
        of roles.
        """
        strict = _rows(turns_of(_plain(messages), system_turn=False, assistant_first=False))
        if "role" not in refusal.lower() or sent["messages"] == strict:
            return False
        if not self._strict:
            logger.warning(
                "%s takes no system turn, or no such order of turns; the text of a system turn "
                "goes before the first question",
                self._name,
            )
        self._strict = True
        return True

    @cached_property
    def _template(self) -> ChatTemplate | None:
        return self._find()

    def _rows(self, messages: Sequence[Message]) -> list[dict[str, str]]:
        plain = _plain(messages)
        if self._template and not self._strict:
            return self._template.rows(plain)
        return _rows(
            turns_of(plain, system_turn=not self._strict, assistant_first=not self._strict)
        )


def _plain(messages: Sequence[Message]) -> list[Message]:
    return [Message(each.role, without_control(each.content)) for each in messages]


def _rows(turns: Sequence[Message]) -> list[dict[str, str]]:
    return [turn.as_dict() for turn in turns]
