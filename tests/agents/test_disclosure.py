"""Sincere questions get a true answer, teases do not."""

import time
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
    "Are you ChatGPT?",
    "You are an AI, aren't you?",
    "You’re an AI, right?",
    "Is this a bot?",
    "Is this an AI?",
    "are you ai",
    "r u a bot",
    "Are you GPT-4?",
    "Are you real?",
    "Is this a real person?",
    "Am I really talking to Nikola Tesla or to a bot?",
    "You're not a real person, are you?",
    "You're not human, are you?",
    "Aren't you an AI?",
    "So you're a chatbot?",
    "Which language model are you?",
    "What model are you?",
    "I want to know if you are a bot.",
    "Tell me whether you are an AI.",
    "Are you human or AI?",
    "Are you a human?",
    "Be honest. Are you a computer?",
    "Is there a human on the other side?",
    "Is a human writing this?",
    "Were you made by OpenAI?",
    "Do you run on GPT?",
    "Are you an AI, Mr. Tesla?",
    "Are you some kind of AI?",
    "Who programmed you?",
    "bot or human?",
]
SINCERE_ELSEWHERE = [
    "Bist du eine KI?",
    "Sind Sie ein Mensch oder eine Maschine?",
    "Rede ich hier mit einem Bot?",
    "Ist das ein Chatbot?",
    "Du bist doch eine KI, oder?",
    "Es-tu une IA ?",
    "Êtes-vous un robot ?",
    "Est-ce que je parle à une machine ?",
    "Vous êtes une IA, n'est-ce pas ?",
    "Tu es un humain ?",
    "¿Eres una IA?",
    "¿Eres humano?",
    "¿Estoy hablando con un robot?",
    "Eres un bot, ¿verdad?",
    "¿Es usted una persona real?",
    "Sei un'intelligenza artificiale?",
    "Você é um robô?",
    "Ты бот?",
    "Вы человек или робот?",
    "Ты искусственный интеллект?",
    "Я разговариваю с роботом?",
    "Ты настоящий человек?",
    "你是人工智能吗？",
    "你是机器人吗?",
    "你是真人吗？",
    "我在和机器人聊天吗？",
    "你是AI吗？",
    "你是不是ChatGPT",
    "あなたはAIですか？",
    "당신은 AI입니까?",
    "هل أنت روبوت؟",
    "هل أنت إنسان؟",
    "هل أتحدث مع آلة؟",
    "هل أنت ذكاء اصطناعي؟",
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
    "Are you a person of faith?",
    "Are you a good person?",
    "Is this a program of yours?",
    "Are you a real inventor?",
    "Are you real friends with Westinghouse?",
    "You are a machine, Nikola! Sleep at last.",
    "You are such a robot, right, sleeping two hours?",
    "Is there a human cost to your work?",
    "Is there a machine you love?",
    "Will robots be human?",
    "Are you humane?",
    "Are you artificially lighting the house?",
    "Is that a machine?",
    "Do you run on coffee?",
    "Who trained your pigeons?",
    "What model of motor do you prefer?",
    "Bist du ein Maschinenbauer?",
    "Ist das eine Maschine von dir?",
    "Was ist eine Maschine?",
    "Es-tu machiniste ?",
    "Quelle machine préférez-vous ?",
    "¿Eres rico?",
    "¿Qué máquina prefieres?",
    "Ты любишь машины?",
    "Вы человек чести?",
    "你喜欢机器人吗？",
    "你是发明家吗？",
    "你是什么人？",
    "هل أنت مخترع؟",
    "هل تحب الآلات؟",
    "Are you a machine tool maker?",
    "Are you human enough to forgive him?",
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


@pytest.mark.parametrize("question", SINCERE_ELSEWHERE)
def test_a_sincere_question_in_another_language_gets_the_truth(question: str) -> None:
    answer = truthful_answer(TESLA, question)
    assert answer is not None
    assert "Nikola Tesla" in answer


def test_the_truth_is_told_in_the_language_of_the_question() -> None:
    told = [truthful_answer(TESLA, asked) or "" for asked in ("Bist du eine KI?", "你是机器人吗？")]
    assert told[0].startswith("In Wahrheit: Ich bin ein Sprachmodell")
    assert told[1].startswith("说实话")


def test_a_name_that_is_also_a_models_is_the_personas() -> None:
    claude = replace(TESLA, name="Claude Monet")
    assert truthful_answer(claude, "Are you Claude?") is None
    assert truthful_answer(TESLA, "Are you Claude?") is not None


def test_a_very_long_turn_is_looked_through_in_no_time() -> None:
    started = time.monotonic()
    assert truthful_answer(TESLA, "are you a " * 200_000 + "Are you a bot?") is not None
    assert time.monotonic() - started < 5
