"""Experiences: what is stored comes back, and follows from what is stored."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from experiences import experience
from hypothesis import given
from hypothesis import strategies as st

from eg_cfg.errors import DataFormatError
from eg_cfg.grading.verdict import OUTCOMES, TestResult, Verdict
from eg_cfg.models.base import Infill, Message
from eg_cfg.replay import Experience
from eg_cfg.replay.experience import to_line

TEXT = st.text(st.characters(), max_size=20)  # lone surrogates too: programs make them
PROMPTS = st.one_of(
    TEXT,
    st.builds(Infill, TEXT, TEXT),
    st.lists(st.builds(Message, st.sampled_from(["system", "user", "assistant"]), TEXT), min_size=1).map(tuple),
)
RESULTS = st.builds(TestResult, st.booleans(), st.floats(0, 9), st.none() | TEXT)
EXPERIENCES = st.builds(
    Experience, task_id=TEXT, prompt=PROMPTS, program=TEXT, pass_rate=st.floats(0, 1), passed=st.booleans(),
    completion=TEXT, log_prob=st.none() | st.floats(max_value=0, allow_nan=False),
    num_tokens=st.none() | st.integers(0),
    outcome=st.none() | st.sampled_from(OUTCOMES), tests=st.lists(RESULTS, max_size=3).map(tuple),
    tests_total=st.integers(0, 9), benchmark=TEXT, split=st.none() | TEXT, prefix=TEXT, extraction=TEXT,
    finish_reason=st.none() | TEXT, truncated=st.booleans(), source_model=TEXT, sampler=TEXT, round=st.integers(0, 9),
    index=st.integers(0, 9), key=TEXT,
)


@given(EXPERIENCES)
def test_a_line_holds_all_of_an_experience(one: Experience) -> None:
    line = to_line(one)
    assert line.count(b"\n") == 1
    assert Experience.from_json(json.loads(line)) == one


def test_the_two_possibilities() -> None:
    one = experience(log_prob=math.log(0.9) * 100, num_tokens=100)
    assert one.possibility("sequence") == pytest.approx(0.9**100)
    assert one.possibility() == pytest.approx(0.9)


def test_a_long_program_has_a_possibility_that_does_not_underflow() -> None:
    one = experience(log_prob=-3000.0, num_tokens=3000)
    assert one.possibility("sequence") == 0.0
    assert one.possibility() == pytest.approx(math.exp(-1))


@pytest.mark.parametrize(("log_prob", "tokens"), [(None, None), (None, 5), (-1.0, None), (-1.0, 0)])
def test_what_is_unknown_stays_unknown(log_prob: float | None, tokens: int | None) -> None:
    assert experience(log_prob=log_prob, num_tokens=tokens).possibility() is None


@pytest.mark.parametrize("fields", [{"pass_rate": 1.1}, {"pass_rate": math.nan}, {"log_prob": 0.1},
                                    {"log_prob": math.nan}])
def test_impossible_numbers_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(DataFormatError, match=r"expected a (pass rate|log-probability)"):
        experience(**fields)


@pytest.mark.parametrize("change", [{"pass_rate": "1"}, {"passed": 1}, {"log_prob": "-1"}, {"outcome": "fine"},
                                    {"prompt": 5}, {"prompt": {"role": "user"}}, {"task_id": None}, {"more": 1},
                                    {"tests": [{"passed": True, "colour": "red"}]}, {"num_tokens": True}])
def test_rows_of_something_else_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(DataFormatError, match="expected an experience"):
        Experience.from_json({**experience().to_json(), **change})


def test_a_verdict_gives_pass_rate_and_results() -> None:
    tests = (TestResult(True), TestResult(False, error="1 != 2"))
    tested = experience().with_verdict(Verdict("t/0", False, "timeout", tests=tests, tests_total=4))
    assert (tested.pass_rate, tested.passed, tested.outcome, tested.tests_total) == (0.25, False, "timeout", 4)
    assert tested.tests == tests


def test_a_program_that_tampered_is_worth_nothing() -> None:
    cheat = Verdict("t/0", False, "tampered", tests=(TestResult(True), TestResult(True)), tests_total=2)
    assert experience().with_verdict(cheat).pass_rate == 0.0


@pytest.mark.parametrize(
    ("fields", "target"),
    [
        ({"extraction": "completion", "prefix": "def f(x):\n", "completion": "    return 0\n\nprint(f(1))"},
         "    return 0\n"),
        ({"extraction": "completion", "prefix": "def g(x):\n", "completion": "as written"}, "as written"),
        ({"extraction": "solution", "completion": "Sure! def f"}, "def f(x):\n    return 0\n"),
        ({"extraction": "chat", "completion": "Sure!"}, "```python\ndef f(x):\n    return 0\n```"),
        ({"extraction": "chat", "completion": "No.", "program": ""}, "No."),
        ({}, "def f(x):\n    return 0\n"),
    ],
)
def test_what_is_trained_on_is_the_program_alone(fields: dict[str, Any], target: str) -> None:
    assert experience(**fields).target == target
