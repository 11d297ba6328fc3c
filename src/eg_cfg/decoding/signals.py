"""The dynamic signal: what candidates did, as text that goes into the prompt.

    signal = signal_text(problem, candidates, template="guide/instruct.signal.j2")

A verdict stands before each candidate, since a model reads from left to right; then its code, then its trace. Formats
are templates of `eg_cfg.models.prompts`, so a model that was trained on another format takes another template.

What a candidate says or prints is text there, whatever the tokenizer makes of such words (`eg_cfg.decoding.markers`).

`part` leaves out some of it, or shows it of other candidates, for studies (`eg_cfg.decoding.parts`).

Where a signal is longer than it may be, its traces become shorter, then go; then the last candidates go. The choice
hangs on nothing but the candidates and the limit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from eg_cfg.benchmarks.base import Problem
from eg_cfg.decoding.base import Candidate, SignalPart
from eg_cfg.decoding.markers import harmless, harmless_trace
from eg_cfg.decoding.parts import shown, unjudged
from eg_cfg.decoding.traces import render
from eg_cfg.models.prompts import render_template
from eg_cfg.models.prompts.signal_tokens import first_failure
from eg_cfg.sandbox.tracing import TestTrace, Trace

_TRACE_CHARACTERS = (4000, 1200, 400, 0)
"""Of one candidate's trace, from the most generous on."""
_FINDINGS = 3
"""Tests spoken of in a verdict."""
_CHARACTERS = 120
"""Of one value, or message, in a verdict."""


def signal_text(problem: Problem, candidates: Sequence[Candidate], template: str, minimal: bool = False,
                trace_characters: int = _TRACE_CHARACTERS[0], part: SignalPart = "whole") -> str:
    """The signal of some candidates.

    Args:
        problem: What is being solved.
        candidates: Those without a run, and duplicates, are passed over.
        template: Name of the format.
        minimal: Show the final state of a run instead of each line.
        trace_characters: Of each candidate's trace at most; 0 shows none.
        part: What is shown of it.

    Returns:
        Text; empty where no candidate was run, or the part has none of them.
    """
    return _text(problem, _harmless(shown(candidates, part)), template, minimal, trace_characters, part)


def fitting_signal(problem: Problem, candidates: Sequence[Candidate], template: str, minimal: bool,
                   fits: Callable[[str], bool], part: SignalPart = "whole") -> str:
    """The longest signal that fits; empty where none does, no candidate was run, or the part has none of them."""
    # before any is left out: whose verdict stands where must not hang on the room
    drafts = _harmless(shown(candidates, part))
    for fewer, characters in _sizes(len(drafts), part):
        signal = _text(problem, drafts[:fewer], template, minimal, characters, part)
        if fits(signal):
            return signal
    return ""


def verdict(trace: Trace) -> str:
    """How a run went, in words that follow "draft 1"."""
    failed = sum(not test.passed for test in trace.tests)  # those that an earlier one kept from running too
    if trace.passed:
        return f"passes all {len(trace.tests)} tests." if len(trace.tests) > 1 else "passes the test."
    if not trace.tests:
        return f"fails: {_short(trace.detail or trace.outcome)}"
    return f"fails {failed} of {len(trace.tests)} tests:" if len(trace.tests) > 1 else "fails the test:"


def finding(test: TestTrace) -> str:
    """What a test found, in one line."""
    if test.got and test.want:
        return f"{_short(test.test)} gives {_short(test.got)}, not {_short(test.want)}"
    return f"{_short(test.test)}: {_short(test.error or test.outcome)}"


def _harmless(drafts: Sequence[Candidate]) -> list[Candidate]:
    return [replace(each, program=harmless(each.program or ""), trace=harmless_trace(each.trace))
            for each in drafts if each.trace is not None]


def _text(problem: Problem, candidates: Sequence[Candidate], template: str, minimal: bool, trace_characters: int,
          part: SignalPart) -> str:
    drafts = [_words(candidate, minimal, trace_characters, part) for candidate in candidates]
    return render_template(template, problem, drafts=drafts) if drafts else ""


def _sizes(count: int, part: SignalPart) -> Iterator[tuple[int, int]]:
    lengths = (0,) if part in ("no_traces", "verdicts") else _TRACE_CHARACTERS
    yield from ((count, characters) for characters in lengths if count)
    yield from ((fewer, 0) for fewer in range(count - 1, 0, -1))


def _words(candidate: Candidate, minimal: bool, trace_characters: int, part: SignalPart) -> dict[str, object]:
    """What a template may use of a candidate.

    `judged`: whether `passed` and `verdict` are told. `test`: the one whose values are shown, where they are.
    """
    trace = candidate.trace
    assert trace is not None
    words: dict[str, object] = {"judged": part != "traces", "passed": trace.passed, "verdict": verdict(trace),
                                "program": (candidate.program or "").strip("\n")}
    if part == "verdicts":
        alone = verdict(trace).rstrip(":").rstrip(".") if trace.tests else "fails"
        return {**words, "verdict": f"{alone}.", "findings": [], "test": None, "trace": ""}
    test = first_failure(trace.tests)
    findings = [finding(each) for each in trace.tests if each.outcome not in ("passed", "not_run")]
    if part == "traces":
        words |= {"passed": None, "verdict": ""}
        ran = [each for each in trace.tests if each.outcome != "not_run"]
        telling = [unjudged(each) for each in sorted(ran, key=lambda each: each.passed)]  # what fails comes first
        findings = [_did(each) for each in telling if _did(each)] or [_short(trace.detail or trace.outcome)][:not ran]
        test = telling[0] if telling else None
        trace = replace(trace, tests=tuple(map(unjudged, ran)))
    steps = ""
    if trace_characters and part != "no_traces" and any(each.events for each in trace.tests):
        steps = render(trace, style="minimal" if minimal else "full", max_characters=trace_characters).strip("\n")
    # a trace says it again for every test; the first is worth reading before the program too
    return {**words, "findings": findings[: 1 if steps else _FINDINGS], "test": test, "trace": steps}


def _did(test: TestTrace) -> str:
    """What a program did for a test, in one line, without whether that is right; empty where nothing is known."""
    if test.got:
        return f"{_short(test.test)} gives {_short(test.got)}" + (f", wanted {_short(test.want)}" if test.want else "")
    told = test.error or test.outcome
    return f"{_short(test.test)}: {_short(told)}" if told else ""


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _CHARACTERS else f"{line[:_CHARACTERS - 3]}..."
