"""Arms of a study against each other: one value for each seed and problem, so that both are paired.

    full, uniform = Marks.of({42: {"p1": 1.0, "p2": 0.0}}), Marks.of({42: {"p1": 0.0, "p2": 0.0}})
    estimate(full).value, contrast(full, uniform)["difference"]["value"]

The interval is a bootstrap that draws problems and seeds anew, independently of each other (Owen, arXiv 0712.1111, the
"pigeonhole" bootstrap): it says how the mean would vary with other problems and with another training. With one seed it
is the bootstrap over problems. The p-value is the sign-flip test over problems, of each problem's mean over the seeds:
it speaks of the trainings that were made, since a handful of seeds can decide nothing by itself. `seeds_ahead` says in
how many of them the arm was ahead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eg_cfg.errors import UsageError
from eg_cfg.grading.compare import sign_flip
from eg_cfg.grading.intervals import LEVEL, RESAMPLES, Estimate

_CELLS = 4_000_000
"""Numbers held at one time."""
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Marks:
    """What one arm came to."""

    values: NDArray[np.float64]
    """Shape (seeds, problems)."""
    seeds: tuple[int, ...]
    tasks: tuple[str, ...]

    @classmethod
    def of(cls, found: Mapping[int, Mapping[str, float]]) -> Marks:
        """From a value for each task, by seed.

        Raises:
            UsageError: There is none, or the seeds have different tasks.
        """
        seeds = tuple(sorted(found))
        tasks = tuple(sorted(found[seeds[0]])) if seeds else ()
        if not tasks or any(tuple(sorted(found[seed])) != tasks for seed in seeds):
            raise UsageError("expected a value for each problem and seed, found other problems under another seed: "
                             "start over with --force")
        values = np.array([[found[seed][task] for task in tasks] for seed in seeds], dtype=np.float64)
        return cls(values, seeds, tasks)


def estimate(marks: Marks, *, seed: int = 42, resamples: int = RESAMPLES) -> Estimate:
    """The mean over seeds and problems with its interval."""
    return _interval(marks.values, seed=seed, resamples=resamples)


def contrast(a: Marks, b: Marks, *, seed: int = 42) -> dict[str, Any]:
    """A against B, problem by problem and seed by seed.

    Returns:
        `difference` (A minus B), `p_value`, `method`, `better` and `worse` (problems), `seeds_ahead` and `seeds`.

    Raises:
        UsageError: They have no seed in common, or other problems.
    """
    seeds = [number for number in a.seeds if number in b.seeds]
    if not seeds or a.tasks != b.tasks:
        raise UsageError("expected two arms with the same problems and a seed in common, found other ones")
    gain = a.values[[a.seeds.index(s) for s in seeds]] - b.values[[b.seeds.index(s) for s in seeds]]
    by_problem = gain.mean(axis=0)
    return {
        "difference": _interval(gain, seed=seed).to_json(),
        "p_value": sign_flip(by_problem, seed=seed),
        "method": "sign_flip",
        "better": int(np.sum(by_problem > _ROUNDING)),
        "worse": int(np.sum(by_problem < -_ROUNDING)),
        "seeds_ahead": int(np.sum(gain.mean(axis=1) > _ROUNDING)),
        "seeds": len(seeds),
    }


def mean_of(passed: Mapping[str, Sequence[bool | float]]) -> dict[str, float]:
    """Each task's mean over its samples: its pass@1."""
    return {task: float(np.mean(values)) for task, values in passed.items()}


def _interval(values: NDArray[np.float64], *, seed: int, resamples: int = RESAMPLES) -> Estimate:
    mean = float(values.mean())
    if np.all(values == values.flat[0]):
        return Estimate(float(values.flat[0]), float(values.flat[0]), float(values.flat[0]))
    rows, columns = values.shape
    rng = np.random.default_rng(seed)
    means = np.empty(resamples)
    step = max(1, _CELLS // (rows + columns))
    for start in range(0, resamples, step):
        count = min(step, resamples - start)
        by_seed = rng.multinomial(rows, np.full(rows, 1 / rows), size=count) / rows
        by_problem = rng.multinomial(columns, np.full(columns, 1 / columns), size=count) / columns
        means[start : start + count] = np.einsum("rp,rp->r", by_seed @ values, by_problem)
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return Estimate(mean, float(low), float(high))
