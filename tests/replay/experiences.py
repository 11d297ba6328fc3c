"""Experiences and problems that these tests use."""

from __future__ import annotations

from typing import Any

from eg_cfg.benchmarks.base import CallTest, Problem
from eg_cfg.replay import Experience

HEADER = "def {name}(x):\n"
FACTORS = (2, 3, 5, 7)


def experience(number: int = 0, **fields: Any) -> Experience:
    """One program among many, all different."""
    values = {"task_id": f"t/{number}", "prompt": "p", "program": f"def f(x):\n    return {number}\n", "pass_rate": 0.5,
              "passed": False, "benchmark": "made", **fields}
    return Experience(**values)


def problem(number: int, factor: int = 2) -> Problem:
    """`f(x)` is to return `factor * x`; four tests, of which `return 0` passes one."""
    name = f"times_{number}"
    tests = tuple(CallTest(name, (x,), factor * x) for x in (0, 1, 2, 3))
    return Problem(f"made/{number}", "demo", f"Multiply by {factor}.", entry_point=name, public_tests=tests[:1],
                   hidden_tests=tests, completion_prefix=HEADER.format(name=name), time_limit=5.0)
