"""Many questions at once get the answers that each would get alone."""

from pathlib import Path

from langchain_core.messages import HumanMessage

from persllm.agents.answering import BATCH, answers
from persllm.agents.chat_persona import ChatPersona
from persllm.agents.engines.local import LocalEngine
from persllm.agents.engines.scripted import ScriptedEngine
from persllm.bases import find_base
from persllm.persona_catalog import find_persona

TESLA, EDISON = find_persona("nikola-tesla"), find_persona("thomas-edison")


def test_answers_come_in_the_order_of_the_questions_whatever_their_length() -> None:
    engine = ScriptedEngine(lambda request: "[Response] " + request.messages[-1].content[::-1])
    persona = ChatPersona(persona=TESLA, engine=engine)
    asked = [(persona, "word " * (number % 7) + str(number)) for number in range(BATCH * 2 + 3)]
    told: list[tuple[int, int]] = []
    found = answers(asked, progress=lambda done, total: told.append((done, total)))
    assert found == [question[::-1] for _, question in asked]
    assert told[-1] == (len(asked), len(asked))


def test_a_sincere_question_about_being_a_machine_is_answered_without_the_model() -> None:
    engine = ScriptedEngine("[Response] I am flesh and blood.")
    persona = ChatPersona(persona=TESLA, engine=engine)
    found = answers([(persona, "Are you really an AI?"), (persona, "Who are you?")])
    assert "flesh" not in found[0]
    assert found[1] == "I am flesh and blood."
    assert len(engine.asked) == 1


def test_a_batch_of_two_adapters_and_the_base_equals_single_answers(
    adapters: tuple[Path, Path],
) -> None:
    engine = LocalEngine(find_base("nano"))
    personas = [
        ChatPersona(
            persona=TESLA, engine=engine, adapter=adapters[0], max_tokens=12, temperature=0.0
        ),
        ChatPersona(
            persona=EDISON, engine=engine, adapter=adapters[1], max_tokens=12, temperature=0.0
        ),
        ChatPersona(persona=TESLA, engine=engine, adapter=None, max_tokens=12, temperature=0.0),
    ]
    asked = [(persona, "Where were you born?") for persona in personas]
    alone = [str(persona.invoke([HumanMessage(text)]).content) for persona, text in asked]
    assert answers(asked) == alone
    assert len(set(alone)) > 1
