"""The wheel must hold what the checkout holds."""

import os
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_every_folder_with_an_init_is_listed() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    config = tomllib.loads(text)["tool"]["setuptools"]
    found = set()
    for name, folder in config["package-dir"].items():
        for init in (ROOT / folder).rglob("__init__.py"):
            found.add(".".join([name, *init.parent.relative_to(ROOT / folder).parts]))
    assert found == set(config["packages"])


@pytest.mark.parametrize("name", ["agents", "memory", "training", "ui", "personas"])
def test_the_package_links_to_the_folders_beside_it(name: str) -> None:
    assert os.readlink(ROOT / "persllm" / name) == f"../{name}"
    assert (ROOT / name / "__init__.py").is_file()
