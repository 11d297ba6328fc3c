"""What a trace costs: a typical solution on one test, and a loop of 100,000 lines against the budget of events.

    EG_CFG_DATA_DIR=data python perf/trace.py --rounds 7

Each program is graded and traced in turn, some rounds, in one warm worker, sandbox included, so that whatever else the
machine does falls on both; medians are compared. The first time, which brings the problem's tests to the worker, counts
apart: whoever traces candidates traces many of each problem. The long loop is run without a trace, and with growing
budgets.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from eg_cfg.benchmarks.base import CallTest, Problem
from eg_cfg.benchmarks.registry import load
from eg_cfg.grading.grader import Grader, grading_sandbox
from eg_cfg.grading.tracing import Tracer
from eg_cfg.sandbox.tracing import TraceLimits

TURNS = 50_000
LOOP = "def f(n):\n    t = 0\n    for i in range(n):\n        t += i\n    return t\n"
"""Two lines a turn."""


def milliseconds(run: Callable[[], Any]) -> float:
    started = time.perf_counter()
    run()
    return 1e3 * (time.perf_counter() - started)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--benchmark", default="mbpp")
    parser.add_argument("--split", default="test")
    parser.add_argument("--programs", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--events", default="16,64,256,1024", help="budgets for the long loop")
    options = parser.parse_args()
    problems = [
        replace(p, public_tests=p.public_tests[:1], hidden_tests=p.public_tests[:1])
        for p in load(options.benchmark, split=options.split).problems() if p.reference and p.public_tests
    ][: options.programs]
    with grading_sandbox(1) as sandbox:
        typical(sandbox, problems, options.rounds)
        long_loop(sandbox, options.rounds, [int(n) for n in options.events.split(",")])


def typical(sandbox: Any, problems: list[Problem], rounds: int) -> None:
    grader, tracer = Grader(sandbox), Tracer(sandbox)
    graded: list[list[float]] = []
    traced: list[list[float]] = []
    events: list[int] = []
    for problem in problems:
        program = problem.reference or ""
        graded.append([])
        traced.append([])
        for _ in range(rounds + 1):
            graded[-1].append(milliseconds(lambda: grader.grade(problem, program)))  # noqa: B023
            started = time.perf_counter()
            trace = tracer.trace(problem, program)
            traced[-1].append(1e3 * (time.perf_counter() - started))
        events.append(sum(len(test.events) for test in trace.tests))
    print(f"{len(problems)} reference solutions on one test, {rounds} rounds; median {statistics.median(events):g}"
          f" events, at most {max(events)}")
    for name, rows in (("graded, not traced", graded), ("traced", traced)):
        first = statistics.median(row.pop(0) for row in rows)
        flat = [value for row in rows for value in row]
        cuts = statistics.quantiles(flat, n=20)
        best = statistics.median(min(row) for row in rows)
        print(f"{name:20} median {statistics.median(flat):6.2f} ms   p95 {cuts[18]:6.2f} ms   each at its best"
              f" {best:6.2f} ms   a problem's first {first:6.2f} ms")
    ratios = [t / g for g_row, t_row in zip(graded, traced, strict=True) for g, t in zip(g_row, t_row, strict=True)]
    print(f"traced / not traced: {statistics.median(ratios):.2f}")


def long_loop(sandbox: Any, rounds: int, budgets: list[int]) -> None:
    problem = Problem("loop", "perf", "", entry_point="f", time_limit=30.0,
                      public_tests=(CallTest("f", (TURNS,), TURNS * (TURNS - 1) // 2),))
    grader = Grader(sandbox)
    tracers = {budget: Tracer(sandbox, TraceLimits(events=budget)) for budget in budgets}
    plain: list[float] = []
    traced: dict[int, list[float]] = {budget: [] for budget in budgets}
    for _ in range(rounds):
        plain.append(milliseconds(lambda: grader.grade(problem, LOOP, which="public")))
        for budget, tracer in tracers.items():
            traced[budget].append(milliseconds(lambda: tracer.trace(problem, LOOP)))  # noqa: B023
    print(f"\na loop of {2 * TURNS:,} lines\n{'not traced':20} median {statistics.median(plain):6.2f} ms")
    for budget, times in traced.items():
        more = statistics.median(times) - statistics.median(plain)
        print(f"{f'{budget} events':20} median {statistics.median(times):6.2f} ms   {more:+7.2f} ms,"
              f" {1e3 * more / budget:6.1f} us an event of the budget")


if __name__ == "__main__":
    main()
