"""The program that is graded, from what a model wrote for a problem.

    found = program_of(completion.text, problem, "completion")
    request = GradeRequest(problem, "" if found.empty else found.program)

One place says which prefix, entry point and stop strings go with which kind of text, for files of samples and for
models alike.
"""

from __future__ import annotations

from typing import Literal

from eg_cfg.benchmarks.base import ContextTest, Problem
from eg_cfg.grading.extraction import HUMANEVAL_STOPS, Extraction, extract

Extract = Literal["verbatim", "completion", "solution", "chat"]
"""How a program is taken out of a text; problems that are snippets (DS-1000) are known as such."""


def program_of(text: str, problem: Problem, how: Extract, *, continues: bool = True) -> Extraction:
    """Takes the program out of a text: to the letter, unless asked otherwise.

    Args:
        text: What was written.
        problem: What it is meant to solve.
        how: Kind of text.
        continues: Whether a verbatim text continues the problem's `completion_prefix`.
    """
    if how == "verbatim":
        return extract(text, kind="verbatim", prefix=problem.completion_prefix if continues else "")
    snippet = any(isinstance(test, ContextTest) for test in problem.hidden_tests)
    return extract(
        text,
        kind="snippet" if snippet else how,
        prefix=problem.completion_prefix if how != "solution" else "",
        entry_point=problem.entry_point,
        stop=HUMANEVAL_STOPS if how == "completion" and problem.completion_prefix else (),
        prefer="last" if problem.benchmark == "livecodebench" else "first",
    )
