"""The local engine: one base with transformers, adapters with PEFT, switched by name.

All personas share the base's weights; an adapter is loaded when it is first asked for. One
request runs at a time, because the switch of the active adapter belongs to the whole model.
"""

import re
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

from persllm.agents.engines.shown import Shown
from persllm.bases import Base
from persllm.engine import Piece, Reply, Request, Score, whole
from persllm.errors import AdapterError, EngineError
from persllm.loading import device, load_base, load_tokenizer
from persllm.manifest import WEIGHTS_NAME, check_fits
from persllm.messages import Message

ALONE = "__base__"
"""PEFT's word for a row without adapter."""


class LocalEngine:
    """Runs a base on this machine.

    Args:
        base: Resolved by `persllm.bases.find_base`.
        threads: CPU threads. One by default: a second gains little at a small model's shapes and
            loses up to sixty times where neighbours are busy.

    Raises:
        BaseModelError: The base cannot be loaded.
    """

    def __init__(self, base: Base, *, threads: int = 1) -> None:
        import torch

        self._torch = torch
        self._base = base
        self._threads = threads
        self._on_gpu = device().type == "cuda"
        self._tokenizer: Any = load_tokenizer(base)
        self._tokenizer.padding_side = "left"
        self._model: Any = load_base(base).eval()
        self._names: dict[Path, str] = {}
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """What replies are credited to."""
        return self._base.name

    @property
    def base(self) -> Base:
        """The base this engine runs."""
        return self._base

    @property
    def context(self) -> int:
        """Most tokens of prompt and reply together."""
        return int(self._model.config.max_position_embeddings)

    @property
    def adapters(self) -> tuple[Path, ...]:
        """The adapters loaded so far."""
        return tuple(self._names)

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Return the length of the rendered prompt."""
        return len(self._encode(messages))

    def stream(self, request: Request) -> Iterator[Piece]:
        """Yield the reply in pieces as it is written.

        The engine belongs to the caller until the last piece, or until the iterator is closed.
        """
        prompt = self._prompt(request)
        with self._lock:
            yield from self._stream(request, prompt)

    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        """Answer many requests in one batch, each row with its own adapter.

        Sampled requests run one by one, so that each keeps its own seed.
        """
        alike = {(r.max_tokens, r.temperature, r.stop) for r in requests}
        if len(requests) < 2 or len(alike) > 1 or requests[0].temperature > 0:
            return [whole(self.stream(request)) for request in requests]
        prompts = [self._prompt(request) for request in requests]
        with self._lock:
            return self._generate(requests, prompts)

    def score(self, requests: Sequence[Request], replies: Sequence[str]) -> list[Score]:
        """Return how likely each reply is after its request."""
        with self._lock:
            self._prepare()
            return [self._score(r, reply) for r, reply in zip(requests, replies, strict=True)]

    def _score(self, request: Request, reply: str) -> Score:
        prompt = self._encode(request.messages)
        written = [
            *self._tokenizer(reply, add_special_tokens=False)["input_ids"],
            self._tokenizer.eos_token_id,
        ]
        if len(prompt) + len(written) > self.context:
            raise EngineError(
                f"prompt and reply have {len(prompt) + len(written)} tokens; {self.name} holds "
                f"{self.context}. Shorten them."
            )
        self._switch(request.adapter)
        tokens = self._torch.tensor([prompt + written], device=self._model.device)
        with self._torch.inference_mode():
            logits = self._model(input_ids=tokens).logits[0, len(prompt) - 1 : -1].float()
        each = logits.log_softmax(-1).gather(-1, tokens[0, len(prompt) :, None])
        return Score(float(each.sum()), len(written))

    def _stream(self, request: Request, prompt: list[int]) -> Iterator[Piece]:
        torch = self._torch
        self._prepare()
        generator = torch.Generator().manual_seed(request.seed if request.seed is not None else 0)
        if request.seed is None:
            generator.seed()
        self._switch(request.adapter)
        ends = self._ends()
        tokens = torch.tensor([prompt], device=self._model.device)
        cache: Any = None
        written: list[int] = []
        shown = Shown(request.stop)
        finish = "length"
        while len(written) < request.max_tokens:
            with torch.inference_mode():
                out = self._model(input_ids=tokens, past_key_values=cache, use_cache=True)
            cache = out.past_key_values
            token = self._pick(out.logits[0, -1], request, generator)
            if token in ends:
                finish = "stop"
                break
            written.append(token)
            yield from shown.more(self._decode(written))
            if shown.stopped:
                finish = "stop"
                break
            tokens = torch.tensor([[token]], device=self._model.device)
        yield from shown.rest(self._decode(written))
        yield Piece("", finish, len(prompt), len(written))

    def _pick(self, logits: Any, request: Request, generator: Any) -> int:  # noqa: ANN401 (tensors)
        if request.temperature <= 0:
            return int(logits.argmax())
        torch = self._torch
        chances = (logits.float().cpu() / request.temperature).softmax(-1)
        ranked, order = chances.sort(descending=True)
        ranked[ranked.cumsum(0) - ranked >= request.top_p] = 0.0
        return int(order[torch.multinomial(ranked, 1, generator=generator)])

    def _generate(self, requests: Sequence[Request], prompts: list[list[int]]) -> list[Reply]:
        torch = self._torch
        self._prepare()
        rows = self._tokenizer.pad({"input_ids": prompts}, return_tensors="pt")
        names = [self._load(request.adapter) for request in requests]
        extra: dict[str, Any] = {}
        if self._names:
            self._model.base_model.enable_adapter_layers()
            extra["adapter_names"] = names
        with torch.inference_mode():
            out = self._model.generate(
                **rows.to(self._model.device),
                **extra,
                max_new_tokens=requests[0].max_tokens,
                do_sample=False,
                pad_token_id=self._tokenizer.pad_token_id,
            )
        ends, replies = self._ends(), []
        for request, prompt, tokens in zip(requests, prompts, out.tolist(), strict=True):
            written = tokens[rows["input_ids"].shape[1] :]
            end = next((i for i, token in enumerate(written) if token in ends), None)
            kept = written if end is None else written[:end]
            shown = Shown(request.stop)
            text = "".join(piece.text for piece in shown.rest(self._decode(kept)))
            finish = "stop" if end is not None or shown.stopped else "length"
            replies.append(Reply(text, finish, len(prompt), len(kept)))
        return replies

    def _prompt(self, request: Request) -> list[int]:
        prompt = self._encode(request.messages)
        if len(prompt) + request.max_tokens > self.context:
            raise EngineError(
                f"the prompt has {len(prompt)} tokens and the reply may have "
                f"{request.max_tokens}; {self.name} holds {self.context}. Shorten the history, "
                "recall less, or name a base with a longer context."
            )
        return prompt

    def _encode(self, messages: Sequence[Message]) -> list[int]:
        rows = [{"role": m.role, "content": self._plain(m.content)} for m in messages]
        try:
            ids = self._tokenizer.apply_chat_template(
                rows, add_generation_prompt=True, return_dict=False
            )
        except Exception as error:  # templates are programs; jinja raises many kinds
            raise EngineError(
                f"{self.name}'s chat template refuses the conversation: {error}"
            ) from error
        return cast("list[int]", ids)

    def _plain(self, text: str) -> str:
        """Take control tokens out of what people write, so that nobody forges a turn."""
        marks = "|".join(map(re.escape, self._tokenizer.all_special_tokens))
        found = 1 if marks else 0
        while found:  # what is left around a mark may be one again
            text, found = re.subn(marks, "", text)
        return text

    def _decode(self, tokens: Sequence[int]) -> str:
        return cast("str", self._tokenizer.decode(tokens, skip_special_tokens=True))

    def _ends(self) -> frozenset[int]:
        ends = self._model.generation_config.eos_token_id
        known = ends if isinstance(ends, list) else [ends]
        return frozenset(known) | {self._tokenizer.eos_token_id}

    def _prepare(self) -> None:
        if not self._on_gpu:
            self._torch.set_num_threads(self._threads)

    def _load(self, adapter: Path | None) -> str:
        """Return the adapter's name in PEFT, loading it the first time."""
        if adapter is None:
            return ALONE
        folder = adapter.resolve()
        if folder not in self._names:
            check_fits(folder, base=self._base)
            _check_whole(folder)
            name = f"adapter{len(self._names)}"
            if self._names:
                self._model.load_adapter(str(folder), adapter_name=name)
            else:
                from peft import PeftModel

                self._model = PeftModel.from_pretrained(self._model, str(folder), name).eval()
            self._names[folder] = name
        return self._names[folder]

    def _switch(self, adapter: Path | None) -> None:
        name = self._load(adapter)
        if not self._names:
            return
        tuner = self._model.base_model
        if name == ALONE:
            tuner.disable_adapter_layers()
        else:
            tuner.enable_adapter_layers()
            self._model.set_adapter(name)


def _check_whole(folder: Path) -> None:
    """Refuse files PEFT would fail on halfway, when the base is already wrapped.

    Raises:
        AdapterError: The weights or their config cannot be read.
    """
    from peft import PeftConfig
    from safetensors import SafetensorError, safe_open

    try:
        PeftConfig.from_pretrained(str(folder))
        with safe_open(folder / WEIGHTS_NAME, framework="pt"):
            pass
    except (OSError, ValueError, SafetensorError) as error:
        raise AdapterError(
            f"the adapter {folder} cannot be read: {error}. Train it again."
        ) from error
