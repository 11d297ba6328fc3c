"""Which part of a signal is shown: for studies of what in it does the work.

    shown(candidates, "failing")        # those that do not pass
    unjudged(test)                      # what a program did for a test, without whether that is right

`whole`      verdict, code, what was given and wanted, trace: the method
`no_traces`  without the trace
`verdicts`   verdict and code only
`traces`     code and what it did, without a verdict: every candidate shows what it gave and what was wanted, those that
             pass too, since what only failures show would be a verdict
`shuffled`   each candidate under the next one's verdict, values and trace: what is said is the same, and is not true of
             the code beside it. Where it does no worse than `whole`, candidates are copied and verdicts not read
`failing`    only candidates that do not pass; where all pass there is no signal

Limits: a candidate that is alone in its signal has no next one, and `shuffled` leaves it as it is; of candidates with
the same verdict it swaps values and traces alone. So the arm is nearer to the whole method where candidates agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from eg_cfg.decoding.base import Candidate, SignalPart
from eg_cfg.sandbox.tracing import TestTrace

_HAPPENED = frozenset({"exception", "timeout", "memory", "output_limit", "killed"})
"""Outcomes that say what a program did, not whether that is right."""


def shown(candidates: Sequence[Candidate], part: SignalPart) -> list[Candidate]:
    """Candidates as a signal shows them: unique ones that were run.

    Args:
        candidates: Of one signal.
        part: What is shown. `shuffled` gives each the trace of the next, the last one that of the first.
    """
    run = [each for each in candidates if each.trace is not None and each.duplicate_of is None]
    if part == "shuffled":
        return [replace(each, outcome=other.outcome, trace=other.trace)
                for each, other in zip(run, [*run[1:], *run[:1]], strict=True)]
    if part == "failing":
        return [each for each in run if each.trace is not None and not each.trace.passed]
    return run


def unjudged(test: TestTrace) -> TestTrace:
    """What a program did for a test, without whether that is right."""
    return test if test.outcome in _HAPPENED else replace(test, outcome="", error="", error_line=None)
