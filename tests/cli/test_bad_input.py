"""Wrong input is one line on standard error and exit code 2, and touches nothing."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

ROW = {"task_id": "demo/call/0", "solution": "def digit_gap(n):\n    return 0\n"}


def refused(answer: Any, *words: str) -> None:
    assert answer.code == 2, answer
    assert answer.err.startswith("error: ")
    assert answer.err.count("\n") == 1
    assert answer.out == ""
    assert [word for word in words if word not in answer.err] == []


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([json.dumps(ROW), "not json"], ["line 2", "JSON"]),
        ([json.dumps(ROW), "[1, 2]"], ["line 2", "JSON object"]),
        ([json.dumps(ROW), '{"task_id": "demo/call/0"}'], ["line 2", "without a program"]),
        ([json.dumps(ROW), '{"solution": "x"}'], ["line 2", "task_id"]),
        ([json.dumps(ROW), '{"task_id": "demo/cal/0", "solution": "x"}'], ["line 2", "'demo/cal/0'", "demo/call/0"]),
        ([json.dumps(ROW), '{"task_id": "demo/call/0", "solution": 7}'], ["line 2", "solution"]),
        ([json.dumps(ROW), json.dumps(ROW)], ["lines 1 and 2", "the same"]),
        ([json.dumps({**ROW, "sample_id": 3}), json.dumps({**ROW, "sample_id": 3})], ["lines 1 and 2", "sample_id 3"]),
        ([], ["empty"]),
        ([""], ["empty"]),
    ],
)
def test_samples(command, write, tmp_path: Path, lines: list[str], words: list[str]) -> None:
    file = write(lines)
    refused(command("grade", "--benchmark", "demo", "--samples", file, "-o", "out"), *words)
    assert not (tmp_path / "out").exists()


def test_a_task_that_is_not_there_is_told_with_its_file(command, write) -> None:
    file = write([json.dumps({**ROW, "task_id": "demo/cal/0"})])
    refused(command("grade", "--benchmark", "demo", "--samples", file), f"{file}, line 1: unknown task id")
    file = write([json.dumps({**ROW, "index": 3}), json.dumps({**ROW, "index": 3})])
    refused(command("grade", "--benchmark", "demo", "--samples", file), f"{file}, lines 1 and 2")


def test_an_unknown_command_names_the_nearest_and_the_others(command) -> None:
    refused(command("basline", "--model", "tiny"), "unknown command 'basline'. Did you mean 'baseline'?", "grade")
    refused(command("--debug", "nonsense"), "unknown command 'nonsense'. Known: ", "baseline", "doctor")


def test_nothing_that_was_finished_is_lost(command, write, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "verdicts.jsonl").write_text("precious\n")
    (out / "run.json").write_text("{}")
    file = write(["not json"])
    refused(command("grade", "--benchmark", "demo", "--samples", file, "-o", out, "--force"))
    assert (out / "verdicts.jsonl").read_text() == "precious\n"


def test_missing_unreadable_and_damaged_files(command, tmp_path: Path) -> None:
    arguments = ("grade", "--benchmark", "demo", "--samples")
    refused(command(*arguments, "none.jsonl"), "none.jsonl", "no such file")
    refused(command(*arguments, tmp_path), "folder")
    damaged = tmp_path / "damaged.jsonl.gz"
    damaged.write_bytes(gzip.compress(json.dumps(ROW).encode() * 50)[:-20])
    refused(command(*arguments, damaged), "damaged.jsonl.gz", "gzip")
    plain = tmp_path / "plain.jsonl.gz"
    plain.write_text(json.dumps(ROW))
    refused(command(*arguments, plain), "plain.jsonl.gz", "expected gzip")
    binary = tmp_path / "binary.jsonl"
    binary.write_bytes(b"\xff\xfe\x00")
    refused(command(*arguments, binary), "UTF-8")


def test_names_and_values(command, write) -> None:
    file = write([ROW])
    base = ("grade", "--samples", file, "--benchmark")
    refused(command(*base, "dmo"), "unknown benchmark 'dmo'", "Did you mean 'demo'", "humaneval")
    refused(command(*base, "demo", "--split", "train"), "no split 'train'", "test")
    refused(command(*base, "demo", "--option", "mode=x"), "no option 'mode'")
    refused(command(*base, "demo", "--option", "mode"), "--option", "key=value")
    refused(command(*base, "demo", "--k", "5"), "--k 5", "with 1")
    refused(command(*base, "demo", "--k", "0"), "--k", "[0]")
    refused(command(*base, "demo", "--k", "one"), "--k: expected whole numbers with commas, found 'one'")
    refused(command(*base, "demo", "--k", "1,,2"), "--k: expected whole numbers with commas, found ''")
    refused(command(*base, "demo", "--workers", "x"), "--workers: expected a whole number, found 'x'")
    refused(command(*base, "demo", "--isolation", "sharedd"), "expected split or shared", "Did you mean 'shared'?")
    refused(command(*base, "demo", "--extract", "cat"), "verbatim, completion, solution or chat", "'cat'")
    refused(command(*base, "demo", "--seed", "x"), "--seed: expected a whole number")
    refused(command(*base, "demo", "--workers", "0"), "--workers", "found 0")
    refused(command(*base, "demo", "--timeout", "-1"), "--timeout", "found -1")
    refused(command(*base, "demo", "--comparison", "nearly"), "unknown comparison 'nearly'", "python")
    refused(command(*base, "demo", "--isolation", "none"), "none")
    refused(command(*base, "demo", "--data", "none.jsonl"), "none.jsonl")
    refused(command(*base, "demo", "--tiemout", "1"), "--tiemout")
    refused(command("grade", "--benchmark", "demo"), "samples")
    refused(command("garde"), "garde")


@pytest.mark.parametrize("limit", ["1e9", "inf", "1e300", "nan", "0", "-inf", "soon"])
def test_time_limits_are_finite_and_a_day_at_most(command, write, tmp_path: Path, limit: str) -> None:
    refused(
        command("grade", "-b", "demo", "--samples", write([ROW]), "-o", "out", "--timeout", limit), "--timeout", limit
    )
    refused(command("check", "-b", "demo", "--timeout", limit), "--timeout", limit)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("option", ["--samples", "--data", "--output-dir"])
def test_empty_paths(command, write, tmp_path: Path, option: str) -> None:
    given = {"--samples": str(write([ROW])), "--output-dir": "out", option: ""}
    words = [word for pair in given.items() for word in pair]
    refused(command("grade", "-b", "demo", *words), f"{option}: expected a path")
    assert not (tmp_path / "run.json").exists()


def test_one_number_for_two_samples_of_a_task(command, write) -> None:
    other = {**ROW, "solution": "def digit_gap(n):\n    return 1\n", "index": 0}
    file = write([{**ROW, "index": 0}, {**ROW, "index": 1}, other])
    refused(command("grade", "-b", "demo", "--samples", file), "lines 1 and 3", "index 0 of task demo/call/0")


def test_data_and_links_that_lead_nowhere(command, write, tmp_path: Path) -> None:
    (tmp_path / "link.jsonl").symlink_to("nowhere")
    base = ("grade", "--benchmark", "demo", "--samples")
    refused(command(*base, "link.jsonl"), "link.jsonl: a link to nowhere, which does not exist")
    for benchmark in ("demo", "mbpp"):
        given = ("grade", "--benchmark", benchmark, "--samples", write([ROW]), "--data")
        refused(command(*given, "nofile"), "the data file nofile does not exist")
        refused(command(*given, "link.jsonl"), "link.jsonl, a link to nowhere, does not exist")
        (tmp_path / "folder").mkdir(exist_ok=True)
        refused(command(*given, "folder"), "the folder folder")


def test_binary_lines_are_shown_short_and_printable(command, tmp_path: Path) -> None:
    binary = tmp_path / "binary.jsonl"
    binary.write_bytes(bytes(range(1, 256)).replace(b"\n", b"") * 20)
    for answer in (command("compare", binary, binary), command("check", "-b", "demo", "--data", binary)):
        refused(answer, "line 1")
        assert answer.err.rstrip("\n").isprintable()
        assert len(answer.err) < 300


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"passed": True, "outcome": "timeout"}, ["passed true", "'timeout'"]),
        ({"passed": False, "outcome": "passed"}, ["passed false"]),
        ({"passed": False, "outcome": "vanished"}, ["'vanished'", "wrong_answer"]),
        ({"passed": False, "outcome": ["passed"]}, ["expected an outcome"]),
        ({"passed": 1}, ["found 1"]),
    ],
)
def test_impossible_verdicts(command, tmp_path: Path, fields: dict[str, Any], words: list[str]) -> None:
    file = tmp_path / "v.jsonl"
    file.write_text('{"task_id": "x", "passed": true}\n' + json.dumps({"task_id": "x", **fields}) + "\n")
    refused(command("compare", file, file), "v.jsonl, line 2", *words)


def test_a_benchmark_without_its_data_says_how_to_get_it(command, write, monkeypatch) -> None:
    monkeypatch.delenv("EG_CFG_DATA_DIR", raising=False)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    answer = command("check", "--benchmark", "mbpp-et", "--data", "here.jsonl")
    refused(answer, "here.jsonl", "--data")


def test_data_without_tests_is_refused(command, write, tmp_path: Path) -> None:
    problem = {"task_id": "a", "prompt": "p", "reference": "x = 1\n", "hidden_tests": []}
    data = tmp_path / "problems.jsonl"
    data.write_text(json.dumps(problem) + "\n")
    refused(command("grade", "--benchmark", "demo", "--data", data, "--samples", write([ROW])), "hidden_tests")


def test_compare(command, tmp_path: Path) -> None:
    refused(command("compare", "a", "b"), "a", "run folder or a file of verdicts")
    one, other, bad = tmp_path / "1.jsonl", tmp_path / "2.jsonl", tmp_path / "3.jsonl"
    one.write_text('{"task_id": "x", "passed": true}\n')
    other.write_text('{"task_id": "y", "passed": true}\n')
    bad.write_text('{"task_id": "x"}\n')
    refused(command("compare", one, other), "in common")
    refused(command("compare", one, bad), "3.jsonl, line 1")
    refused(command("compare", one, one, "--k", "2"), "k")


def test_debug_adds_the_traceback(command) -> None:
    answer = command("check", "--benchmark", "dmo", "--debug")
    assert answer.code == 2
    assert "Traceback" in answer.err
    assert answer.err.strip().splitlines()[-1].startswith("error: unknown benchmark")
