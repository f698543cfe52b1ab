"""The plain way: transformers' model and PEFT's adapters, one row at a time.

For bases and adapters which the decode loop in `lean/` does not know. The switch of the active
adapter belongs to the whole model, so one step runs at a time; streams take turns, token by token.
"""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from persllm.agents.engines.chat_tokenizer import ChatTokenizer
from persllm.agents.engines.lean.sampling import Choices, generator_of
from persllm.agents.engines.stop_filter import StopFilter
from persllm.bases import Base
from persllm.engine import Piece, Request, Score, Token
from persllm.errors import AdapterError
from persllm.loading import load_base
from persllm.manifest import check_fits


class Plain:
    """Runs a base with transformers; it is loaded when it is first needed.

    Args:
        base: Which.
        tokenizer: Its tokens.
        model: The base where it is loaded already.
    """

    def __init__(self, base: Base, tokenizer: ChatTokenizer, model: Any = None) -> None:  # noqa: ANN401
        self._base = base
        self._tokenizer = tokenizer
        self._model = model
        self._names: dict[Path, str] = {}
        self._loads = 0
        self._active: str | None = None
        self._lock = threading.Lock()

    @property
    def adapters(self) -> tuple[Path, ...]:
        """The adapters loaded so far."""
        return tuple(self._names)

    def unload(self, folder: Path) -> None:
        """Forget an adapter."""
        with self._lock:
            name = self._names.pop(folder, None)
            if name is not None:
                self._model.delete_adapter(name)
                self._active = ""

    @torch.inference_mode()
    def score(self, request: Request, reply: str) -> Score:
        """Return how likely a reply is after its request."""
        prompt, written = self._tokenizer.reply(request, reply)
        with self._lock:
            self._switch(request.adapter)
            tokens = torch.tensor([prompt + written], device=self._model.device)
            logits = self._model(input_ids=tokens).logits[0, len(prompt) - 1 : -1].float()
        each = logits.log_softmax(-1).gather(-1, tokens[0, len(prompt) :, None])
        return Score(float(each.sum()), len(written))

    def stream(self, request: Request) -> Iterator[Piece]:
        """Yield the reply in pieces."""
        prompt = self._tokenizer.prompt(request)
        generator = generator_of(request)
        said = self._tokenizer.said(request)
        tokens, cache = prompt, None
        writing, shown = self._tokenizer.writing(), StopFilter(request.stop)
        finish = "length"
        while len(writing.tokens) < request.max_tokens:
            logits, cache = self._step(request.adapter, tokens, cache)
            choices = Choices(logits, [request])
            token = choices.token(0, generator, said)
            if token in self._tokenizer.ends:
                finish = "stop"
                break
            if request.repetition_penalty != 1:
                said.add(token)
            yield from shown.more(writing.add(token))
            chance = choices.log_probability(0, token)
            if chance is not None:
                yield Piece("", logprobs=(Token(self._tokenizer.decode([token]), chance),))
            if shown.stopped:
                finish = "stop"
                break
            tokens = [token]
        yield from shown.rest(writing.whole())
        yield Piece("", finish, len(prompt), len(writing.tokens))

    @torch.inference_mode()
    def _step(
        self,
        adapter: Path | None,
        tokens: list[int],
        cache: Any,  # noqa: ANN401 (transformers')
    ) -> tuple[torch.Tensor, Any]:
        """Return the next token's logits (1, vocabulary) and the cache."""
        with self._lock:
            self._switch(adapter)
            ids = torch.tensor([tokens], device=self._model.device)
            out = self._model(input_ids=ids, past_key_values=cache, use_cache=True)
        return out.logits[:, -1].float(), out.past_key_values

    def _switch(self, adapter: Path | None) -> None:
        if self._model is None:
            self._model = load_base(self._base).eval()
        name = None if adapter is None else self._load(adapter.resolve())
        if name == self._active or not self._names:
            return
        tuner: Any = self._model.base_model
        if name is None:
            tuner.disable_adapter_layers()
        else:
            tuner.enable_adapter_layers()
            self._model.set_adapter(name)
        self._active = name

    def _load(self, folder: Path) -> str:
        """Return the adapter's name in PEFT, loading it the first time."""
        from peft import PeftModel

        if folder not in self._names:
            check_fits(folder, base=self._base)
            self._loads += 1
            name = f"adapter{self._loads}"
            try:
                if isinstance(self._model, PeftModel):
                    self._model.load_adapter(str(folder), adapter_name=name)
                else:
                    self._model = PeftModel.from_pretrained(self._model, str(folder), name).eval()
            except (OSError, ValueError, RuntimeError, KeyError) as error:
                raise AdapterError(
                    f"PEFT cannot load the adapter {folder}: {error}. Train it again."
                ) from error
            self._names[folder] = name
            self._active = ""  # loading may have switched
        return self._names[folder]
