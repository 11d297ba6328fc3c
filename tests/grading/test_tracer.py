"""The tracer: every kind of test, every way to end, and that outcomes are the grader's."""

from __future__ import annotations

import json
import platform
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from eg_cfg.benchmarks.base import AssertionTest, CallTest, CheckTest, OracleTest, Problem, StdioTest, UnittestTest
from eg_cfg.benchmarks.registry import load
from eg_cfg.errors import NoTestsError, UsageError
from eg_cfg.grading.grader import Grader, GradeRequest, grading_sandbox
from eg_cfg.grading.tracing import Tracer
from eg_cfg.sandbox import Sandbox
from eg_cfg.sandbox.tracing import Event, Trace, TraceLimits


@pytest.fixture(scope="module")
def sandbox(isolated: None) -> Iterator[Sandbox]:
    with grading_sandbox(1) as made:
        yield made


@pytest.fixture(scope="module")
def tracer(sandbox: Sandbox) -> Tracer:
    return Tracer(sandbox)


def problem(*tests: Any, **fields: Any) -> Problem:
    return Problem("t/1", "made", "", **{"entry_point": "f", "public_tests": tests, "time_limit": 0.4, **fields})


def kinds(events: tuple[Event, ...]) -> list[str]:
    return [event.kind for event in events]


SQUARE = "def f(n):\n    square = n * n\n    return square\n"
CHECK = "def check(candidate):\n    assert candidate(2) == 4\n    assert 10 == candidate(3), 'no'\n"


@pytest.mark.parametrize(
    ("test", "label", "got", "want", "outcome"),
    [
        (CallTest("f", (3,), 9), "f(3)", "9", "9", "passed"),
        (CallTest("f", (3,), [8]), "f(3)", "9", "[8]", "wrong_answer"),
        (AssertionTest("assert f(3) == 9"), "assert f(3) == 9", "9", "9", "passed"),
        (AssertionTest("assert 8 == f(3)"), "assert 8 == f(3)", "9", "8", "wrong_answer"),
        (AssertionTest("assert sorted([f(3), 1]) == [1, 8]"), "assert sorted([f(3), 1]) == [1, 8]", "[1, 9]", "[1, 8]",
         "wrong_answer"),
        (AssertionTest("assert abs(f(3) - 9) < 1"), "assert abs(f(3) - 9) < 1", "9", "", "passed"),
        (AssertionTest("x = f(2)\nassert x == 4, f'{x}'"), "assert x == 4", "4", "4", "passed"),
        (CheckTest(CHECK), "assert 10 == f(3)", "9", "10", "wrong_answer"),
        (OracleTest("f", ((3,),), 1, SQUARE), "f(3)", "9", "9", "passed"),
    ],
)
def test_what_was_asked_given_and_wanted(
    tracer: Tracer, test: Any, label: str, got: str, want: str, outcome: str
) -> None:
    trace = tracer.trace(problem(test), SQUARE)
    (found,) = trace.tests
    assert (found.test, found.got, found.want, found.outcome) == (label, got, want, outcome)
    assert trace.outcome == outcome
    assert trace.passed == (outcome == "passed")
    assert Event("line", 2, "f", changes=(("square", got if got in ("4", "9") else "9"),)) in found.events
    assert Trace.from_json(json.loads(json.dumps(trace.to_json()))) == trace


def test_one_trace_a_test_from_one_process(tracer: Tracer) -> None:
    program = "import os\nseen = []\ndef f(x):\n    seen.append(x)\n    return [os.getpid(), len(seen)]\n"
    trace = tracer.trace(problem(CallTest("f", (1,), 0), CallTest("f", (2,), 0), CallTest("f", (3,), 0)), program)
    answers = [json.loads(test.got) for test in trace.tests]
    assert [count for _, count in answers] == [1, 2, 3]
    assert len({process for process, _ in answers}) == 1
    assert [kinds(test.events) for test in trace.tests] == [["call", "line", "return"]] * 3


def test_methods_of_a_class(tracer: Tracer) -> None:
    program = "class Solution:\n    def f(self, a):\n        self.a = a\n        return a\n"
    (test,) = tracer.trace(problem(CallTest("f", ([1],), [1], class_name="Solution")), program).tests
    assert test.test == "Solution().f([1])"
    assert test.events[1].changes == (("self", "<Solution a=[1]>"),)


def test_scripts(tracer: Tracer) -> None:
    program = "def solve():\n    n = int(input())\n    print(n * 2)\nimport sys\nk = 1\nsolve()\nsys.exit(0)\n"
    tests = (StdioTest("4\n", "8\n"), StdioTest("5\n", "11\n"), StdioTest("x\n", "0\n"))
    trace = tracer.trace(problem(*tests, entry_point=None, comparison="livecodebench"), program)
    assert [test.outcome for test in trace.tests] == ["passed", "wrong_answer", "exception"]
    assert [test.got for test in trace.tests] == ["8\n", "10\n", ""]
    first, _, third = trace.tests
    assert Event("line", 5, "<module>", changes=(("k", "1"),)) in first.events
    assert Event("line", 2, "solve", 1, changes=(("n", "4"),)) in first.events
    assert third.error_line == 2
    assert third.events[-1].value.startswith("ValueError: invalid literal")


@pytest.mark.parametrize(
    ("program", "outcome", "line", "last"),
    [
        ("def f(n):\n    x = n\n    return x // 0\n", "exception", 3, "exception"),
        ("def f(n):\n    x = n\n    while True:\n        x += 1\n", "timeout", 4, "elided"),
        ("import time\ndef f(n):\n    x = n\n    time.sleep(60)\n", "timeout", 4, "line"),
        ("def f(n):\n    x = 10 ** 10 ** 9\n    return x\n", "timeout", 2, "call"),
        ("import os\ndef f(n):\n    x = n\n    os._exit(0)\n", "killed", 4, "line"),
        ("import os, signal\ndef f(n):\n    x = n\n    os.kill(os.getpid(), 9)\n", "killed", 4, "line"),
        ("def f(n):\n    return f(n)\n", "exception", 2, "elided"),
        ("def f(n):\n    x = 1\n    raise SystemExit\n", "exception", 3, "exception"),
        ("def f(n):\n    x = bytearray(1 << 40)\n", "memory", 2, "exception"),
    ],
)
def test_a_program_that_fails_has_its_trace_up_to_there(
    tracer: Tracer, program: str, outcome: str, line: int, last: str
) -> None:
    trace = tracer.trace(problem(CallTest("f", (3,), 9), CallTest("f", (4,), 16)), program)
    first, second = trace.tests
    assert trace.outcome == first.outcome == outcome
    assert first.error_line == line
    assert first.events[0] == Event("call", program[: program.index("def")].count("\n") + 1, "f", changes=(("n", "3"),))
    assert first.events[-1].kind == last
    assert second.outcome == (outcome if outcome in ("exception", "memory") else "not_run")


@pytest.mark.parametrize(
    ("program", "outcome", "line", "events"),
    [
        ("def f(n):\n    return n +\n", "syntax_error", 2, 0),
        ("x = 1\ny = x / 0\ndef f(n): return n\n", "exception", 2, 2),
        ("  \n", "no_code", None, 0),
        ("x = 1\nwhile x: pass\n", "timeout", 2, 4),
    ],
)
def test_a_program_that_does_not_load(
    tracer: Tracer, program: str, outcome: str, line: int | None, events: int
) -> None:
    trace = tracer.trace(problem(CallTest("f", (3,), 9), CallTest("f", (4,), 16)), program)
    assert [test.outcome for test in trace.tests] == [outcome, "not_run"]
    assert trace.tests[0].error_line == line
    assert len(trace.tests[0].events) >= events
    assert not trace.passed


def test_tests_in_the_programs_own_process(tracer: Tracer) -> None:
    source = (
        "import unittest\nclass TestCases(unittest.TestCase):\n    def test_f(self):\n"
        "        self.assertEqual(f(3), 9)\n"
    )
    (test,) = tracer.trace(problem(UnittestTest(source), requires_shared=True, time_limit=2.0), SQUARE).tests
    assert test.outcome == "passed"
    assert kinds(test.events) == ["call", "line", "return"]


def test_budgets_of_one_test_are_not_anothers(sandbox: Sandbox) -> None:
    program = "def f(n):\n    t = 0\n    for i in range(n):\n        t += 1\n    return t\n"
    tests = (CallTest("f", (100_000,), 100_000), CallTest("f", (2,), 2))
    trace = Tracer(sandbox, TraceLimits(events=32)).trace(problem(*tests, time_limit=3.0), program)
    assert trace.passed
    last = Event("return", 5, "f", changes=(("t", "100000"), ("i", "99999")), value="100000")
    assert trace.tests[0].events[-1] == last
    assert kinds(trace.tests[1].events) == ["call", *["line"] * 6, "return"]


def test_a_process_that_the_program_forks_writes_nothing(tracer: Tracer) -> None:
    program = (
        "import os\ndef f(n):\n    pid = os.fork()\n    if pid == 0:\n        child = 'only here'\n"
        "        os._exit(0)\n    os.waitpid(pid, 0)\n    return n\n"
    )
    (test,) = tracer.trace(problem(CallTest("f", (3,), 3), time_limit=2.0), program).tests
    assert test.passed
    assert "only here" not in str(test.events)
    assert test.events[-1].value == "3"


def test_the_program_finds_its_surroundings_as_without_a_trace(sandbox: Sandbox, tracer: Tracer) -> None:
    """Descriptors, modules that it did not import, the scratch folder: equal."""
    program = (
        "import os, sys, random\n"
        "def f():\n"
        "    fd = os.open('/dev/null', 0)\n"
        "    return [fd, os.listdir('.'), os.listdir('/dev/shm'), random.random(), sys.getrecursionlimit(),"
        " 'observer' in sys.modules, __name__]\n"
    )
    (test,) = tracer.trace(problem(CallTest("f", (), None), time_limit=2.0), program, None).tests
    given = problem(hidden_tests=(AssertionTest(f"assert str(f()) == {test.got!r}"),), time_limit=2.0)
    assert Grader(sandbox).grade(given, program).passed


def test_it_says_where_there_is_nothing_to_run(sandbox: Sandbox, tracer: Tracer) -> None:
    with pytest.raises(NoTestsError, match="no shown tests"):
        tracer.trace(problem(), SQUARE)
    with pytest.raises(UsageError, match="--timeout"):
        Tracer(sandbox, timeout=0)


def test_a_trace_that_is_not_wanted_any_more(sandbox: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    tracer = Tracer(sandbox, timeout=5)
    slow = "import time\ndef f(n):\n    time.sleep(0.3)\n    return n\n"
    futures = [tracer.submit(problem(CallTest("f", (n,), n)), slow) for n in range(4)]
    time.sleep(0.1)
    cancelled = [future.cancel() for future in futures[:3]]  # one of them runs already
    assert all(cancelled)
    started = time.monotonic()
    assert futures[3].result().passed
    assert time.monotonic() - started < 2
    assert not caplog.records  # no callback found its future in a state that it did not expect
    assert tracer.trace(problem(CallTest("f", (3,), 9)), SQUARE).passed


@pytest.mark.slow
def test_all_references_trace_and_no_outcome_changes(data_dir: Path, isolated: None) -> None:
    problems = [*load("mbpp", split="all").problems(), *load("humaneval").problems()]
    assert len(problems) == 974 + 164
    with grading_sandbox() as sandbox:
        grader, tracer = Grader(sandbox, timeout=60), Tracer(sandbox, timeout=60)
        verdicts = [grader.submit(GradeRequest(p, p.reference or "")) for p in problems]
        traces = [tracer.submit(p, p.reference or "", p.hidden_tests) for p in problems]
        for given, verdict, trace in zip(problems, verdicts, traces, strict=True):
            found = trace.result()
            assert (found.outcome, found.passed) == (verdict.result().outcome, verdict.result().passed), given.task_id
            assert all(test.events for test in found.tests), given.task_id
            reasons = {e.value for test in found.tests for e in test.events if e.value.startswith("tracing stopped")}
            assert reasons <= {"tracing stopped: too many steps", "tracing stopped: too much time"}, given.task_id


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the hostile programs are Linux's")
def test_hostile_programs_always_give_a_trace(
    repository: Path, isolated: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(repository / "tests" / "attacks"))
    from catalogue import load_all
    from surroundings import Surroundings
    from targets import TARGETS

    attacks = [a for a in load_all() if a.needs in (None, platform.machine()) and not a.name.startswith("persist/")]
    with Surroundings() as around, grading_sandbox(2) as sandbox:
        tracer = Tracer(sandbox)
        texts = around.placeholders()
        traces = [
            (a, tracer.submit(TARGETS[a.target], a.program(texts), TARGETS[a.target].hidden_tests)) for a in attacks
        ]
        for attack, future in traces:
            trace = future.result(timeout=600)
            assert trace.passed == (trace.outcome == "passed")
            # one that searches its process for a text finds that of its own variables in the observer's memory
            if "passed" not in attack.verdicts and attack.name.split("/")[0] == "cheat":
                assert not trace.passed, attack.name
            json.dumps(trace.to_json(), ensure_ascii=False).encode()
            for test in trace.tests:
                assert all((event.value + event.function).isprintable() for event in test.events), attack.name
