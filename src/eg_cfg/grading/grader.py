"""`Grader`: is a program right? One verdict a program, whatever the program does.

    from eg_cfg.benchmarks.registry import load
    from eg_cfg.grading.grader import Grader, grading_sandbox

    with grading_sandbox(workers=2) as sandbox:
        grader = Grader(sandbox)
        for problem in load("mbpp", split="test").problems():
            assert grader.grade(problem, problem.reference).passed
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import asdict, dataclass, field
from functools import lru_cache, partial
from itertools import islice
from queue import SimpleQueue
from typing import Any, Literal

from eg_cfg.benchmarks.base import OracleTest, Problem, Test
from eg_cfg.errors import NoTestsError, UsageError, WorkerLostError
from eg_cfg.sandbox import Limits, Sandbox, wire
from eg_cfg.sandbox.workers import Job, JobResult

from .judge import DRIVER
from .verdict import Isolation, Outcome, TestResult, Verdict

Which = Literal["public", "hidden", "all"]
_ORACLE_SECONDS = 60.0
MAX_SECONDS = 86_400
"""Of wall time for a program, a day: more is a slip of the keyboard, and clocks overflow at some point."""


def grading_sandbox(
    workers: int | None = None, *, packages: tuple[str, ...] = ("numpy",), allow_weak_isolation: bool = False,
) -> Sandbox:
    """A sandbox that a `Grader` and a `Tracer` can use.

    Args:
        workers: How many programs are graded at a time; the machine's cores where none.
        packages: Third-party packages that programs and tests may import.
        allow_weak_isolation: Go on where namespaces or seccomp cannot be had.
    """
    modules = (DRIVER.split(":")[0], "eg_cfg.grading.watched")  # the judge's, and the tracer's
    return Sandbox(workers, packages=packages, drivers=modules, allow_weak_isolation=allow_weak_isolation)


@dataclass(frozen=True, slots=True)
class GradeRequest:
    """One program to be graded."""

    problem: Problem
    program: str
    """Whole program; empty where no code was found in what the model said."""
    index: int = 0
    which: Which = "hidden"


@dataclass(slots=True)
class _Case:
    """A problem's tests in the form in which workers get them."""

    key: str
    data: dict[str, Any] = field(repr=False)
    tests: int
    per_test: bool
    oracles: int
    isolation: Isolation
    """Said of programs that never ran."""


class Grader:
    """Grades programs in a sandbox.

    Args:
        sandbox: From `grading_sandbox`.
        isolation: `split` or `shared` for all; where none, `split` wherever it can express the test.
        timeout: Seconds of wall time in place of each benchmark's own limit.
        comparison: Rule of equality in place of each benchmark's own.
        memory_mb: Peak resident memory, in MiB, where a problem does not say.

    Raises:
        UsageError: The timeout is no number of seconds that a program could be given.
    """

    def __init__(
        self, sandbox: Sandbox, *, isolation: Isolation | None = None, timeout: float | None = None,
        comparison: str | None = None, memory_mb: int = 1024,
    ) -> None:
        self.sandbox = sandbox
        self.isolation = isolation
        if timeout is not None and not 0 < timeout <= MAX_SECONDS:
            raise UsageError(f"--timeout: expected more than 0 and at most {MAX_SECONDS:,} seconds, found {timeout:g}")
        self.timeout = timeout
        self.comparison = comparison
        self.memory_mb = memory_mb
        self._case = lru_cache(maxsize=256)(self._make_case)

    def grade(self, problem: Problem, program: str, *, index: int = 0, which: Which = "hidden") -> Verdict:
        """Grades one program and waits for the verdict.

        Raises:
            NoTestsError: The problem has no tests of that kind.
        """
        return self.submit(GradeRequest(problem, program, index, which)).result()

    def grade_many(self, requests: Iterable[GradeRequest]) -> Iterator[tuple[int, Verdict]]:
        """Grades programs side by side; yields (position among the requests, verdict), each as soon as it is there.

        Requests are drawn as workers become free, so they may be endless.
        """
        source = enumerate(requests)
        done: _Done = SimpleQueue()
        pending = 0
        while True:
            for position, request in islice(source, 4 * self.sandbox.workers - pending):
                self.submit(request).add_done_callback(partial(_put, done, position))
                pending += 1
            if not pending:
                return
            position, future = done.get()
            pending -= 1
            yield position, future.result()

    def submit(self, request: GradeRequest) -> Future[Verdict]:
        """Queues one program.

        Raises:
            NoTestsError: The problem has no tests of that kind.
        """
        problem = request.problem
        case = self._case(_ById(problem), request.which)
        result: Future[Verdict] = Future()
        if not request.program.strip():
            result.set_result(Verdict(problem.task_id, False, "no_code", request.index, tests_total=case.tests,
                                      isolation=case.isolation, detail="no program was found"))
            return result
        wall = self.timeout if self.timeout is not None else problem.time_limit
        total = wall * (case.tests if case.per_test else 1)
        limits = Limits(wall_seconds=wall, cpu_seconds=total if case.per_test else None,
                        memory_mb=problem.memory_mb or self.memory_mb)
        apart = _ORACLE_SECONDS * (case.oracles + bool(problem.preload))  # references and imports are not its own time
        job = Job(
            DRIVER, {"program": _encodable(request.program), "limits": asdict(limits), "isolation": self.isolation},
            seconds=6 * total + apart, memory_mb=limits.memory_mb, preload=problem.preload,
            shared_key=case.key, shared=case.data,
        )

        def finish(done: Future[JobResult]) -> None:
            if done.cancelled():
                result.cancel()
                result.set_running_or_notify_cancel()  # wakes those who wait
                return
            error = done.exception()
            if error is None:
                try:
                    result.set_result(_verdict(request, done.result(), limits))
                except UsageError as wrong:
                    result.set_exception(wrong)
            elif isinstance(error, WorkerLostError):
                outcome: Outcome = "memory" if error.over_memory_mb is not None else "killed"
                result.set_result(Verdict(problem.task_id, False, outcome, request.index, tests_total=case.tests,
                                          isolation=case.isolation, detail=str(error)))
            else:
                result.set_exception(error)

        self.sandbox.submit_job(job).add_done_callback(finish)
        return result

    def _make_case(self, by_id: _ById, which: Which) -> _Case:
        problem = by_id.problem
        tests = select_tests(problem, which)
        data = case_data(problem, tests, self.comparison)
        count = sum(len(test.inputs) if isinstance(test, OracleTest) else 1 for test in tests)
        stdio = all(test.kind == "stdio" for test in tests)
        return _Case(
            hashlib.sha256(wire.dumps(data)).hexdigest()[:24], data, count, stdio or problem.limit_per_test,
            sum(isinstance(test, OracleTest) for test in tests),
            "split" if stdio else self.isolation or ("shared" if problem.requires_shared else "split"),
        )


_Done = SimpleQueue[tuple[int, Future[Verdict]]]


def _put(done: _Done, position: int, future: Future[Verdict]) -> None:
    done.put((position, future))


class _ById:
    """A problem as a key: problems hold what cannot be hashed, and are not changed."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem

    def __hash__(self) -> int:
        return id(self.problem)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ById) and self.problem is other.problem


def select_tests(problem: Problem, which: Which) -> tuple[Test, ...]:
    """The tests to run: the shown ones, the scoring ones, or all, those that do not count included.

    Raises:
        NoTestsError: There are none.
    """
    tests = {
        "public": problem.public_tests,
        "hidden": problem.hidden_tests,
        "all": (*problem.hidden_tests, *problem.extra_tests),
    }[which]
    if not tests:
        raise NoTestsError(f"{problem.benchmark} {problem.task_id} has no {which} tests: nothing could fail it, so"
                           " nothing may pass it")
    return tests


def case_data(problem: Problem, tests: Sequence[Test], comparison: str | None = None) -> dict[str, Any]:
    """Tests of a problem in the form in which workers get them, as plain data.

    Args:
        problem: The problem.
        tests: Which of its tests.
        comparison: Rule of equality in place of the benchmark's own.
    """
    reference_names = _defined_names(problem.reference) if problem.reference else set()
    names = reference_names | ({problem.entry_point} if problem.entry_point else set())
    return {
        "tests": [{"kind": t.kind, **{name: getattr(t, name) for name in t.__dataclass_fields__}} for t in tests],
        "entry_point": problem.entry_point, "header": problem.header, "trusted_context": problem.trusted_context,
        "setup": problem.setup, "reference": problem.reference or "", "live_classes": list(problem.live_classes),
        "candidate_names": sorted(names),
        "comparison": comparison or problem.comparison, "limit_per_test": problem.limit_per_test,
        "requires_shared": problem.requires_shared,
    }


def _defined_names(source: str) -> set[str]:
    """What a program defines at its top level, imports aside."""
    try:
        body = ast.parse(source).body
    except SyntaxError:
        return set()
    names = set()
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names |= {n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)}
    return names


def _encodable(program: str) -> str:
    """A program with lone surrogates cannot be Python source; what stands for them cannot either."""
    return program.encode("utf-8", "replace").decode().removeprefix("\ufeff")


def _verdict(request: GradeRequest, result: JobResult, limits: Limits) -> Verdict:
    fields = dict(result.value)
    if "inexpressible" in fields:
        raise UsageError(f"{request.problem.benchmark} {request.problem.task_id} cannot be graded in split isolation:"
                         f" {fields['inexpressible']}; leave out --isolation, or use --isolation shared")
    if result.over_memory_mb is not None:
        fields["outcome"] = "memory"
        fields["detail"] = f"{result.over_memory_mb:.0f} MiB resident, {limits.memory_mb} allowed"
        fields["peak_memory_mb"] = max(fields["peak_memory_mb"], result.over_memory_mb)
    tests = tuple(TestResult(*test) for test in fields.pop("tests"))
    return Verdict(request.problem.task_id, fields["outcome"] == "passed", index=request.index, tests=tests, **fields)
