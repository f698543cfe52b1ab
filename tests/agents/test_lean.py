"""The decode loop against transformers and PEFT: the same tokens, alone and in mixed batches."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, Qwen2Config, Qwen3Config

from persllm.agents.engines.local import LocalEngine
from persllm.bases import NANO_FOLDER, Base, find_base
from persllm.engine import Reply, Request, whole
from persllm.errors import AdapterError, EngineError
from persllm.manifest import WEIGHTS_NAME, write_manifest
from persllm.messages import Message
from tests.agents.conftest import manifest_of

SIZES: dict[str, Any] = {
    "vocab_size": 4096,
    "hidden_size": 64,
    "intermediate_size": 176,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 512,
    "eos_token_id": 1,
    "pad_token_id": 0,
    "initializer_range": 0.2,  # so that the likeliest token stands out
}
LLAMA3 = {
    "rope_type": "llama3",
    "rope_theta": 10000.0,
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}
CONFIGS: dict[str, Callable[[], Any]] = {
    "llama": lambda: LlamaConfig(**SIZES, tie_word_embeddings=True),
    "llama3": lambda: LlamaConfig(**SIZES, rope_parameters=LLAMA3, attention_bias=True),
    "qwen2": lambda: Qwen2Config(**SIZES),
    "qwen3": lambda: Qwen3Config(**SIZES, head_dim=32),
}
LORAS: dict[str, dict[str, Any]] = {
    "all": {"r": 4, "target_modules": "all-linear"},
    "rooted": {"r": 8, "lora_alpha": 4, "use_rslora": True, "target_modules": ["q_proj", "v_proj"]},
    "gated": {"r": 3, "target_modules": ["up_proj", "o_proj"], "rank_pattern": {"o_proj": 5}},
}


def make_base(folder: Path, kind: str) -> Base:
    torch.manual_seed(3)
    model = AutoModelForCausalLM.from_config(CONFIGS[kind]())
    for name, weight in model.named_parameters():
        if "norm" in name or "bias" in name:
            weight.data += 0.2 * torch.randn_like(weight)
    model.save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        shutil.copy(NANO_FOLDER / name, folder)
    return find_base(str(folder))


def make_adapter(base: Base, folder: Path, **settings: Any) -> Path:  # noqa: ANN401
    torch.manual_seed(sum(map(ord, folder.name)))
    config = LoraConfig(init_lora_weights=False, task_type="CAUSAL_LM", **settings)
    model = get_peft_model(AutoModelForCausalLM.from_pretrained(base.location), config)
    model.save_pretrained(str(folder), save_embedding_layers=False)
    write_manifest(folder, manifest_of(base.key))
    return folder


class Plain:
    """Transformers and PEFT, without any code of ours."""

    def __init__(self, base: Base) -> None:
        self.base = base
        self.tokenizer: Any = AutoTokenizer.from_pretrained(base.location)

    def model(self, adapter: Path | None) -> Any:  # noqa: ANN401
        model: Any = AutoModelForCausalLM.from_pretrained(self.base.location)
        return (PeftModel.from_pretrained(model, str(adapter)) if adapter else model).eval()

    def prompt(self, request: Request) -> Any:  # noqa: ANN401
        rows = [message.as_dict() for message in request.messages]
        template = self.tokenizer.apply_chat_template
        return template(rows, add_generation_prompt=True, return_dict=True, return_tensors="pt")

    def reply(self, request: Request) -> tuple[str, int]:
        prompt = self.prompt(request)
        out = self.model(request.adapter).generate(
            **prompt, max_new_tokens=request.max_tokens, do_sample=False
        )
        written = out[0, prompt["input_ids"].shape[1] :].tolist()
        written = written[: written.index(1)] if 1 in written else written
        return self.tokenizer.decode(written, skip_special_tokens=True), len(written)

    @torch.inference_mode()
    def log_probability(self, request: Request, reply: str) -> float:
        prompt = self.prompt(request)["input_ids"][0].tolist()
        written = [*self.tokenizer(reply, add_special_tokens=False)["input_ids"], 1]
        logits = self.model(request.adapter)(input_ids=torch.tensor([prompt + written])).logits
        chances = logits[0, len(prompt) - 1 : -1].log_softmax(-1)
        return float(chances.gather(-1, torch.tensor(written)[:, None]).sum())


def ask(text: str, adapter: Path | None = None, *, tokens: int = 14) -> Request:
    messages = (Message("system", "You are a clerk in Graz."), Message("user", text))
    return Request(messages=messages, adapter=adapter, max_tokens=tokens)


def told(reply: Reply) -> tuple[str, int]:
    return reply.text, reply.new_tokens


@pytest.mark.parametrize("kind", CONFIGS)
def test_greedy_replies_are_those_of_transformers_and_peft(kind: str, tmp_path: Path) -> None:
    base = make_base(tmp_path / kind, kind)
    adapters = [make_adapter(base, tmp_path / name, **lora) for name, lora in LORAS.items()]
    engine, plain = LocalEngine(base), Plain(base)
    requests = [
        ask(text, adapter)
        for text, adapter in zip(
            ("Who are you?", "And what do you write all day?", "Why?", "Well, then?"),
            (*adapters, None),
            strict=True,
        )
    ]
    expected = [plain.reply(request) for request in requests]
    assert engine.fallback == "" and not engine.fallbacks
    assert [told(whole(engine.stream(request))) for request in requests] == expected
    assert [told(reply) for reply in LocalEngine(base).generate(requests)] == expected
    assert len(set(expected)) == len(expected)
    scores = engine.score(requests, ["I am a clerk."] * len(requests))
    for request, score in zip(requests, scores, strict=True):
        wanted = plain.log_probability(request, "I am a clerk.")
        assert score.log_probability == pytest.approx(wanted, abs=1e-3)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Base:
    return make_base(tmp_path_factory.mktemp("bases") / "llama", "llama")


@pytest.fixture(scope="module")
def pair(base: Base, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    root = tmp_path_factory.mktemp("pair")
    one, two = (make_adapter(base, root / name, **LORAS["all"]) for name in ("one", "two"))
    return one, two


def test_what_only_peft_knows_runs_there_and_is_named(base: Base, tmp_path: Path) -> None:
    adapter = make_adapter(base, tmp_path / "dora", use_dora=True, **LORAS["rooted"])
    engine, request = LocalEngine(base), ask("Who are you?", adapter)
    lean, plain = engine.generate([ask("Who are you?"), request])
    assert told(plain) == Plain(base).reply(request)
    assert told(lean) == Plain(base).reply(ask("Who are you?"))
    assert "DoRA" in engine.fallbacks[adapter.resolve()]
    [score] = engine.score([request], ["I am."])
    wanted = Plain(base).log_probability(request, "I am.")
    assert score.log_probability == pytest.approx(wanted, abs=1e-3)


def test_a_base_the_loop_does_not_know_runs_the_plain_way(
    tmp_path: Path, base: Base, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "stretched"
    shutil.copytree(base.location, folder)
    config = json.loads((folder / "config.json").read_text())
    config["rope_parameters"] = {"rope_type": "dynamic", "rope_theta": 10000.0, "factor": 2.0}
    (folder / "config.json").write_text(json.dumps(config))
    stretched = find_base(str(folder))
    engine, request = LocalEngine(stretched), ask("Who are you?")
    assert "dynamic" in engine.fallback
    assert "dynamic" in caplog.text
    assert told(whole(engine.stream(request))) == Plain(stretched).reply(request)
    with pytest.raises(EngineError, match="dynamic"):
        LocalEngine(stretched, int8=True)


def test_a_talk_is_not_computed_again_and_branches_are_right(
    base: Base, pair: tuple[Path, Path]
) -> None:
    engine = LocalEngine(base)
    first = ask("Who are you, and where do you come from?", pair[0])
    answer = whole(engine.stream(first)).text
    turns = (*first.messages, Message("assistant", answer))
    for text in ("And then?", "No, before that?"):  # a turn, and the same turn edited
        request = replace(first, messages=(*turns, Message("user", text)))
        before = engine.occupancy.reused_tokens
        reply = whole(engine.stream(request))
        assert engine.occupancy.reused_tokens - before >= engine.count_tokens(first.messages) - 4
        assert told(reply) == Plain(base).reply(request)
        other = replace(request, adapter=pair[1])
        assert told(whole(engine.stream(other))) == Plain(base).reply(other)


@pytest.mark.parametrize("int8", [False, True])
def test_a_prompt_longer_than_a_step_is_read_in_several(base: Base, int8: bool) -> None:
    long, short = ask("word " * 350), ask("Who are you?")
    engine = LocalEngine(base, int8=int8)
    replies = [told(reply) for reply in engine.generate([long, short])]
    if int8:
        assert replies[0] == told(whole(LocalEngine(base, int8=True).stream(long)))
    else:
        assert replies == [Plain(base).reply(long), Plain(base).reply(short)]


def test_prompts_that_begin_alike_are_read_once(base: Base) -> None:
    engine = LocalEngine(base)
    long = "word " * 60
    requests = [ask(long + end) for end in ("one", "two", "three")]
    alone = [told(whole(LocalEngine(base).stream(request))) for request in requests]
    assert [told(reply) for reply in engine.generate(requests)] == alone
    assert engine.occupancy.reused_tokens > 2 * 60


def test_more_requests_than_rows_wait_their_turn(base: Base, pair: tuple[Path, Path]) -> None:
    requests = [ask(f"Number {n}?", (*pair, None)[n % 3], tokens=4 + n) for n in range(7)]
    alone = [told(whole(LocalEngine(base).stream(request))) for request in requests]
    assert [told(reply) for reply in LocalEngine(base, rows=2).generate(requests)] == alone


def test_little_memory_for_keys_makes_requests_wait_or_refuses_them(base: Base) -> None:
    token = 2 * 2 * 2 * 16 * 4  # layers, keys and values, kv heads, head size, bytes
    requests = [ask(f"Number {n}?", tokens=8) for n in range(4)]
    alone = [told(whole(LocalEngine(base).stream(request))) for request in requests]
    small = LocalEngine(base, kv_bytes=130 * token)
    assert [told(reply) for reply in small.generate(requests)] == alone
    assert small.occupancy.kv_bytes <= 130 * token
    with pytest.raises(EngineError, match="kv_bytes"):
        whole(small.stream(ask("word " * 90, tokens=60)))


def test_a_closed_stream_frees_its_row(base: Base) -> None:
    engine = LocalEngine(base)
    pieces = engine.stream(ask("Who are you?"))
    next(pieces)
    assert engine.occupancy.running == 1
    pieces.close()  # type: ignore[attr-defined]
    assert (engine.occupancy.running, engine.occupancy.waiting) == (0, 0)


def test_an_adapter_without_numbers_fails_alone(
    base: Base, pair: tuple[Path, Path], tmp_path: Path
) -> None:
    from safetensors.torch import load_file, save_file

    shutil.copytree(pair[0], tmp_path / "broken")
    weights = load_file(tmp_path / "broken" / WEIGHTS_NAME)
    save_file({k: w * float("nan") for k, w in weights.items()}, tmp_path / "broken" / WEIGHTS_NAME)
    engine = LocalEngine(base)
    good, bad = ask("Who are you?", pair[1]), ask("Who are you?", tmp_path / "broken")
    half = engine.stream(good)
    first = next(half)
    with pytest.raises(EngineError, match="no numbers"):
        whole(engine.stream(bad))
    assert first.text + whole(half).text == Plain(base).reply(good)[0]


def test_the_longest_unused_adapter_leaves(base: Base, pair: tuple[Path, Path]) -> None:
    engine = LocalEngine(base, max_adapters=1)
    replies = [told(whole(engine.stream(ask("Who?", each)))) for each in (*pair, pair[0])]
    assert engine.adapters == (pair[0].resolve(),)
    assert replies[0] == replies[2] == Plain(base).reply(ask("Who?", pair[0]))


def test_an_adapter_whose_files_changed_is_read_again(
    base: Base, pair: tuple[Path, Path], tmp_path: Path
) -> None:
    folder = tmp_path / "changing"
    shutil.copytree(pair[0], folder)
    engine, request = LocalEngine(base), ask("Who are you?", folder)
    before = told(whole(engine.stream(request)))
    shutil.copy(pair[1] / WEIGHTS_NAME, folder / WEIGHTS_NAME)
    assert told(whole(engine.stream(request))) == Plain(base).reply(request) != before


def test_an_unloaded_adapter_is_gone_until_it_is_asked_for(
    base: Base, pair: tuple[Path, Path]
) -> None:
    engine = LocalEngine(base)
    before = whole(engine.stream(ask("Who are you?", pair[0])))
    assert engine.occupancy.adapter_bytes > 0
    engine.unload(pair[0])
    assert (engine.adapters, engine.occupancy.adapter_bytes) == ((), 0)
    assert whole(engine.stream(ask("Who are you?", pair[0]))) == before


def test_too_high_a_rank_is_refused_with_the_remedy(base: Base, pair: tuple[Path, Path]) -> None:
    with pytest.raises(AdapterError, match=r"rank 4.*at most 2.*lower rank"):
        whole(LocalEngine(base, max_rank=2).stream(ask("Who?", pair[0])))


def test_an_adapter_of_another_shape_is_refused(
    base: Base, pair: tuple[Path, Path], adapters: tuple[Path, Path], tmp_path: Path
) -> None:
    shutil.copytree(pair[0], tmp_path / "wide")
    shutil.copy(adapters[0] / WEIGHTS_NAME, tmp_path / "wide" / WEIGHTS_NAME)
    with pytest.raises(AdapterError, match="does not fit the base's shape"):
        whole(LocalEngine(base).stream(ask("Who?", tmp_path / "wide")))


def test_scores_are_the_same_alone_and_in_any_batch(base: Base, pair: tuple[Path, Path]) -> None:
    replies = ("I am a clerk.", "I am a cook, and I know it.", "No.", "I am a clerk.")
    asked = [
        (ask(text, adapter), reply)
        for text in ("Who are you?", "word " * 70)
        for adapter in (pair[0], None, pair[1])
        for reply in replies
    ]
    engine = LocalEngine(base)
    together = engine.score([request for request, _ in asked], [reply for _, reply in asked])
    alone = [engine.score([request], [reply])[0] for request, reply in asked]
    for one, two in zip(together, alone, strict=True):
        assert one.tokens == two.tokens
        assert one.log_probability == pytest.approx(two.log_probability, abs=1e-4)
    for at in (0, 5, 10, 23):
        wanted = Plain(base).log_probability(*asked[at])
        assert together[at].log_probability == pytest.approx(wanted, abs=1e-3)


def test_log_probabilities_of_written_tokens_are_the_models(base: Base) -> None:
    request = replace(ask("Who are you?"), logprobs=True)
    reply = whole(LocalEngine(base).stream(request))
    plain = Plain(base)
    with torch.inference_mode():
        logits = plain.model(None)(**plain.prompt(request)).logits[0, -1]
    assert reply.logprobs[0].log_probability == pytest.approx(
        float(logits.log_softmax(-1).max()), abs=1e-4
    )
    heated = replace(request, temperature=2.0, seed=1)
    one, two = LocalEngine(base).generate([heated, request])
    assert two.logprobs[0].log_probability == pytest.approx(
        reply.logprobs[0].log_probability, abs=1e-4
    )
    assert sum(t.log_probability for t in one.logprobs) < sum(
        t.log_probability for t in two.logprobs
    )


def _chances(engine: LocalEngine, tokens: list[int]) -> torch.Tensor:
    """Return log-probabilities (tokens, vocabulary) after each token."""
    from persllm.agents.engines.lean.forward import Span
    from persllm.agents.engines.lean.sequence import Sequence

    room, forward = engine._room, engine._forward
    with torch.inference_mode():
        span = Span(Sequence(room, 0, len(tokens)), tokens, None, tuple(range(len(tokens))))
        return forward.logits(forward([span])).log_softmax(-1)


def test_int8_weights_change_the_nano_base_by_little() -> None:
    nano = find_base("nano")
    exact, coarse = LocalEngine(nano), LocalEngine(nano, int8=True)
    text = (NANO_FOLDER / "README.md").read_text(encoding="utf-8")
    talk = (
        Message("system", "You are Marie Curie, a physicist in Paris. It is 1903: fame."),
        Message("user", f"You recall:\n- {text[:600]}\n\nWhat did you find, and with whom?"),
    )
    tokens = exact._tokenizer.encode(talk)
    p, q = _chances(exact, tokens), _chances(coarse, tokens)
    divergence = (p.exp() * (p - q)).sum(-1)  # KL(exact, int8) of each token, in nats
    assert len(tokens) > 150
    assert float(divergence.mean()) <= 0.01
    assert float((p.argmax(-1) == (q.argmax(-1))).float().mean()) > 0.9


def test_int8_replies_are_the_same_alone_and_in_any_batch(
    base: Base, pair: tuple[Path, Path]
) -> None:
    requests = [ask(f"Number {n}?", (*pair, None)[n % 3]) for n in range(5)]
    alone = [whole(LocalEngine(base, int8=True).stream(request)) for request in requests]
    assert LocalEngine(base, int8=True).generate(requests) == alone


def test_weights_that_fp16_holds_keep_their_tokens(base: Base, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = tmp_path / "halved"
    shutil.copytree(base.location, folder)
    weights = load_file(folder / "model.safetensors")
    halved = {name: weight.half().float() for name, weight in weights.items()}
    save_file(halved, folder / "model.safetensors", metadata={"format": "pt"})
    halved_base = find_base(str(folder))
    requests = [ask("Who are you?"), ask("And what do you write all day?")]
    expected = [Plain(halved_base).reply(request) for request in requests]
    assert [told(reply) for reply in LocalEngine(halved_base).generate(requests)] == expected


@pytest.mark.parametrize(
    ("raised", "seen"), [(RuntimeError("no memory"), EngineError), (KeyboardInterrupt(), None)]
)
def test_a_step_that_fails_ends_what_ran_and_the_engine_goes_on(
    base: Base, monkeypatch: pytest.MonkeyPatch, raised: BaseException, seen: type | None
) -> None:
    engine, request = LocalEngine(base), ask("Who are you?")
    expected = whole(engine.stream(request))
    half = engine.stream(request)
    next(half)

    def fail(outputs: torch.Tensor) -> torch.Tensor:
        raise raised

    with monkeypatch.context() as patched:
        patched.setattr(engine._forward, "logits", fail)
        with pytest.raises(seen or KeyboardInterrupt):
            whole(engine.stream(ask("And now?")))
    with pytest.raises(EngineError, match="the model failed"):
        whole(half)
    assert whole(engine.stream(request)) == expected
    assert engine.occupancy.running == 0
