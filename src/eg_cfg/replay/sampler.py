"""Draws experiences by priority: the PPER phase of BTP (arXiv 2410.12236), after Schaul et al. (arXiv 1511.05952).

    P(i) = p_i ** a / sum_k p_k ** a

`power`     p_i = P2Value_i
`rank`      p_i = 1 / rank(i), rank 1 for the highest P2Value
`uniform`   P(i) = 1 / N, the control

    sampler = PrioritizedSampler(method="power", alpha=1.5, seed=7)
    sampler.sample(experiences, 50)                  # a list of 50
    drawn = sampler.draw(experiences, 50)            # with indices, probabilities and importance weights

Priorities are not stored in experiences: the sampler holds a `P2ValueCalculator` and computes them when it draws, so
that one buffer serves every alpha and either possibility. Where the caller has priorities, it passes them.

Equal P2Values are equally likely under `rank` too: those that share places share the weight of these places, which is
what breaking ties at random gives on average. So all equal, all zero included, is uniform under each method. Under
`power` a priority of 0 is never drawn unless all are 0 or a = 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Annotated, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import AfterValidator

from eg_cfg.errors import ConfigError
from eg_cfg.replay.experience import Experience
from eg_cfg.replay.priority import Floats, P2ValueCalculator

_Known = Literal["power", "rank", "uniform"]
METHODS: list[str] = list(get_args(_Known))
"""The methods that there are; `add_method` adds one."""
Strategy = Callable[[Sequence[Experience], Floats], ArrayLike]
"""From experiences and their P2Values to their p_i, finite and not negative, (n,)."""
_STRATEGIES: dict[str, Strategy] = {}


def _is_known(method: str) -> str:
    if method not in METHODS:
        raise ValueError(f"expected {', '.join(METHODS)}, found {method!r}")
    return method


if TYPE_CHECKING:
    Method = _Known
else:
    Method = Annotated[str, AfterValidator(_is_known)]
    """One of `METHODS`."""


def add_method(name: str, strategy: Strategy) -> None:
    """Adds a way to draw, for this process: P(i) = p_i ** a / sum_k p_k ** a with p_i of one's own.

    Args:
        name: What `--sampling-method` is given; `docs/extending.md` shows one.
        strategy: Gives p_i.

    Raises:
        ConfigError: There is one of that name.
    """
    if name in METHODS:
        raise ConfigError(f"expected a new name for a way to draw, found {name!r}, which there is: choose another")
    METHODS.append(name)
    _STRATEGIES[name] = strategy


@dataclass(frozen=True)
class Draw:
    """What was drawn."""

    experiences: list[Experience]
    indices: NDArray[np.int64]
    """Places of `experiences` among those that were given, (n,)."""
    probabilities: Floats
    """P(i) of each, (n,)."""
    weights: Floats
    """Importance weights, (n,), the largest 1; all 1 unless the sampler has a `beta`."""


def sampling_probabilities(priorities: ArrayLike, method: Method = "power", alpha: float = 1.0) -> Floats:
    """P(i) of each priority, float64 (n,), summing to 1; see the module for the formulas.

    Args:
        priorities: p_i, finite and not negative, (n,).
        method: How priorities become probabilities.
        alpha: The exponent a, at least 0; 0 is uniform.

    Raises:
        ConfigError: There are none, one is negative or not finite, or the method or alpha is wrong.
    """
    if method not in METHODS:
        raise ConfigError(f"--sampling-method: expected {', '.join(METHODS)}, found {method!r}")
    if not (math.isfinite(alpha) and alpha >= 0):
        raise ConfigError(f"--sampling-alpha: expected a finite number of at least 0, found {alpha}")
    values = np.asarray(priorities, dtype=np.float64)
    if values.ndim != 1 or not values.size:
        raise ConfigError(f"expected at least one priority to draw by, found {values.size}: collect experiences first")
    highest = float(values.max())
    if not (math.isfinite(highest) and float(values.min()) >= 0):
        raise ConfigError("expected priorities that are finite and not negative: compute them again")
    if method == "uniform" or alpha == 0 or highest == 0:
        return np.full(values.size, 1 / values.size)
    weights = _rank_weights(values, alpha) if method == "rank" else (values / highest) ** alpha
    found: Floats = weights / weights.sum()
    return found


def _rank_weights(values: Floats, alpha: float) -> Floats:
    """(1 / rank) ** alpha, averaged over the places that equal values share."""
    order = np.argsort(-values)  # in which order equals come does not matter
    ordered = values[order]
    weights = np.arange(1, values.size + 1, dtype=np.float64) ** -alpha
    starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    counts = np.diff(np.append(starts, values.size))
    shared = np.repeat(np.add.reduceat(weights, starts) / counts, counts)
    found = np.empty_like(values)
    found[order] = shared
    return found


class PrioritizedSampler:
    """Draws by P2Value. Two samplers with the same settings and seed draw the same, call by call.

    Args:
        method: `power`, `rank` or `uniform`.
        alpha: The exponent a of the formulas (`--sampling-alpha`; not P2Value's alpha).
        calculator: Gives the priorities; P2Value with alpha 0.5 unless given.
        replacement: Whether one experience may be drawn several times, as the formulas have it. Without, each draw is
            from what is left, by the same formula renormalised, until nothing is left that has a probability.
        failed_only: Draw only from programs that failed a test.
        min_pass_rate: Draw only from programs that passed at least this share.
        beta: Strength of importance weights w_i = (N P(i)) ** -beta / max_j w_j (Schaul et al., section 3.4), N being
            how many may be drawn and j what was drawn; None is no correction. Exact for draws with replacement.
        seed: Anything that `numpy.random.default_rng` takes; `(42, round)` gives each round a stream of its own.

    Raises:
        ConfigError: An option is out of range.
    """

    def __init__(self, method: Method = "power", alpha: float = 1.0, *, calculator: P2ValueCalculator | None = None,
                 replacement: bool = True, failed_only: bool = False, min_pass_rate: float = 0.0,
                 beta: float | None = None, seed: int | Sequence[int] | None = 42) -> None:
        sampling_probabilities([1.0], method, alpha)
        if not 0 <= min_pass_rate <= 1:
            raise ConfigError(f"--min-pass-rate: expected a number from 0 to 1, found {min_pass_rate}")
        if beta is not None and not (math.isfinite(beta) and beta >= 0):
            raise ConfigError(f"beta: expected a finite number of at least 0, found {beta}")
        self.method: Method = method
        self.alpha = alpha
        self.calculator = calculator or P2ValueCalculator()
        self.replacement = replacement
        self.failed_only = failed_only
        self.min_pass_rate = min_pass_rate
        self.beta = beta
        self._generator = np.random.default_rng(seed)

    def sample(self, experiences: Sequence[Experience], batch_size: int) -> list[Experience]:
        """Draws `batch_size` experiences; see `draw`."""
        return self.draw(experiences, batch_size).experiences

    def probabilities(self, experiences: Sequence[Experience], priorities: ArrayLike | None = None) -> Floats:
        """P(i) of each experience, float64 (n,): 0 for those that may not be drawn.

        Args:
            experiences: What is drawn from.
            priorities: p_i of each in place of P2Value.

        Raises:
            ConfigError: None may be drawn, or there are not as many priorities as experiences.
        """
        if priorities is None:
            values = np.ones(len(experiences)) if self.method == "uniform" else self.calculator.values(experiences)
        else:
            values = np.asarray(priorities, dtype=np.float64)
            if values.shape != (len(experiences),):
                raise ConfigError(f"expected one priority for each of {len(experiences)} experiences, found an array "
                                  f"of shape {values.shape}")
        if self.method in _STRATEGIES:
            values = np.asarray(_STRATEGIES[self.method](experiences, values), dtype=np.float64)
            if values.shape != (len(experiences),):
                raise ConfigError(f"--sampling-method {self.method}: expected p_i of each of {len(experiences)} "
                                  f"experiences, found an array of shape {values.shape}")
        allowed = self._allowed(experiences)
        if allowed is None:
            return sampling_probabilities(values, self.method, self.alpha)
        if not allowed.any():
            raise ConfigError(f"none of {len(experiences)} experiences may be drawn ({self._limits()}): relax that, "
                              f"or collect more")
        found = np.zeros(len(experiences))
        found[allowed] = sampling_probabilities(values[allowed], self.method, self.alpha)
        return found

    def draw(self, experiences: Sequence[Experience], batch_size: int, priorities: ArrayLike | None = None) -> Draw:
        """Draws experiences, in the order in which they came.

        Args:
            experiences: What is drawn from.
            batch_size: How many; without replacement, at most.
            priorities: p_i of each in place of P2Value.

        Raises:
            ConfigError: There is nothing to draw from, or `batch_size` is below 1.
        """
        if batch_size < 1:
            raise ConfigError(f"--batch-size: expected 1 or more, found {batch_size}")
        probabilities = self.probabilities(experiences, priorities)
        if self.replacement:
            indices = self._with_replacement(probabilities, batch_size)
        else:
            indices = self._without_replacement(probabilities, batch_size)
        chosen = probabilities[indices]
        weights = np.ones(len(indices))
        if self.beta is not None:
            logs = -self.beta * np.log(chosen)  # N cancels
            weights = np.exp(logs - logs.max())
        return Draw([experiences[index] for index in indices.tolist()], indices, chosen, weights)

    def _with_replacement(self, probabilities: Floats, count: int) -> NDArray[np.int64]:
        """By inverse CDF; what has no probability has no width."""
        steps = probabilities.cumsum()
        target = self._generator.random(count) * steps[-1]
        target = np.minimum(target, np.nextafter(steps[-1], 0))  # rounding must not carry it past the last step
        found: NDArray[np.int64] = np.searchsorted(steps, target, side="right").astype(np.int64)
        return found

    def _without_replacement(self, probabilities: Floats, count: int) -> NDArray[np.int64]:
        """One draw after the other from what is left: the largest log P(i) + Gumbel noise, best first."""
        possible = np.flatnonzero(probabilities)
        count = min(count, possible.size)
        scores = np.log(probabilities[possible]) + self._generator.gumbel(size=possible.size)
        best = np.argpartition(-scores, count - 1)[:count]
        best = best[np.argsort(-scores[best], kind="stable")]
        found: NDArray[np.int64] = possible[best].astype(np.int64)
        return found

    def _allowed(self, experiences: Sequence[Experience]) -> NDArray[np.bool_] | None:
        """Which may be drawn; None for all."""
        if not self.failed_only and self.min_pass_rate == 0:
            return None
        rates = np.fromiter(map(attrgetter("pass_rate"), experiences), np.float64, len(experiences))
        allowed: NDArray[np.bool_] = rates >= self.min_pass_rate
        if self.failed_only:
            allowed &= ~np.fromiter(map(attrgetter("passed"), experiences), np.bool_, len(experiences))
        return allowed

    def _limits(self) -> str:
        parts = ["failed programs only"] if self.failed_only else []
        parts += [f"pass rate of at least {self.min_pass_rate:g}"] if self.min_pass_rate else []
        return ", ".join(parts)
