"""Which part of a signal is shown: what each part leaves out, and that nothing of it comes back another way."""

from __future__ import annotations

import re
from typing import get_args

import pytest
from random_coders import problems

from eg_cfg.decoding.base import SIGNAL_PARTS, Candidate, SignalPart
from eg_cfg.decoding.parts import shown, unjudged
from eg_cfg.decoding.signals import fitting_signal, signal_text
from eg_cfg.sandbox.tracing import Event, TestTrace, Trace

[PROBLEM] = problems(1)
TOKENS = "guide/signal_tokens.signal.j2"
FORMATS = ["guide/instruct.signal.j2", "guide/completion.signal.j2", TOKENS]


def candidate(index: int, *got: int, want: int = 1, program: str | None = None) -> Candidate:
    """One whose tests gave these numbers; each wants the same."""
    source = program or f"def f0(x):\n    c{index} = x\n    return c{index}\n"
    name = f"c{index}"
    tests = tuple(
        TestTrace(f"f0({place})", "passed" if each == want else "wrong_answer", str(each), str(want),
                  "" if each == want else "expected another value", None if each == want else 3,
                  (Event("call", 1, "f0", 0, (("x", str(place)),)),
                   Event("line", 2, "f0", 0, ((name, f"'value {index} {place}'"),)),
                   Event("return", 3, "f0", 0, value=str(each))))
        for place, each in enumerate(got))
    outcome = next((test.outcome for test in tests if not test.passed), "passed")
    return Candidate(index, "", source, None, outcome, Trace(tests, outcome, program=source))


BAD, GOOD, WORSE = candidate(0, 1, 71), candidate(1, 1, 1), candidate(2, 82, 83)
ALL = [BAD, GOOD, WORSE]
VERDICT = re.compile(r"pass|fail|wrong|<\|ok\|>|<\|bad\|>|, not |expected", re.IGNORECASE)


def text(part: SignalPart, template: str = TOKENS, candidates: list[Candidate] = ALL, minimal: bool = False) -> str:
    return signal_text(PROBLEM, candidates, template, minimal, part=part)


def bodies(signal: str) -> list[str]:
    """What stands behind each candidate marker."""
    return signal.removesuffix("<|code|>").split("<|candidate|>")[1:]


def test_there_is_a_name_for_each_part() -> None:
    assert get_args(SignalPart) == SIGNAL_PARTS == ("whole", "no_traces", "verdicts", "traces", "shuffled", "failing")


@pytest.mark.parametrize("template", FORMATS)
def test_every_part_shows_the_code_and_is_a_signal_of_its_own(template: str) -> None:
    signals = {part: text(part, template) for part in SIGNAL_PARTS}
    assert signals["whole"] == signal_text(PROBLEM, ALL, template)
    assert len(set(signals.values())) == len(SIGNAL_PARTS)
    for part, signal in signals.items():
        wanted = [0, 2] if part == "failing" else [0, 1, 2]
        assert [f"return c{index}\n" in signal for index in range(3)] == [index in wanted for index in range(3)]


@pytest.mark.parametrize("template", FORMATS)
@pytest.mark.parametrize("minimal", [False, True])
def test_without_traces_verdicts_and_values_stay(template: str, minimal: bool) -> None:
    signal = text("no_traces", template, minimal=minimal)
    assert "value 0" not in signal
    assert "race" not in signal
    assert "71" in signal
    assert VERDICT.search(signal)
    assert signal == text("no_traces", template, minimal=not minimal)


@pytest.mark.parametrize("template", FORMATS)
def test_verdicts_stand_alone(template: str) -> None:
    signal = text("verdicts", template)
    for told in ("71", "82", "value 0", "f0(1)", "race", "<|got|>", "<|want|>"):
        assert told not in signal
    if template == TOKENS:
        assert [body.split("|>")[0] for body in bodies(signal)] == ["<|bad", "<|ok", "<|bad"]
    else:
        assert [f"raft {number} {word}" in signal for number, word in (
            (1, "fails 1 of 2 tests.\n"), (2, "passes all 2 tests.\n"), (3, "fails 2 of 2 tests.\n"))] == [True] * 3
    broken = Candidate(0, "", "def f0(x):\n    return x\n", None, "no_code", Trace((), "no_code", "said so"))
    assert "said so" not in text("verdicts", template, [broken])


@pytest.mark.parametrize("template", FORMATS)
@pytest.mark.parametrize("minimal", [False, True])
def test_traces_tell_what_was_done_and_no_verdict(template: str, minimal: bool) -> None:
    signal = text("traces", template, minimal=minimal)
    said = signal.replace("Keep what works and avoid what fails.", "")
    assert VERDICT.search(said) is None
    for value in ("71", "82", "value 0", "value 1"):
        assert value in signal


def test_in_traces_a_candidate_that_passes_looks_like_one_that_fails() -> None:
    """What only failures had would be a verdict."""
    signal = text("traces")
    shapes = [re.sub(r"\d+", "0", body) for body in bodies(signal)]
    assert shapes[0] == shapes[1] == shapes[2]
    assert "<|got|>71<|want|>1" in bodies(signal)[0]
    assert "<|got|>1<|want|>1" in bodies(signal)[1]
    commented = text("traces", "guide/completion.signal.j2")
    drafts = re.split(r"# Draft \d:\n", commented)[1:]
    assert len({re.sub(r"\d+", "0", draft) for draft in drafts}) == 1
    assert "# f0(1) gives 71, wanted 1\n" in drafts[0]
    assert "# f0(0) gives 1, wanted 1\n" in drafts[1]


@pytest.mark.parametrize("template", FORMATS)
def test_traces_say_what_happened_and_not_that_a_test_was_kept_from_running(template: str) -> None:
    tests = (TestTrace("f0(0)", "exception", error="KeyError: 'k'", error_line=2,
                       events=(Event("call", 1, "f0", 0, (("x", "0"),)),)), TestTrace("f0(1)", "not_run"))
    raising = Candidate(0, "", GOOD.program, None, "exception", Trace(tests, "exception", program=GOOD.program or ""))
    opaque = (TestTrace("assert f0(0)", "wrong_answer", error="AssertionError"),)
    silent = Candidate(1, "", GOOD.program, None, "wrong_answer", Trace(opaque, "wrong_answer"))
    signal = text("traces", template, [raising, silent])
    assert "KeyError" in signal
    assert "not_run" not in signal
    assert "wrong" not in signal
    assert "AssertionError" not in signal
    assert unjudged(tests[0]) is tests[0]


def test_shuffled_says_the_same_of_other_candidates() -> None:
    whole, mixed = bodies(text("whole")), bodies(text("shuffled"))
    code = [f"    c{index} = x\n    return c{index}\n" for index in range(3)]
    assert [body for body, own in zip(mixed, code, strict=True) if own not in body] == []
    told = [body.replace(own, "") for body, own in zip(whole, code, strict=True)]
    assert [body.replace(own, "") for body, own in zip(mixed, code, strict=True)] == [told[1], told[2], told[0]]
    assert [each.index for each in shown(ALL, "shuffled")] == [0, 1, 2]
    assert ALL == [BAD, GOOD, WORSE]  # those of the records stay as they are
    again = Candidate(3, "", BAD.program, 0, None)
    unrun = Candidate(4, "(", None, None, None)
    assert text("shuffled", candidates=[BAD, again, GOOD, unrun, WORSE]) == text("shuffled")


def test_one_candidate_alone_has_no_other_verdict() -> None:
    for one in (BAD, GOOD):
        assert text("shuffled", candidates=[one]) == text("whole", candidates=[one])


def test_whose_verdict_stands_where_does_not_hang_on_the_room() -> None:
    def fits(signal: str) -> bool:
        return signal.count("<|candidate|>") < 2

    signal = fitting_signal(PROBLEM, ALL, TOKENS, False, fits, "shuffled")
    assert signal == "<|signal|><|candidate|><|ok|>    c0 = x\n    return c0\n<|code|>"


@pytest.mark.parametrize("template", FORMATS)
def test_where_nothing_fails_there_is_nothing_to_show(template: str) -> None:
    assert text("failing", template, [GOOD]) == ""
    assert fitting_signal(PROBLEM, [GOOD, candidate(1, 1)], template, False, lambda _: True, "failing") == ""
    assert text("failing", template, [GOOD, BAD]) == text("whole", template, [BAD])


def test_parts_without_a_trace_are_not_made_shorter_for_it() -> None:
    asked: list[str] = []

    def fits(signal: str) -> bool:
        asked.append(signal)
        return False

    assert fitting_signal(PROBLEM, ALL, TOKENS, False, fits, "verdicts") == ""
    assert len(asked) == len(set(asked)) == 3
