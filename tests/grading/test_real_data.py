"""The grader on whole benchmarks and on what real models wrote; needs the folder that `EG_CFG_DATA_DIR` names.

Published verdicts are met row by row. The sample files are as published: the 3,280 CodeGen rows name 158 of the 164
problems (six of them 40 times), the 500 DeepSeek-Coder rows 499 of the 500 tasks.
"""

from __future__ import annotations

import gzip
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest

from eg_cfg.benchmarks.base import Problem
from eg_cfg.benchmarks.registry import load
from eg_cfg.grading.grader import Grader, GradeRequest, grading_sandbox
from eg_cfg.studies.check import CheckOptions, CheckReport, check
from eg_cfg.studies.grade import GradeOptions, grade

# One group: programs that run to their time limit must not share cores with others that are timed.
pytestmark = [pytest.mark.usefixtures("isolated", "data_dir"), pytest.mark.xdist_group("real-data")]

SOLUTIONS = Path(__file__).resolve().parent.parent / "benchmarks" / "data" / "apps_solutions"
CODEGEN = "humaneval_codegen16b_n20.jsonl.gz"
DEEPSEEK = "mbpp_deepseek_coder_1.3b_instruct.jsonl.gz"
BY_THE_CLOCK: frozenset[tuple[str, int]] = frozenset()
"""Rows (task, index) whose verdict depends on the machine's speed, with the reason. None was found so far."""

FAILING_REFERENCES = {f"HumanEval/{number}" for number in (2, 38, 44, 50, 53, 151)}
"""Of HumanEval-ET: 2 compares floats exactly, the others use names that nothing defines."""
SLOW_REFERENCE = "HumanEval/39"
"""Right, yet one test alone, `prime_fib(12)`, took 12.7 to 15.5 s of CPU time on two-core machines, with 15 s allowed.
`check` names references that need more than two thirds of that, 10 s; the next slowest, 63, took 7.5 s."""


@pytest.fixture(scope="module")
def grader() -> Iterator[Grader]:
    with grading_sandbox(2) as sandbox:
        yield Grader(sandbox)


def checked(options: dict[str, Any]) -> CheckReport:
    return check(CheckOptions.model_validate(options))


@pytest.mark.parametrize(("benchmark", "split", "count"), [("humaneval", None, 164), ("mbpp", "all", 974)])
def test_every_reference_passes(benchmark: str, split: str | None, count: int) -> None:
    report = checked({"benchmark": benchmark, "split": split})
    assert (report.problems, report.judged, report.failures) == (count, count, [])


@pytest.mark.slow
def test_humaneval_et_official_names_its_seven_failing_references() -> None:
    report = checked({"benchmark": "humaneval-et", "option": {"mode": "official"}})
    named = {verdict.task_id: verdict for verdict in report.failures}
    assert report.judged == 164
    assert set(named) == FAILING_REFERENCES | {SLOW_REFERENCE}, {v.task_id: v.cpu_seconds for v in report.failures}
    assert {named[task].outcome for task in FAILING_REFERENCES} == {"exception", "wrong_answer"}
    assert named[SLOW_REFERENCE].outcome == "timeout"


@pytest.mark.slow
def test_humaneval_et_cleaned_has_no_failing_reference() -> None:
    report = checked({"benchmark": "humaneval-et", "option": {"mode": "cleaned"}})
    assert (report.judged, report.failures) == (164, [])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("benchmark", "file", "isolation", "count", "passing"),
    [
        ("mbpp", DEEPSEEK, None, 500, 258),
        ("humaneval", CODEGEN, "split", 3280, 670),
        ("humaneval", CODEGEN, "shared", 3280, 670),
    ],
)
def test_published_verdicts_are_met_row_by_row(
    data_dir: Path, tmp_path: Path, benchmark: str, file: str, isolation: Literal["split", "shared"] | None,
    count: int, passing: int,
) -> None:
    samples = data_dir / "samples" / file
    upstream: defaultdict[str, list[bool]] = defaultdict(list)
    with gzip.open(samples, "rt", encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            upstream[str(row["task_id"])].append(row["upstream_passed"])
    folder = tmp_path / "run"
    options = {"benchmark": benchmark, "samples": samples, "isolation": isolation, "output_dir": folder}
    outcome = grade(GradeOptions.model_validate(options))
    verdicts = [json.loads(line) for line in (folder / "verdicts.jsonl").read_text().splitlines()]
    assert outcome.graded == len(verdicts) == sum(map(len, upstream.values())) == count
    rows = {(v["task_id"], v["index"]): v for v in verdicts}
    assert len(rows) == count
    differing = {row: v["detail"] for row, v in rows.items() if v["passed"] != upstream[row[0]][row[1]]}
    assert {row: detail for row, detail in differing.items() if row not in BY_THE_CLOCK} == {}
    assert sum(v["passed"] for v in verdicts) == passing
    assert {v["isolation"] for v in verdicts} == {isolation or "split"}


@pytest.fixture(scope="module")
def apps() -> list[Problem]:
    return list(load("apps").problems())


def test_all_52_apps_problems_load_and_reject_a_wrong_answer(grader: Grader, apps: list[Problem]) -> None:
    assert len(apps) == len({problem.task_id for problem in apps}) == 52
    assert Counter(problem.metadata["difficulty"] for problem in apps) == {"competition": 48, "interview": 4}
    for program in ("print('no answer')\n", "print(input())\nraise ValueError\n", "import sys\nsys.exit(0)\n"):
        wrong = [GradeRequest(problem, program) for problem in apps]
        outcomes = {apps[n].task_id: verdict.outcome for n, verdict in grader.grade_many(wrong)}
        assert set(outcomes.values()) <= {"wrong_answer", "exception"}, outcomes
        assert len(outcomes) == 52


@pytest.mark.parametrize("comparison", ["apps_official", "apps_strict"])
def test_right_answers_to_five_apps_problems_pass(grader: Grader, apps: list[Problem], comparison: str) -> None:
    by_id = {problem.task_id: problem for problem in apps}
    files = sorted(SOLUTIONS.glob("*.py"))
    assert len(files) == 5
    for file in files:
        verdict = Grader(grader.sandbox, comparison=comparison).grade(by_id[file.stem], file.read_text())
        assert verdict.passed, verdict
