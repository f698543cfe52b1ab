import math
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel

from persllm.bases import Base
from persllm.loading import load_base, load_tokenizer
from persllm.messages import Message
from persllm.training.data.build import PersonaData
from persllm.training.evaluation import likelihood

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def model(tesla_adapter: Path, nano: Base) -> PeftModel:
    return PeftModel.from_pretrained(load_base(nano), str(tesla_adapter)).eval()


def test_a_reply_s_score_is_the_sum_over_its_own_tokens(model: PeftModel, nano: Base) -> None:
    tokenizer = load_tokenizer(nano)
    prompt, reply = (Message("user", "Who are you?"),), "I am an inventor."
    text = f"<|user|>Who are you?<|end|><|assistant|>{reply}<|end|>"
    ids = torch.tensor([tokenizer(text, add_special_tokens=False)["input_ids"]])
    start = len(tokenizer("<|user|>Who are you?<|end|><|assistant|>")["input_ids"])
    with torch.inference_mode():
        logp = model(input_ids=ids).logits[0].log_softmax(-1)
    expected = sum(logp[i - 1, ids[0, i]].item() for i in range(start, ids.shape[1]))
    [score] = likelihood._scores(model, tokenizer, [(prompt, reply)])
    assert score.logp == pytest.approx(expected, abs=1e-3)
    assert score.tokens == ids.shape[1] - start


def test_batching_does_not_change_the_figures(
    model: PeftModel, nano: Base, tesla_data: PersonaData, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokenizer = load_tokenizer(nano)
    items, pairs = tesla_data.split("test")
    together = likelihood.measure(model, tokenizer, items, pairs)
    monkeypatch.setattr(likelihood, "BATCH_TOKENS", 1)
    alone = likelihood.measure(model, tokenizer, items, pairs)
    for system in likelihood.SYSTEMS:
        assert together[system].pair_accuracy == alone[system].pair_accuracy
        assert together[system].perplexity == pytest.approx(alone[system].perplexity, rel=1e-4)


def test_the_adapter_is_on_again_after_measuring(
    model: PeftModel, nano: Base, tesla_data: PersonaData
) -> None:
    items, pairs = tesla_data.split("test")
    results = likelihood.measure(model, load_tokenizer(nano), items, pairs)
    assert results["adapter"].perplexity != results["prompt"].perplexity
    layers: list[Any] = [layer for layer in model.modules() if _is_adapted(layer)]
    switched_off = [layer.disable_adapters for layer in layers]
    assert switched_off
    assert not any(switched_off)


def _is_adapted(layer: Any) -> bool:  # noqa: ANN401 (a torch module)
    return hasattr(layer, "lora_A") and hasattr(layer, "disable_adapters")


def test_the_interval_of_an_accuracy_shrinks_with_the_pairs() -> None:
    few, many = (likelihood.Likelihood(0.5, n, 1.0, n) for n in (25, 100))
    assert few.pair_error == pytest.approx(1.96 * math.sqrt(0.25 / 25))
    assert many.pair_error == pytest.approx(few.pair_error / 2)
