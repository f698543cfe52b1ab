import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file

from persllm.agents.engines.local import LocalEngine
from persllm.bases import Base
from persllm.engine import Request
from persllm.errors import BaseModelError, DataError
from persllm.loading import load_base, load_tokenizer
from persllm.manifest import check_fits, find_adapter, read_manifest
from persllm.messages import Message, render
from persllm.persona import Persona
from persllm.training.data.build import PersonaData
from persllm.training.settings import TrainSettings, settings_for
from persllm.training.train import preflight, train_persona
from persllm.training.tune import fit_items, fit_pairs, some_pairs

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
    assert set(manifest.evaluation) == {"base", "prompt", "adapter"}


def test_the_newest_adapter_is_found_among_the_runs(
    tesla_adapter: Path, nano: Base, tesla: Persona
) -> None:
    assert find_adapter(tesla, base=nano, runs=tesla_adapter.parents[2]) == tesla_adapter


def test_plain_peft_and_the_engine_say_the_same_token_for_token(
    tesla_adapter: Path, nano: Base, tesla: Persona
) -> None:
    tokenizer = load_tokenizer(nano)
    model: Any = PeftModel.from_pretrained(load_base(nano), str(tesla_adapter)).eval()
    engine = LocalEngine(nano)
    for question in ("Where were you born?", "What do you think of Edison?", "Good morning."):
        prompt = render(tesla, tesla.stage("late"), (Message("user", question),))
        encoded: Any = tokenizer.apply_chat_template(
            [message.as_dict() for message in prompt],
            add_generation_prompt=True,
            return_tensors="pt",
            return_dict=True,
        )
        out = model.generate(**encoded, max_new_tokens=48, do_sample=False)
        plain = tokenizer.decode(out[0, encoded["input_ids"].shape[1] :], skip_special_tokens=True)
        request = Request(messages=prompt, adapter=tesla_adapter, max_tokens=48)
        assert engine.generate([request])[0].text == plain


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
    again = train_persona(
        tesla,
        tesla_data,
        base=nano,
        settings=quick,
        runs=tesla_adapter.parents[2],
        told=told.append,
    )
    assert again == tesla_adapter
    assert (again / "manifest.json").stat().st_mtime_ns == before
    assert "already trained" in told[0]


def test_the_loss_counts_the_reply_and_its_end_and_nothing_else(
    tesla_data: PersonaData, nano: Base
) -> None:
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    tokenizer: Any = load_tokenizer(nano)
    items = tesla_data.split("train")[0][:6]
    rows = fit_items(items, tokenizer, max_tokens=1024).rows
    config = SFTConfig(
        output_dir="unused", use_cpu=True, bf16=False, completion_only_loss=True, max_length=1024
    )
    trainer = SFTTrainer(
        model=load_base(nano),
        args=config,
        train_dataset=Dataset.from_list(rows),
        processing_class=tokenizer,
    )
    batch = next(iter(trainer.get_train_dataloader()))
    replies = {item.reply + tokenizer.eos_token for item in items}
    counted = {
        tokenizer.decode(labels[labels != -100])
        for labels in torch.as_tensor(batch["labels"]).unbind()
    }
    assert counted == replies


def test_what_is_too_long_is_left_out_and_named(tesla_data: PersonaData, nano: Base) -> None:
    tokenizer = load_tokenizer(nano)
    items, pairs = tesla_data.split("train")
    fitting = fit_items(items, tokenizer, max_tokens=200)
    assert 0 < len(fitting.left_out) < len(items)
    assert len(fitting.rows) + len(fitting.left_out) == len(items)
    assert set(fit_pairs(pairs, tokenizer, max_tokens=8).left_out) == {pair.id for pair in pairs}


def test_nothing_that_fits_is_an_error_before_any_training(
    tesla: Persona, tesla_data: PersonaData, nano: Base, quick: TrainSettings, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match="fits 8 tokens"):
        train_persona(
            tesla, tesla_data, base=nano, settings=replace(quick, max_tokens=8), runs=tmp_path
        )


def test_a_limit_on_pairs_is_spread_over_the_reasons(tesla_data: PersonaData) -> None:
    pairs = tesla_data.split("train")[1]
    some = some_pairs(pairs, most=8, seed=1)
    counts = [sum(pair.why == why for pair in some) for why in {pair.why for pair in pairs}]
    assert sum(counts) == 8
    assert max(counts) - min(counts) <= 1


def test_preflight_counts_without_loading_weights(
    tesla_data: PersonaData, nano: Base, quick: TrainSettings
) -> None:
    needs = preflight(tesla_data, nano, quick)
    assert needs.items == len(tesla_data.split("train")[0])
    assert needs.pairs == 16
    assert needs.steps > 4
    assert not needs.left_out


def test_a_base_that_is_not_there_is_an_error_with_a_remedy(
    tesla_data: PersonaData, quick: TrainSettings
) -> None:
    missing = Base("nobody/nothing", "nobody/nothing", "main")
    with pytest.raises(BaseModelError, match="--base nano"):
        preflight(tesla_data, missing, quick)


def test_presets_go_by_the_base() -> None:
    assert settings_for("nano").sft_rate > settings_for("Qwen/Qwen3-0.6B").sft_rate
    with pytest.raises(ValueError, match="rank must be at least 1"):
        TrainSettings(rank=0)


SCRIPT = """
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any
from persllm.bases import find_base
from persllm.cast import find_persona
from persllm.training.data.build import read_data
from persllm.training.settings import TrainSettings
from persllm.training.train import train_persona
import json
settings = TrainSettings(**json.loads(sys.argv[3]))
print(train_persona(find_persona("nikola-tesla"), read_data(Path(sys.argv[1])),
                    base=find_base("nano"), settings=settings, runs=Path(sys.argv[2])))
"""


def _train(data: Path, runs: Path, settings: TrainSettings) -> "subprocess.Popen[str]":
    from dataclasses import asdict

    command = [sys.executable, "-c", SCRIPT, str(data), str(runs), json.dumps(asdict(settings))]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ})


@pytest.mark.parametrize("part", ["sft", "dpo"])
def test_a_killed_run_continues_to_the_adapter_of_an_unbroken_run(
    part: str,
    tesla_data: PersonaData,
    tesla_adapter: Path,
    nano: Base,
    quick: TrainSettings,
    tmp_path: Path,
) -> None:
    first = _train(tesla_data.folder, tmp_path, quick)
    deadline = time.monotonic() + 240
    while not list(tmp_path.glob(f"nikola-tesla/*/{part}/checkpoint-*/trainer_state.json")):
        assert first.poll() is None, "the run ended before it could be killed"
        assert time.monotonic() < deadline, "no checkpoint appeared"
        time.sleep(0.05)
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert not list(tmp_path.glob("nikola-tesla/*/adapter"))
    second = _train(tesla_data.folder, tmp_path, quick)
    out, _ = second.communicate(timeout=400)
    assert second.returncode == 0
    adapter = Path(out.strip().splitlines()[-1])
    assert len(list(tmp_path.glob("nikola-tesla/*"))) == 1
    ours = load_file(adapter / "adapter_model.safetensors")
    unbroken = load_file(tesla_adapter / "adapter_model.safetensors")
    for name, tensor in unbroken.items():
        torch.testing.assert_close(ours[name], tensor, atol=1e-5, rtol=0)
    check_fits(adapter, base=nano)
