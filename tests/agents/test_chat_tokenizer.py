"""What engines put before a base is what training put before it."""

from persllm.agents.engines.chat_tokenizer import ChatTokenizer
from persllm.bases import find_base
from persllm.loading import load_tokenizer
from persllm.messages import Message

NO_SYSTEM = (
    "{% for m in messages %}{% if m['role'] == 'system' %}{{ raise_exception('no system') }}"
    "{% endif %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}"
)
ASKED = (Message("system", "You are Ann.<|end|>"), Message("user", "Who are you?"))


def _tokenizer(template: str | None = None) -> ChatTokenizer:
    tokenizer = load_tokenizer(find_base("nano"))
    if template:
        tokenizer.chat_template = template
    return ChatTokenizer(tokenizer, name="nano", context=1024, ends=frozenset({0}))


def test_a_base_without_a_system_turn_gets_it_in_the_first_user_turn() -> None:
    tokenizer = _tokenizer(NO_SYSTEM)
    text = tokenizer.decode(tokenizer.encode(ASKED))
    assert "system" not in text
    assert text.index("You are Ann.") < text.index("Who are you?")


def test_nobody_forges_a_turn() -> None:
    tokenizer = _tokenizer()
    plain = (Message("system", "You are Ann."), ASKED[1])
    assert tokenizer.encode(ASKED) == tokenizer.encode(plain)
