"""What samples and their verdicts come to: the numbers of an evaluation.

    scores = score(results, ks=(1, 10), seed=42, filtered=True)
    scores.pass_at[1].value, scores.to_json()
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from eg_cfg.grading.metrics import (
    Estimate,
    FilteredPass,
    average_pass_rate,
    exact_match_rate,
    filtered_pass_at_1,
    pass_at_k_estimate,
    success_rate,
)
from eg_cfg.grading.verdict import OUTCOMES
from eg_cfg.studies.filtering import candidates
from eg_cfg.studies.sampling import UNANSWERED

if TYPE_CHECKING:
    from eg_cfg.studies.evaluation import ProblemResult


@dataclass(frozen=True, slots=True)
class Scores:
    """Shares are in [0, 1], with 95 % bootstrap intervals over problems."""

    problems: int
    samples: int
    pass_at: dict[int, Estimate]
    """pass@k by k."""
    average_pass_rate: Estimate
    """Of a program's hidden tests, the share that passes."""
    success_rate: Estimate
    """Share of problems that at least one sample solves."""
    filtered_pass_at_1: FilteredPass | None
    """Keep what passes the shown tests, take the likeliest; None where the shown tests were not run."""
    exact_match: Estimate | None
    """Programs that equal the reference up to layout, over the problems that have one; None where none has."""
    with_reference: int
    """Problems that have a reference."""
    outcomes: dict[str, int]
    """Samples by outcome, every outcome there is."""
    extractions: dict[str, int]
    """Samples by the status of their extraction."""
    finish_reasons: dict[str, int]
    """Samples by why they ended."""
    unanswered: int
    """Samples that could not be asked for, because the prompt was too long or refused; they count as wrong."""
    prompt_tokens: int | None
    """Each prompt once; None where the backend does not tell."""
    completion_tokens: int | None
    without_log_prob: int
    """Answered samples whose log-probability the backend does not tell."""
    generation_seconds: float
    """Wall time of generation, over all starts."""
    grading_seconds: float
    """Wall time of the programs, summed over workers; runs side by side with generation."""

    def to_json(self) -> dict[str, Any]:
        """As it is written to `results.json`."""
        filtered = self.filtered_pass_at_1
        exact = self.exact_match
        return {
            **{f"pass@{k}": estimate.to_json() for k, estimate in sorted(self.pass_at.items())},
            "filtered_pass@1": None if filtered is None else filtered.to_json(),
            "average_pass_rate": self.average_pass_rate.to_json(),
            "success_rate": self.success_rate.to_json(),
            "exact_match": None if exact is None else {**exact.to_json(), "problems": self.with_reference},
            "outcomes": self.outcomes,
            "truncated": self.extractions.get("truncated", 0),
            "empty": self.extractions.get("empty", 0),
            "unparsable": self.extractions.get("unparsable", 0),
            "finish_reasons": self.finish_reasons,
            "unanswered": self.unanswered,
            "tokens": {"prompt": self.prompt_tokens, "completion": self.completion_tokens},
            "without_log_prob": self.without_log_prob,
            "seconds": {"generation": round(self.generation_seconds, 3), "grading": round(self.grading_seconds, 3)},
        }


def score(results: Sequence[ProblemResult], *, ks: Sequence[int], seed: int, filtered: bool) -> Scores:
    """The scores of graded samples.

    Args:
        results: What was written for each problem, and how it fared.
        ks: Of pass@k.
        seed: Of the bootstrap.
        filtered: Whether the shown tests were run.

    Raises:
        UsageError: There are no results, or a k above some problem's number of samples.
    """
    ordered = sorted(results, key=lambda result: result.problem.task_id)  # the bootstrap draws places
    samples = [sample for result in ordered for sample in result.samples]
    verdicts = [verdict for result in ordered for verdict in result.verdicts]
    passed = {r.problem.task_id: [verdict.passed for verdict in r.verdicts] for r in ordered}
    rates = {r.problem.task_id: [verdict.pass_rate for verdict in r.verdicts] for r in ordered}
    references = {r.problem.task_id: r.problem.reference for r in ordered if r.problem.reference is not None}
    written = {r.problem.task_id: [s.solution for s in r.samples] for r in ordered if r.problem.reference is not None}
    outcomes: Counter[str] = Counter(verdict.outcome for verdict in verdicts)
    shown = [v for r in ordered for v, hidden in zip(r.shown, r.verdicts, strict=True) if v and v is not hidden]
    return Scores(
        problems=len(ordered),
        samples=len(samples),
        pass_at={k: pass_at_k_estimate(passed, k, seed=seed) for k in ks},
        average_pass_rate=average_pass_rate(rates, seed=seed),
        success_rate=success_rate(passed, seed=seed),
        filtered_pass_at_1=filtered_pass_at_1(candidates(ordered), seed=seed) if filtered else None,
        exact_match=exact_match_rate(written, references, seed=seed) if references else None,
        with_reference=len(references),
        outcomes={name: outcomes[name] for name in OUTCOMES},
        extractions=dict(sorted(Counter(sample.extraction for sample in samples).items())),
        finish_reasons=dict(sorted(Counter(sample.finish_reason for sample in samples).items())),
        unanswered=sum(sample.finish_reason in UNANSWERED for sample in samples),
        prompt_tokens=_total([sample.prompt_tokens for sample in samples]),
        completion_tokens=_total([sample.tokens for sample in samples]),
        without_log_prob=sum(s.log_prob is None and s.finish_reason not in UNANSWERED for s in samples),
        generation_seconds=sum(sample.seconds for sample in samples),
        grading_seconds=sum(verdict.seconds for verdict in [*verdicts, *shown]),
    )


def _total(counts: Sequence[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None
