"""Traces as text: the documented example, both styles, and every length."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eg_cfg.benchmarks.base import AssertionTest, Problem
from eg_cfg.decoding.traces import render
from eg_cfg.grading.grader import grading_sandbox
from eg_cfg.grading.tracing import Tracer
from eg_cfg.sandbox.tracing import Event, TestTrace, Trace

PROGRAM = "def f(xs):\n    total = 0\n    for x in xs:\n        total += x\n    return total / len(xs)"
LINES = tuple(
    Event("line", 3 + turn % 2, "f", changes=(("x", str(turn)),) if not turn % 2 else (("total", str(turn)),))
    for turn in range(200)
)
TRACE = Trace(
    (
        TestTrace("f([1])", "passed", "1.0", "1.0", events=(Event("call", 1, "f", changes=(("xs", "[1]"),)),)),
        TestTrace("f([])", "exception", "", "0", "ZeroDivisionError: division by zero (line 5)", 5, (
            Event("call", 1, "f", changes=(("xs", "[]"),)),
            Event("line", 2, "f", changes=(("total", "0"),)),
            *LINES,
            Event("elided", 3, "f", value="turns", count=7),
            Event("exception", 5, "f", value="ZeroDivisionError: division by zero"),
        )),
    ),
    "exception", program=PROGRAM,
)  # fmt: skip


def blocks(page: Path) -> dict[str, str]:
    """The page's code blocks by the words of the line before each."""
    found = re.findall(r"([^\n]*)\n\n```(?:python|text)\n(.*?)\n```", page.read_text(), re.DOTALL)
    return dict(found)


def test_the_documented_example_is_what_comes_out(repository: Path, isolated: None) -> None:
    page = blocks(repository / "docs" / "tracing.md")
    program = page["The program:"] + "\n"
    tests = tuple(AssertionTest(line) for line in page["The tests:"].splitlines())
    ast.parse(program)
    with grading_sandbox(1) as sandbox:
        trace = Tracer(sandbox).trace(Problem("doc", "doc", "", entry_point="mean", public_tests=tests), program)
    assert render(trace) == page["`render(trace)`:"]
    assert render(trace, style="minimal") == page['`render(trace, style="minimal")`:']


def test_verdicts_stand_before_what_they_judge() -> None:
    lines = render(TRACE, max_characters=10**6).split("\n")
    assert lines[:4] == ["# test 1: passed", "f([1])", "got 1.0", "f(xs=[1])"]
    assert lines[4:7] == ["# test 2: exception", "f([])", "want 0"]
    assert lines[7] == "error ZeroDivisionError: division by zero (line 5)"
    assert lines[-2:] == [
        "  ... 7 turns of line 3 left out",
        "  5 return total / len(xs)  # raises ZeroDivisionError: division by zero",
    ]


def test_minimal_is_the_state_in_the_end() -> None:
    lines = render(TRACE, style="minimal").split("\n")
    assert lines[-2:] == ["f: xs = [], total = 199, x = 198", "at line 5: return total / len(xs)"]


@given(st.integers(0, 9000))
def test_length_is_bounded_and_long_tests_pay_for_it(limit: int) -> None:
    text = render(TRACE, max_characters=limit)
    assert len(text) <= limit
    if limit >= 400:
        assert text.startswith("# test 1: passed\nf([1])\ngot 1.0\nf(xs=[1])\n# test 2: exception\n")
        assert text.endswith("# raises ZeroDivisionError: division by zero")
        assert "lines left out" in text or limit > 5000


def test_states_after_a_caught_exception_and_within_scripts() -> None:
    caught = TestTrace("f()", "passed", events=(
        Event("call", 1, "f"), Event("line", 2, "f", changes=(("a", "1"),)), Event("line", 3, "f"),
        Event("call", 9, "g", 1), Event("exception", 10, "g", 1, value="KeyError"),
        Event("exception", 3, "f", value="KeyError"), Event("line", 4, "f"), Event("return", 5, "f", value="1"),
    ))  # fmt: skip
    script = TestTrace("1", "passed", events=(
        Event("line", 1, "<module>", changes=(("k", "2"),)), Event("line", 5, "<module>"),
        Event("call", 2, "solve", 1), Event("line", 3, "solve", 1, changes=(("n", "1"), ("m", "2"))),
        Event("line", 3, "solve", 1, changes=(("m", ""),)), Event("return", 4, "solve", 1, value="None"),
    ))  # fmt: skip
    text = render(Trace((caught, script), "passed"), style="minimal")
    assert text.split("\n") == [
        "# test 1: passed", "f()", "f: a = 1", "# test 2: passed", "1", "<module>: k = 2", "solve: n = 1",
    ]  # fmt: skip


def test_what_cannot_be_rendered_is_named() -> None:
    with pytest.raises(ValueError, match="version 1 full, version 1 minimal, found version 2 full"):
        render(TRACE, version=2)
    assert render(Trace((), "syntax_error", "SyntaxError: no")) == "# syntax_error\nSyntaxError: no"
