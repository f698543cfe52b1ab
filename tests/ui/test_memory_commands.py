"""`persllm memory` as a user meets it, over a real folder."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from persllm.errors import DataError, MemoryStoreError
from persllm.memory.chroma_memory import ChromaMemory
from persllm.memory.chroma_opening import open_client
from persllm.persona_catalog import find_persona
from persllm.ui.cli.main import app
from persllm.workflows import memory as workflow
from tests.contracts.memory_contract import HashedWords, find, ids, memory

TESLA = "nikola-tesla"
EDISON = "thomas-edison"


@pytest.fixture(autouse=True)
def embeddings(monkeypatch: pytest.MonkeyPatch) -> dict[str | None, HashedWords]:
    """Return the embeddings by the names that `--embeddings` gives them."""
    known = {None: HashedWords(), "letters:other": HashedWords("other")}
    monkeypatch.setattr(workflow, "find_embeddings", known.__getitem__)
    monkeypatch.delenv("PERSLLM_EMBEDDINGS", raising=False)
    return known


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder in which two personas remember."""
    where = tmp_path / "memory"
    told = memory("dog", "Ann told me: my dog is Rex", kind="episode", audience="Ann")
    store_of(TESLA, where).add(
        [
            memory("a", "pigeons in the park"),
            memory("b", "a tower at Wardenclyffe", stage=1),
            replace(told, when="1900-01-02"),
            replace(
                memory("cat", "Ann told me: I have a cat", kind="episode", audience="Ann"),
                when="1900-01-01",
                superseded_by="dog",
            ),
        ]
    )
    store_of(EDISON, where).add([replace(told, id="dog2")])
    return where


def store_of(name: str, where: Path) -> ChromaMemory:
    return ChromaMemory(open_client(where), find_persona(name), HashedWords())


def run(*arguments: object, said: str | None = None) -> Result:
    return CliRunner().invoke(app, ["memory", *map(str, arguments)], input=said)


def told_json(*arguments: object) -> Any:  # noqa: ANN401
    told = run(*arguments, "--json")
    assert told.exit_code == 0, told.output
    return json.loads(told.stdout)


def test_stats_count_facts_users_and_episodes(folder: Path) -> None:
    told = told_json("stats", "--memory", folder)
    assert told["bytes"] > 10_000
    edison, tesla = sorted(told["personas"], key=lambda row: str(row["persona"]), reverse=True)
    assert edison["persona"] == EDISON
    assert tesla == {
        "persona": TESLA,
        "facts": {"0": 1, "1": 1},
        "users": 1,
        "episodes": 2,
        "embeddings": "hashed-words",
    }


def test_show_tells_the_newest_last_and_marks_what_was_taken_back(folder: Path) -> None:
    lines = run("show", TESLA, "--user", "Ann", "--memory", folder).stdout.splitlines()
    assert ["cat" in lines[0], "dog" in lines[1]] == [True, True]
    assert lines[0].endswith("[taken back: dog]") and "taken back" not in lines[1]
    assert run("show", TESLA, "--user", "Bob", "--memory", folder).stdout.strip() == ""


def test_search_keeps_to_stage_and_user(folder: Path) -> None:
    def found(*more: str) -> list[str]:
        rows = told_json("search", TESLA, "tower dog pigeons", "--memory", folder, *more)
        return sorted(row["id"] for row in rows)

    assert found("--stage", "early") == ["a"]
    assert found() == ["a", "b"]
    assert {"a", "b", "dog"} <= set(found("--user", "Ann"))


def test_without_a_terminal_nothing_is_forgotten_unless_told_so(folder: Path) -> None:
    refused = run("forget", "--user", "Ann", "--memory", folder)
    assert refused.exit_code == 2 and "--yes" in refused.output
    assert len(store_of(TESLA, folder).episodes("Ann")) == 2


def test_a_user_is_forgotten_by_all_personas(folder: Path) -> None:
    told = run("forget", "--user", "Ann", "--yes", "--memory", folder)
    assert told.stdout.strip() == "3 memories are forgotten"
    assert [store_of(name, folder).episodes("Ann") for name in (TESLA, EDISON)] == [[], []]
    assert "Ann" not in json.dumps(told_json("stats", "--memory", folder))
    assert store_of(TESLA, folder).count() == 2


def test_a_user_is_forgotten_by_one_persona(folder: Path) -> None:
    run("forget", TESLA, "--user", "Ann", "--yes", "--memory", folder)
    assert store_of(TESLA, folder).episodes("Ann") == []
    assert len(store_of(EDISON, folder).episodes("Ann")) == 1


def test_single_memories_are_forgotten(folder: Path) -> None:
    told = run("forget", TESLA, "--id", "a", "--id", "dog", "--yes", "--memory", folder)
    assert told.stdout.strip() == "2 memories are forgotten"
    assert store_of(TESLA, folder).known() == {"b"}
    assert [each.id for each in store_of(TESLA, folder).episodes("Ann")] == ["cat"]


@pytest.mark.parametrize("wrong", [[], ["--user", "Ann", "--id", "a"], ["--id", "a"]])
def test_it_must_be_plain_what_is_to_be_forgotten(wrong: list[str], folder: Path) -> None:
    told = run("forget", *wrong, "--yes", "--memory", folder)
    assert told.exit_code == 2
    assert store_of(TESLA, folder).count() == 4


def test_what_was_exported_can_be_imported_elsewhere(
    folder: Path, tmp_path: Path, embeddings: dict[str | None, HashedWords]
) -> None:
    file, other = tmp_path / "tesla.jsonl", tmp_path / "other"
    run("export", TESLA, file, "--memory", folder)
    open_client(other)
    assert run("import", TESLA, file, "--memory", other).exit_code == 0
    store = store_of(TESLA, other)
    assert store.known() == {"a", "b"} and store.count() == 4
    assert store.episodes("Ann") == store_of(TESLA, folder).episodes("Ann")
    assert ids(find(store, "pigeons in the park", count=1)) == ["a"]
    assert "pigeons in the park" in embeddings[None].embedded


@pytest.mark.parametrize(
    "line", ['{"id": "x"}', '{"id": 3, "text": "t", "kind": "objective", "stage": 0, "source": ""}']
)
def test_a_line_that_is_no_memory_is_named(folder: Path, tmp_path: Path, line: str) -> None:
    (tmp_path / "wrong.jsonl").write_text(line + "\n")
    told = run("import", TESLA, tmp_path / "wrong.jsonl", "--memory", folder)
    assert isinstance(told.exception, DataError)
    assert "wrong.jsonl:1: no memory" in str(told.exception)


def test_other_embeddings_are_refused_until_vectors_are_made_again(folder: Path) -> None:
    others = ("--memory", folder, "--embeddings", "letters:other")
    for refused in ("repair", "search"):
        arguments = (TESLA, "pigeons") if refused == "search" else (TESLA,)
        error = run(refused, *arguments, *others).exception
        assert isinstance(error, MemoryStoreError) and "persllm memory reembed" in str(error)
    assert run("reembed", TESLA, *others).stdout.strip() == "4 memories have new vectors"
    assert [
        row["id"] for row in told_json("search", TESLA, "pigeons", "--count", "1", *others)
    ] == ["a"]


def test_repair_makes_the_index_anew(folder: Path) -> None:
    told = run("repair", TESLA, "--memory", folder)
    assert told.stdout.strip() == "4 memories have new vectors"
    assert ids(find(store_of(TESLA, folder), "pigeons in the park", count=1)) == ["a"]


def test_a_memory_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    told = run("stats", "--memory", tmp_path / "nowhere")
    assert isinstance(told.exception, MemoryStoreError)
    assert "there is no memory at" in str(told.exception)
    assert not (tmp_path / "nowhere").exists()
