"""The engine that runs base and adapters in this process with vLLM.

vLLM batches what is asked at the same time, keeps computed prefixes, and takes a LoRA adapter per
request. One thread of ours steps it; everybody else talks to that thread through a queue, because
vLLM's own engine object belongs to one thread.
"""

import os
import queue
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from persllm.agents.engines.chat_tokenizer import ChatTokenizer
from persllm.agents.engines.lora_limits import room_for
from persllm.agents.engines.stop_filter import StopFilter
from persllm.agents.engines.vllm_environment import vllm_environment
from persllm.bases import Base
from persllm.engine import Piece, Reply, Request, whole
from persllm.errors import AdapterError, EngineError
from persllm.loading import device
from persllm.manifest import check_fits
from persllm.messages import Message

MAX_RANK, MAX_RANK_ON_CPU = 64, 16
"""vLLM reserves room for adapters of this rank when it starts; a CPU computes with all of it."""
MAX_LORAS = 8
"""Adapters in one batch; more take turns, on a GPU."""
ONE_PROCESS = "VLLM_ENABLE_V1_MULTIPROCESSING"


@dataclass(eq=False)
class Job:
    """A request on its way through vLLM's thread."""

    number: str
    prompt: list[int]
    params: Any
    adapter: Any
    news: "queue.SimpleQueue[Any]" = field(default_factory=queue.SimpleQueue)
    """Outputs of vLLM, or the exception that ended the work."""
    left: bool = False


class VllmEngine:
    """Runs a base with vLLM.

    Args:
        base: Resolved by `persllm.bases.find_base`.
        options: Passed to `vllm.LLM` as they are, such as `tensor_parallel_size=2`.

    Raises:
        EngineError: vLLM is not installed, or cannot start.
    """

    def __init__(self, base: Base, **options: Any) -> None:  # noqa: ANN401 (vLLM's own options)
        os.environ.setdefault(ONE_PROCESS, "0")  # three imports of vLLM less: half the start
        os.environ.update(vllm_environment())
        try:
            import vllm  # pyright: ignore[reportMissingImports]  # an extra
            from vllm.lora.request import (  # pyright: ignore[reportMissingImports]
                LoRARequest,
            )
        except ImportError as error:
            raise EngineError(
                "the engine 'vllm' needs vLLM: pip install 'persllm[vllm]' (NVIDIA), or see "
                "docs/serving.md for a CPU. Without it, use --engine local."
            ) from error
        self._vllm, self._lora_request = vllm, LoRARequest
        self._base = base
        self._on_gpu = device().type == "cuda"
        settings = {
            "enable_lora": True,
            "max_loras": MAX_LORAS,
            "max_lora_rank": MAX_RANK if self._on_gpu else MAX_RANK_ON_CPU,
            "enable_prefix_caching": True,
            "disable_log_stats": True,
            **options,
        }
        self._max_rank = int(settings["max_lora_rank"])
        self._slots = int(settings["max_loras"])
        try:
            self._llm: Any = vllm.LLM(model=base.location, **settings)
        except Exception as error:  # its faults come as every kind of exception
            raise EngineError(f"vLLM cannot start {base.name}: {error}") from error
        self._tokenizer = ChatTokenizer(
            self._llm.get_tokenizer(),
            name=base.name,
            context=int(self._llm.model_config.max_model_len),
        )
        self._adapters: dict[Path, Any] = {}
        self._lock = threading.Lock()
        self._asked = 0
        self._doors: queue.SimpleQueue[Job] = queue.SimpleQueue()
        threading.Thread(target=self._step_for_ever, daemon=True, name="vllm").start()

    @property
    def name(self) -> str:
        """What replies are credited to."""
        return self._base.name

    @property
    def context(self) -> int:
        """Most tokens of prompt and reply together."""
        return self._tokenizer.context

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Return the length of the rendered prompt."""
        return len(self._tokenizer.encode(messages))

    def stream(self, request: Request) -> Iterator[Piece]:
        """Yield the reply as vLLM writes it; closing the iterator ends the work."""
        yield from self._read(self._begin(request), request)

    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        """Answer many requests in one batch, each with its own adapter and seed."""
        jobs = [self._job(request) for request in requests]  # all are checked before one begins
        for job in jobs:
            self._doors.put(job)
        pairs = zip(jobs, requests, strict=True)
        return [whole(self._read(job, request)) for job, request in pairs]

    def _begin(self, request: Request) -> Job:
        job = self._job(request)
        self._doors.put(job)
        return job

    def _read(self, job: Job, request: Request) -> Iterator[Piece]:
        shown, text, finish, written = StopFilter(request.stop), "", "stop", 0
        try:
            while True:
                news = job.news.get()
                if isinstance(news, Exception):
                    raise EngineError(f"vLLM failed: {news}") from news
                out = news.outputs[0]
                text, written = text + out.text, written + len(out.token_ids)
                yield from shown.more(text)
                if news.finished:
                    finish = "length" if out.finish_reason == "length" else "stop"
                    break
        finally:
            job.left = True
        yield from shown.rest(text)
        yield Piece("", finish, len(job.prompt), written)

    def _job(self, request: Request) -> Job:
        from vllm.sampling_params import (  # pyright: ignore[reportMissingImports]
            RequestOutputKind,
        )

        prompt = self._tokenizer.prompt(request)
        params = self._vllm.SamplingParams(
            max_tokens=request.max_tokens,
            temperature=request.temperature,
            top_p=request.top_p,
            repetition_penalty=request.repetition_penalty,
            seed=request.seed,
            stop=list(request.stop) or None,
            stop_token_ids=sorted(self._tokenizer.ends),
            output_kind=RequestOutputKind.DELTA,
        )
        adapter = self._adapter(request.adapter)
        with self._lock:
            self._asked += 1
            return Job(f"reply-{self._asked}", prompt, params, adapter)

    def _adapter(self, adapter: Path | None) -> Any:  # noqa: ANN401 (vLLM's LoRARequest)
        if adapter is None:
            return None
        folder = adapter.resolve()
        with self._lock:
            if folder not in self._adapters:
                persona = check_fits(folder, base=self._base).persona
                room_for({persona: folder}, most=self._max_rank)
                number = len(self._adapters) + 1
                self._check_slot(number, persona)
                self._adapters[folder] = self._lora_request(
                    f"{persona}-{number}", number, str(folder)
                )
            return self._adapters[folder]

    def _check_slot(self, number: int, persona: str) -> None:
        """Keep one slot free on a CPU: vLLM 0.32 takes a row without adapter for the last one."""
        if number >= self._slots and not self._on_gpu:
            raise AdapterError(
                f"{persona} would be adapter {number} of {self._slots}, and vLLM on a CPU answers "
                "wrongly for the base when all are taken. Use --engine local, or serve fewer."
            )

    def _step_for_ever(self) -> None:
        """Take in what is asked, let go who left, step, and hand out what was written."""
        engine = self._llm.llm_engine
        under_way: dict[str, Job] = {}
        while True:
            try:
                self._take_in(engine, under_way)
                for out in engine.step():
                    job = under_way.get(out.request_id)
                    if job:
                        job.news.put(out)
                        if out.finished:
                            del under_way[out.request_id]
            except Exception as error:  # nobody may wait for ever
                for job in under_way.values():
                    job.news.put(error)
                under_way.clear()

    def _take_in(self, engine: Any, under_way: dict[str, Job]) -> None:  # noqa: ANN401 (vLLM's)
        gone = [number for number, job in under_way.items() if job.left]
        if gone:
            engine.abort_request(gone)
            for number in gone:
                del under_way[number]
        while not under_way or not self._doors.empty():
            job = self._doors.get()  # waits only while nothing is under way
            prompt = {"prompt_token_ids": job.prompt}
            try:
                engine.add_request(job.number, prompt, job.params, lora_request=job.adapter)
            except Exception as error:  # what vLLM refuses is the asker's, not everybody's
                job.news.put(error)
            else:
                under_way[job.number] = job
