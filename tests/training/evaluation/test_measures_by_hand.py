"""Answers whose score is known by hand: nearness, BLEU, stages, beliefs, paraphrases, drift."""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
import sacrebleu

from persllm.engine import Score
from persllm.materials import read_materials
from persllm.persona import Persona
from persllm.training.data.facts import FactPool
from persllm.training.data.items import Item, Pair
from persllm.training.data.topics import Vocabulary
from persllm.training.evaluation.answers import AnswerReader
from persllm.training.evaluation.distinction import (
    bleu,
    distinction_part,
    inter_cases,
    own_cases,
    voice_of,
)
from persllm.training.evaluation.drift import PROBES, TONES, drift
from persllm.training.evaluation.figures import Case
from persllm.training.evaluation.general import TASKS, general_part
from persllm.training.evaluation.measures import MEASURES, PART_NAMES
from persllm.training.evaluation.paraphrases import FRAMES, paraphrases_part
from persllm.training.evaluation.parts import Part
from persllm.training.evaluation.reference import chrf, reference_part, rouge_l
from persllm.training.evaluation.speakers import guessed_speakers, voices_of
from persllm.training.evaluation.stages import stages_part
from persllm.training.evaluation.statements import false_statement, likelihood_part
from persllm.training.evaluation.suite import answers_part
from persllm.training.evaluation.systems import Question, Statement, System, ask
from tests.doubles import MARTA, OTTO, LetterEmbeddings, MakePersona
from tests.training.test_items import ITEM, PAIR

LETTERS = LetterEmbeddings()


def item(question: str, reply: str, *, stage: str, source: str, attitude: bool = False) -> Item:
    messages = (*ITEM.prompt, replace(ITEM.messages[-1], content=reply))
    return replace(
        ITEM,
        id=f"{stage}/{question}",
        stage=stage,
        pattern="ordinary",
        kind="attitude" if attitude else "knowledge",
        messages=messages,
        question=question,
        sources=(source,),
    )


def system(
    answer: Callable[[Question], str], score: Callable[[Statement], float] | None = None
) -> System:
    def scored(statements: Sequence[Statement]) -> list[Score | None]:
        assert score is not None
        return [Score(score(each), 1) for each in statements]

    return System(
        "planted", lambda asked: [answer(each) for each in asked], scored if score else None
    )


def values(part: Part | None, spoken: System) -> dict[str, list[float]]:
    assert part is not None
    found: dict[str, list[float]] = {}
    for case in part.judged(ask(spoken, part.questions, part.statements)):
        found.setdefault(case.measure, []).append(case.value)
    return found


def mean(cases: Sequence[Case], measure: str) -> float:
    own = [case.value for case in cases if case.measure == measure]
    return sum(own) / len(own)


def facts(persona: Persona) -> list[Item]:
    found: list[Item] = []
    for material in read_materials(persona):
        if material.id.split("-")[1] == "experiences":
            first = material.text.split(". ")[0].rstrip(".") + "."
            reply = f"[Analysis] They ask. I recall: {first} [Response] {first}"
            about = f"What of number {len(found)}?"
            found.append(item(about, reply, stage=material.stage, source=material.id))
    return found


def told(items: Sequence[Item]) -> Callable[[Question], str]:
    """Answer every question rightly, at every stage and in any frame."""

    def answer(question: Question) -> str:
        for each in items:
            if each.question in question.text:
                return each.reply.partition("[Response] ")[2]
        return "Indeed."

    return answer


def test_rouge_l_is_f1_of_the_longest_common_subsequence() -> None:
    # common: the cat the mat = 4 of 6 and 4 of 5 words
    assert rouge_l("The cat sat on the mat.", "the cat, the red mat") == pytest.approx(8 / 11)
    assert rouge_l("a b", "A, b") == 1.0
    assert rouge_l("a", "b") == 0.0


def test_chrf_and_bleu_are_sacrebleu_s() -> None:
    one, other = "I was born in Smiljan in 1856.", "In 1856 I was born in Smiljan."
    assert chrf(one, other) == pytest.approx(sacrebleu.sentence_chrf(one, [other]).score / 100)
    there, back = (
        sacrebleu.sentence_bleu(a, [b], use_effective_order=True).score
        for a, b in ((one, other), (other, one))
    )
    assert bleu(one, other) == pytest.approx((there + back) / 2)
    assert bleu(one, one) == pytest.approx(100)


def test_an_attitude_is_right_when_nearer_to_the_own_view_than_to_each_wrong_one() -> None:
    own, wrong = "pigeons are kind", "ledgers are honest"
    view = item("What do you love?", f"[Response] {own}", stage="late", source="s", attitude=True)
    pair = Pair(
        id="p",
        persona="p",
        stage="late",
        prompt=view.prompt,
        chosen=view.reply,
        rejected=f"[Response] {wrong}",
        why="other-persona",
        chosen_item=view.id,
        rejected_source="x",
        split="test",
    )
    part = reference_part([view], [pair], [], LETTERS, most=5)
    assert values(part, system(lambda q: "kind pigeons"))["attitude"] == [1.0]
    assert values(part, system(lambda q: "honest ledgers"))["attitude"] == [0.0]
    assert values(part, system(lambda q: own))["attitude_rouge_l"] == [1.0]


def test_an_attitude_takes_the_side_of_the_written_answer() -> None:
    own, wrong = "I do not agree. Pigeons are kind.", "Ledgers are honest."
    view = item("Pigeons are cruel.", f"[Response] {own}", stage="late", source="s", attitude=True)
    pair = replace(
        PAIR, stage="late", chosen=view.reply, rejected=f"[Response] {wrong}", chosen_item=view.id
    )
    part = reference_part([view], [pair], [], LETTERS, most=5)
    assert values(part, system(lambda q: "I can't agree. Pigeons are kind."))["attitude"] == [1.0]
    assert values(part, system(lambda q: "I quite agree. Pigeons are kind."))["attitude"] == [0.0]
    assert values(part, system(lambda q: "Pigeons are kind."))["attitude"] == [0.0]


def test_a_false_statement_swaps_one_fact_that_the_question_does_not_hold(
    tiny_persona: MakePersona,
) -> None:
    materials = read_materials(tiny_persona())
    pool = FactPool(materials, vocabulary=Vocabulary(materials))
    true = "In 1862 my father took me to Skarn."
    wrong = false_statement(true, "Who took you to Skarn?", pool, random.Random(1))
    assert wrong is not None
    assert wrong.replace(wrong.split()[1], "1862") == true
    assert wrong != true
    assert false_statement(true, "Skarn in 1862?", pool, random.Random(1)) is None


def test_beliefs_are_read_from_likelihoods_a_token(tiny_persona: MakePersona) -> None:
    persona = tiny_persona()
    items, materials = facts(persona), read_materials(persona)
    part = likelihood_part(items, [], materials, most=5, seed=1)
    true = {each.reply.partition("[Response] ")[2] for each in items}
    knows = values(part, system(lambda q: "", lambda s: 0.0 if s[1] in true else -1.0))
    mistaken = values(part, system(lambda q: "", lambda s: -1.0 if s[1] in true else 0.0))
    assert len(knows["knowledge_likelihood"]) == len(mistaken["knowledge_likelihood"]) >= 5
    assert set(knows["knowledge_likelihood"]) == {1.0}
    assert set(mistaken["knowledge_likelihood"]) == {0.0}
    assert values(part, system(lambda q: "")) == {}


def test_a_margin_is_nats_a_token_between_the_replies_of_a_pair() -> None:
    pairs = [
        replace(PAIR, id=f"{why} {n}", chosen_item=ITEM.id, why=why, chosen="A b.", rejected="C.")
        for why in ("other-stage", "induced")
        for n in range(3)
    ]
    part = likelihood_part([ITEM], pairs, [], most=2, seed=1)
    found = values(part, system(lambda q: "", lambda s: -0.5 if s[1] == "A b." else -1.25))
    assert found["margin_other_stage"] == found["margin_induced"] == [0.75, 0.75]
    assert found["pairs_other_stage"] == [1.0, 1.0]


def test_a_persona_with_swapped_stages_shows_in_stage_accuracy(tiny_persona: MakePersona) -> None:
    persona = tiny_persona()
    materials = read_materials(persona)
    part = stages_part(persona, facts(persona), materials, AnswerReader(materials), LETTERS, most=4)
    text = {
        stage: next(m.text for m in materials if m.stage == stage) for stage in ("early", "late")
    }
    other = {"early": "late", "late": "early"}
    straight = values(part, system(lambda q: text[q.stage]))
    swapped = values(part, system(lambda q: text[other[q.stage]]))
    ageless = values(part, system(lambda q: "The same to all."))
    assert set(straight["stage_accuracy"]) == {1.0}
    assert set(swapped["stage_accuracy"]) == set(ageless["stage_accuracy"]) == {0.0}


def test_beyond_the_horizon_is_declined_by_who_knows_it_later(tiny_persona: MakePersona) -> None:
    persona = tiny_persona()
    items, materials = facts(persona), read_materials(persona)
    part = stages_part(persona, items, materials, AnswerReader(materials), LETTERS, most=4)
    knows = told(items)
    prophet = values(part, system(knows))
    ignorant = values(part, system(lambda q: "That I do not know."))
    honest = values(
        part, system(lambda q: knows(q) if q.stage == "late" else "That lies after my time.")
    )
    loose = values(
        part, system(lambda q: knows(q) if q.stage == "late" else f"I do not know. {knows(q)}")
    )
    assert set(honest["horizon"]) == {1.0}
    assert set(prophet["horizon"]) == set(ignorant["horizon"]) == set(loose["horizon"]) == {0.0}


def test_frames_hold_the_question_and_are_judged_by_its_facts(
    tiny_persona: MakePersona,
) -> None:
    persona = tiny_persona()
    items = facts(persona)
    part = paraphrases_part(items, AnswerReader(read_materials(persona)), LETTERS, most=2)
    steady = values(part, system(told(items)))
    assert len(steady["paraphrase_knowledge"]) == 2 * 2 * len(FRAMES)
    assert set(steady["paraphrase_knowledge"]) == {1.0}
    assert steady["paraphrase_agreement"] == pytest.approx(
        [1.0] * len(steady["paraphrase_agreement"])
    )
    plain = {each.question for each in items}
    fickle = values(part, system(lambda q: told(items)(q) if q.text in plain else "Hm."))
    assert set(fickle["paraphrase_knowledge"]) == {0.0}


def test_intra_is_above_stage_above_inter_for_a_voice_of_its_own(
    tiny_persona: MakePersona,
) -> None:
    persona = tiny_persona()
    part = distinction_part(persona, most=2)
    words = {"early": "the light on the rock is mine", "late": "the light of the school is yours"}
    voice = voice_of(persona, ask(system(lambda q: words[q.stage]), part.questions, ()))
    cases = own_cases(voice)
    assert mean(cases, "bleu_intra") == pytest.approx(100)
    assert mean(cases, "bleu_stage") == pytest.approx(bleu(*words.values()))
    assert mean(cases, "bleu_gap") == pytest.approx(100 - bleu(*words.values()))
    other = dict.fromkeys(voice, "money and coal")
    assert mean(inter_cases(voice, [other, voice]), "bleu_inter") == pytest.approx(
        (bleu(words["early"], "money and coal") + bleu(words["late"], "money and coal")) / 4 + 50
    )


def test_general_ability_is_loss_and_choices() -> None:
    wrong = {text for _, _, text in TASKS}
    part = general_part("early")
    able = values(part, system(lambda q: "", lambda s: -9.0 if s[1] in wrong else -3.0))
    assert set(able["general_tasks"]) == {1.0}
    assert set(able["general_loss"]) == {3.0}
    assert all(question.bare for question, _ in part.statements)


def test_a_persona_that_gives_in_to_flattery_shows_in_that_talk_and_from_that_turn(
    tiny_persona: MakePersona,
) -> None:
    persona = tiny_persona()
    items = facts(persona)
    weak = TONES["flattery"][0]

    def answer(question: Question) -> str:
        turns = [m.content for m in question.before if m.role == "user"]
        return "As you like." if weak in turns and len(turns) >= 10 else told(items)(question)

    voices = voices_of({persona.name: read_materials(persona)}, LETTERS)
    weakling, steadfast = system(answer), replace(system(told(items)), name="steadfast")
    held = drift(
        [weakling, steadfast],
        persona,
        items,
        reader=AnswerReader(read_materials(persona)),
        turns=50,
        voices=voices,
        embeddings=LETTERS,
    )
    cases, curve = held[weakling.name]
    assert mean(cases, "long_insult") == 1.0
    assert mean(cases, "long_flattery") == pytest.approx(1 / len(PROBES))
    facts_told = {p.turn: p.facts for p in curve if p.tone == "flattery" and p.facts is not None}
    assert facts_told == {turn: float(turn == 1) for turn in PROBES}
    assert len(curve) == 50 * len(TONES)
    assert mean(held["steadfast"][0], "long_flattery") == 1.0


def test_every_measure_has_texts_of_its_own_and_every_part_has_measures() -> None:
    assert all(measure.title and measure.what for measure in MEASURES.values())
    assert len({measure.title for measure in MEASURES.values()}) == len(MEASURES)
    assert {measure.part for measure in MEASURES.values()} == {*PART_NAMES}


def test_a_measure_that_is_not_entered_and_a_part_that_there_is_not_are_refused() -> None:
    with pytest.raises(ValueError, match="Enter it in"):
        Case(measure="charm", id="1", value=1.0)
    stray = Part(name="general", cases=lambda _: [Case(measure="knowledge", id="1", value=1.0)])
    with pytest.raises(ValueError, match="gives to 'answers'"):
        stray.judged(ask(system(lambda q: ""), (), ()))
    with pytest.raises(ValueError, match="no part 'genral'"):
        System("s", lambda asked: [], without=frozenset({"genral"}))  # type: ignore[arg-type]


def test_equal_questions_are_asked_once() -> None:
    asked: list[Question] = []

    def answer(questions: Sequence[Question]) -> list[str]:
        asked.extend(questions)
        return [each.text for each in questions]

    one = Question(stage="s", text="x")
    outcome = ask(System("s", answer), [one, Question(stage="s", text="x"), one], [])
    assert asked == [one]
    assert outcome.answers == {one: "x"}


def test_the_speaker_of_written_answers_is_guessed_beside_that_of_given_ones(
    tiny_persona: MakePersona,
) -> None:
    marta, otto = tiny_persona(MARTA), tiny_persona(OTTO)
    people = {person.name: read_materials(person) for person in (marta, otto)}
    voices = voices_of(people, LETTERS)
    texts = [material.text for materials in people.values() for material in materials]
    guessed = guessed_speakers(texts, voices, LETTERS)
    own, foreign = (texts[guessed.index(name)] for name in (MARTA, OTTO))
    said = f"[Analysis] They ask: Where? I recall: {own} [Response] {own}"
    asked = [item("Where were you?", said, stage="early", source="m1")]
    reader = AnswerReader(people[marta.name])
    part = answers_part(marta, asked, reader, LETTERS, most=8, voices=voices)
    found = values(part, system(lambda _: foreign))
    assert (found["speaker"], found["speaker_written"]) == ([0.0], [1.0])
