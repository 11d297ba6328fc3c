"""Every cheat on every problem: `python tests/attacks/whole_sets.py`, with EG_CFG_DATA_DIR naming the real benchmarks.

    python tests/attacks/whole_sets.py --benchmark humaneval --cheats lying_equality,frames --max-problems 20

Prints for each cheat how many problems it passed, and ends with status 1 if one passed a problem that no function which
does nothing passes. HumanEval and the test split of MBPP get the cheats that define a function, the problems of APPS
those that are whole programs.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from cheats import CONTROLS, FUNCTIONS, PROGRAMS, as_solution

from eg_cfg.benchmarks.base import Problem
from eg_cfg.benchmarks.registry import load
from eg_cfg.grading.grader import Grader, GradeRequest, grading_sandbox

BENCHMARKS = {"humaneval": ("humaneval", None), "mbpp": ("mbpp", "test"), "apps": ("apps", None)}
CHOICES = {**{name: (name,) for name in BENCHMARKS}, "both": ("humaneval", "mbpp"), "all": tuple(BENCHMARKS)}


@dataclass
class Tally:
    """What became of one cheat."""

    problems: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    passed: list[Problem] = field(default_factory=list)


def problems_of(benchmark: str) -> list[Problem]:
    """All problems of one of `BENCHMARKS`."""
    name, split = BENCHMARKS[benchmark]
    return list(load(name, split=split).problems())


def cheats_for(problem: Problem) -> dict[str, str]:
    """The cheats that make sense for a problem, by name."""
    return FUNCTIONS if problem.entry_point else PROGRAMS


def try_cheats(
    grader: Grader, problems: Iterable[Problem], names: set[str] | None = None, *, progress: bool = False
) -> dict[str, Tally]:
    """Tries every cheat on every problem.

    Args:
        grader: Where.
        problems: On what.
        names: Only these cheats; all where none.
        progress: Whether to count on standard error.
    """
    pairs = [(p, name) for p in problems for name in cheats_for(p) if names is None or name in names]
    tallies: dict[str, Tally] = {}
    requests = (GradeRequest(p, as_solution(cheats_for(p)[name], p)) for p, name in pairs)
    for done, (position, verdict) in enumerate(grader.grade_many(requests), 1):
        problem, name = pairs[position]
        tally = tallies.setdefault(name if problem.entry_point else f"program: {name}", Tally())
        tally.problems += 1
        tally.outcomes[verdict.outcome] += 1
        if verdict.passed:
            tally.passed.append(problem)
        if progress and done % 500 == 0:
            print(f"\r{done:,} of {len(pairs):,}", end="", file=sys.stderr, flush=True)
    if progress:
        print(f"\r{len(pairs):,} programs", file=sys.stderr)
    return tallies


def passes_by_itself(grader: Grader, problem: Problem) -> bool:
    """Whether a function that does nothing passes, so that no cheat can be blamed for it."""
    if problem.entry_point:
        null = [f"def {problem.entry_point}(*a, **k): return {value}\n" for value in CONTROLS]
    else:
        null = ["pass\n", "print()\n", "print(0)\n"]
    return any(verdict.passed for _, verdict in grader.grade_many(GradeRequest(problem, program) for program in null))


def main(arguments: list[str] | None = None) -> int:
    """Runs from the command line; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--benchmark", choices=CHOICES, default="all")
    parser.add_argument("--cheats", help="only these, separated by commas")
    parser.add_argument("--max-problems", type=int, help="only the first N of each benchmark")
    parser.add_argument("--workers", type=int)
    options = parser.parse_args(arguments)
    names = set(options.cheats.split(",")) if options.cheats else None
    unknown = (names or set()) - set(FUNCTIONS) - set(PROGRAMS)
    if unknown:
        parser.error(f"--cheats: expected names among {', '.join(sorted({*FUNCTIONS, *PROGRAMS}))};"
                     f" found {', '.join(sorted(unknown))}")
    problems = [p for name in CHOICES[options.benchmark] for p in problems_of(name)[: options.max_problems]]
    with grading_sandbox(options.workers) as sandbox:
        grader = Grader(sandbox)
        tallies = try_cheats(grader, problems, names, progress=sys.stderr.isatty())
        blamed = 0
        for name in sorted(tallies):
            tally = tallies[name]
            explained = [p for p in tally.passed if passes_by_itself(grader, p)]
            blamed += len(tally.passed) - len(explained)
            outcomes = ", ".join(f"{count} {outcome}" for outcome, count in tally.outcomes.most_common())
            print(f"{name:28} passed {len(tally.passed):3} of {tally.problems:3}   ({outcomes})")
            for problem in tally.passed:
                reason = " (a function that does nothing passes it too)" if problem in explained else ""
                print(f"    {problem.benchmark} {problem.task_id}{reason}")
    graded = sum(tally.problems for tally in tallies.values())
    print(f"{len(tallies)} cheats, {graded:,} programs, {blamed} passed by cheating")
    return 1 if blamed else 0


if __name__ == "__main__":
    sys.exit(main())
