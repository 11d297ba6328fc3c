"""One program's trace, by itself: on a benchmark's tests, on calls, or on standard input.

    trace(TraceOptions(program="fib.py", call=("fib(5) == 5", "fib(0)")))
    trace(TraceOptions(benchmark="demo", task="demo/call/0"))      # of the reference, where no program is named
"""

from __future__ import annotations

import ast
import difflib
import sys
from dataclasses import replace
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from eg_cfg.benchmarks.base import AssertionTest, Problem, StdioTest, Test
from eg_cfg.benchmarks.registry import load
from eg_cfg.config import Options
from eg_cfg.errors import UsageError
from eg_cfg.grading.grader import grading_sandbox, select_tests
from eg_cfg.grading.tracing import Tracer
from eg_cfg.sandbox.sandbox import DEFAULT_PACKAGES
from eg_cfg.sandbox.tracing import TestTrace, Trace, TraceLimits
from eg_cfg.studies.options import Seconds

RAN = "ran"
"""Outcome of a test that expects nothing and got through."""


class TraceOptions(Options):
    """What is traced, on what, and how much of it is kept."""

    program: str | None = None
    """Path of the program, `-` for standard input; the problem's reference where none."""
    benchmark: str | None = None
    """Name in the registry, of the benchmark whose tests are run."""
    task: str | None = None
    """Id of the problem."""
    split: str | None = None
    data: Path | None = None
    option: dict[str, str] = Field(default_factory=dict)
    tests: Literal["public", "hidden", "all"] = "public"
    """Which of the problem's tests."""
    call: tuple[str, ...] = ()
    """Calls (`f(1, 2)`) or comparisons (`f(1, 2) == 3`)."""
    stdin: Path | None = None
    """File that the whole program reads as its standard input."""
    timeout: Seconds | None = None
    """Seconds for the program; the benchmark's own limit where none."""
    events: int = Field(256, ge=8, le=4096)
    """Events kept of one test."""
    allow_weak_isolation: bool = False
    """Go on where this machine cannot isolate programs."""

    @model_validator(mode="after")
    def _one_way(self) -> TraceOptions:
        ways = [name for name in ("benchmark", "call", "stdin") if getattr(self, name)]
        if len(ways) != 1:
            found = " and ".join(f"--{name}" for name in ways) or "none of them"
            raise ValueError(f"expected one of --benchmark, --call and --stdin, found {found}: name what to run it on")
        if (self.benchmark is None) != (self.task is None):
            raise ValueError("--benchmark and --task belong together: name the problem")
        if self.program is None and self.benchmark is None:
            raise ValueError("expected a program to trace, found none: name its file, or - for standard input")
        return self


def trace(options: TraceOptions) -> Trace:
    """Traces one program.

    Raises:
        UsageError: The options do not say what to run, or name what is not there.
        IsolationError: This machine cannot isolate programs as asked.
    """
    if options.benchmark is not None:
        problem = _find(options)
        tests: tuple[Test, ...] = select_tests(problem, options.tests)
    elif options.call:
        problem, tests = _calls(options.call)
    else:
        assert options.stdin is not None
        tests = (StdioTest(_read(options.stdin, "--stdin"), ""),)
        problem = Problem("program", "none", "", comparison="livecodebench", time_limit=10.0)
    program = _program(options, problem)
    packages = tuple(dict.fromkeys([*DEFAULT_PACKAGES, *problem.preload]))
    with grading_sandbox(1, packages=packages, allow_weak_isolation=options.allow_weak_isolation) as sandbox:
        found = Tracer(sandbox, TraceLimits(events=options.events), options.timeout).trace(problem, program, tests)
    return found if options.benchmark is not None else _without_verdict(found, options)


def _program(options: TraceOptions, problem: Problem) -> str:
    if options.program is not None:
        return sys.stdin.read() if options.program == "-" else _read(Path(options.program), "the program")
    if problem.reference is None:
        raise UsageError(f"{problem.benchmark} {problem.task_id} ships no reference: name a program's file to trace")
    return problem.reference


def _read(path: Path, what: str) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(f"{what}: expected a file that can be read, found {path} ({error.strerror})") from None
    except UnicodeDecodeError:
        raise UsageError(f"{what}: expected UTF-8 text, found other bytes in {path}") from None


def _find(options: TraceOptions) -> Problem:
    assert options.benchmark is not None
    benchmark = load(options.benchmark, split=options.split, data=options.data, **options.option)
    known = []
    for problem in benchmark.problems():
        if options.task in (problem.task_id, problem.task_id.rpartition("/")[2]):
            return problem
        known.append(problem.task_id)
    near = difflib.get_close_matches(options.task or "", known, n=1) or known[:1]
    example = f"; it has, for instance, {near[0]}" if near else ""
    raise UsageError(f"--task: {options.benchmark} has no problem {options.task!r}{example}")


def _calls(calls: tuple[str, ...]) -> tuple[Problem, tuple[Test, ...]]:
    tests = []
    names = []
    for text in calls:
        try:
            body = ast.parse(text.strip(), mode="eval").body
        except (SyntaxError, ValueError):
            raise UsageError(f"--call: expected a call such as 'f(1, 2)' or 'f(1, 2) == 3', found {text!r}") from None
        found = [node.func for node in ast.walk(body) if isinstance(node, ast.Call)]
        names += [function.id for function in found if isinstance(function, ast.Name)]
        tests.append(AssertionTest(f"assert {text.strip()}" if isinstance(body, ast.Compare) else text.strip()))
    entry_point = names[0] if names else None
    return Problem("program", "none", "", entry_point=entry_point, time_limit=10.0), tuple(tests)


def _without_verdict(found: Trace, options: TraceOptions) -> Trace:
    """Nothing was expected of these, so nothing is said about it."""
    def seen(test: TestTrace) -> TestTrace:
        if options.stdin is not None and test.outcome in ("passed", "wrong_answer"):
            return replace(test, outcome=RAN, want="", error="")
        if test.outcome == "passed" and not test.want:
            return replace(test, outcome=RAN)
        return test

    tests = tuple(seen(test) for test in found.tests)
    outcome = next((test.outcome for test in tests if test.outcome not in (RAN, "passed")), tests[0].outcome)
    return replace(found, tests=tests, outcome=outcome, detail=found.detail if outcome == found.outcome else "")
