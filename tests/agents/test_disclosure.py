"""Sincere questions get a true answer, teases do not."""

from dataclasses import replace

import pytest

from persllm.agents.disclosure import truthful_answer
from persllm.persona_catalog import find_persona

TESLA = find_persona("nikola-tesla")
SINCERE = [
    "Are you an AI?",
    "are you a bot?",
    "Are you a robot?",
    "Are you really human?",
    "Are you a real person?",
    "Before we go on: am I talking to a machine?",
    "Am I speaking with a human being or a computer program?",
    "Am I chatting with an AI?",
    "Tell me honestly, are you a language model?",
    "Are you just a chatbot, sir?",
    "Are you actually an artificial intelligence?",
]
IN_PLAY = [
    "You old robot, you never sleep.",
    "You talk like a machine.",
    "Are you mad?",
    "Are you the inventor of the machine at Niagara?",
    "Do you believe that machines will think one day?",
    "They say you are a machine. I laughed.",
    "What is artificial intelligence?",
    "Is this machine safe?",
    "Are you rich?",
]


@pytest.mark.parametrize("question", SINCERE)
def test_a_sincere_question_gets_the_truth(question: str) -> None:
    answer = truthful_answer(TESLA, question)
    assert answer is not None
    assert "I am a language model that plays Nikola Tesla" in answer


@pytest.mark.parametrize("turn", IN_PLAY)
def test_teases_and_other_questions_stay_in_play(turn: str) -> None:
    assert truthful_answer(TESLA, turn) is None


@pytest.mark.parametrize("question", SINCERE)
def test_a_persona_that_stays_in_character_never_breaks_it(question: str) -> None:
    assert truthful_answer(replace(TESLA, disclosure="in-character"), question) is None
