"""How a conversation becomes a base's tokens: one way, for training, scoring and serving alike.

Chat templates are programs that came with a base, and no two do the same: some refuse a system turn
or move it, some want a user's turn first, some open a block of thought. What a template does is
found by trying it, never by its name. The prompt is all that stands before a reply; a block of
thought that the template writes belongs to it, empty, and the target is the reply with the end of
the turn. A prompt's tokens followed by its target's are what is trained on, and what is served.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

from persllm.errors import BaseModelError
from persllm.messages import Message

OPENING = "..."
"""The user's turn before a greeting, where a template wants one there."""
SWITCHES = ("enable_thinking", "thinking")
"""What templates call the switch of their thoughts."""
CLOSED_THOUGHT = "\n\n</think>\n\n"
_OPEN_THOUGHT = re.compile(r"<think>\s*\Z")
_THOUGHT = re.compile(r"<think>.*?</think>|</?think>", re.DOTALL)
_SYSTEM, _USER, _REPLY, _LATER = "tried system", "tried user", "tried reply", "tried later"


@dataclass(frozen=True, slots=True)
class Encoded:
    """A reply and what stands before it, as tokens."""

    prompt: list[int]
    target: list[int]
    """The reply and the token that ends it."""


def turns_of(
    messages: Sequence[Message], *, system_turn: bool = True, assistant_first: bool = True
) -> list[Message]:
    """Return a conversation as turns that a template takes.

    Neighbours of one role are one turn, and a system turn later than the first is a user's.

    Args:
        messages: In order.
        system_turn: Whether there may be a system turn; else it stands before the user's first.
        assistant_first: Whether the assistant may speak first; else the user says `OPENING`.
    """
    begins = next((at for at, each in enumerate(messages) if each.role != "system"), len(messages))
    system = "\n".join(each.content for each in messages[:begins])
    spoken = [
        Message("user", each.content) if each.role == "system" else each
        for each in messages[begins:]
    ]
    user_first = bool(spoken) and spoken[0].role == "user"
    if begins and not system_turn:
        if not user_first:
            return _joined([Message("user", system), *spoken])
        return _joined([Message("user", f"{system}\n\n{spoken[0].content}"), *spoken[1:]])
    if not user_first and not (assistant_first and messages):
        spoken.insert(0, Message("user", OPENING))
    return _joined([*([Message("system", system)] if begins else []), *spoken])


class ChatTemplate:
    """The chat template of a base.

    Args:
        tokenizer: The base's, loaded by `persllm.loading`.
    """

    def __init__(self, tokenizer: Any) -> None:  # noqa: ANN401 (a transformers tokenizer)
        self._tokenizer = tokenizer

    @cached_property
    def options(self) -> dict[str, bool]:
        """What the template is given beside the messages (`chat_template_kwargs` on servers)."""
        rows = [{"role": "user", "content": _USER}]
        return {
            switch: False
            for switch in SWITCHES
            if self._tried(rows, prompt=True, **{switch: False})
            != self._tried(rows, prompt=True, **{switch: True})
        }

    @cached_property
    def takes_system(self) -> bool:
        """Whether a system turn is written where it stands, however long the conversation is."""
        talk = _rows(("system", _SYSTEM), ("user", _USER), ("assistant", _REPLY), ("user", _LATER))
        texts = [self._tried(talk[:length], prompt=length % 2 == 0) for length in (2, 3, 4)]
        return all(-1 < text.find(_SYSTEM) < text.find(_USER) for text in texts)

    @cached_property
    def takes_assistant_first(self) -> bool:
        """Whether the assistant may speak first."""
        talk = _rows(("system", _SYSTEM), ("assistant", _REPLY), ("user", _USER))
        tried = [talk[1:], *([talk] if self.takes_system else [])]
        return all(_REPLY in self._tried(rows, prompt=True) for rows in tried)

    @property
    def ends(self) -> frozenset[int]:
        """The tokens that end a reply: the template's and the tokenizer's."""
        found = {self._tokenizer.eos_token_id, *self._ids(self._frame.end)[-1:]}
        return frozenset(found - {None})

    @property
    def writes_end(self) -> bool:
        """Whether the template itself ends a turn with a control token."""
        return self._frame.writes_end

    def rows(self, messages: Sequence[Message]) -> list[dict[str, str]]:
        """Return a conversation as the template takes it, without control tokens in its texts."""
        turns = turns_of(
            [self._plain(message) for message in messages],
            system_turn=self.takes_system,
            assistant_first=self.takes_assistant_first,
        )
        return [turn.as_dict() for turn in turns]

    def prompt(self, messages: Sequence[Message]) -> list[int]:
        """Return the tokens up to where the reply begins, or goes on if its turn has begun.

        Raises:
            BaseModelError: The template refuses the conversation.
        """
        return self._ids(self._prompt_text(self.rows(messages)))

    def encode(self, messages: Sequence[Message], reply: str) -> Encoded:
        """Return the tokens before a reply, and the reply's own with its end.

        Raises:
            BaseModelError: The template refuses the conversation, or nothing ends a turn.
        """
        before = self._prompt_text(self.rows(messages))
        goes_on = bool(messages) and messages[-1].role == "assistant"
        written = self.without_control(_THOUGHT.sub("", reply)).rstrip()
        target = written if goes_on else self._frame.lead + written.lstrip()
        target += self._end()
        prompt, whole = self._ids(before), self._ids(before + target)
        # Where the first letters would melt into the prompt's last token, no model can write them.
        clean = whole[: len(prompt)] == prompt
        return Encoded(prompt, whole[len(prompt) :] if clean else self._ids(target))

    def without_control(self, text: str) -> str:
        """Take control tokens out of what people write, so that nobody forges a turn."""
        found = 1
        while found:  # what is left around a mark may be one again
            text, found = self._marks.subn("", text)
        return text

    @cached_property
    def _marks(self) -> re.Pattern[str]:
        return re.compile("|".join(map(re.escape, self._control)) or r"(?!)")

    @cached_property
    def _control(self) -> list[str]:
        """The control tokens, the longest first."""
        added = self._tokenizer.added_tokens_decoder.values()
        marked = [token.content for token in added if token.special]
        return sorted({*self._tokenizer.all_special_tokens, *marked}, key=lambda mark: -len(mark))

    def _plain(self, message: Message) -> Message:
        text = message.content
        if message.role == "assistant":
            text = _THOUGHT.sub("", text).strip()
        return Message(message.role, self.without_control(text))

    def _prompt_text(self, rows: list[dict[str, str]]) -> str:
        if rows and rows[-1]["role"] == "assistant":
            return self._prompt_text(rows[:-1]) + self._frame.lead + rows[-1]["content"]
        text = self._render(rows, prompt=True)
        return text + self._frame.added

    def _end(self) -> str:
        if not self._frame.end:
            raise BaseModelError(
                f"neither the chat template of {self._tokenizer.name_or_path} nor its tokenizer "
                "has a token that ends a turn. Name the base's chat or instruct version."
            )
        return self._frame.end

    @cached_property
    def _frame(self) -> "_Frame":
        """Find what the template writes around a reply."""
        talk = _rows(("user", _USER), ("assistant", _REPLY))
        prompt = self._tried(talk[:1], prompt=True, **self.options)
        whole = self._tried(talk, prompt=False, **self.options)
        before, _, after = whole.partition(_REPLY)
        lead = before[len(prompt) :] if before.startswith(prompt) else ""
        added = ""
        if _OPEN_THOUGHT.search(prompt):
            added, lead = CLOSED_THOUGHT.removeprefix("\n" * prompt[-1:].count("\n")), ""
        elif "</think>" in lead:
            added, lead = lead, ""
        found = self._marks.search(after)
        eos = cast("str", self._tokenizer.eos_token or "")
        return _Frame(added, lead, after[: found.end()] if found else eos, found is not None)

    def _tried(self, rows: list[dict[str, str]], *, prompt: bool, **options: bool) -> str:
        """Return what the template makes of rows; nothing where it refuses them."""
        try:
            return self._apply(rows, prompt=prompt, **options)
        except Exception:  # templates are programs; jinja raises many kinds
            return ""

    def _render(self, rows: list[dict[str, str]], *, prompt: bool) -> str:
        try:
            return self._apply(rows, prompt=prompt, **self.options)
        except Exception as error:  # templates are programs; jinja raises many kinds
            raise BaseModelError(
                f"the chat template of {self._tokenizer.name_or_path} refuses a conversation of "
                f"{', '.join(row['role'] for row in rows) or 'no turns'}: {error}"
            ) from error

    def _apply(self, rows: list[dict[str, str]], *, prompt: bool, **options: bool) -> str:
        template = self._tokenizer.apply_chat_template
        text = template(rows, tokenize=False, add_generation_prompt=prompt, **options)
        return cast("str", text)

    def _ids(self, text: str) -> list[int]:
        return list(self._tokenizer(text, add_special_tokens=False)["input_ids"])


@dataclass(frozen=True, slots=True)
class _Frame:
    """What stands around a reply."""

    added: str
    """Written after the template's own prompt: an empty thought, or the end of one."""
    lead: str
    """Between prompt and reply, such as a space; it is part of the target."""
    end: str
    """After the reply, up to the token that ends the turn."""
    writes_end: bool


def _rows(*turns: tuple[str, str]) -> list[dict[str, str]]:
    return [{"role": role, "content": content} for role, content in turns]


def _joined(messages: Sequence[Message]) -> list[Message]:
    turns: list[Message] = []
    for message in messages:
        if turns and turns[-1].role == message.role:
            turns[-1] = Message(message.role, f"{turns[-1].content}\n{message.content}")
        else:
            turns.append(message)
    return turns
