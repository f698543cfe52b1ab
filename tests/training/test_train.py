from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

from persllm.agents.engines.local import LocalEngine
from persllm.base_profile import named_profile
from persllm.bases import Base, find_base
from persllm.engine import Request
from persllm.errors import BaseModelError, DataError
from persllm.loading import load_base, load_tokenizer
from persllm.manifest import check_fits, find_adapter, prompt_hash_of, read_manifest
from persllm.messages import Message, render
from persllm.persona import Persona
from persllm.training.data.build import PersonaData
from persllm.training.preflight import preflight
from persllm.training.settings import TrainSettings, changed, preset
from persllm.training.train import Job, TrainContext, train_persona
from persllm.training.tune import some_pairs
from persllm.training.tuning.rows import item_rows, pair_rows
from persllm.ui.cli.actions.publishing import export_merged
from tests.doubles import NANO_PROFILE

pytestmark = pytest.mark.slow


def test_an_adapter_folder_holds_weights_config_card_and_manifest(tesla_adapter: Path) -> None:
    assert {path.name for path in tesla_adapter.iterdir()} == {
        "README.md",
        "adapter_config.json",
        "adapter_model.safetensors",
        "manifest.json",
    }


def test_nothing_in_an_adapter_folder_names_a_place_on_this_machine(tesla_adapter: Path) -> None:
    for path in tesla_adapter.glob("*.*"):
        if path.suffix != ".safetensors":
            assert str(Path(__file__).parents[2]) not in path.read_text(encoding="utf-8"), path
            assert "/tmp/" not in path.read_text(encoding="utf-8"), path


def test_an_adapter_fits_its_base_and_persona(
    tesla_adapter: Path, nano: Base, tesla: Persona
) -> None:
    manifest = check_fits(tesla_adapter, base=nano, persona=tesla)
    assert manifest.stages == ("early", "late")
    assert set(manifest.evaluation) == {"base", "prompt", "sft", "adapter"}


def test_the_newest_adapter_is_found_among_the_runs(
    tesla_adapter: Path, nano: Base, tesla: Persona
) -> None:
    assert find_adapter(tesla, base=nano, runs=tesla_adapter.parents[2]) == tesla_adapter


def test_plain_peft_the_engine_and_a_merged_model_say_the_same_token_for_token(
    tesla_adapter: Path, nano: Base, tesla: Persona, tmp_path: Path
) -> None:
    export_merged(
        "nikola-tesla", into=tmp_path / "one", runs=tesla_adapter.parents[2], base_name="nano"
    )
    adapted = PeftModel.from_pretrained(load_base(nano), str(tesla_adapter)).eval()
    merged = AutoModelForCausalLM.from_pretrained(tmp_path / "one", dtype=torch.float32).eval()
    alone = load_base(nano).eval()
    questions = ("Where were you born?", "What do you think of Edison?", "Good morning.")
    prompts = [
        render(tesla, tesla.stage("late"), (Message("user", question),), profile=NANO_PROFILE)
        for question in questions
    ]
    said = [_greedy(adapted, nano, prompt) for prompt in prompts]
    asked = [Request(messages=p, adapter=tesla_adapter, max_tokens=48) for p in prompts]
    assert [reply.text for reply in LocalEngine(nano).generate(asked)] == said
    assert [_greedy(merged, nano, prompt) for prompt in prompts] == said
    assert [_greedy(alone, nano, prompt) for prompt in prompts] != said


def _greedy(model: Any, base: Base, prompt: Sequence[Message]) -> str:  # noqa: ANN401
    tokenizer = load_tokenizer(base)
    encoded: Any = tokenizer.apply_chat_template(
        [message.as_dict() for message in prompt],
        add_generation_prompt=True,
        return_tensors="pt",
        return_dict=True,
    )
    out = model.generate(**encoded, max_new_tokens=48, do_sample=False)
    return str(tokenizer.decode(out[0, encoded["input_ids"].shape[1] :], skip_special_tokens=True))


def test_training_moves_every_adapter_matrix(tesla_adapter: Path) -> None:
    weights = load_file(tesla_adapter / "adapter_model.safetensors")
    assert weights
    # LoRA's B starts at zero: one that is still zero was never trained.
    assert all(tensor.abs().max() > 0 for name, tensor in weights.items() if "lora_B" in name)


def test_training_makes_the_held_out_replies_likelier(tesla_adapter: Path) -> None:
    results = read_manifest(tesla_adapter).evaluation
    assert results["adapter"]["perplexity"] < results["prompt"]["perplexity"]


def test_the_same_command_returns_the_finished_adapter(
    tesla: Persona, tesla_data: PersonaData, tesla_adapter: Path, nano: Base, quick: TrainSettings
) -> None:
    before = (tesla_adapter / "manifest.json").stat().st_mtime_ns
    told: list[str] = []
    runs = tesla_adapter.parents[2]
    context = TrainContext(base=nano, settings=quick, runs=runs, told=told.append)
    again = train_persona(tesla, tesla_data, context)
    assert again == tesla_adapter
    assert (again / "manifest.json").stat().st_mtime_ns == before
    assert "already trained" in told[0]


def test_what_is_too_long_is_left_out_and_named(tesla_data: PersonaData, nano: Base) -> None:
    tokenizer = load_tokenizer(nano)
    items, pairs = tesla_data.split("train")
    fitting = item_rows(items, tokenizer, max_tokens=200)
    assert 0 < len(fitting.left_out) < len(items)
    assert len(fitting.rows) + len(fitting.left_out) == len(items)
    assert set(pair_rows(pairs, tokenizer, max_tokens=8).left_out) == {pair.id for pair in pairs}


def test_nothing_that_fits_is_an_error_before_any_training(
    tesla: Persona, tesla_data: PersonaData, nano: Base, quick: TrainSettings, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match="fits 8 tokens"):
        short = replace(quick, max_tokens=8)
        train_persona(tesla, tesla_data, TrainContext(base=nano, settings=short, runs=tmp_path))


def test_a_limit_on_pairs_is_spread_over_the_reasons(tesla_data: PersonaData) -> None:
    pairs = tesla_data.split("train")[1]
    some = some_pairs(pairs, most=8, seed=1)
    counts = [sum(pair.why == why for pair in some) for why in {pair.why for pair in pairs}]
    assert sum(counts) == 8
    assert max(counts) - min(counts) <= 1


def test_preflight_counts_and_measures(
    tesla: Persona, tesla_data: PersonaData, nano: Base, quick: TrainSettings, tmp_path: Path
) -> None:
    context = TrainContext(base=nano, settings=quick, runs=tmp_path)
    needs = preflight(Job(tesla, tesla_data), context)
    assert needs.items == len(tesla_data.split("train")[0])
    assert needs.pairs == 16
    assert needs.steps == -(-needs.items // 8) + 4
    assert 0 < needs.computed < 0.8 * needs.tokens
    assert needs.seconds > 0
    assert not needs.left_out
    assert not needs.warnings
    assert not list(tmp_path.iterdir())


def test_a_base_that_is_not_there_is_an_error_with_a_remedy(
    tesla: Persona, tesla_data: PersonaData, quick: TrainSettings, tmp_path: Path
) -> None:
    missing = find_base("nobody/nothing")
    statistics = {**tesla_data.statistics, "prompt_hash": prompt_hash_of(missing)}
    data = replace(tesla_data, statistics=statistics)
    with pytest.raises(BaseModelError, match="--base nano"):
        train_persona(tesla, data, TrainContext(base=missing, settings=quick, runs=tmp_path))


def test_data_of_another_kind_of_base_are_refused(
    tesla: Persona, tesla_data: PersonaData, nano: Base, quick: TrainSettings, tmp_path: Path
) -> None:
    statistics = {**tesla_data.statistics, "prompt_hash": "another"}
    context = TrainContext(base=nano, settings=quick, runs=tmp_path)
    with pytest.raises(DataError, match="persllm build nikola-tesla --base"):
        train_persona(tesla, replace(tesla_data, statistics=statistics), context)
    assert not list(tmp_path.iterdir())


def test_a_manifest_tells_what_the_data_were_built_for(
    tesla_adapter: Path, tesla_data: PersonaData
) -> None:
    manifest = read_manifest(tesla_adapter)
    assert manifest.prompt_hash == tesla_data.statistics["prompt_hash"]
    assert manifest.profile_hash == NANO_PROFILE.digest()


@pytest.mark.parametrize("name", ["nano", "small", "medium", "large"])
def test_every_profile_names_a_preset(name: str) -> None:
    assert preset(named_profile(name).preset) == preset(name)


def test_presets_go_by_the_size_of_the_base() -> None:
    rates = [preset(name).sft_rate for name in ("nano", "small", "medium", "large")]
    assert rates == sorted(rates, reverse=True)
    assert preset("large").accumulate > preset("small").accumulate
    with pytest.raises(DataError, match="nano, small, medium, large"):
        preset("huge")
    with pytest.raises(DataError, match="rank must be at least 1"):
        changed(TrainSettings(), {"rank": 0})
