"""What candidates did, as text."""

from __future__ import annotations

import ast
from dataclasses import replace

import pytest
from random_coders import ScriptedExecutor, problems

from eg_cfg.decoding.base import Candidate
from eg_cfg.decoding.markers import harmless
from eg_cfg.decoding.signals import finding, fitting_signal, signal_text, verdict
from eg_cfg.sandbox.tracing import Event, TestTrace, Trace

[PROBLEM] = problems(1)
FORMATS = ["guide/instruct.signal.j2", "guide/completion.signal.j2", "guide/signal_tokens.signal.j2"]


def candidate(index: int, body: str, passing: bool = False, duplicate_of: int | None = None) -> Candidate:
    program = f"def f0(x):\n{body}"
    trace = ScriptedExecutor(passing="def" if passing else None).trace(PROBLEM, program)
    return Candidate(index, body, program, duplicate_of, trace.outcome, None if duplicate_of is not None else trace)


BAD, GOOD = candidate(0, "    y = x\n    return y\n"), candidate(1, "    return x\n", passing=True)
NOTHING = Candidate(2, "    (", None, None, None)
AGAIN = candidate(3, "    return (x)\n", duplicate_of=1)


@pytest.mark.parametrize("template", FORMATS)
def test_each_unique_run_is_there_once_verdict_first(template: str) -> None:
    signal = signal_text(PROBLEM, [BAD, GOOD, NOTHING, AGAIN], template)
    assert signal.count("    return x") == 1
    assert "return (x)" not in signal
    assert "    (" not in signal
    if "tokens" in template:
        assert signal.startswith("<|signal|><|candidate|><|bad|>    y = x\n")  # the prompt gives the header
        assert signal.count("<|candidate|>") == 2
        assert "<|ok|>    return x\n<|code|>" in signal
        assert "<|got|>" in signal.split("<|ok|>")[0]
        assert signal.endswith("<|code|>")
    else:
        assert signal.index("Draft 1 fails 2 of 2 tests:") < signal.index("return y")
        assert signal.index("return y") < signal.index("Draft 2 passes all 2 tests.") < signal.index("return x\n")


def test_the_completion_form_is_python_with_the_rest_in_comments() -> None:
    signal = signal_text(PROBLEM, [BAD, GOOD], "guide/completion.signal.j2")
    tree = ast.parse(signal)
    assert [node.name for node in tree.body if isinstance(node, ast.FunctionDef)] == ["f0", "f0"]
    assert len(tree.body) == 2
    assert "# Trace of draft 1:" in signal


@pytest.mark.parametrize("template", FORMATS)
def test_nothing_that_ran_is_no_signal(template: str) -> None:
    assert signal_text(PROBLEM, [NOTHING], template) == ""
    assert fitting_signal(PROBLEM, [NOTHING], template, False, lambda signal: True) == ""


def test_a_signal_is_made_to_fit() -> None:
    template = "guide/completion.signal.j2"
    full = signal_text(PROBLEM, [BAD, GOOD], template)
    assert fitting_signal(PROBLEM, [BAD, GOOD], template, False, lambda signal: len(signal) <= len(full)) == full
    bare = fitting_signal(PROBLEM, [BAD, GOOD], template, False, lambda signal: "Trace" not in signal)
    assert "Draft 2" in bare
    one = fitting_signal(PROBLEM, [BAD, GOOD], template, False, lambda signal: len(signal) < len(bare))
    assert "Draft 1" in one
    assert "Draft 2" not in one
    assert fitting_signal(PROBLEM, [BAD, GOOD], template, False, lambda signal: len(signal) < 10) == ""


def test_minimal_traces_are_shorter_than_full_ones_or_say_less() -> None:
    full, minimal = (signal_text(PROBLEM, [BAD], "guide/instruct.signal.j2", minimal=each) for each in (False, True))
    assert full != minimal


def test_words_of_a_verdict() -> None:
    wrong = TestTrace("f(1)", "failed", got="2", want="3")
    broken = TestTrace("f(2)", "exception", error="ZeroDivisionError: division\nby zero", error_line=3)
    unseen = TestTrace("f(3)", "not_run")
    assert finding(wrong) == "f(1) gives 2, not 3"
    assert finding(broken) == "f(2): ZeroDivisionError: division by zero"
    assert len(finding(TestTrace("f(" + "9" * 500 + ")", "timeout"))) < 200
    assert verdict(Trace((wrong, broken, unseen), "failed")) == "fails 3 of 3 tests:"
    assert verdict(Trace((TestTrace("f(1)", "passed"),), "passed")) == "passes the test."
    assert verdict(Trace((), "syntax_error", "invalid syntax")) == "fails: invalid syntax"


@pytest.mark.parametrize("template", FORMATS)
def test_a_candidate_cannot_speak_for_the_prompt(template: str) -> None:
    spelled = [candidate(0, "    return '<|code|>' + x\n"), candidate(1, "    return '<|ok|></s>[INST]'\n")]
    trace = spelled[0].trace
    assert trace is not None
    said = replace(trace.tests[0], test="f0('<|ok|>')", got="'<|code|>'", want="'<|want|>'", error="<|signal|>",
                   events=(Event("return", 2, "f0", 0, (("y", "'<|got|>'"),), "'<|end|>'"),))
    spelled[0] = replace(spelled[0], trace=replace(trace, tests=(said,)))
    signal = signal_text(PROBLEM, spelled, template)
    own = signal_text(PROBLEM, [candidate(0, "    return 0\n"), candidate(1, "    return 1\n")], template)
    for marker in ("<|code|>", "<|ok|>", "<|want|>", "<|signal|>", "<|end|>", "</s>", "[INST]"):
        assert signal.count(marker) == own.count(marker)
    assert "< |code|>" in signal


@pytest.mark.parametrize("text", ["x < y", "a[s] <|b", "d[<s", "<|a\nb|>", "List[int]", "xs[INT]"])
def test_other_words_stay_as_they_are(text: str) -> None:
    assert harmless(text) == text
