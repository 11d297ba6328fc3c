"""The verdicts of an evaluation, kept as they come and by what was graded, so that nothing is run twice."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from eg_cfg.benchmarks.base import Problem
from eg_cfg.grading.grader import Grader, GradeRequest, Which
from eg_cfg.grading.samples import content_key
from eg_cfg.grading.verdict import Verdict
from eg_cfg.records import Records
from eg_cfg.studies.sampling import SampleRow
from eg_cfg.studies.verdicts import read_verdicts


class VerdictBook:
    """The verdicts of an evaluation by one kind of test, by task id and index; safe to use from two threads.

    Equal programs of a task are run once, and have the same verdict.

    Args:
        records: The file.
        grader: Whose settings are part of a verdict's key.
        which: Hidden or public tests.
    """

    def __init__(self, records: Records, grader: Grader, which: Which) -> None:
        self._records = records
        self._which: Which = which
        self._settings = (which, grader.timeout, grader.isolation, grader.comparison, grader.memory_mb)
        self._lock = threading.Lock()
        self._verdicts: dict[tuple[str, int], Verdict] = {}
        self._by_key: dict[str, Verdict] = {}
        self._asked: dict[str, list[int]] = {}
        self.graded = 0
        """Programs that were run for this object."""
        for verdict in read_verdicts(records):
            self._verdicts.setdefault((verdict.task_id, verdict.index), verdict)
            self._by_key.setdefault(verdict.key, verdict)

    def request(self, problem: Problem, row: SampleRow) -> GradeRequest | None:
        """What has to be run for a sample's verdict; None where it is known, or comes with another's."""
        key = content_key(problem.task_id, row.solution, problem.benchmark, self._settings)
        with self._lock:
            held = self._verdicts.get((row.task_id, row.index))
            if held is not None and held.key == key:
                return None
            if key in self._by_key:
                self._keep(replace(self._by_key[key], index=row.index))
                return None
            if key in self._asked:
                self._asked[key].append(row.index)
                return None
            self._asked[key] = [row.index]
        return GradeRequest(problem, row.solution, row.index, self._which)

    def record(self, request: GradeRequest, verdict: Verdict) -> None:
        """Keeps a verdict, for every sample that has the program."""
        key = content_key(request.problem.task_id, request.program, request.problem.benchmark, self._settings)
        with self._lock:
            self._by_key[key] = replace(verdict, key=key)
            self.graded += 1
            for index in self._asked.pop(key):
                self._keep(replace(verdict, key=key, index=index))

    def rewrite(self, place: Callable[[tuple[str, int]], Any]) -> None:
        """Replaces the file's rows by the same in order."""
        self._records.replace(self._verdicts[key].to_json() for key in sorted(self._verdicts, key=place))

    def __getitem__(self, key: tuple[str, int]) -> Verdict:
        return self._verdicts[key]

    def __len__(self) -> int:
        return len(self._verdicts)

    def _keep(self, verdict: Verdict) -> None:
        self._records.append(verdict.to_json())
        self._verdicts[verdict.task_id, verdict.index] = verdict
