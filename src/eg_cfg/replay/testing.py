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
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from eg_cfg.benchmarks.base import Problem
from eg_cfg.grading.fingerprint import fingerprint
from eg_cfg.grading.grader import Grader, GradeRequest, Which, select_tests
from eg_cfg.grading.samples import content_key
from eg_cfg.grading.verdict import Verdict
from eg_cfg.replay.experience import Experience
from eg_cfg.replay.files import open_rows

MOST = 4096
"""Programs that may wait to be tested before whoever writes them has to wait: it bounds memory."""
_POLL = 0.2
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
        self._grader = grader
        self._which: Which = which
        self._settings = (which, grader.timeout, grader.isolation, grader.comparison, grader.memory_mb)
        self._tests: dict[str, str] = {}
        self._changed = threading.Condition()
        self._waiting: dict[str, list[Experience]] = {}
        """Experiences whose program is being tested, by key."""
        self._failure: BaseException | None = None
        self._closed = False
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
        with self._changed:
            self._changed.wait_for(lambda: self._failure is not None or len(self._waiting) < MOST)
            self._raise()
            if key in self._known:
                self._keep(_with_results(experience, self._known[key]))
                return
            if key in self._waiting:
                self._waiting[key].append(experience)
                return
            self._waiting[key] = [experience]
        request = GradeRequest(problem, experience.program, experience.index, self._which)
        self._grader.submit(request).add_done_callback(partial(self._done, key))

    def know(self, problem: Problem, experience: Experience) -> None:
        """Takes over results from elsewhere, where they are of the same program, tests and settings."""
        if experience.key == self._key(problem, experience.program):
            with self._changed:
                self._known.setdefault(experience.key, experience)

    def join(self, watch: Callable[[], None] | None = None) -> None:
        """Waits until all is tested; `watch` is called now and then."""
        while True:
            with self._changed:
                done = self._changed.wait_for(lambda: self._failure is not None or not self._waiting, timeout=_POLL)
                self._raise()
            if watch is not None:
                watch()
            if done:
                return

    def finish(self, order: Iterable[Place], tasks: Iterable[str]) -> None:
        """Puts the file into order: first these experiences, then those of tasks that were not asked for."""
        places, asked = list(order), set(tasks)
        others = [row for (task, _), row in sorted(self._kept.items()) if task not in asked]
        self._records.replace(row.to_json() for row in [*(self.found[place] for place in places), *others])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        with self._changed:
            self._closed = True
            self._records.close()

    def _key(self, problem: Problem, program: str) -> str:
        if problem.task_id not in self._tests:
            self._tests[problem.task_id] = fingerprint((
                problem.benchmark, select_tests(problem, self._which), problem.entry_point, problem.header,
                problem.trusted_context, problem.setup, problem.comparison, problem.time_limit, problem.limit_per_test,
                problem.memory_mb, problem.preload, problem.requires_shared))
        return content_key(problem.task_id, program, self._tests[problem.task_id], self._settings)

    def _done(self, key: str, future: Future[Verdict]) -> None:
        """In a thread of the sandbox's."""
        with self._changed:
            if self._closed or future.cancelled():
                return
            try:
                verdict = future.result()
                for experience in self._waiting[key]:
                    tested = replace(experience.with_verdict(verdict), key=key)
                    self._known[key] = tested
                    self._keep(tested)
                self.graded += 1
            except BaseException as error:  # whoever asked is told, in their own thread
                self._failure = self._failure or error
            del self._waiting[key]
            self._changed.notify_all()

    def _keep(self, experience: Experience) -> None:
        place = (experience.task_id, experience.index)
        if self._kept.get(place) != experience:
            self._records.append(experience.to_json())
            self._kept[place] = experience
        self.found[place] = experience

    def _raise(self) -> None:
        if self._failure is not None:
            raise self._failure


def _with_results(experience: Experience, tested: Experience) -> Experience:
    results: dict[str, Any] = {name: getattr(tested, name) for name in _RESULTS}
    return replace(experience, **results)
