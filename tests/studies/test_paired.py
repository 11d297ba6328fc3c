"""Means over seeds and problems, and comparisons paired by both."""

from __future__ import annotations

import numpy as np
import pytest

from eg_cfg.errors import UsageError
from eg_cfg.grading.intervals import bootstrap
from eg_cfg.studies.paired import Marks, contrast, estimate, mean_of


def marks(values: list[list[float]]) -> Marks:
    return Marks.of({42 + place: {f"p{k}": value for k, value in enumerate(row)} for place, row in enumerate(values)})


def test_with_one_seed_the_interval_is_that_of_problems() -> None:
    values = np.random.default_rng(1).random(60)
    ours, usual = estimate(marks([values.tolist()])), bootstrap(values)
    assert ours.value == pytest.approx(usual.value)
    assert (ours.low, ours.high) == (pytest.approx(usual.low, abs=0.01), pytest.approx(usual.high, abs=0.01))


def test_seeds_that_differ_widen_the_interval_and_equal_ones_do_not() -> None:
    problems = np.random.default_rng(2).random(40)
    alike = estimate(marks([problems.tolist()] * 3))
    apart = estimate(marks([(problems + shift).tolist() for shift in (-0.3, 0.0, 0.3)]))
    single = estimate(marks([problems.tolist()]))
    assert alike.value == pytest.approx(apart.value) == pytest.approx(single.value)
    assert alike.high - alike.low == pytest.approx(single.high - single.low, abs=0.02)
    assert apart.high - apart.low > 2 * (alike.high - alike.low)


def test_equal_values_have_an_interval_of_their_own_value() -> None:
    assert estimate(marks([[0.5, 0.5], [0.5, 0.5]])).to_json() == {"value": 0.5, "low": 0.5, "high": 0.5}


def test_a_contrast_is_paired_by_problem_and_seed() -> None:
    a = marks([[1.0, 1.0, 0.0, 1.0], [1.0, 0.0, 0.0, 1.0]])
    b = marks([[0.0, 1.0, 0.0, 1.0], [0.0, 0.0, 1.0, 1.0]])
    found = contrast(a, b)
    assert found["difference"]["value"] == pytest.approx(1 / 8)
    assert (found["better"], found["worse"], found["seeds_ahead"], found["seeds"]) == (1, 1, 1, 2)
    back = contrast(b, a)
    assert back["difference"]["value"] == pytest.approx(-1 / 8)
    assert back["p_value"] == found["p_value"]


def test_a_large_gain_is_significant_and_none_is_not() -> None:
    low, high = marks([[0.0] * 20, [0.0] * 20]), marks([[1.0] * 20, [1.0] * 20])
    assert contrast(high, low)["p_value"] < 0.001
    same = contrast(low, low)
    assert (same["p_value"], same["better"], same["seeds_ahead"]) == (1.0, 0, 0)


def test_only_common_seeds_are_compared() -> None:
    one = Marks.of({1: {"a": 1.0}, 2: {"a": 0.0}})
    other = Marks.of({2: {"a": 1.0}, 3: {"a": 1.0}})
    assert contrast(one, other)["difference"]["value"] == -1.0
    with pytest.raises(UsageError, match="a seed in common"):
        contrast(one, Marks.of({9: {"a": 1.0}}))


def test_other_problems_under_another_seed_are_refused() -> None:
    with pytest.raises(UsageError, match="other problems"):
        Marks.of({1: {"a": 1.0}, 2: {"b": 1.0}})
    with pytest.raises(UsageError, match="found other"):
        Marks.of({})


def test_a_tasks_value_is_the_mean_of_its_samples() -> None:
    assert mean_of({"a": [True, False], "b": [True]}) == {"a": 0.5, "b": 1.0}
