"""The published layout of results."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from eg_cfg.benchmarks.base import AssertionTest, CallTest, CheckTest, Problem, StdioTest
from eg_cfg.decoding.base import Candidate, Counters, Refresh, Solution
from eg_cfg.errors import RunError
from eg_cfg.grading.verdict import TestResult, Verdict
from eg_cfg.studies.guide_records import ResultsFolder, file_name, result_of, test_labels, verdict_fields

test_labels.__test__ = False  # type: ignore[attr-defined]
PROBLEM = Problem("395", "mbpp", "prompt", "f", hidden_tests=(
    AssertionTest("assert f(1) == 2"), AssertionTest("assert f(1) == 2"), CallTest("f", (3, "x"), [4]),
    StdioTest("1\n2\n", "3"), CheckTest("...")))


def solution(gamma: float = 1.0) -> dict[str, Any]:
    refresh = Refresh(0, "", (Candidate(0, "a", "a", None, "passed"), Candidate(1, "a", "a", 0, None)), "signal")
    counters = Counters(prompt_tokens=10, signal_tokens=5, candidate_tokens=7, plain_tokens=3, seconds={"total": 2.5})
    made = Solution("395", gamma, "x = 1\n", "x = 1", "stop", (1, 2, 3), [refresh], None, counters, "prompt")
    return {**made.to_json(), "ended": 1_000_000_000.25}


def test_the_published_paths() -> None:
    folder = ResultsFolder(Path("results_dir"), "mbpp", "deepseek-ai/deepseek-coder-1.3b-instruct")
    assert folder.result_path("ns3t0.75d5k1_lci_ln", "395", 1.0) == Path(
        "results_dir/mbpp/deepseek-ai_deepseek-coder-1.3b-instruct/ns3t0.75d5k1_lci_ln/task_id=395_gamma=1.0.json")
    assert folder.result_path("t", "HumanEval/3", 0.0).name == "task_id=HumanEval_3_gamma=0.0.json"
    assert [file_name(name) for name in ("..", "", "a/b")] == ["_..", "_", "a_b"]


def test_the_published_fields() -> None:
    verdict = Verdict("395", False, "wrong_answer", tests_total=5,
                      tests=(TestResult(True, 0.5), TestResult(False, 0.1, "expected 2, got 3")))
    found = result_of(PROBLEM, solution(), verdict, trial="t", shown=True, shown_tests_score=False, steps="s")
    assert (found["code"], found["passed"], found["accuracy"]) == ("x = 1\n", False, 0.2)
    assert found["results"]["assert f(1) == 2"] == {"result": True, "time": 0.5, "error": None}
    assert found["results"]["assert f(1) == 2 (#2)"] == {"result": False, "time": 0.1, "error": "expected 2, got 3"}
    assert found["results"]["f(3, 'x') == [4]"] == {"result": False, "time": None, "error": None}
    assert len(found["results"]) == 5
    assert found["general_error"] is None
    assert found["has_testcase_error"] is True
    assert found["stats"] == {"start_time": "2001-09-09T01:46:37.750Z", "end_time": "2001-09-09T01:46:40.250Z",
                              "input_tokens": 15, "output_tokens": 10, "duration": 2.5}
    assert (found["programs_sampled"], found["accepted"], found["shown_passed"]) == (2, False, True)


def test_an_error_of_the_whole_program_is_general() -> None:
    verdict = Verdict("395", False, "syntax_error", tests_total=5, detail="line 1: invalid syntax")
    fields = verdict_fields(PROBLEM, verdict)
    assert (fields["general_error"], fields["has_testcase_error"]) == ("line 1: invalid syntax", False)
    passed = verdict_fields(PROBLEM, Verdict("395", True, "passed", tests_total=1, tests=(TestResult(True),)))
    assert (passed["general_error"], passed["accuracy"]) == (None, 1.0)


def test_steps_are_read_as_they_were_written(tmp_path: Path) -> None:
    folder = ResultsFolder(tmp_path, "mbpp", "m")
    assert folder.steps("t", "395", 1.0) is None
    folder.write_steps("t", solution())
    assert folder.steps("t", "395", 1.0) == json.loads(json.dumps(solution()))
    folder.steps_path("t", "395", 1.0).write_bytes(b"rubbish")
    with pytest.raises(RunError, match="delete it, or start over"):
        folder.steps("t", "395", 1.0)


def test_the_first_solution_of_a_task_is_kept(tmp_path: Path) -> None:
    folder = ResultsFolder(tmp_path, "mbpp", "m")
    assert folder.solved_by("39") is None
    folder.write_solved("395", 1.0, {"trial": "a"})
    folder.write_solved("395", 0.5, {"trial": "b"})
    assert (folder.solved_by("395"), folder.solved_by("39")) == ("a", None)
    assert [path.name for path in (folder.path / "solved_tasks").iterdir()] == ["task_id=395_gamma=1.0.json"]


def test_results_of_other_settings_are_refused(tmp_path: Path) -> None:
    folder = ResultsFolder(tmp_path, "mbpp", "m")
    folder.hold_settings("t", {"seed": 1, "gone": (1,)})
    folder.hold_settings("t", {"seed": 2})  # nothing is there yet
    folder.write_result("t", "395", 1.0, {"passed": True})
    folder.hold_settings("t", {"seed": 2})
    with pytest.raises(RunError, match="seed 2 there, 3 here"):
        folder.hold_settings("t", {"seed": 3})


def test_clearing_removes_what_is_asked_for_and_nothing_else(tmp_path: Path) -> None:
    folder = ResultsFolder(tmp_path, "mbpp", "m")
    for trial in ("a", "b"):
        folder.hold_settings(trial, {})
        folder.write_steps(trial, solution())
        folder.write_result(trial, "395", 1.0, {"trial": trial})
    folder.write_solved("395", 1.0, {"trial": "a"})
    folder.write_solved("7", 1.0, {"trial": "b"})
    (folder.path / "a" / "notes.txt").write_text("mine")
    folder.clear(["a"], [])
    left = sorted(str(path.relative_to(folder.path)) for path in folder.path.rglob("*") if path.is_file())
    assert left == ["a/notes.txt", "b/settings.json", "b/steps/task_id=395_gamma=1.0.json.gz",
                    "b/task_id=395_gamma=1.0.json", "solved_tasks/task_id=7_gamma=1.0.json"]
