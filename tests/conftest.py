"""Fixtures that all tests share."""

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import settings

pytest.register_assert_rewrite("tests.contracts", "tests.doubles")

from persllm import persona_catalog  # noqa: E402 (after the rewrite is registered)
from persllm.manifest import ADAPTER_FOLDER  # noqa: E402
from persllm.persona import Persona  # noqa: E402
from persllm.workflows.process_env import quiet_libraries  # noqa: E402
from tests.doubles import MARTA, LetterEmbeddings, MakePersona, write_tiny_persona  # noqa: E402

os.environ["PERSLLM_BASE"] = "nano"  # what tests do not name; `small` has tests of its own
settings.register_profile("any-machine", deadline=None)
settings.load_profile("any-machine")
quiet_libraries()  # as the command line does, before any library is imported


@pytest.fixture
def tiny_persona(tmp_path: Path) -> MakePersona:
    """Return what writes a small persona folder: Marta Lind, or Otto Brand if asked for."""

    def make(name: str = MARTA) -> Persona:
        return write_tiny_persona(tmp_path, name)

    return make


@pytest.fixture(scope="session")
def letter_embeddings() -> LetterEmbeddings:
    """Return embeddings that need no model."""
    return LetterEmbeddings()


@pytest.fixture
def untrained_cast(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let the bundled cast be a copy of it that ships no adapters; return its folder."""
    folder = tmp_path / "cast"
    leave = shutil.ignore_patterns(ADAPTER_FOLDER, "__pycache__")
    shutil.copytree(persona_catalog.BUNDLED_FOLDER, folder, ignore=leave)
    monkeypatch.setattr(persona_catalog, "BUNDLED_FOLDER", folder)
    return folder
