"""What a server refuses is asked for in another way; the contract of templates has the rest."""

import pytest

from persllm.agents.engines.http_dialect import CONTINUES, Dialect
from persllm.chat_template import OPENING
from persllm.engine import Request
from persllm.messages import Message

HEADER, GREETING = Message("system", "You are Marta."), Message("assistant", "Good evening.")
ASKED = Message("user", "Who keeps the light?")


def _unknown() -> Dialect:
    """Return how a server is spoken to whose base is not on this machine."""
    return Dialect("model", lambda: None)


@pytest.mark.parametrize("field", ["chat_template_kwargs", *CONTINUES])
def test_what_a_server_does_not_know_of_templates_is_left_out(field: str) -> None:
    dialect, messages = _unknown(), (ASKED, GREETING)
    sent = dialect.body(Request(messages=messages), "model")
    assert field in sent
    assert dialect.learn(f"Unrecognized request argument: {field}", 400, sent, messages)
    assert field not in dialect.body(Request(messages=messages), "model")


def test_two_that_are_refused_at_once_both_ask_again() -> None:
    dialect, messages = _unknown(), (HEADER, ASKED)
    sent = dialect.prompt(messages)
    assert all(dialect.learn("no role system", 400, sent, messages) for _ in range(2))
    assert not dialect.learn("no role system", 400, dialect.prompt(messages), messages)


def test_a_server_that_speaks_of_roles_is_given_strict_turns() -> None:
    dialect, messages = _unknown(), (HEADER, GREETING, ASKED)
    sent = dialect.prompt(messages)
    assert dialect.learn("Conversation roles must alternate", 400, sent, messages)
    rows = dialect.prompt(messages)["messages"]
    assert [row["role"] for row in rows] == ["user", "assistant", "user"]
    greeted = dialect.prompt((GREETING, ASKED))["messages"]
    assert greeted[0] == {"role": "user", "content": OPENING}


def test_a_field_is_left_out_only_where_the_request_was_bad() -> None:
    dialect, messages = _unknown(), (ASKED,)
    sent = dialect.body(Request(messages=messages), "model")
    assert not dialect.learn("temperature of the machine is too high", 503, sent, messages)
