"""Ablations leave out what they name and nothing else."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from persllm.errors import DataError
from persllm.manifest import read_manifest
from persllm.training.ablate import ABLATIONS, ablated, chosen_ablations, run_ablations
from persllm.training.data.build import PersonaData, build
from persllm.training.data.sampling import BuildSettings
from persllm.training.settings import TrainSettings
from persllm.training.train import Job, TrainContext
from tests.doubles import NANO_PROFILE, OTTO, LetterEmbeddings, write_tiny_persona
from tests.training.tiny import write_tiny_base

SETTINGS = TrainSettings(rank=2, batch=8, repeats=0.2, most_pairs=4, general_share=0.5)


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Job:
    work = tmp_path_factory.mktemp("people")
    marta, otto = write_tiny_persona(work), write_tiny_persona(work, OTTO)
    data = build(
        marta, out=work / "data", others=[otto], embeddings=LetterEmbeddings(), profile=NANO_PROFILE
    )
    return Job(marta, data)


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> TrainContext:
    work = tmp_path_factory.mktemp("work")
    return TrainContext(
        base=write_tiny_base(work / "tiny-llama"), settings=SETTINGS, runs=work / "runs"
    )


def _data(job: Job, context: TrainContext, name: str) -> PersonaData:
    return ablated(job, context, name)[0].data


def test_replies_lose_their_analysis(job: Job, context: TrainContext) -> None:
    before, after = job.data, _data(job, context, "no-cot")
    assert any("[Analysis]" in item.reply for item in before.items)
    assert not any("[" in text for i in after.items for text in [i.reply])
    assert not any("[" in text for p in after.pairs for text in (p.chosen, p.rejected))
    assert [i.prompt for i in before.items] == [i.prompt for i in after.items]


def test_claims_are_left_out_of_training_only(job: Job, context: TrainContext) -> None:
    after = _data(job, context, "no-anti-induction")
    trained = {item.pattern for item in after.split("train")[0]}
    assert trained.isdisjoint({"misleading", "true-premise"})
    assert trained >= {"ordinary", "opinion"}
    assert after.split("test") == job.data.split("test")
    assert {pair.why for pair in after.split("train")[1]} <= {
        "other-stage",
        "other-persona",
        "unfounded",
    }


def test_prompts_lose_the_line_of_the_stage(job: Job, context: TrainContext) -> None:
    before, after = job.data, _data(job, context, "no-stage")
    assert all("\nIt is 1" in item.messages[0].content for item in before.items)
    assert not any("It is 1" in item.messages[0].content for item in after.items)
    assert [i.messages[1:] for i in before.items] == [i.messages[1:] for i in after.items]


def test_settings_change_where_the_data_do_not(job: Job, context: TrainContext) -> None:
    assert ablated(job, context, "no-dpo")[1].settings == replace(SETTINGS, dpo_passes=0.0)
    assert ablated(job, context, "no-mix")[1].settings == replace(SETTINGS, general_share=0.0)
    assert _data(job, context, "no-dpo").items == job.data.items


def test_what_a_build_mixed_in_is_left_out_of_training(
    job: Job, context: TrainContext, tmp_path: Path
) -> None:
    chats = tmp_path / "chats.jsonl"
    lines = [{"prompt": f"What is {n} times two?", "completion": f"{2 * n}."} for n in range(60)]
    chats.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    data = build(
        job.persona,
        out=tmp_path / "data",
        others=[],
        embeddings=LetterEmbeddings(),
        profile=NANO_PROFILE,
        settings=BuildSettings(general=str(chats)),
    )
    assert any(item.pattern == "general" for item in data.split("train")[0])
    after = _data(Job(job.persona, data), context, "no-mix")
    assert not any(item.pattern == "general" for item in after.split("train")[0])
    assert after.split("test") == data.split("test")


def test_no_mix_is_refused_where_nothing_is_mixed(job: Job, context: TrainContext) -> None:
    with pytest.raises(DataError, match=r"no-mix changes nothing.*--general chats.jsonl"):
        next(run_ablations(job, context, ("no-mix",)))


def test_a_file_of_general_talk_with_a_share_of_nothing_is_refused(context: TrainContext) -> None:
    with pytest.raises(DataError, match=r"general_share is 0.*Name a share above 0"):
        replace(context, settings=replace(SETTINGS, general_share=0.0), general=Path("chats.jsonl"))


def test_names_of_ablations_are_checked(job: Job) -> None:
    assert chosen_ablations("no-dpo, no-cot") == ("no-dpo", "no-cot")
    for faulty in ("no-dpo,no-soul", "", "no-dpo,no-dpo"):
        with pytest.raises(DataError, match="no-anti-induction"):
            chosen_ablations(faulty)


@pytest.mark.slow
def test_each_ablation_is_a_run_of_its_own_that_is_found_again(
    job: Job, context: TrainContext
) -> None:
    names = tuple(name for name in ABLATIONS if name != "no-mix")
    done = dict(run_ablations(job, context, names))
    assert set(done) == {"whole", *names}
    assert len(set(done.values())) == 5
    told: list[str] = []
    again = dict(run_ablations(job, replace(context, told=told.append), ("no-dpo",)))
    assert again["no-dpo"] == done["no-dpo"]
    assert sum("already trained" in line for line in told) == 2
    assert read_manifest(done["no-dpo"]).settings["dpo_passes"] == 0
    assert list((context.runs / job.persona.id).glob("*/adapter")) == [done["whole"]]
