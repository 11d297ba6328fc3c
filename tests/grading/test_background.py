"""Grading beside whoever writes programs: what is recorded, when, and whose thread hears of a fault."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from eg_cfg.benchmarks.base import CallTest, Problem
from eg_cfg.errors import NoTestsError
from eg_cfg.grading.background import BackgroundGrading
from eg_cfg.grading.grader import Grader, GradeRequest, grading_sandbox
from eg_cfg.grading.verdict import Verdict

TESTS = (CallTest("double", (4,), 8),)
PROBLEM = Problem("1", "minipy", "def double(x):\n", "double", TESTS, TESTS)
RIGHT, WRONG = "def double(x):\n    return 2 * x\n", "def double(x):\n    return x\n"


@pytest.fixture(scope="module")
def grader(isolated: None) -> Iterator[Grader]:
    with grading_sandbox(1) as sandbox:
        yield Grader(sandbox)


def test_each_verdict_is_recorded_once_in_one_other_thread(grader: Grader) -> None:
    found: dict[int, bool] = {}
    threads: set[int] = set()
    watched: list[int] = []

    def record(request: GradeRequest, verdict: Verdict) -> None:
        assert request.index not in found
        found[request.index] = verdict.passed
        threads.add(threading.get_ident())

    with BackgroundGrading(grader, record, waiting=2) as grading:
        for index in range(20):
            grading.put(GradeRequest(PROBLEM, WRONG if index % 2 else RIGHT, index))
        grading.join(lambda: watched.append(len(found)))
        assert found == {index: index % 2 == 0 for index in range(20)}
    assert len(threads) == 1
    assert threads != {threading.get_ident()}
    assert watched[-1] == 20


def test_a_fault_of_grading_is_raised_where_programs_come_from(grader: Grader) -> None:
    with BackgroundGrading(grader, lambda request, verdict: None) as grading:
        grading.put(GradeRequest(Problem("2", "minipy", "def f():\n", "f", (), ()), RIGHT))
        with pytest.raises(NoTestsError):
            grading.join()
        with pytest.raises(NoTestsError):
            grading.put(GradeRequest(PROBLEM, RIGHT))


def test_a_fault_of_the_record_is_raised_too(grader: Grader) -> None:
    def record(request: GradeRequest, verdict: Verdict) -> None:
        raise OSError("no space is left")

    with BackgroundGrading(grader, record) as grading:
        grading.put(GradeRequest(PROBLEM, RIGHT))
        with pytest.raises(OSError, match="no space"):
            grading.join(lambda: None)


def test_leaving_early_drops_what_waits(grader: Grader) -> None:
    recorded: list[int] = []
    with BackgroundGrading(grader, lambda request, verdict: recorded.append(request.index)) as grading:
        for index in range(200):
            grading.put(GradeRequest(PROBLEM, RIGHT, index))
    assert len(recorded) < 200
