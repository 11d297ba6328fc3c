"""Rows survive kills and damage, and come once."""

from __future__ import annotations

from pathlib import Path

import pytest

from eg_cfg.errors import DataNotFoundError
from evoselfcode.records import Name, RawPair, content_id
from evoselfcode.store import Store, read_rows, replace_rows


def name(text: str) -> Name:
    return Name(id=content_id(name=text), name=text, mode="fim", draw="d")


def test_rows_are_added_once_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "a" / "names.jsonl"
    with Store(path, Name) as store:
        store.add(name("one"))
        store.add(name("one"))
        store.add(name("two"))
        assert store.added == 2
    with Store(path, Name) as store:
        assert [row.name for row in store] == ["one", "two"]
        assert name("two").id in store
        store.add(name("two"))
        assert store.added == 0
    assert len(path.read_text().splitlines()) == 2


def test_a_damaged_line_is_skipped_counted_and_named_and_kept_aside(tmp_path: Path) -> None:
    path = tmp_path / "names.jsonl"
    with Store(path, Name) as store:
        for text in ("one", "two", "three"):
            store.add(name(text))
    lines = path.read_text().splitlines(keepends=True)
    path.write_text(lines[0] + lines[1][:20] + "\n" + '{"id": "x", "name": 3}\n' + lines[2])
    rows, damaged = read_rows(path, Name)
    assert [row.name for row in rows] == ["one", "three"]
    assert [f"{path}, line {number}" in said for number, said in zip((2, 3), damaged, strict=True)] == [True, True]
    with Store(path, Name) as store:
        assert [row.name for row in store] == ["one", "three"]
        assert len(store.damaged) == 2
        assert name("two").id not in store  # so that it is made again
        store.add(name("two"))
    assert [row.name for row in read_rows(path, Name)[0]] == ["one", "three", "two"]
    assert read_rows(path, Name)[1] == []
    assert lines[1][:20] in path.with_name("names.jsonl.damaged").read_text()


def test_rows_of_another_file_are_copied_when_they_are_asked_for(tmp_path: Path) -> None:
    other, path = tmp_path / "other.jsonl", tmp_path / "names.jsonl"
    with Store(other, Name) as store:
        store.add(name("one"))
        store.add(name("two"))
    before = other.read_bytes()
    with Store(path, Name, [other, tmp_path / "none.jsonl"]) as store:
        assert len(store) == 0
        assert name("two").id in store
        assert name("three").id not in store
        assert store[name("two").id].name == "two"
        assert store.added == 1
    assert [row.name for row in read_rows(path, Name)[0]] == ["two"]
    assert other.read_bytes() == before


def test_a_line_cut_by_a_kill_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "names.jsonl"
    with Store(path, Name) as store:
        store.add(name("one"))
        store.add(name("two"))
    whole = path.read_bytes()
    path.write_bytes(whole[:-5])
    with Store(path, Name) as store:
        assert [row.name for row in store] == ["one"]
        store.add(name("two"))
    assert path.read_bytes() == whole


def test_a_missing_file_names_the_command_that_makes_it(tmp_path: Path) -> None:
    assert read_rows(tmp_path / "none.jsonl", Name) == ([], [])
    with pytest.raises(DataNotFoundError, match="run `evoselfcode x` first"):
        read_rows(tmp_path / "none.jsonl", Name, made_by="evoselfcode x")


def test_files_of_rows_are_written_only_where_they_differ(tmp_path: Path) -> None:
    path = tmp_path / "names.jsonl"
    assert replace_rows(path, [name("one")])
    assert not replace_rows(path, [name("one")])
    assert replace_rows(path, [name("two")])


def test_raw_pairs_may_have_keys_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_text('{"prompt": "p", "code": "c", "note": 1}\n{"prompt": "p"}\n')
    rows, damaged = read_rows(path, RawPair)
    assert [row.prompt for row in rows] == ["p"]
    assert len(damaged) == 1


def test_the_hash_of_content_does_not_depend_on_the_order_of_keys() -> None:
    assert content_id(a=1, b=[2]) == content_id(b=[2], a=1)
    assert content_id(a=1) != content_id(a=2)
