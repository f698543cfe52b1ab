"""Building a persona's data: whole, repeatable, and continued after a kill."""

import json
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from persllm.base_profile import BaseProfile
from persllm.embeddings import embed
from persllm.errors import DataError, EngineError, PersonaError
from persllm.files import write_text
from persllm.materials import read_materials
from persllm.messages import prompt_hash
from persllm.persona import Persona
from persllm.replies import parse_reply
from persllm.training.data import drafting
from persllm.training.data.build import PersonaData, build, read_data
from persllm.training.data.items import PATTERNS, TOLD, Item
from persllm.training.data.rules import RulesTeacher
from persllm.training.data.sampling import BuildSettings
from tests.doubles import (
    NANO_PROFILE,
    OTTO,
    CountingTeacher,
    LetterEmbeddings,
    MakePersona,
    contents,
    write_tiny_persona,
)

ROOT = Path(__file__).parents[2]
PARTS = 2 * len(PATTERNS)
PLAIN = BaseProfile(name="plain", analysis="none", passages=2)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> PersonaData:
    folder = tmp_path_factory.mktemp("build")
    otto = write_tiny_persona(folder, OTTO)
    return _build(write_tiny_persona(folder), folder / "data", others=[otto])


def _build(
    persona: Persona,
    out: Path,
    *,
    others: list[Persona],
    teacher: CountingTeacher | None = None,
    settings: BuildSettings | None = None,
    profile: BaseProfile = NANO_PROFILE,
) -> PersonaData:
    return build(
        persona,
        out=out,
        others=others,
        embeddings=LetterEmbeddings(),
        profile=profile,
        teacher=teacher,
        settings=settings,
    )


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> PersonaData:
    """Return data for a base that is asked plainly and does not think before it speaks."""
    folder = tmp_path_factory.mktemp("plain")
    otto = write_tiny_persona(folder, OTTO)
    return _build(write_tiny_persona(folder), folder / "data", others=[otto], profile=PLAIN)


def _teacher(persona: Persona, *, dies_after: int | None = None) -> CountingTeacher:
    return CountingTeacher(RulesTeacher(read_materials(persona)), dies_after=dies_after)


def test_every_stage_and_pattern_is_filled(data: PersonaData) -> None:
    filled = Counter((item.stage, item.pattern) for item in data.items if item.split == "train")
    told = {pattern for stage, pattern in filled if stage == "early"}
    assert told >= {"ordinary", "misleading", "true-premise", "unknown", "small-talk", "follow-up"}
    assert {stage for stage, _ in filled} == {"early", "late"}


def test_the_statistics_add_up(data: PersonaData) -> None:
    parts = data.statistics["items"]
    for split in ("train", "test"):
        items, pairs = data.split(split)
        assert sum(part[split] for part in parts.values()) == len(items) > 0
        assert pairs
    assert sum(data.statistics["pairs"].values()) == len(data.pairs)


def test_no_item_lacks_a_response_or_a_question(data: PersonaData) -> None:
    for item in data.items:
        assert item.reply.strip()
        assert item.question.strip()
        roles = [message.role for message in item.messages]
        assert roles == ["system", *["user", "assistant"] * (len(roles) // 2)]
        assert (len(roles) > 3) == (item.pattern == "follow-up") or item.pattern == "small-talk"


def test_items_for_a_base_that_does_not_think_hold_no_analysis(
    data: PersonaData, plain: PersonaData
) -> None:
    assert not [item for item in plain.items if parse_reply(item.reply).analysis]
    assert not [item for item in plain.items if "[Response]" in item.reply]
    assert [item for item in data.items if parse_reply(item.reply).analysis]


def test_prompts_of_a_plain_base_give_no_clues(data: PersonaData, plain: PersonaData) -> None:
    for clue in ("Not said there:", "You recall nothing.", "Still to come:"):
        assert not [item for item in plain.items if clue in item.messages[1].content]
    assert [item for item in data.items if "Not said there:" in item.messages[1].content]


def test_no_more_is_recalled_than_the_profile_allows(plain: PersonaData) -> None:
    for item in plain.items:
        assert len(item.recalled) <= PLAIN.passages
        assert item.messages[-2].content.count("\n- ") == len(item.recalled)


def test_statistics_tell_which_prompts_the_data_are_for(
    data: PersonaData, plain: PersonaData
) -> None:
    assert data.statistics["prompt_hash"] == prompt_hash(NANO_PROFILE)
    assert plain.statistics["prompt_hash"] == prompt_hash(PLAIN)


@pytest.mark.parametrize(
    ("change", "calls"),
    [
        ({"annotated": False}, PARTS),
        ({"analysis": "none"}, PARTS),
        ({"passages": 1}, PARTS),
        ({"subjective_words": 5}, PARTS),
        ({"temperature": 0.9}, 0),
        ({"history_tokens": 9}, 0),
    ],
)
def test_data_are_built_again_for_what_changes_them_in_a_profile(
    tmp_path: Path, tiny_persona: MakePersona, change: dict[str, object], calls: int
) -> None:
    marta = tiny_persona()
    before = _build(marta, tmp_path / "out", others=[])
    teacher = _teacher(marta)
    changed = NANO_PROFILE.changed(change)
    after = _build(marta, tmp_path / "out", others=[], teacher=teacher, profile=changed)
    assert teacher.calls == calls
    assert (after.statistics["data_hash"] == before.statistics["data_hash"]) == (not calls)


def test_data_are_built_again_for_longer_passages(
    tmp_path: Path, tiny_persona: MakePersona
) -> None:
    marta = tiny_persona()
    hashes = [
        _build(marta, tmp_path / "out", others=[], profile=profile).statistics["data_hash"]
        for profile in (PLAIN, PLAIN.changed({"passage_words": 5}))
    ]
    assert hashes[0] != hashes[1]


def test_item_ids_differ(data: PersonaData) -> None:
    assert len({item.id for item in data.items}) == len(data.items)


def test_no_near_duplicates_are_written(data: PersonaData) -> None:
    """The released code writes by position instead of by what was kept (METHOD 7.2)."""
    limit = BuildSettings().similarity
    for pattern in TOLD:
        asked = [_heard(item) for item in data.items if item.pattern == pattern]
        if asked:
            vectors = embed(LetterEmbeddings(), asked)
            assert np.triu(vectors @ vectors.T, k=1).max() < limit
    told = [_heard(item) for item in data.items if item.pattern in TOLD]
    assert len(set(told)) == len(told)


def _heard(item: Item) -> str:
    """Return the question with the exchange before it."""
    return " ".join([*(m.content for m in item.messages[1:-2]), item.question])


def test_no_test_question_is_like_a_training_question(data: PersonaData) -> None:
    train, test = (
        embed(LetterEmbeddings(), [_heard(i) for i in data.items if i.split == split])
        for split in ("train", "test")
    )
    assert (train @ test.T).max() < BuildSettings().similarity


def test_train_and_test_share_no_source(data: PersonaData) -> None:
    train, test = (
        {source for i in data.items if i.split == split for source in (*i.sources, *i.recalled)}
        for split in ("train", "test")
    )
    assert train
    assert test
    assert not train & test


def test_recalled_text_holds_the_source_and_nothing_later(data: PersonaData) -> None:
    recalling = [item for item in data.items if item.recalled]
    assert 0.3 < len(recalling) / len(data.items) < 0.9
    for item in recalling:
        assert item.sources[0] in item.recalled
        assert item.stage == "late" or all(i.startswith("early-") for i in item.recalled)


def test_the_same_seed_builds_the_same_bytes(tmp_path: Path, tiny_persona: MakePersona) -> None:
    marta, otto = tiny_persona(), tiny_persona(OTTO)
    for name in ("one", "two"):
        _build(marta, tmp_path / name, others=[otto])
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_another_seed_builds_other_items(tmp_path: Path, tiny_persona: MakePersona) -> None:
    marta, otto = tiny_persona(), tiny_persona(OTTO)
    hashes = {
        _build(
            marta, tmp_path / str(seed), others=[otto], settings=BuildSettings(seed=seed)
        ).statistics["data_hash"]
        for seed in (1, 2)
    }
    assert len(hashes) == 2


def test_a_finished_build_is_not_built_again(tmp_path: Path, tiny_persona: MakePersona) -> None:
    marta, otto = tiny_persona(), tiny_persona(OTTO)
    first, second = _teacher(marta), _teacher(marta)
    built = _build(marta, tmp_path / "out", others=[otto], teacher=first)
    assert _build(marta, tmp_path / "out", others=[otto], teacher=second) == built
    assert (first.calls, second.calls) == (PARTS, 0)


def test_a_build_that_died_continues_where_it_was(
    tmp_path: Path, tiny_persona: MakePersona
) -> None:
    marta, otto = tiny_persona(), tiny_persona(OTTO)
    with pytest.raises(EngineError):
        _build(marta, tmp_path / "out", others=[otto], teacher=_teacher(marta, dies_after=3))
    second = _teacher(marta)
    _build(marta, tmp_path / "out", others=[otto], teacher=second)
    _build(marta, tmp_path / "unbroken", others=[otto])
    assert second.calls == PARTS - 3
    assert contents(tmp_path / "out") == contents(tmp_path / "unbroken")


def test_an_unfinished_build_is_not_read_as_data(tmp_path: Path, tiny_persona: MakePersona) -> None:
    marta = tiny_persona()
    with pytest.raises(EngineError):
        _build(marta, tmp_path / "out", others=[], teacher=_teacher(marta, dies_after=3))
    with pytest.raises(DataError, match="holds no finished build"):
        read_data(tmp_path / "out")


def test_parts_of_other_materials_are_not_continued(
    tmp_path: Path, tiny_persona: MakePersona
) -> None:
    marta = tiny_persona()
    with pytest.raises(EngineError):
        _build(marta, tmp_path / "out", others=[], teacher=_teacher(marta, dies_after=3))
    _add_paragraph(marta)
    second = _teacher(marta)
    _build(marta, tmp_path / "out", others=[], teacher=second)
    assert second.calls == PARTS


def test_changed_materials_are_built_again(tmp_path: Path, tiny_persona: MakePersona) -> None:
    marta = tiny_persona()
    before = _build(marta, tmp_path / "out", others=[])
    _add_paragraph(marta)
    teacher = _teacher(marta)
    after = _build(marta, tmp_path / "out", others=[], teacher=teacher)
    assert teacher.calls == PARTS
    assert after.statistics["data_hash"] != before.statistics["data_hash"]


def test_a_persona_alone_in_the_world_can_be_built(
    tmp_path: Path, tiny_persona: MakePersona
) -> None:
    data = _build(tiny_persona(), tmp_path / "out", others=[])
    assert "other-persona" not in data.statistics["pairs"]


def test_too_little_material_says_how_much_is_needed(
    tmp_path: Path, tiny_persona: MakePersona
) -> None:
    marta = tiny_persona()
    with pytest.raises(DataError, match=r"to test on; .*about 40 a stage"):
        _build(marta, tmp_path / "out", others=[], settings=BuildSettings(test_share=0))


def test_faulty_materials_are_refused_before_anything_is_written(
    tmp_path: Path, tiny_persona: MakePersona
) -> None:
    marta = tiny_persona()
    (marta.materials_folder / "bad.md").write_bytes(b"\xff")
    with pytest.raises(PersonaError):
        _build(marta, tmp_path / "out", others=[])
    assert not (tmp_path / "out").exists()


def _add_paragraph(persona: Persona) -> None:
    path = persona.materials_folder / "experiences.md"
    added = "\nMy cousin built a windmill on the hill. It fell down in its first winter.\n"
    write_text(path, path.read_text(encoding="utf-8") + added)


BUILD = """
import sys
from pathlib import Path
from persllm.persona import load_persona
from persllm.training.data.build import build
from tests.doubles import NANO_PROFILE, LetterEmbeddings

marta, otto, out = map(Path, sys.argv[1:])
build(
    load_persona(marta),
    out=out,
    others=[load_persona(otto)],
    embeddings=LetterEmbeddings(),
    profile=NANO_PROFILE,
    progress=lambda what, done, total: print(done, flush=True),
)
"""


@pytest.mark.slow
@pytest.mark.parametrize("steps", [(1,), (10,), (2, 6, 10)])
def test_a_killed_build_is_finished_to_the_same_bytes(
    tmp_path: Path, tiny_persona: MakePersona, steps: tuple[int, ...]
) -> None:
    """Killed once or again and again; step 10 writes items and pairs."""
    marta, otto = tiny_persona(), tiny_persona(OTTO)
    out = tmp_path / "out"
    command = [sys.executable, "-c", BUILD, str(marta.folder), str(otto.folder), str(out)]
    for step in steps:
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as running:
            assert running.stdout is not None
            for line in running.stdout:
                if int(line) >= step:
                    break
            time.sleep(random.random() * 0.05)
            running.kill()
    _build(marta, out, others=[otto])
    _build(marta, tmp_path / "unbroken", others=[otto])
    assert contents(out) == contents(tmp_path / "unbroken")
    assert json.loads((out / "statistics.json").read_text(encoding="utf-8"))["items"]


def test_a_part_is_written_in_batches_and_continued_from_the_last_one(
    tmp_path: Path, tiny_persona: MakePersona, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drafting, "MOST_AT_ONCE", 3)
    marta = tiny_persona()
    whole = _teacher(marta)
    _build(marta, tmp_path / "unbroken", others=[], teacher=whole)
    assert whole.calls > 2 * PARTS
    with pytest.raises(EngineError):
        _build(marta, tmp_path / "out", others=[], teacher=_teacher(marta, dies_after=PARTS))
    second = _teacher(marta)
    _build(marta, tmp_path / "out", others=[], teacher=second)
    assert second.calls == whole.calls - PARTS
    assert contents(tmp_path / "out") == contents(tmp_path / "unbroken")


def test_no_more_is_asked_for_than_is_wanted(tmp_path: Path, tiny_persona: MakePersona) -> None:
    data = _build(tiny_persona(), tmp_path, others=[], settings=BuildSettings(per_part=4))
    assert max(sum(split.values()) for split in data.statistics["items"].values()) <= 4


def test_the_totals_are_sums_of_their_rows(data: PersonaData) -> None:
    for split, totals in data.statistics["totals"].items():
        items, pairs = data.split(split)
        assert totals["items"] == len(items) == sum(totals["kinds"].values())
        assert totals["pairs"] == len(pairs)
        reasons = data.statistics["pairs_by_split"].values()
        assert totals["pairs"] == sum(reason[split] for reason in reasons)
