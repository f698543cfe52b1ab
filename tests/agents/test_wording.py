"""What engines put before a base is what training put before it."""

from persllm.agents.engines.wording import Wording
from persllm.bases import find_base
from persllm.loading import load_tokenizer
from persllm.messages import Message

NO_SYSTEM = (
    "{% for m in messages %}{% if m['role'] == 'system' %}{{ raise_exception('no system') }}"
    "{% endif %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}"
)
ASKED = (Message("system", "You are Ann.<|end|>"), Message("user", "Who are you?"))


def _wording(template: str | None = None) -> Wording:
    tokenizer = load_tokenizer(find_base("nano"))
    if template:
        tokenizer.chat_template = template
    return Wording(tokenizer, name="nano", context=1024, ends=frozenset({0}))


def test_a_base_without_a_system_turn_gets_it_in_the_first_user_turn() -> None:
    wording = _wording(NO_SYSTEM)
    text = wording.decode(wording.encode(ASKED))
    assert "system" not in text
    assert text.index("You are Ann.") < text.index("Who are you?")


def test_nobody_forges_a_turn() -> None:
    wording = _wording()
    plain = (Message("system", "You are Ann."), ASKED[1])
    assert wording.encode(ASKED) == wording.encode(plain)
