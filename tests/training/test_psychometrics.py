"""The inventory: keys and norms against worked examples, and planted characters that are found."""

import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from persllm.agents.engines.scripted import ScriptedEngine
from persllm.engine import Request, Score
from persllm.errors import DataError
from persllm.messages import Message
from persllm.replies import parse_reply
from persllm.training.evaluation.psychometrics.expectation import (
    Ends,
    expected_by_hand,
    expected_from_texts,
    fit,
)
from persllm.training.evaluation.psychometrics.interview import (
    by_interview,
    interviewed,
    marks_by_nearness,
)
from persllm.training.evaluation.psychometrics.inventory import (
    CHOICES,
    DOMAINS,
    Statement,
    inventory,
    keyed,
    scored,
)
from persllm.training.evaluation.psychometrics.norms import EVERYBODY, groups, norms_of
from persllm.training.evaluation.psychometrics.probes import Probe, ask_probes, read_probes
from persllm.training.evaluation.psychometrics.profile import (
    Profile,
    differences,
    profile_of,
)
from persllm.training.evaluation.psychometrics.sitting import (
    Sitting,
    by_choosing,
    by_likelihood,
    chosen,
    plan,
)
from tests.doubles import LetterEmbeddings

SHARED = Path(__file__).parents[2].parent / "shared" / "evalsets"
EXAMPLES = SHARED / "ipip_neo" / "IPIP-NEO" / "120"
needs_examples = pytest.mark.skipif(
    not EXAMPLES.is_dir(), reason=f"no worked examples: put five-factor-e's data in {EXAMPLES}"
)
CUBIC = (210.335958661391, 16.7379362643389, 0.405936512733332, 0.00270624341822222)
"""How the worked examples turn a standing (mean 50, deviation 10) into a percentile."""
Character = Callable[[Statement], int]
BY_SENTENCE = {each.sentence: each for each in inventory().statements}


def put(said: tuple[Message, ...]) -> Request:
    return Request(messages=said)


def asked_statement(request: Request) -> Statement | None:
    question = request.messages[-1].content
    return BY_SENTENCE.get(question.partition("“")[2].partition("”")[0])


class Likely:
    """A scorer that finds a character's own choice likeliest, whatever the order."""

    def __init__(self, character: Character, *, always: float = 0.0) -> None:
        self.character = character
        self.always = always
        """How much likelier "very accurate" is than it should be."""
        self.asked: list[Request] = []

    def score(self, requests: Sequence[Request], replies: Sequence[str]) -> list[Score]:
        self.asked += requests
        return [self._score(*each) for each in zip(requests, replies, strict=True)]

    def _score(self, request: Request, reply: str) -> Score:
        words = parse_reply(reply).response.rstrip(".").lower()
        bias = self.always * (words == CHOICES[-1])
        statement = asked_statement(request)
        if statement is None:
            return Score(bias, 4)
        far = abs(CHOICES.index(words) + 1 - self.character(statement))
        return Score(bias - 3.0 * far, 4)


def outgoing(statement: Statement) -> int:
    """High on extraversion, low on neuroticism, in the middle elsewhere."""
    counts = {"E": 5, "N": 1}.get(statement.facet[0], 3)
    return int(statement.keyed(counts))


def agrees_with_everything(statement: Statement) -> int:
    return 5


def rolls_dice(statement: Statement) -> int:
    return random.Random(statement.number).randint(1, 5)


def sittings_of(character: Character, seeds: int = 2) -> list[Sitting]:
    plans = [plan(seed) for seed in range(seeds)]
    return by_likelihood(Likely(character), put, plans, thinks=True)


def profile(character: Character) -> Profile:
    return profile_of("somebody", "likelihood", sittings_of(character), norms_of(EVERYBODY))


def read(name: str) -> dict[int, int]:
    rows = json.loads((EXAMPLES / name).read_text(encoding="utf-8"))["answers"]
    return {row["id_question"]: row["id_select"] for row in rows}


def test_every_domain_has_24_statements_and_every_facet_four() -> None:
    assert [len(inventory().of(domain)) for domain in DOMAINS] == [24] * 5
    assert {len(inventory().of(facet.id)) for facet in inventory().facets} == {4}
    assert sum(each.reverse for each in inventory().statements) == 55


@needs_examples
def test_the_statements_are_those_of_the_inventory() -> None:
    rows = json.loads((EXAMPLES / "questions.json").read_text(encoding="utf-8"))["questions"]
    assert [each.text for each in inventory().statements] == [row["text"][:-1] for row in rows]


@needs_examples
def test_reverse_keys_are_those_of_the_worked_example() -> None:
    worked = json.loads((EXAMPLES / "result.json").read_text(encoding="utf-8"))
    compared = worked["person"]["result"]["compare"]
    rows = {row["id_question"]: row["id_select"] for row in compared["user_answers_reversed"]}
    assert keyed(read("answers.json")) == [rows[each.number] for each in inventory().statements]


@needs_examples
def test_standings_are_those_of_the_worked_example() -> None:
    """A woman of 65: her percentiles for five domains and thirty facets."""
    worked = json.loads((EXAMPLES / "result.json").read_text(encoding="utf-8"))
    scores, norms = scored(keyed(read("answers.json"))), norms_of("women-over-60")
    for part in worked["person"]["result"]["personalities"]:
        ((_, domain),) = part.items()
        (letter,) = set(domain) & set(DOMAINS)
        _agrees(domain[letter], norms[letter].z(scores[letter]))
        for trait in domain["traits"]:
            (share,) = (v for k, v in trait.items() if k not in ("trait", "score"))
            scale = f"{letter}{trait['trait']}"
            _agrees(share, norms[scale].z(scores[scale]))


def _agrees(worked: float, z: float) -> None:
    t = 50 + 10 * z
    one, two, three, four = CUBIC
    share = one - two * t + three * t**2 - four * t**3
    expected = 1 if t < 32 else 99 if t > 73 else share
    assert worked == pytest.approx(expected, abs=1e-6)


def test_a_facet_is_the_sum_of_its_four_statements_by_their_keys() -> None:
    """Statements 101 (reverse), 11, 41 and 71 are depression: 5 counts 1, so 1 + 2 + 3 + 4."""
    answers = {each.number: 3 for each in inventory().statements}
    answers |= {101: 5, 11: 2, 41: 3, 71: 4}
    scores = scored(keyed(answers))
    assert scores["N3"] == 10
    assert scores["N"] == 10 + 5 * 12
    assert scores["E"] == 72


def test_what_was_not_answered_counts_as_the_mean_of_its_facet() -> None:
    counts = keyed({11: 5, 41: 5, 71: 5})
    assert scored(counts)["N3"] == 20
    assert scored(counts)["N"] == 6 * 20
    assert scored(counts)["E"] == 72


def test_an_answer_off_the_scale_is_refused() -> None:
    with pytest.raises(ValueError, match="from 1 to 5"):
        keyed({1: 6, 500: 3})


def test_norms_of_a_group_that_is_none_name_those_there_are() -> None:
    with pytest.raises(DataError, match="women-over-60"):
        norms_of("martians")
    assert len(groups()) == 9


def test_everybody_varies_more_than_the_groups_do_on_average() -> None:
    parts = [norms["N"] for name, norms in groups().items() if name != EVERYBODY]
    whole = norms_of(EVERYBODY)["N"]
    assert whole.mean == pytest.approx(sum(norm.mean for norm in parts) / 8)
    assert whole.sd**2 > sum(norm.sd**2 for norm in parts) / 8


def test_a_planted_character_is_found_by_likelihood() -> None:
    found = profile(outgoing)
    assert found.scales["E"].percentile > 95
    assert found.scales["N"].percentile < 5
    assert found.scales["O"].score == pytest.approx(72, abs=1)
    assert found.reliability.above_noise


def test_a_head_start_of_one_choice_is_taken_off() -> None:
    plans = [plan(0)]
    plain = by_likelihood(Likely(outgoing), put, plans, thinks=False)[0]
    biased = by_likelihood(Likely(outgoing, always=6), put, plans, thinks=False)[0]
    assert biased.answers == pytest.approx(plain.answers)


def test_one_who_agrees_with_everything_is_not_above_noise() -> None:
    found = profile(agrees_with_everything)
    assert found.reliability.agreeing > 4.8
    assert found.reliability.above_noise is False


def test_dice_are_not_above_noise_though_each_roll_is_stable() -> None:
    found = profile(rolls_dice)
    assert found.reliability.stability == pytest.approx(1.0, abs=0.01)
    assert found.reliability.above_noise is False


def test_one_sitting_cannot_tell_noise() -> None:
    single = profile_of("x", "likelihood", sittings_of(outgoing, 1), norms_of(EVERYBODY))
    assert single.reliability.above_noise is None


def test_sittings_differ_in_their_orders_and_a_seed_keeps_its_own() -> None:
    first, second = plan(1), plan(2)
    assert first == plan(1)
    assert first.statements != second.statements
    assert {first.choices, second.choices, plan(0).choices} != {plan(0).choices}
    assert sorted(first.statements, key=lambda each: each.number) == list(inventory().statements)
    assert plan(0).statements == inventory().statements


def test_the_last_statement_and_its_answer_stay_in_view() -> None:
    scorer = Likely(outgoing)
    by_likelihood(scorer, put, [plan(0)], thinks=True)
    question, answer, _ = scorer.asked[-1].messages
    assert inventory().statements[-2].sentence in question.content
    assert answer == Message("assistant", "Neither accurate nor inaccurate.")


def test_two_profiles_differ_clearly_where_they_were_planted_to() -> None:
    found = {each.scale: each for each in differences(profile(rolls_dice), profile(outgoing))}
    assert found["E"].clear
    assert found["E"].points > 20
    same = differences(profile(outgoing), profile(outgoing))
    assert not any(each.clear for each in same)


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("Very accurate.", 5),
        ("I should say moderately inaccurate, no more.", 2),
        ("Neither accurate nor inaccurate", 3),
        ("(b)", 4),
        ("b", 4),
        ("b) for sure", 4),
        ("Very accurate, or very inaccurate?", None),
        ("A man of my kind has no time.", None),
        ("I do not know.", None),
        ("", None),
    ],
)
def test_a_choice_is_read_by_its_words_or_its_letter(said: str, answer: int | None) -> None:
    assert chosen(said, (5, 4, 3, 2, 1)) == answer


def test_what_names_no_choice_is_counted_and_left_out() -> None:
    def says(request: Request) -> str:
        statement = asked_statement(request)
        assert statement
        if statement.number % 10 == 0:
            return "Who can tell?"
        return f"[Analysis] Well. [Response] {CHOICES[outgoing(statement) - 1].capitalize()}."

    sittings = by_choosing(ScriptedEngine(says), put, [plan(0), plan(1)])
    assert [sitting.unread for sitting in sittings] == [12, 12]
    assert [len(sitting.answers) for sitting in sittings] == [108, 108]
    found = profile_of("x", "self-report", sittings, norms_of(EVERYBODY))
    assert found.scales["E"].percentile > 95


def test_many_gaps_are_not_taken_for_structure() -> None:
    """Gaps are filled by facet, so few answers would look like much structure."""
    kept = [each.number for each in inventory().statements][::3]
    few = [
        Sitting(s.seed, {n: a for n, a in s.answers.items() if n in kept}, unread=80)
        for s in sittings_of(rolls_dice)
    ]
    found = profile_of("x", "self-report", few, norms_of(EVERYBODY)).reliability
    assert (found.stability, found.reversal, found.structure) == (None, None, None)
    assert found.above_noise is None


def interview_profile(embeddings: LetterEmbeddings) -> Profile:
    facets = {facet.question: facet for facet in inventory().facets}

    def says(request: Request) -> str:
        facet = facets[request.messages[-1].content]
        return facet.high if facet.id[0] == "O" else facet.low

    told = interviewed(ScriptedEngine(says), put, [0, 1])
    sittings = by_interview(told, marks_by_nearness(Ends(embeddings)))
    return profile_of("x", "interview", sittings, norms_of(EVERYBODY))


def test_an_interview_is_marked_by_nearness_to_either_end(
    letter_embeddings: LetterEmbeddings,
) -> None:
    found = interview_profile(letter_embeddings)
    assert found.scales["O"].score == pytest.approx(120)
    assert found.scales["C"].score == pytest.approx(24)
    assert found.reliability.above_noise is None


def test_an_empty_answer_of_an_interview_is_counted_as_unread(
    letter_embeddings: LetterEmbeddings,
) -> None:
    told = interviewed(ScriptedEngine(" "), put, [3])
    (sitting,) = by_interview(told, marks_by_nearness(Ends(letter_embeddings)))
    assert sitting.unread == 30
    assert not sitting.answers


def test_texts_lead_one_to_expect_what_they_say(letter_embeddings: LetterEmbeddings) -> None:
    ends = Ends(letter_embeddings)
    own = [facet.high if facet.id[0] == "O" else facet.low for facet in inventory().facets]
    other = [facet.low if facet.id[0] == "O" else facet.high for facet in inventory().facets]
    expected = expected_from_texts(own, [other], ends)
    openness = [value for facet, value in expected.items() if facet[0] == "O"]
    assert sum(openness) / 6 > 0.2


def test_a_profile_fits_what_is_expected_of_it(letter_embeddings: LetterEmbeddings) -> None:
    expected = {facet.id: 5.0 if facet.id[0] == "O" else 1.0 for facet in inventory().facets}
    found = fit(interview_profile(letter_embeddings), expected)
    assert found.correlation is not None
    assert found.correlation > 0.5
    assert found.chance < 0.05


def test_nothing_is_expected_of_one_who_left_no_words(letter_embeddings: LetterEmbeddings) -> None:
    with pytest.raises(DataError, match="no paragraphs"):
        expected_from_texts([], [], Ends(letter_embeddings))


def test_an_expectation_by_hand_lists_all_its_faults(tmp_path: Path) -> None:
    path = tmp_path / "expected.yaml"
    path.write_text("openness: 4.5\nN1: 2\n", encoding="utf-8")
    assert expected_by_hand(path) == {"O": 4.5, "N1": 2.0}
    path.write_text("charm: 3\nopenness: 9\n", encoding="utf-8")
    with pytest.raises(DataError, match="charm") as error:
        expected_by_hand(path)
    assert "openness: a number from 1 to 5 is needed, got 9" in str(error.value)


def write_probes(folder: Path) -> Path:
    for domain in DOMAINS.values():
        rows = [
            {"question": f"{n} {domain}", "answer_matching_behavior": answer}
            for n in range(6)
            for answer in (" Yes", " No")
        ]
        path = folder / f"bigfive_{domain}.jsonl"
        path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return folder


class SaysYes:
    """Finds yes likelier, always."""

    def score(self, requests: Sequence[Request], replies: Sequence[str]) -> list[Score]:
        return [Score(float("Yes" in reply), 1) for reply in replies]


def test_always_yes_comes_to_a_half_of_the_probes(tmp_path: Path) -> None:
    probes = read_probes(write_probes(tmp_path), most=8)
    assert len(probes) == 40
    found = ask_probes(SaysYes(), put, probes, thinks=True)
    assert {each.matching.share for each in found.values()} == {0.5}
    assert {each.yes.share for each in found.values()} == {1.0}


class LeansToYes:
    """Finds yes likelier than no throughout, and still likelier where it is the right answer."""

    def score(self, requests: Sequence[Request], replies: Sequence[str]) -> list[Score]:
        return [
            Score(9.0 + ("+" in request.messages[-1].content) if "Yes" in reply else 0.0, 1)
            for request, reply in zip(requests, replies, strict=True)
        ]


def test_the_usual_lean_to_yes_is_taken_off_the_probes() -> None:
    probes = [
        Probe(domain, f"{n}{'+' * right}", right)
        for domain in DOMAINS.values()
        for n in range(4)
        for right in (True, False)
    ]
    found = ask_probes(LeansToYes(), put, probes, thinks=False)
    assert {each.matching.share for each in found.values()} == {1.0}
    assert {each.yes.share for each in found.values()} == {1.0}


def test_a_missing_file_of_probes_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"bigfive_neuroticism\.jsonl"):
        read_probes(tmp_path, most=10)


@pytest.mark.skipif(not SHARED.is_dir(), reason=f"no model-written evaluations in {SHARED}")
def test_the_model_written_evaluations_can_be_read() -> None:
    probes = read_probes(SHARED, most=40)
    assert len(probes) == 200
    assert sum(probe.yes for probe in probes) == 100
