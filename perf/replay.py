"""How long a draw from many experiences takes, beside `numpy.random.Generator.choice` on priorities that are there.

    python perf/replay.py --experiences 1000000 --batch 50 --rounds 7

A draw reads possibility and pass rate of every experience, makes P2Values and probabilities of them, and draws.
`choice` is given ready probabilities, so it is the floor, and no contender. CPU time (all of it is in one thread), so
that other work on the machine counts little; medians over rounds, all ways in turn in each round.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Callable
from functools import partial

import numpy as np

from eg_cfg.replay import Experience, PrioritizedSampler


def pool(count: int, unknown: bool) -> list[Experience]:
    draw = random.Random(42)
    return [
        Experience(
            task_id=f"t/{number % 1000}", prompt="", program="", pass_rate=draw.randrange(6) / 5, passed=False,
            log_prob=None if unknown and number % 2 else -draw.random() * 90, num_tokens=draw.randrange(10, 200),
        )
        for number in range(count)
    ]


def seconds(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--experiences", type=int, default=1_000_000)
    parser.add_argument("--batch", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    known, mixed = pool(options.experiences, unknown=False), pool(options.experiences, unknown=True)
    ways: dict[str, Callable[[], object]] = {}
    for method in ("power", "rank", "uniform"):
        for replacement in (True, False):
            sampler = PrioritizedSampler(method, 1.5, replacement=replacement)
            name = f"{method}, with{'' if replacement else 'out'} replacement"
            ways[name] = partial(sampler.draw, known, options.batch)
    power = PrioritizedSampler("power", 1.5)
    ways["power, half of the possibilities unknown"] = lambda: power.draw(mixed, options.batch)
    values = power.calculator.values(known)
    ways["power, priorities given"] = lambda: power.draw(known, options.batch, priorities=values)
    generator, probabilities = np.random.default_rng(42), power.probabilities(known)
    ways["numpy's choice, probabilities given"] = lambda: generator.choice(len(known), options.batch, p=probabilities)
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(options.rounds):
        for name, work in ways.items():
            times[name].append(seconds(work))
    print(f"{options.batch} of {options.experiences:,} experiences, CPU time, median of {options.rounds} rounds")
    for name, taken in times.items():
        print(f"{name:<45}{statistics.median(taken) * 1000:>9.1f} ms   (to {max(taken) * 1000:.1f})")


if __name__ == "__main__":
    main()
