"""`Tracer`: what a program does for a problem's tests, line by line.

    from eg_cfg.grading.grader import grading_sandbox
    from eg_cfg.grading.tracing import Tracer

    with grading_sandbox(workers=2) as sandbox:
        trace = Tracer(sandbox).trace(problem, program)
        trace.tests[0].got, trace.tests[0].events

The tests are run as the grader runs them: expected values live in another process, and a hostile program gets an
outcome, not a chance. Whatever the program does, one `Trace` comes back. Limits: a score always comes from `Grader`;
DS-1000's programs, which run inside a text of the benchmark's, have outcomes but no events.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import asdict
from functools import lru_cache
from typing import Any

from eg_cfg.benchmarks.base import OracleTest, Problem, Test
from eg_cfg.errors import NoTestsError, UsageError, WorkerLostError
from eg_cfg.sandbox import Limits, Sandbox, wire
from eg_cfg.sandbox.messages import clean
from eg_cfg.sandbox.tracing import TestTrace, Trace, TraceLimits, parse_events
from eg_cfg.sandbox.workers import Job, JobResult

from .grader import MAX_SECONDS, _ById, _encodable, case_data

DRIVER = "eg_cfg.grading.watched:trace"
_OVERHEAD_SECONDS = 0.1
"""What observing one test may cost, on top of the program's own time limit."""
_START_SECONDS = 5.0
_ORACLE_SECONDS = 60.0


class Tracer:
    """Traces programs in a sandbox.

    Args:
        sandbox: From `grading_sandbox`.
        limits: Budgets of one trace.
        timeout: Seconds of wall time for a program in place of each benchmark's own limit.
        memory_mb: Peak resident memory, in MiB, where a problem does not say.

    Raises:
        UsageError: The timeout is no number of seconds that a program could be given.
    """

    def __init__(
        self, sandbox: Sandbox, limits: TraceLimits | None = None, timeout: float | None = None, *,
        memory_mb: int = 1024,
    ) -> None:
        if timeout is not None and not 0 < timeout <= MAX_SECONDS:
            raise UsageError(f"--timeout: expected more than 0 and at most {MAX_SECONDS:,} seconds, found {timeout:g}")
        self.sandbox = sandbox
        self.limits = limits or TraceLimits()
        self._budgets = asdict(self.limits)
        self.timeout = timeout
        self.memory_mb = memory_mb
        self._shown = lru_cache(maxsize=256)(lambda by_id: _case(by_id.problem, by_id.problem.public_tests))

    def trace(self, problem: Problem, program: str, tests: Sequence[Test] | None = None) -> Trace:
        """Traces one program and waits for it.

        Raises:
            NoTestsError: There are no tests to trace it on.
        """
        return self.submit(problem, program, tests).result()

    def submit(self, problem: Problem, program: str, tests: Sequence[Test] | None = None) -> Future[Trace]:
        """Queues one program.

        Args:
            problem: The problem.
            program: Whole program.
            tests: What to run it on; the problem's shown tests where none.

        Returns:
            Its trace; the future raises only for faults of the toolkit.

        Raises:
            NoTestsError: There are no tests to trace it on.
        """
        key, data = self._shown(_ById(problem)) if tests is None else _case(problem, tests)
        chosen = problem.public_tests if tests is None else tests
        result: Future[Trace] = Future()
        if not program.strip():
            result.set_result(_without_run(chosen, program, "no_code", "no program was found"))
            return result
        program = _encodable(program)
        count = sum(len(test.inputs) if isinstance(test, OracleTest) else 1 for test in chosen)
        per_test = problem.limit_per_test or all(test.kind == "stdio" for test in chosen)
        wall = self.timeout if self.timeout is not None else problem.time_limit
        wall += _OVERHEAD_SECONDS * (1 if per_test else min(count, 10))
        total = wall * (count if per_test else 1)
        limits = Limits(wall_seconds=wall, cpu_seconds=total if per_test else None,
                        memory_mb=problem.memory_mb or self.memory_mb)
        apart = _START_SECONDS + _ORACLE_SECONDS * (
            sum(isinstance(test, OracleTest) for test in chosen) + bool(problem.preload)
        )
        payload = {"program": program, "limits": asdict(limits), "budgets": self._budgets}
        job = Job(DRIVER, payload, seconds=6 * total + apart, memory_mb=limits.memory_mb, preload=problem.preload,
                  shared_key=key, shared=data)

        def finish(done: Future[JobResult]) -> None:
            if done.cancelled():
                result.cancel()
            if not result.set_running_or_notify_cancel():
                return  # nobody wants it any more
            try:
                result.set_result(_trace(done.result(), program, self.limits, limits))
            except WorkerLostError as error:
                outcome = "memory" if error.over_memory_mb is not None else "killed"
                result.set_result(_without_run(chosen, program, outcome, str(error)))
            except Exception as error:
                result.set_exception(error)

        running = self.sandbox.submit_job(job)
        # a trace that is cancelled while it waits for a worker is not made
        result.add_done_callback(lambda trace: running.cancel() if trace.cancelled() else None)
        running.add_done_callback(finish)
        return result


def _case(problem: Problem, tests: Sequence[Test]) -> tuple[str, dict[str, Any]]:
    if not tests:
        raise NoTestsError(f"{problem.benchmark} {problem.task_id} has no shown tests to trace a program on:"
                           " name tests, or calls, of your own")
    data = case_data(problem, tests)
    return "trace-" + hashlib.sha256(wire.dumps(data)).hexdigest()[:24], data


def _without_run(tests: Sequence[Test], program: str, outcome: str, detail: str) -> Trace:
    """The trace of a program that nothing was seen of."""
    first = [TestTrace("", outcome, error=detail)]
    return Trace((*first, *[TestTrace("", "not_run")] * (len(tests) - 1)), outcome, detail, program=program)


def _trace(result: JobResult, program: str, budgets: TraceLimits, limits: Limits) -> Trace:
    fields = result.value
    outcome, detail = fields["outcome"], fields["detail"]
    if result.over_memory_mb is not None:
        outcome, detail = "memory", f"{result.over_memory_mb:.0f} MiB resident, {limits.memory_mb} allowed"
    tests = tuple(
        TestTrace(
            _text(test["test"]), test["outcome"], _text(test["got"]), _text(test["want"]), clean(test["error"]),
            test["error_line"], parse_events(test["events"], budgets),
        )
        for test in fields["tests"]
    )
    if outcome != "passed" and all(test.passed for test in tests):  # memory is judged at the end
        tests = (*tests[:-1], TestTrace(tests[-1].test, outcome, tests[-1].got, tests[-1].want, detail, None,
                                        tests[-1].events))
    return Trace(tests, outcome, detail, fields["seconds"], program)


def _text(text: str) -> str:
    """Standard input and output have several lines; nothing else that moves a cursor stays."""
    return "".join(char if char.isprintable() or char == "\n" else "\ufffd" for char in text)
