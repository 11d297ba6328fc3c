"""Filtered pass@1: sample, keep what passes the shown tests, answer with the likeliest.

    candidates(results)             # for grading.metrics.filtered_pass_at_1
    choose(result)                  # the sample that one would hand in

The metric counts equally likely programs by their share of right ones. A choice has to be one program, so it takes the
first of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from eg_cfg.grading.metrics import Candidate

if TYPE_CHECKING:
    from eg_cfg.studies.evaluation import ProblemResult


def candidates(results: Sequence[ProblemResult]) -> dict[str, list[Candidate]]:
    """What the metric knows of each sample, by task id."""
    return {
        result.problem.task_id: [
            Candidate(verdict.passed, None if shown is None else shown.passed, sample.log_prob)
            for sample, verdict, shown in zip(result.samples, result.verdicts, result.shown, strict=True)
        ]
        for result in results
    }


def choose(result: ProblemResult) -> int:
    """The place of the sample to hand in: of those that pass the shown tests, else of all, the likeliest.

    Of equally likely ones, and where no log-probability is known, the first.
    """
    places = range(len(result.samples))
    passing = [place for place in places if (verdict := result.shown[place]) is not None and verdict.passed]
    kept = passing or list(places)
    known = [place for place in kept if result.samples[place].log_prob is not None]
    return max(known, key=lambda place: result.samples[place].log_prob or 0.0) if known else kept[0]
