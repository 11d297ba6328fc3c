"""Words of the signal format for small models."""

from __future__ import annotations

from eg_cfg.models.prompts.signal_tokens import first_failure, gave, new_code, state
from eg_cfg.sandbox.tracing import Event, TestTrace

PASSED, WRONG = TestTrace("f(1)", "passed", "1", "1"), TestTrace("f(2)", "wrong_answer", "1", "2")


def test_code_that_the_prompt_gives_is_not_said_again() -> None:
    prefix = 'import re\n\ndef f(x):\n    """Doubles."""\n'
    assert new_code("import re\n\ndef f(x):\n    y = 2 * x\n    return y\n", prefix) == "    y = 2 * x\n    return y\n"
    assert new_code("def f(x):\n    return x", "") == "def f(x):\n    return x\n"
    assert new_code("def g(x):\n    return x", prefix) == "def g(x):\n    return x\n"
    assert new_code("", prefix) == "\n"


def test_the_first_test_that_fails_is_told() -> None:
    unseen = TestTrace("f(3)", "not_run")
    assert first_failure((PASSED, WRONG, unseen)) is WRONG
    assert first_failure((PASSED,)) is None
    assert first_failure(()) is None


def test_what_a_program_gave() -> None:
    assert gave(WRONG) == "1"
    assert gave(TestTrace("f(1)", "exception", error="KeyError: 'a: b'")) == "KeyError"
    assert gave(TestTrace("f(1)", "timeout", error="no end in 1 s")) == "timeout"
    assert gave(TestTrace("f(1)", "exception")) == "exception"


def test_the_state_is_what_the_outermost_function_ended_with() -> None:
    events = (Event("call", 1, "f", 0, (("x", "3"), ("k", "1"))), Event("line", 2, "f", 0, (("y", "[]"),)),
              Event("call", 9, "g", 1, (("z", "0"),)), Event("line", 3, "f", 0, (("y", "[3]"), ("y[0]", "3"))),
              Event("line", 4, "f", 0, (("k", ""), ("...", "2 more"))), Event("return", 5, "f", 0, (), "[3]"))
    assert state(TestTrace("f(3, 1)", "wrong_answer", events=events)) == "x = 3, y = [3]"
    assert state(WRONG) == ""
    many = tuple(Event("line", at, "f", 0, ((f"v{at}", str(at)),)) for at in range(30))
    shown = state(TestTrace("f()", "wrong_answer", events=(*many, Event("line", 31, "f", 0, (("v0", "9"),)))))
    assert shown.startswith("v0 = 9, v23 = 23")
    assert shown.count("=") == 8
