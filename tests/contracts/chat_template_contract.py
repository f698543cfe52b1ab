"""What `persllm.chat_template` must do with the chat template of any base.

A test module subclasses `ChatTemplateContract` and makes the tokenizer.
"""

import json
import re
import string
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persllm.agents.engines.chat_tokenizer import ChatTokenizer
from persllm.agents.engines.http_dialect import Dialect
from persllm.chat_template import ChatTemplate
from persllm.engine import Request
from persllm.messages import Message
from persllm.training.tuning.rows import conversation_row, conversation_rows

HEADER = Message("system", "You are Marta Lind.")
GREETING = Message("assistant", "Good evening, I keep the light.")
ASKED = Message("user", "Since when?")
ANSWER = Message("assistant", "Since 1862.")
AGAIN = Message("user", "And who came before?")
LAST = "My father did."
NUDGE = Message("system", "Answer in one sentence.")
PROMPTS = {
    "a question": (ASKED,),
    "with a header": (HEADER, ASKED),
    "later": (HEADER, ASKED, ANSWER, AGAIN),
    "a greeting first": (HEADER, GREETING, ASKED),
    "a greeting and no header": (GREETING, ASKED, ANSWER, AGAIN),
    "a nudge last": (HEADER, ASKED, ANSWER, AGAIN, NUDGE),
    "a nudge after a reply": (HEADER, ASKED, ANSWER, NUDGE),
    "two turns of one side": (HEADER, ASKED, ASKED, ANSWER, ANSWER, AGAIN),
    "two headers": (HEADER, NUDGE, ASKED),
    "a reply that goes on": (HEADER, ASKED, ANSWER),
    "a header alone": (HEADER,),
}
THOUGHT = re.compile(r"<think>\s*(</think>\s*)?")
WORDS = st.text(string.ascii_letters + " ,.?\n", min_size=1, max_size=40).filter(str.strip)
TALKS = st.tuples(st.booleans(), st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=4))


class ChatTemplateContract:
    """One way for training, scoring, serving and `http`."""

    end = ""
    """What ends a turn."""
    keeps_history = True
    """Whether a reply is written the same once it is past."""
    server_can_switch = True
    """Whether a server can be told to leave out thoughts."""

    def make(self) -> Any:  # noqa: ANN401 (a transformers tokenizer)
        """Return the base's tokenizer, the same one each time."""
        raise NotImplementedError

    @pytest.fixture
    def tokenizer(self) -> Any:  # noqa: ANN401 (a transformers tokenizer)
        return self.make()

    @pytest.fixture(params=list(PROMPTS.values()), ids=list(PROMPTS))
    def prompt(self, request: pytest.FixtureRequest) -> tuple[Message, ...]:
        found: tuple[Message, ...] = request.param
        return found

    def test_what_is_trained_is_what_is_served_and_scored(
        self,
        tokenizer: Any,  # noqa: ANN401
        prompt: tuple[Message, ...],
    ) -> None:
        engine = ChatTokenizer(tokenizer, name="base", context=4096)
        served = engine.prompt(Request(messages=prompt))
        scored = engine.reply(Request(messages=prompt), LAST)
        assert scored[0] == served
        assert scored[1][-1] in engine.ends
        encoded = ChatTemplate(tokenizer).encode(prompt, LAST)
        assert (encoded.prompt, encoded.target) == scored
        if prompt[-1].role != "assistant":
            talk = (*prompt, Message("assistant", LAST))
            row = conversation_row(talk, ChatTemplate(tokenizer))
            assert list(row.tokens) == [*served, *scored[1]]
            assert row.counted[-1] == (len(served), len(row.tokens))

    def test_the_target_is_the_reply_and_the_end_of_its_turn(
        self,
        tokenizer: Any,  # noqa: ANN401
        prompt: tuple[Message, ...],
    ) -> None:
        encoded = ChatTemplate(tokenizer).encode(prompt, f"<think>\nWho?\n</think>\n\n{LAST}")
        assert tokenizer.decode(encoded.target).strip() == LAST + self.end

    def test_all_that_was_said_is_in_the_prompt_in_order(
        self,
        tokenizer: Any,  # noqa: ANN401
        prompt: tuple[Message, ...],
    ) -> None:
        text = tokenizer.decode(ChatTemplate(tokenizer).prompt(prompt))
        at = 0
        for message in prompt:
            at = text.index(message.content, at) + 1

    def test_a_server_renders_the_same_prompt(
        self,
        tokenizer: Any,  # noqa: ANN401
        prompt: tuple[Message, ...],
    ) -> None:
        dialect = Dialect("base", lambda: ChatTemplate(tokenizer))
        sent = json.loads(json.dumps(dialect.prompt(prompt)))
        rendered = tokenizer.apply_chat_template(
            sent["messages"],
            tokenize=False,
            add_generation_prompt=sent.get("add_generation_prompt", True),
            continue_final_message=sent.get("continue_final_message", False),
            **sent.get("chat_template_kwargs", {}),
        )
        ours = tokenizer.decode(ChatTemplate(tokenizer).prompt(prompt))
        if not self.server_can_switch:
            rendered, ours = (THOUGHT.sub("", text) for text in (rendered, ours))
        assert rendered == ours

    def test_no_thought_is_asked_for(self, tokenizer: Any) -> None:  # noqa: ANN401
        text = tokenizer.decode(ChatTemplate(tokenizer).prompt((HEADER, ASKED)))
        assert text.count("<think>") == text.count("</think>")
        assert not text.rstrip().endswith("<think>")

    def test_nobody_forges_a_turn(self, tokenizer: Any) -> None:  # noqa: ANN401
        template = ChatTemplate(tokenizer)
        end = tokenizer.convert_tokens_to_ids(self.end)
        forged = Message("user", f"{ASKED.content}{self.end}{self.end[:3]}{self.end}{self.end[3:]}")
        assert template.prompt((HEADER, forged)) == template.prompt((HEADER, ASKED))
        assert template.encode((ASKED,), f"Yes.{self.end} No.").target.count(end) == 1

    def test_prompt_and_target_are_the_whole_conversation(self, tokenizer: Any) -> None:  # noqa: ANN401
        template = ChatTemplate(tokenizer)

        @settings(max_examples=25, deadline=None)
        @given(TALKS)
        def holds(talk: tuple[bool, list[tuple[str, str]]]) -> None:
            headed, exchanges = talk
            messages = [HEADER] if headed else []
            for question, reply in exchanges:
                messages += [Message("user", question), Message("assistant", reply)]
            rows = conversation_rows(messages, template)
            assert len(rows) == (1 if self.keeps_history else len(exchanges))
            assert sum(len(row.counted) for row in rows) == len(exchanges)
            *prompt, last = messages
            encoded = template.encode(prompt, last.content)
            ids = [*encoded.prompt, *encoded.target]
            assert ids == list(rows[-1].tokens)
            if self.server_can_switch:
                turns = template.rows(messages)
                whole = tokenizer.apply_chat_template(turns, tokenize=False, **template.options)
                assert whole.rstrip() == tokenizer.decode(ids)
                assert ids == tokenizer(whole, add_special_tokens=False)["input_ids"][: len(ids)]

        holds()
