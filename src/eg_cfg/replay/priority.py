"""P2Value: how much an experience is worth replaying (arXiv 2410.12236, the PPER phase).

    P2Value_i = alpha * P(t_i) + (1 - alpha) * pass_rate_i

P(t_i) is the possibility of program t_i: the product of its tokens' probabilities, whose logarithms beam search sums.

    P(t) = prod_j P(x_j | x_1 ... x_(j-1), prompt)

    P2ValueCalculator(alpha=0.5).calculate(0.8, 0.5)       # 0.65
    P2ValueCalculator(alpha=0.5).calculate(None, 0.5)      # 0.5: the pass rate alone

Two possibilities. `sequence` is the paper's product. `normalised`, the default, is its geometric mean over the tokens,
exp(log P(t) / tokens). Why: a product falls with every token. A sound program of 100 tokens at 0.9 each has
P(t) = 3e-5, so on the scale of a pass rate the term is nothing and P2Value is the pass rate times (1 - alpha): programs
that fail everything, which BTP is there to use, all get about 0 and power sampling hardly draws them; what is left of
the term favours short programs, whatever the model thought of them. After some thousand tokens it is 0 in floating
point. The mean is between 0 and 1 at every length, 0.9 in the example, and weighs what it is meant to weigh.

Unknown possibilities. Endpoints often give no log-probabilities. Nothing is put in their place: P2Value is then the
pass rate alone, on the same scale, and `note` says for how many. A possibility is unknown too where `normalised` is
asked for and the number of tokens is not known.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eg_cfg.errors import ConfigError
from eg_cfg.replay.experience import POSSIBILITIES, Experience, Possibility

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class P2ValueCalculator:
    """Weighs possibility against pass rate.

    Raises:
        ConfigError: `alpha` is outside [0, 1], or there is no such possibility.
    """

    alpha: float = 0.5
    """Weight of the possibility; the rest is the pass rate's."""
    possibility: Possibility = "normalised"
    """Which possibility is read from experiences."""

    def __post_init__(self) -> None:
        if not 0 <= self.alpha <= 1:
            raise ConfigError(f"--p2value-alpha: expected a number from 0 to 1, found {self.alpha}")
        if self.possibility not in POSSIBILITIES:
            raise ConfigError(f"possibility: expected {' or '.join(POSSIBILITIES)}, found {self.possibility!r}")

    def calculate(self, possibility: float | None, pass_rate: float) -> float:
        """P2Value of one program, in [0, 1].

        Args:
            possibility: P(t) in [0, 1]; None where it is unknown, and the value is then the pass rate alone.
            pass_rate: Share of tests passed, in [0, 1].

        Raises:
            ConfigError: One of them is outside [0, 1].
        """
        _check("pass rate", pass_rate)
        if possibility is None:
            return float(pass_rate)
        _check("possibility", possibility)
        return float(self.alpha * possibility + (1 - self.alpha) * pass_rate)

    def calculate_many(self, possibilities: ArrayLike, pass_rates: ArrayLike) -> Floats:
        """The same for arrays of one shape; not-a-number stands for an unknown possibility.

        Raises:
            ConfigError: A value is outside [0, 1].
        """
        known = np.asarray(possibilities, dtype=np.float64)
        rates = np.asarray(pass_rates, dtype=np.float64)
        unknown = np.isnan(known)
        for name, values in (("possibility", known[~unknown]), ("pass rate", rates)):
            wrong = ~((values >= 0) & (values <= 1))
            if wrong.any():
                _check(name, float(values[wrong][0]))
        found: Floats = np.where(unknown, rates, self.alpha * known + (1 - self.alpha) * rates)
        return found

    def of(self, experience: Experience) -> float:
        """P2Value of an experience."""
        return self.calculate(experience.possibility(self.possibility), experience.pass_rate)

    def possibilities(self, experiences: Sequence[Experience]) -> Floats:
        """Possibilities of experiences, float64 (n,); not-a-number where unknown."""
        logs = _read(experiences, "log_prob")
        if self.possibility == "normalised":
            tokens = _read(experiences, "num_tokens")
            tokens[tokens == 0] = np.nan
            logs = logs / tokens
        found: Floats = np.exp(logs)
        return found

    def values(self, experiences: Sequence[Experience]) -> Floats:
        """P2Values of experiences, float64 (n,)."""
        return self.calculate_many(self.possibilities(experiences), _read(experiences, "pass_rate"))

    def note(self, experiences: Sequence[Experience]) -> str | None:
        """One line that says for how many the pass rate is used alone; None where the possibility of all is known."""
        missing = int(np.isnan(self.possibilities(experiences)).sum())
        if not missing:
            return None
        return (f"P2Value is the pass rate alone for {missing:,} of {len(experiences):,} experiences: no "
                f"log-probabilities are known of them")


def _read(experiences: Sequence[Experience], name: str) -> Floats:
    """One field of all, float64 (n,); not-a-number for None."""
    field = attrgetter(name)
    try:
        return np.fromiter(map(field, experiences), np.float64, len(experiences))
    except TypeError:  # slower, and takes None
        return np.array(list(map(field, experiences)), dtype=np.float64)


def _check(name: str, value: float) -> None:
    if not (math.isfinite(value) and 0 <= value <= 1):
        raise ConfigError(f"P2Value: expected a {name} from 0 to 1, found {value}")
