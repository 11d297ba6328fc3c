"""Shares of the wall time."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any

import pytest
from random_coders import ScriptedExecutor, coder, problems

from eg_cfg.benchmarks.base import Problem, Test
from eg_cfg.config import build
from eg_cfg.decoding.base import GuideOptions
from eg_cfg.decoding.clock import SharedClock
from eg_cfg.decoding.egcfg import Guide
from eg_cfg.sandbox.tracing import Trace


class Hands:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self) -> float:
        return self.at


def test_each_moment_is_divided_among_what_is_under_way() -> None:
    hands = Hands()
    clock = SharedClock(hands)
    hands.at += 7  # nobody is there
    first = clock.enter(2)
    hands.at += 4
    other = clock.enter()
    hands.at += 3
    assert clock.leave(first) == pytest.approx(4 / 2 + 3 / 3)
    hands.at += 2
    with clock.stopped():
        hands.at += 50
    assert clock.leave(first) == pytest.approx(4 / 2 + 3 / 3 + 2 / 2)
    hands.at += 5
    assert clock.leave(other) == pytest.approx(3 / 3 + 2 / 2 + 5)
    hands.at += 9
    assert clock.leave(clock.enter()) == 0


class Slow(ScriptedExecutor):
    """Takes its time before it answers."""

    def submit(self, problem: Problem, program: str, tests: Sequence[Test] | None = None) -> Future[Trace]:
        time.sleep(0.01)
        return super().submit(problem, program, tests)


def test_shares_of_a_batch_add_up_to_its_wall_time() -> None:
    chosen: dict[str, Any] = {"prompt_type": "completion", "max_new_tokens": 8, "candidates": 2, "gammas": [0.0, 2.0]}
    guide = Guide(coder("llama"), Slow(), build(GuideOptions, chosen))
    started, elsewhere, found = time.perf_counter(), 0.0, []
    for solution in guide.solve(problems(3)):
        found.append(solution.counters.seconds)
        paused = time.perf_counter()
        time.sleep(0.05)  # what the caller does is not decoding
        elsewhere += time.perf_counter() - paused
    wall = time.perf_counter() - started - elsewhere
    assert len(found) == 6
    assert sum(each["share"] for each in found) == pytest.approx(wall, rel=0.1, abs=0.01)
    assert all(0 < each["share"] < each["total"] for each in found)
