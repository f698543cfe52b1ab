"""Every block of README and docs is run: commands parsed, Python executed, YAML loaded."""

import re
import shlex
from pathlib import Path

import pytest
import yaml
from typer.main import get_command

from persllm.agents.dialogue.scenario_files import load_scenario
from persllm.bases import find_base
from persllm.manifest import Manifest, prompt_hash_of, write_manifest
from persllm.persona import CARD_NAME, load_persona
from persllm.persona_catalog import find_persona
from persllm.training.data.items import PATTERNS
from persllm.ui.cli.main import app

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def _commands() -> list[str]:
    lines = [line for page in PAGES for line in page.read_text(encoding="utf-8").splitlines()]
    indented = [line.split("  #")[0].strip() for line in lines if line.startswith("    persllm ")]
    return [part.strip() for line in indented for part in line.split("&&")]


def _blocks(language: str) -> list[tuple[str, str]]:
    fence = re.compile(rf"```{language}\n(.*?)```", re.DOTALL)
    return [
        (page.name, block)
        for page in PAGES
        for block in fence.findall(page.read_text(encoding="utf-8"))
    ]


def _text(page: str) -> str:
    return next(path for path in PAGES if path.name == page).read_text(encoding="utf-8")


@pytest.mark.parametrize("line", _commands())
def test_a_command_in_the_docs_can_be_parsed(line: str) -> None:
    _, name, *arguments = shlex.split(line)
    group = get_command(app)
    command = group.commands[name]  # type: ignore[attr-defined]
    command.make_context(name, arguments)


@pytest.mark.parametrize(("page", "block"), _blocks("yaml"))
def test_a_persona_card_item_or_scenario_in_the_docs_loads(
    page: str, block: str, tmp_path: Path
) -> None:
    read = yaml.safe_load(block)
    if isinstance(read, list):
        shown = {row["pattern"] for row in read}
        named = {name for name in PATTERNS if f"`{name}`" in _text(page)}
        assert shown <= set(PATTERNS) == shown | named
        return
    if "cast" in read:
        path = tmp_path / "scenario.yaml"
        path.write_text(block, encoding="utf-8")
        assert load_scenario(path).title == read["title"]
        return
    (tmp_path / CARD_NAME).write_text(block, encoding="utf-8")
    assert load_persona(tmp_path).name == read["name"]


@pytest.mark.slow
@pytest.mark.parametrize(("page", "block"), _blocks("python"))
def test_python_in_the_docs_runs(
    page: str, block: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("nikola-tesla", "thomas-edison"):
        untrained_adapter(tmp_path / "runs" / name / "run" / "adapter", name)
    monkeypatch.chdir(tmp_path)
    exec(compile(block, page, "exec"), {"__name__": "docs"})


def untrained_adapter(folder: Path, persona_name: str) -> None:
    """Write a fresh adapter, which says what the base says."""
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    base, persona = find_base("nano"), find_persona(persona_name)
    model = AutoModelForCausalLM.from_pretrained(base.location)
    config = LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM")
    get_peft_model(model, config).save_pretrained(str(folder), save_embedding_layers=False)
    manifest = Manifest(
        persona=persona.id,
        persona_hash=persona.digest(),
        stages=tuple(stage.id for stage in persona.stages),
        base=base.name,
        base_key=base.key,
        prompt_hash=prompt_hash_of(base),
        data_hash="",
        settings={},
        versions={},
        seconds=0.0,
    )
    write_manifest(folder, manifest)
