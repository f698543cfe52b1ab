"""Whole runs with a teacher behind a server: killed, cut into shards, calibrated, in voice."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from persllm.errors import DataError
from persllm.materials import read_materials
from persllm.persona import Persona
from persllm.training.data.build import build, read_data
from persllm.training.data.sampling import BuildSettings
from persllm.training.data.teachers import TeacherChoice, find_teacher
from persllm.training.data.teachers.calibration import first_answer, keep_remarks, read_remarks
from persllm.training.data.teachers.chat_teacher import ChatTeacher
from persllm.training.data.teachers.estimate import estimate, surveyed
from persllm.training.data.teachers.general import read_instructions, write_general
from persllm.training.data.teachers.money import Price
from persllm.training.data.teachers.shards import Shard, ask_shard, parsed_shard, stores_in
from persllm.training.data.teachers.store import AnswerStore
from tests.doubles import NANO_PROFILE, LetterEmbeddings, MakePersona, contents
from tests.mock_teacher import Served, mock_teacher

SETTINGS = BuildSettings(per_part=6)
AT_ONCE = 16
RUN = """
import sys
from pathlib import Path
from persllm.persona import load_persona
from tests.training.test_teacher_runs import build_with
build_with(load_persona(Path(sys.argv[1])), sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Served]:
    with mock_teacher(latency=0.01, faults=0.1) as mock:
        yield mock


@pytest.fixture
def persona(tiny_persona: MakePersona) -> Persona:
    return tiny_persona()


def teacher_at(persona: Persona, name: str, calls: Path, **choice: object) -> ChatTeacher:
    teacher = find_teacher(
        TeacherChoice(names=(name,), at_once=AT_ONCE, **choice),  # type: ignore[arg-type]
        read_materials(persona),
        embeddings=LetterEmbeddings(),
        calls=calls,
    )
    assert isinstance(teacher, ChatTeacher)
    return teacher


def build_with(persona: Persona, name: str, calls: Path, out: Path) -> ChatTeacher:
    teacher = teacher_at(persona, name, calls)
    build(
        persona,
        out=out,
        others=(),
        embeddings=LetterEmbeddings(),
        profile=NANO_PROFILE,
        teacher=teacher,
        settings=SETTINGS,
    )
    return teacher


@pytest.mark.slow
def test_a_build_killed_at_any_moment_goes_on_and_repeats_only_what_was_under_way(
    persona: Persona, server: Served, tmp_path: Path
) -> None:
    calls, out = tmp_path / "calls.sqlite", tmp_path / "out"
    command = [sys.executable, "-c", RUN, str(persona.folder), server.name, str(calls), str(out)]
    server.forget()
    may_repeat = 0
    for wanted in (20, 60):
        run = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": os.getcwd()})
        while run.poll() is None and len(server.counts()["answered"]) < wanted:
            time.sleep(0.01)
        run.send_signal(signal.SIGKILL)
        assert run.wait() == -signal.SIGKILL
        store = AnswerStore(calls)
        may_repeat += sum(server.counts()["answered"].values()) - len(store) - may_repeat
        store.close()
    assert 0 <= may_repeat <= 2 * AT_ONCE
    done = build_with(persona, server.name, calls, out)
    answered = server.counts()["answered"]
    assert sum(answered.values()) - len(answered) <= may_repeat
    assert len(answered) == len(done.store)
    build_with(persona, server.name, tmp_path / "other.sqlite", tmp_path / "whole")
    assert contents(out) == contents(tmp_path / "whole")


def test_shards_are_merged_to_what_a_single_run_writes(
    persona: Persona, server: Served, tmp_path: Path
) -> None:
    asked = surveyed(persona, SETTINGS, NANO_PROFILE)
    shards = [Shard(number, 3) for number in (1, 2, 3)]
    shares = [list(shard.share(asked)) for shard in shards]
    assert sorted(map(id, asked)) == sorted(id(each) for share in shares for each in share)
    assert all(shares)
    for shard in shards:
        teacher = teacher_at(persona, server.name, shard.path(tmp_path / "shards"))
        ask_shard(teacher, shard, asked)
    whole = build_with(persona, server.name, tmp_path / "one.sqlite", tmp_path / "one")
    merged = AnswerStore(tmp_path / "merged.sqlite")
    merged.absorb(stores_in(tmp_path / "shards"))
    before = len(merged)
    merged.close()
    last = build_with(persona, server.name, tmp_path / "merged.sqlite", tmp_path / "merged")
    assert contents(tmp_path / "merged") == contents(tmp_path / "one")
    assert last.meter.calls == len(last.store) - before < whole.meter.calls / 4


@pytest.mark.parametrize("text", ["", "3", "0/2", "3/2", "a/b", "1/0"])
def test_a_shard_that_is_none_is_told(text: str) -> None:
    with pytest.raises(DataError, match="--shard 1/8"):
        parsed_shard(text)


def test_the_estimate_comes_near_what_is_asked(
    persona: Persona, server: Served, tmp_path: Path
) -> None:
    asked = surveyed(persona, SETTINGS, NANO_PROFILE)
    teacher = teacher_at(persona, server.name, tmp_path / "c.sqlite", price=Price(1.0, 2.0))
    before = estimate(teacher, asked)
    teacher.write(asked)
    assert before.items == len(asked)
    assert before.calls == pytest.approx(teacher.meter.calls, rel=0.25)
    assert before.tokens_in == pytest.approx(teacher.meter.tokens_in, rel=0.35)
    assert before.dollars == pytest.approx(
        (before.tokens_in + 2 * before.tokens_out) / 1e6, rel=1e-6
    )
    after = estimate(teacher, asked)
    assert (after.calls, after.stored, after.dollars) == (0, len(asked), 0.0)


def test_the_accepted_answer_is_kept_and_remarks_reach_every_later_one(
    persona: Persona, server: Served, tmp_path: Path
) -> None:
    asked = surveyed(persona, SETTINGS, NANO_PROFILE)
    teacher = teacher_at(persona, server.name, tmp_path / "c.sqlite")
    shown = first_answer(teacher, asked)
    assert shown.assignment.material in shown.sources
    name = teacher.name
    teacher.wording = replace(teacher.wording, remarks=("Shorter.", "No questions."))
    again = first_answer(teacher, asked)
    assert again.draft.question == shown.draft.question
    assert again.draft.response != shown.draft.response
    assert teacher.name != name
    calls = teacher.meter.calls
    assert teacher.write([shown.assignment]) == [again.draft]
    assert teacher.meter.calls == calls


def test_remarks_are_remembered(tmp_path: Path) -> None:
    path = tmp_path / "runs" / "calibration.yaml"
    assert read_remarks(path) == ()
    keep_remarks(path, ["Kürzer: bitte.", "- no 'lists'"])
    assert read_remarks(path) == ("Kürzer: bitte.", "- no 'lists'")
    path.write_text("remarks: yes")
    with pytest.raises(DataError, match="must be a list of texts"):
        read_remarks(path)


def test_general_instructions_are_answered_in_voice_or_marked_refused(
    persona: Persona, server: Served, tmp_path: Path
) -> None:
    path = tmp_path / "instructions.jsonl"
    number_rows: list[dict[str, object]] = [
        {"instruction": f"Say something of the number {number}."} for number in range(8)
    ]
    rows: list[dict[str, object]] = [
        {"instruction": "Name three uses of a rope.", "reference": "Tying, hauling, climbing."},
        {"data": ["Explain the tides to a child.", "The moon pulls the sea."]},
        {"messages": [{"role": "user", "content": "How is tea made?"}]},
        {"instruction": "How is tea made?"},
        *number_rows,
        {"instruction": "REFUSE: program a telephone."},
    ]
    path.write_text("\n".join(map(json.dumps, rows)))
    instructions = read_instructions(path)
    assert len(instructions) == 12
    build_with(persona, server.name, tmp_path / "c.sqlite", tmp_path / "data")
    teacher = teacher_at(persona, server.name, tmp_path / "c.sqlite")
    before = read_data(tmp_path / "data")
    for _ in range(2):
        counts = write_general(
            persona,
            tmp_path / "data",
            teacher,
            instructions,
            profile=NANO_PROFILE,
            settings=BuildSettings(),
        )
        assert counts == {"written": 11, "refused": 1, "left_out": 0}
    data = read_data(tmp_path / "data")
    general = [item for item in data.items if item.pattern == "general"]
    assert len(general) == 11 and len(data.items) == len(before.items) + 11
    assert all("[Analysis]" in item.reply and item.teacher == teacher.name for item in general)
    assert data.statistics["data_hash"] != before.statistics["data_hash"]
    counted = data.statistics["items"]
    assert sum(sum(row.values()) for name, row in counted.items() if "general" in name) == 11
    refused = (tmp_path / "data" / "refused.jsonl").read_text()
    assert "program a telephone" in refused and refused.count("\n") == 1


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "there is no line in it"),
        ('{"question": "a"}', 'line 1: no "instruction"'),
        ('{"instruction": "a"}\n{"instruction": ""}\n{"data": [1]}', r"line 2(.|\n)*line 3"),
        (json.dumps({"instruction": "a" * 9000}), "at most 8,000"),
        ("not json", "not JSON"),
    ],
)
def test_instructions_with_faults_are_told_with_their_lines(
    text: str, fault: str, tmp_path: Path
) -> None:
    path = tmp_path / "i.jsonl"
    path.write_text(text)
    with pytest.raises(DataError, match=fault):
        read_instructions(path)
