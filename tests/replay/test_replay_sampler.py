"""Draws: frequencies against the formulas, and what may be drawn."""

from __future__ import annotations

import math
from collections import Counter
from itertools import permutations

import numpy as np
import pytest
from experiences import experience
from scipy import stats

from eg_cfg.errors import ConfigError
from eg_cfg.replay import Experience, P2ValueCalculator, PrioritizedSampler, sampling_probabilities

DRAWS = 100_000
EXPONENTS = (0.0, 0.5, 1.0, 1.5)


def pool(rates: list[float]) -> list[Experience]:
    """Experiences whose P2Value is their pass rate."""
    return [experience(number, pass_rate=rate, passed=rate == 1) for number, rate in enumerate(rates)]


RATES = [0.05, 1.0, 0.3, 0.75, 0.5, 0.15, 0.9, 0.01]


def by_the_formula(method: str, exponent: float) -> list[float]:
    """P(i) in plain arithmetic."""
    if method == "power":
        weights = [rate**exponent for rate in RATES]
    else:
        ranks = {rate: place for place, rate in enumerate(sorted(RATES, reverse=True), start=1)}
        weights = [(1 / ranks[rate]) ** exponent for rate in RATES]
    return [weight / sum(weights) for weight in weights]


@pytest.mark.parametrize("exponent", EXPONENTS)
@pytest.mark.parametrize("method", ["power", "rank"])
def test_frequencies_match_the_formulas(method: str, exponent: float) -> None:
    sampler = PrioritizedSampler(method=method, alpha=exponent, seed=11)  # type: ignore[arg-type]
    counts = Counter(drawn.task_id for drawn in sampler.sample(pool(RATES), DRAWS))
    observed = [counts[f"t/{number}"] for number in range(len(RATES))]
    expected = [DRAWS * share for share in by_the_formula(method, exponent)]
    assert sum(observed) == DRAWS
    assert stats.chisquare(observed, expected).pvalue > 1e-3


def test_the_test_of_frequencies_tells_exponents_apart() -> None:
    counts = Counter(drawn.task_id for drawn in PrioritizedSampler(alpha=1.05).sample(pool(RATES), DRAWS))
    expected = [DRAWS * share for share in by_the_formula("power", 1.0)]
    assert stats.chisquare([counts[f"t/{n}"] for n in range(len(RATES))], expected).pvalue < 1e-6


def test_uniform_is_uniform() -> None:
    counts = Counter(drawn.task_id for drawn in PrioritizedSampler("uniform").sample(pool(RATES), DRAWS))
    assert stats.chisquare(list(counts.values())).pvalue > 1e-3
    assert len(counts) == len(RATES)


def test_possibility_and_pass_rate_both_count() -> None:
    likely = experience(0, pass_rate=0.0, log_prob=-0.1, num_tokens=10)
    right = experience(1, pass_rate=1.0, passed=True, log_prob=-40.0, num_tokens=10)
    sampler = PrioritizedSampler(calculator=P2ValueCalculator(alpha=0.5))
    weights = [0.5 * math.exp(-0.01), 0.5 * math.exp(-4) + 0.5]
    assert sampler.probabilities([likely, right]) == pytest.approx([w / sum(weights) for w in weights])
    assert sampler.probabilities([likely, right], priorities=[3, 1]) == pytest.approx([0.75, 0.25])


@pytest.mark.parametrize("method", ["power", "rank", "uniform"])
@pytest.mark.parametrize("value", [0.0, 0.7])
def test_equal_priorities_zero_too_are_uniform(method: str, value: float) -> None:
    found = sampling_probabilities([value] * 5, method, 1.5)  # type: ignore[arg-type]
    assert found == pytest.approx([0.2] * 5)


def test_zero_is_never_drawn_by_power_beside_what_is_above_it() -> None:
    drawn = PrioritizedSampler("power", 0.5).draw(pool([0.0, 0.2, 0.0, 0.8, 0.0]), 10_000)
    assert set(drawn.indices.tolist()) == {1, 3}
    assert sampling_probabilities([0.0, 1.0], "power", 0.0) == pytest.approx([0.5, 0.5])


def test_ties_share_their_ranks_whatever_their_order() -> None:
    """Ranks 1, (2, 3), 4: each of the two has the mean of 1/2 and 1/3."""
    shared = (1 / 2 + 1 / 3) / 2
    for values in set(permutations([0.9, 0.5, 0.5, 0.1])):
        weights = {0.9: 1.0, 0.5: shared, 0.1: 1 / 4}
        total = 1 + 2 * shared + 1 / 4
        assert sampling_probabilities(values, "rank") == pytest.approx([weights[v] / total for v in values])


def test_a_large_exponent_does_not_underflow() -> None:
    found = sampling_probabilities([1e-3, 2e-3], "power", 400.0)
    assert found == pytest.approx([2.0**-400, 1.0])


@pytest.mark.parametrize("method", ["power", "rank"])
def test_without_replacement_each_is_drawn_once(method: str) -> None:
    sampler = PrioritizedSampler(method, replacement=False)  # type: ignore[arg-type]
    everything = pool(RATES)
    for size in (1, 3, 8, 50):
        drawn = sampler.draw(everything, size)
        assert len(set(drawn.indices.tolist())) == len(drawn.experiences) == min(size, 8)
        assert drawn.experiences == [everything[index] for index in drawn.indices]


def test_without_replacement_follows_the_formula_draw_by_draw() -> None:
    """Ordered pairs: P(i, j) = p_i * p_j / (1 - p_i)."""
    values = [0.5, 0.3, 0.2]
    sampler = PrioritizedSampler(replacement=False, seed=5)
    experiences = pool(values)
    counts = Counter(tuple(sampler.draw(experiences, 2).indices.tolist()) for _ in range(6000))
    pairs = list(permutations(range(3), 2))
    expected = [6000 * values[i] * values[j] / (1 - values[i]) for i, j in pairs]
    assert stats.chisquare([counts[pair] for pair in pairs], expected).pvalue > 1e-3


def test_without_replacement_what_has_no_probability_is_left() -> None:
    drawn = PrioritizedSampler(replacement=False).draw(pool([0.0, 0.4, 0.6]), 3)
    assert sorted(drawn.indices.tolist()) == [1, 2]


def test_more_than_there_are_with_replacement() -> None:
    assert len(PrioritizedSampler(method="power", alpha=1.0).sample(pool([0.5, 1.0]), 50)) == 50


def test_importance_weights_are_those_of_schaul() -> None:
    drawn = PrioritizedSampler(beta=0.6).draw(pool(RATES), 200)
    raw = (len(RATES) * drawn.probabilities) ** -0.6
    assert drawn.weights == pytest.approx(raw / raw.max())
    assert drawn.weights.max() == 1.0
    assert PrioritizedSampler().draw(pool(RATES), 20).weights.tolist() == [1.0] * 20


def test_full_correction_takes_the_preference_back() -> None:
    """With beta 1 the weighted mean of anything is the plain mean over all, up to chance."""
    drawn = PrioritizedSampler(beta=1.0, alpha=1.0, seed=3).draw(pool(RATES), DRAWS)
    rates = np.array([one.pass_rate for one in drawn.experiences])
    assert np.average(rates, weights=drawn.weights) == pytest.approx(np.mean(RATES), abs=0.02)
    assert rates.mean() > np.mean(RATES) + 0.2


def test_failed_only_and_least_pass_rate() -> None:
    everything = pool(RATES)
    failed = PrioritizedSampler(failed_only=True, min_pass_rate=0.3).sample(everything, 500)
    assert {one.pass_rate for one in failed} == {0.3, 0.75, 0.5, 0.9}
    probabilities = PrioritizedSampler(failed_only=True).probabilities(everything)
    assert probabilities[1] == 0
    assert probabilities.sum() == pytest.approx(1)


def test_the_seed_decides_and_calls_go_on() -> None:
    everything = pool(RATES)
    first, second = PrioritizedSampler(seed=(42, 1)), PrioritizedSampler(seed=(42, 1))
    draws = [first.draw(everything, 9).indices.tolist() for _ in range(3)]
    assert draws == [second.draw(everything, 9).indices.tolist() for _ in range(3)]
    assert draws[0] != draws[1]
    assert draws[0] != PrioritizedSampler(seed=(42, 2)).draw(everything, 9).indices.tolist()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "best"}, "--sampling-method: expected power, rank, uniform, found 'best'"),
        ({"alpha": -1.0}, "--sampling-alpha: expected a finite number of at least 0, found -1"),
        ({"alpha": math.inf}, "--sampling-alpha"),
        ({"min_pass_rate": 2.0}, "--min-pass-rate: expected a number from 0 to 1, found 2"),
        ({"beta": -0.5}, "beta: expected"),
    ],
)
def test_options_out_of_range(options: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        PrioritizedSampler(**options)  # type: ignore[arg-type]


def test_nothing_to_draw_from() -> None:
    with pytest.raises(ConfigError, match="expected at least one"):
        PrioritizedSampler().sample([], 5)
    with pytest.raises(ConfigError, match=r"none of 1 experiences may be drawn \(failed programs only\)"):
        PrioritizedSampler(failed_only=True).sample(pool([1.0]), 5)
    with pytest.raises(ConfigError, match="--batch-size: expected 1 or more, found 0"):
        PrioritizedSampler().sample(pool([1.0]), 0)


@pytest.mark.parametrize("values", [[-0.1, 0.5], [math.nan, 0.5], [math.inf, 0.5]])
def test_priorities_that_are_none(values: list[float]) -> None:
    with pytest.raises(ConfigError, match="finite and not negative"):
        sampling_probabilities(values)
    with pytest.raises(ConfigError, match="one priority for each of 1 experiences"):
        PrioritizedSampler().draw(pool([0.5]), 1, priorities=values)
