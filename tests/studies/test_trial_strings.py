"""Trial strings: read, written, and refused where they are wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eg_cfg.decoding.base import PROMPT_TYPES
from eg_cfg.errors import ConfigError
from eg_cfg.studies.trial_strings import Trial, decimal


def test_the_published_example() -> None:
    trial = Trial.parse("ns3t0.75d5k1_lci_ln")
    assert trial == Trial(3, 0.75, horizon=5, refresh=1, prompt_type="long_code", strategy="line")
    assert str(trial) == "ns3t0.75d5k1_lci_ln"


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("ns3t0.75d5_ln", "ns3t0.75d5k1_ln"),
        ("ns3t0.75d5", "ns3t0.75d5k1_ln"),
        ("ns1t1dinfk4", "ns1t1.0dinfk4_ln"),
        ("ns10t0.70d2_tok", "ns10t0.7d2k1_tok"),
        ("ns3t1.2d8k1_lci_prf", "ns3t1.2d8k1_lci_prf"),
        ("ns3t0.75d2k1_cmp_ln_acc", "ns3t0.75d2k1_cmp_ln_acc"),
    ],
)
def test_equal_settings_have_one_string(text: str, canonical: str) -> None:
    assert str(Trial.parse(text)) == canonical
    assert Trial.parse(canonical) == Trial.parse(text)


def test_what_may_be_absent() -> None:
    trial = Trial.parse("ns3t0.75dinf")
    assert (trial.horizon, trial.refresh, trial.prompt_type, trial.strategy) == (None, 1, "deepseek_instruct", "line")


@given(
    st.builds(
        Trial,
        candidates=st.integers(1, 1000),
        temperature=st.floats(1e-9, 1e6, allow_nan=False),
        horizon=st.none() | st.integers(1, 1000),
        refresh=st.integers(1, 99),
        prompt_type=st.sampled_from(PROMPT_TYPES),
        accept_passing=st.booleans(),
    )
)
def test_writing_and_reading_are_inverse(trial: Trial) -> None:
    assert Trial.parse(str(trial)) == trial


@pytest.mark.parametrize(
    ("text", "place", "expected"),
    [
        ("", 1, "ns and a whole number"),
        ("3t0.75d5", 1, "ns and a whole number"),
        ("ns3d5", 4, "t and a number"),
        ("ns3t0.7x5", 8, "d and a whole number or inf"),
        ("ns3t0.75d5k1_lcx_ln", 13, "the end"),
        ("ns3t0.75d5k1_ln_lci", 16, "the end"),
        ("ns3t0.75d5k1_ln ", 16, "the end"),
        ("ns\u0663t0.75d5", 1, "ns and a whole number"),
    ],
)
def test_an_error_says_what_is_wrong_where(text: str, place: int, expected: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Trial.parse(text)
    assert f"character {place}: expected {expected}" in str(caught.value)
    assert repr(text) in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ns0t0.75d5", "1 candidate or more, found 0"),
        ("ns3t0d5", "temperature above 0"),
        ("ns3t0.75d0", "horizon of 1 line or more"),
        ("ns3t0.75d5k0", "k 0"),
        ("ns3t0.75d5k2_tok", "k 2 counts lines"),
    ],
)
def test_numbers_out_of_range_are_refused(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Trial.parse(text)


def test_decimals_have_no_exponent() -> None:
    assert [decimal(value) for value in (0.0, 3.0, 0.5, 1e-7, 1e20)] == [
        "0.0", "3.0", "0.5", "0.0000001", "100000000000000000000.0"]
