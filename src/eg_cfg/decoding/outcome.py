"""What a gamma's way through a problem came to."""

from __future__ import annotations

import time
from collections.abc import Sequence

from eg_cfg.decoding.base import Candidate, FinishReason, Solution
from eg_cfg.decoding.tasks import Path, Task


def finish(task: Task, path: Path, reason: FinishReason, tokens: Sequence[int], completion: str,
           accepted: Candidate | None = None) -> Solution:
    """The solution of one gamma.

    Args:
        task: What was solved.
        path: The gamma.
        reason: Why it ended.
        tokens: All that were written.
        completion: Their text, cut at the stop string.
        accepted: The candidate that is the program, where one was accepted.
    """
    path.counters.seconds["total"] = time.perf_counter() - task.started
    program = task.frame.program(completion)
    if accepted is not None and accepted.program is not None:
        program = accepted.program
    return Solution(
        task_id=task.problem.task_id,
        gamma=path.gamma,
        program=program,
        completion=completion,
        finish_reason=reason,
        token_ids=tuple(tokens),
        refreshes=path.refreshes,
        accepted=accepted,
        counters=path.counters,
        prompt=task.frame.plain,
    )
