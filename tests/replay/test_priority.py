"""P2Value: the paper's equation, and what is done where the possibility is unknown."""

from __future__ import annotations

import math

import numpy as np
import pytest
from experiences import experience
from hypothesis import given
from hypothesis import strategies as st

from eg_cfg.errors import ConfigError
from eg_cfg.replay import P2ValueCalculator

SHARE = st.floats(0, 1)


def test_the_equation_as_users_call_it() -> None:
    assert P2ValueCalculator(alpha=0.5).calculate(0.8, 0.5) == pytest.approx(0.65)
    assert P2ValueCalculator(alpha=0.3).calculate(possibility=0.2, pass_rate=1.0) == pytest.approx(0.76)
    assert P2ValueCalculator().alpha == 0.5


@given(SHARE, SHARE, SHARE)
def test_alpha_weighs_and_the_value_stays_between_its_parts(alpha: float, possibility: float, rate: float) -> None:
    value = P2ValueCalculator(alpha).calculate(possibility, rate)
    assert min(possibility, rate) - 1e-12 <= value <= max(possibility, rate) + 1e-12
    assert P2ValueCalculator(0.0).calculate(possibility, rate) == rate
    assert P2ValueCalculator(1.0).calculate(possibility, rate) == possibility


@given(SHARE, SHARE)
def test_an_unknown_possibility_leaves_the_pass_rate(alpha: float, rate: float) -> None:
    assert P2ValueCalculator(alpha).calculate(None, rate) == rate


@given(SHARE, st.lists(st.tuples(st.none() | SHARE, SHARE), min_size=1))
def test_arrays_give_what_single_values_give(alpha: float, pairs: list[tuple[float | None, float]]) -> None:
    calculator = P2ValueCalculator(alpha)
    arrays = calculator.calculate_many([math.nan if p is None else p for p, _ in pairs], [rate for _, rate in pairs])
    assert arrays.tolist() == [calculator.calculate(p, rate) for p, rate in pairs]


@pytest.mark.parametrize("kind", ["normalised", "sequence"])
def test_experiences_give_what_single_values_give(kind: str) -> None:
    pool = [experience(0, log_prob=-2.0, num_tokens=4), experience(1, log_prob=-1.0, num_tokens=None),
            experience(2), experience(3, log_prob=-1.0, num_tokens=0), experience(4, log_prob=-math.inf, num_tokens=2)]
    calculator = P2ValueCalculator(0.4, kind)  # type: ignore[arg-type]
    assert calculator.values(pool) == pytest.approx([calculator.of(one) for one in pool])
    assert P2ValueCalculator(0.4, kind).values(pool[:1])[0] == calculator.of(pool[0])  # type: ignore[arg-type]


def test_it_says_where_the_pass_rate_is_used_alone() -> None:
    calculator = P2ValueCalculator()
    known = experience(0, log_prob=-2.0, num_tokens=4)
    assert calculator.note([known]) is None
    note = calculator.note([known, experience(1), experience(2)])
    assert note == ("P2Value is the pass rate alone for 2 of 3 experiences: no log-probabilities are known of them")


def test_length_decides_one_possibility_and_not_the_other() -> None:
    short, long = (experience(n, log_prob=math.log(0.9) * n, num_tokens=n, pass_rate=0.0) for n in (10, 300))
    normalised, sequence = P2ValueCalculator(), P2ValueCalculator(possibility="sequence")
    assert normalised.of(short) == pytest.approx(normalised.of(long))
    assert sequence.of(short) / sequence.of(long) > 1e12


@pytest.mark.parametrize("alpha", [-0.1, 1.1, math.nan])
def test_alpha_out_of_range(alpha: float) -> None:
    with pytest.raises(ConfigError, match="--p2value-alpha: expected a number from 0 to 1, found"):
        P2ValueCalculator(alpha)


@pytest.mark.parametrize(("possibility", "rate"), [(1.1, 0.5), (-0.1, 0.5), (math.nan, 0.5), (0.5, 2), (None, -1),
                                                   (0.5, math.nan)])
def test_values_out_of_range(possibility: float | None, rate: float) -> None:
    with pytest.raises(ConfigError, match=r"P2Value: expected a (possibility|pass rate) from 0 to 1, found"):
        P2ValueCalculator().calculate(possibility, rate)
    if possibility is not None and not math.isnan(possibility):
        with pytest.raises(ConfigError, match="P2Value: expected"):
            P2ValueCalculator().calculate_many([0.5, possibility], np.array([0.5, rate]))


def test_an_unknown_kind() -> None:
    with pytest.raises(ConfigError, match="expected normalised or sequence, found 'mean'"):
        P2ValueCalculator(possibility="mean")  # type: ignore[arg-type]
