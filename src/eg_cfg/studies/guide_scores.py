"""What came out of a guided run: one row a method, with intervals, costs, and paired comparisons.

    rows = [greedy_row(...), guided_row(...), best_of_row(...)]
    compare(rows[1], rows[0]).to_json()

A row says how many programs were sampled for it. Guided decoding samples continuations and hands in one program;
best-of-N samples as many whole programs, task by task, and hands in one of them; or as many as it draws in the same
wall time. A task is solved when the program that was handed in passes the tests that score.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from eg_cfg.grading.compare import compare_runs
from eg_cfg.grading.metrics import pass_at_k_estimate
from eg_cfg.studies.best_of import TaskSamples

Method = Literal["greedy", "guided", "best_of_n", "best_of_time", "first_passing_shown", "any"]
Result = Mapping[str, Any]
MOST = 256
"""Programs of a task that best-of-N draws at equal wall time, at most."""


@dataclass(slots=True)
class Row:
    """One method on the tasks that it was tried on."""

    method: Method
    trial: str | None
    gamma: float | None
    solved: dict[str, bool]
    """By task."""
    sampled: dict[str, int] = field(default_factory=dict)
    """Programs, or continuations of programs, that were sampled at random, by task; the finished program of a decoder
    is not among them."""
    finished: int = 0
    """Programs that decoders finished, all tasks together."""
    tokens: float | None = 0
    """Tokens through the network, all tasks together."""
    forward_passes: float | None = 0
    executions: float | None = 0
    """Runs of unique programs on shown tests."""
    seconds: float | None = 0
    """From a task's first token to its last, all tasks together; tasks and gammas that were decoded at once count in
    full, each."""
    accept_passing: bool = False
    """Whether sampled candidates were handed in."""
    shares: dict[str, float | None] = field(default_factory=dict)
    """Seconds by task, each moment divided among what was under way; none where it is not known."""
    bounded: int = 0
    """Tasks for which `MOST` programs took less time than there was."""

    def add(self, **costs: float | None) -> None:
        """Adds costs; what is unknown of one task is unknown of all."""
        for name, value in costs.items():
            before = getattr(self, name)
            setattr(self, name, None if before is None or value is None else before + value)

    def to_json(self, seed: int) -> dict[str, Any]:
        """Plain data; `solved` as a share with its 95 % interval."""
        counts = list(self.sampled.values()) or [0]
        return {
            "method": self.method, "trial": self.trial, "gamma": self.gamma, "accept_passing": self.accept_passing,
            "problems": len(self.solved), "solved": sum(self.solved.values()),
            "share": pass_at_k_estimate({task: [right] for task, right in self.solved.items()}, 1, seed=seed).to_json()
            if self.solved else None,
            "programs_sampled": sum(counts), "programs_sampled_per_problem": [min(counts), max(counts)],
            "programs_finished": self.finished, "tokens": self.tokens, "forward_passes": self.forward_passes,
            "executions": self.executions, "seconds": self.seconds,
            "shared_seconds": None if None in self.shares.values() else sum(filter(None, self.shares.values())),
            **({"problems_at_bound": self.bounded, "bound": MOST} if self.method == "best_of_time" else {}),
        }


def decoded_row(method: Literal["greedy", "guided"], results: Mapping[str, Result], *, trial: str | None,
                gamma: float, accept_passing: bool = False) -> Row:
    """The row of what a decoder finished.

    Args:
        method: Whether it was guided.
        results: Contents of result files, by task.
        trial: Its name.
        gamma: Its strength of guidance.
        accept_passing: Whether sampled candidates were handed in.
    """
    row = Row(method, trial, gamma, {}, accept_passing=accept_passing)
    for task, result in results.items():
        row.solved[task] = bool(result["passed"])
        _spend(row, task, result)
    return row


def _spend(row: Row, task: str, result: Result) -> None:
    counters = result["counters"]
    share, before = counters["seconds"].get("share"), row.shares.get(task, 0.0)
    row.shares[task] = None if share is None or before is None else before + share
    row.sampled[task] = row.sampled.get(task, 0) + result["programs_sampled"]
    row.finished += 1
    row.add(tokens=counters["tokens"], forward_passes=counters["forward_passes"],
            executions=counters["executions_asked"], seconds=result["stats"]["duration"] or 0.0)


def best_of_row(rival: Row, samples: Callable[[str], TaskSamples | None]) -> Row:
    """Best-of-N with as many programs, task by task, as another row sampled; one where that sampled none.

    Args:
        rival: The other row.
        samples: A task's programs; at least as many as are needed, or none where the task has none.
    """
    row = Row("best_of_n", rival.trial, rival.gamma, {})
    for task in rival.solved:
        found, n = samples(task), needed(rival, task)
        if found is None or len(found.samples) < n:
            continue
        row.solved[task] = bool(found.best(n).passed)
        row.sampled[task] = n
        row.shares[task] = found.seconds(n)
        row.add(**found.cost(n))
    return row


def best_of_time_row(rival: Row, samples: Callable[[str], TaskSamples | None]) -> Row:
    """Best-of-N with as many programs as are drawn, task by task, in another row's share of the wall time.

    Args:
        rival: The other row.
        samples: A task's programs, those of its time or `MOST` at least; none where the task has none.
    """
    row = Row("best_of_time", rival.trial, rival.gamma, {})
    for task in rival.solved:
        found, seconds = samples(task), rival.shares.get(task)
        if found is None or not found.samples or seconds is None:
            continue
        n = found.within(seconds, MOST)
        row.bounded += n == MOST and found.seconds(MOST) < seconds
        row.solved[task] = bool(found.best(n).passed)
        row.sampled[task] = n
        row.shares[task] = found.seconds(n)
        row.add(**{**found.cost(n), "seconds": found.seconds(n)})
    return row


def needed(row: Row, task: str) -> int:
    """Programs that best-of-N has to draw to equal a row on a task."""
    return max(1, row.sampled.get(task, 0))


def search_rows(results: Sequence[Mapping[str, Result]], tasks: Sequence[str]) -> list[Row]:
    """All trials and gammas together, as a search.

    `any`: a task is solved when any finished program passes the tests that score, as published; it needs to know the
    answer. `first_passing_shown` hands in the first finished program that passes the shown tests, else the first.

    Args:
        results: By task, of each trial and gamma in order.
        tasks: Tasks, in order.
    """
    first, best = Row("first_passing_shown", None, None, {}), Row("any", None, None, {})
    for task in tasks:
        tried = [by_task[task] for by_task in results if task in by_task]
        if not tried:
            continue
        chosen = next((result for result in tried if result["shown_passed"]), tried[0])
        first.solved[task] = bool(chosen["passed"])
        best.solved[task] = any(result["passed"] for result in tried)
        for row in (first, best):
            for result in tried:
                _spend(row, task, result)
    return [first, best]


def compare(a: Row, b: Row, seed: int) -> dict[str, Any] | None:
    """A against B on the tasks that both have: difference with its interval, and the exact test's p-value."""
    if not a.solved.keys() & b.solved.keys():
        return None
    found = compare_runs({task: [passed] for task, passed in a.solved.items()},
                         {task: [passed] for task, passed in b.solved.items()}, seed=seed)
    return {"problems": found.problems, "difference": found.difference.to_json(), "p_value": found.p_value,
            "method": found.method, "better": found.a_better, "worse": found.b_better}
