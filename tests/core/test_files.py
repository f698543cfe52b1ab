"""Files are whole or absent."""

from pathlib import Path

import pytest

from persllm.errors import DataError
from persllm.files import digest, digest_file, read_jsonl, write_json, write_jsonl, write_text


def test_a_written_file_holds_the_text_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    write_text(tmp_path / "deep" / "a.txt", "one\ntwo\n")
    assert (tmp_path / "deep" / "a.txt").read_bytes() == b"one\ntwo\n"
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["a.txt"]


def test_failed_writing_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_text(path, "old")
    with pytest.raises(UnicodeEncodeError):
        write_text(path, "new \ud800")
    assert path.read_text(encoding="utf-8") == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.txt"]


def test_rows_come_back_as_they_were_written(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"text": "line\u2028break\r\n"},
        {"text": "Ångström 林", "n": [1, None]},
    ]
    write_jsonl(tmp_path / "rows.jsonl", rows)
    assert list(read_jsonl(tmp_path / "rows.jsonl")) == rows


def test_json_is_kept_readable(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"name": "Mårta"})
    assert (tmp_path / "a.json").read_text(encoding="utf-8") == '{\n  "name": "Mårta"\n}\n'


@pytest.mark.parametrize("bad", [b"{", b"[1]", b"7", b'{"a": "\xff"}'])
def test_a_bad_line_is_named(tmp_path: Path, bad: bytes) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b'{"a": 1}\n\n' + bad + b"\n")
    with pytest.raises(DataError, match=r"rows\.jsonl:3: "):
        list(read_jsonl(path))


def test_a_missing_file_says_how_it_is_built(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="persllm build"):
        list(read_jsonl(tmp_path / "none.jsonl"))


def test_moving_text_between_parts_changes_the_digest() -> None:
    assert len({digest("ab", "c"), digest("a", "bc"), digest("abc"), digest("abc", "")}) == 4


def test_a_file_is_known_by_its_bytes(tmp_path: Path) -> None:
    for name, data in (("a", b"1"), ("b", b"1"), ("c", b"2")):
        (tmp_path / name).write_bytes(data)
    assert digest_file(tmp_path / "a") == digest_file(tmp_path / "b")
    assert digest_file(tmp_path / "a") != digest_file(tmp_path / "c")
