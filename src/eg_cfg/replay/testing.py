"""Tests programs beside whoever writes them, and keeps what comes of it.

    with Testing(grader, "hidden", path) as testing:
        testing.put(problem, experience)        # returns at once, unless thousands wait already
        testing.join()                          # all are tested, and on disk
    testing.found[task_id, index]

A program that was tested before, in this run or by an earlier start, is not run again: its results are known by its
text, its problem's tests and the settings of the grader.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from eg_cfg.benchmarks.base import Problem
from eg_cfg.grading.background import BackgroundGrading
from eg_cfg.grading.fingerprint import fingerprint
from eg_cfg.grading.grader import Grader, GradeRequest, Which, select_tests
from eg_cfg.grading.samples import content_key
from eg_cfg.grading.verdict import Verdict
from eg_cfg.replay.experience import Experience
from eg_cfg.replay.files import open_rows

_RESULTS = ("passed", "pass_rate", "outcome", "tests", "tests_total", "key")
Place = tuple[str, int]
"""Task id and index."""


class Testing:
    """Experiences on their way from written to tested, and the file that keeps them.

    Args:
        grader: What tests.
        which: Tests that give the pass rate.
        path: The file.
    """

    __test__ = False  # not a test class, whatever pytest thinks of its name

    def __init__(self, grader: Grader, which: Which, path: Path) -> None:
        self._grading = BackgroundGrading(grader, self._record)
        self._which: Which = which
        self._settings = (which, grader.timeout, grader.isolation, grader.comparison, grader.memory_mb)
        self._tests: dict[str, str] = {}
        self._lock = threading.Lock()
        self._waiting: dict[str, list[Experience]] = {}
        """Experiences whose program is being tested, by key."""
        self.graded = 0
        """Programs that were run for this object."""
        self._records, rows = open_rows(path, Experience.from_json)
        self.damaged = rows.damaged
        self._kept = {(row.task_id, row.index): row for row in rows.rows}
        """What is in the file."""
        self._known = {row.key: row for row in rows.rows if row.key}
        self.found: dict[Place, Experience] = {}
        """What was asked for and is tested."""

    def put(self, problem: Problem, experience: Experience) -> None:
        """Has one program tested.

        Raises:
            NoTestsError: The problem has no tests.
            RunError: An experience could not be written.
            SandboxError: The sandbox could not do its work.
        """
        key = self._key(problem, experience.program)
        with self._lock:
            if key in self._known:
                self._keep(_with_results(experience, self._known[key]))
                return
            if key in self._waiting:
                self._waiting[key].append(experience)
                return
            self._waiting[key] = [experience]
        self._grading.put(GradeRequest(problem, experience.program, experience.index, self._which))

    def know(self, problem: Problem, experience: Experience) -> None:
        """Takes over results from elsewhere, where they are of the same program, tests and settings."""
        if experience.key == self._key(problem, experience.program):
            with self._lock:
                self._known.setdefault(experience.key, experience)

    def join(self, watch: Callable[[], None] | None = None) -> None:
        """Waits until all is tested; `watch` is called now and then."""
        self._grading.join(watch)

    def finish(self, order: Iterable[Place], tasks: Iterable[str]) -> None:
        """Puts the file into order: first these experiences, then those of tasks that were not asked for."""
        places, asked = list(order), set(tasks)
        others = [row for (task, _), row in sorted(self._kept.items()) if task not in asked]
        self._records.replace(row.to_json() for row in [*(self.found[place] for place in places), *others])

    def __enter__(self) -> Self:
        self._grading.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._grading.__exit__(kind, error, trace)
        self._records.close()

    def _key(self, problem: Problem, program: str) -> str:
        if problem.task_id not in self._tests:
            self._tests[problem.task_id] = fingerprint((
                problem.benchmark, select_tests(problem, self._which), problem.entry_point, problem.header,
                problem.trusted_context, problem.setup, problem.comparison, problem.time_limit, problem.limit_per_test,
                problem.memory_mb, problem.preload, problem.requires_shared))
        return content_key(problem.task_id, program, self._tests[problem.task_id], self._settings)

    def _record(self, request: GradeRequest, verdict: Verdict) -> None:
        """In the thread of grading."""
        key = self._key(request.problem, request.program)
        with self._lock:
            for experience in self._waiting.pop(key):
                tested = replace(experience.with_verdict(verdict), key=key)
                self._known[key] = tested
                self._keep(tested)
            self.graded += 1

    def _keep(self, experience: Experience) -> None:
        place = (experience.task_id, experience.index)
        if self._kept.get(place) != experience:
            self._records.append(experience.to_json())
            self._kept[place] = experience
        self.found[place] = experience


def _with_results(experience: Experience, tested: Experience) -> Experience:
    results: dict[str, Any] = {name: getattr(tested, name) for name in _RESULTS}
    return replace(experience, **results)
