"""The dynamic signal: what candidates did, as text that goes into the prompt.

    signal = signal_text(problem, candidates, template="guide/instruct.signal.j2")

A verdict stands before each candidate, since a model reads from left to right; then its code, then its trace. Formats
are templates of `eg_cfg.models.prompts`, so a model that was trained on another format takes another template.

What a candidate says or prints is text there, whatever the tokenizer makes of such words (`eg_cfg.decoding.markers`).

Where a signal is longer than it may be, its traces become shorter, then go; then the last candidates go. The choice
hangs on nothing but the candidates and the limit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from eg_cfg.benchmarks.base import Problem
from eg_cfg.decoding.base import Candidate
from eg_cfg.decoding.markers import harmless, harmless_trace
from eg_cfg.decoding.traces import render
from eg_cfg.models.prompts import render_template
from eg_cfg.sandbox.tracing import TestTrace, Trace

_TRACE_CHARACTERS = (4000, 1200, 400, 0)
"""Of one candidate's trace, from the most generous on."""
_FINDINGS = 3
"""Tests spoken of in a verdict."""
_CHARACTERS = 120
"""Of one value, or message, in a verdict."""


def signal_text(problem: Problem, candidates: Sequence[Candidate], template: str, minimal: bool = False,
                trace_characters: int = _TRACE_CHARACTERS[0]) -> str:
    """The signal of some candidates.

    Args:
        problem: What is being solved.
        candidates: Those without a run, and duplicates, are passed over.
        template: Name of the format.
        minimal: Show the final state of a run instead of each line.
        trace_characters: Of each candidate's trace at most; 0 shows none.

    Returns:
        Text; empty where no candidate was run.
    """
    drafts = [_words(candidate, minimal, trace_characters) for candidate in _run(candidates)]
    return render_template(template, problem, drafts=drafts) if drafts else ""


def fitting_signal(problem: Problem, candidates: Sequence[Candidate], template: str, minimal: bool,
                   fits: Callable[[str], bool]) -> str:
    """The longest signal that fits; empty where none does, or no candidate was run."""
    for fewer, characters in _sizes(len(_run(candidates))):
        signal = signal_text(problem, _run(candidates)[:fewer], template, minimal, characters)
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


def _run(candidates: Sequence[Candidate]) -> list[Candidate]:
    return [each for each in candidates if each.trace is not None and each.duplicate_of is None]


def _sizes(count: int) -> Iterator[tuple[int, int]]:
    yield from ((count, characters) for characters in _TRACE_CHARACTERS if count)
    yield from ((fewer, 0) for fewer in range(count - 1, 0, -1))


def _words(candidate: Candidate, minimal: bool, trace_characters: int) -> dict[str, object]:
    """What a template may use of a candidate."""
    assert candidate.trace is not None
    trace = harmless_trace(candidate.trace)
    shown = ""
    if trace_characters and any(test.events for test in trace.tests):
        shown = render(trace, style="minimal" if minimal else "full", max_characters=trace_characters).strip("\n")
    findings = [finding(test) for test in trace.tests if test.outcome not in ("passed", "not_run")]
    return {
        "passed": trace.passed,
        "verdict": verdict(trace),
        # a trace says it again for every test; the first is worth reading before the program too
        "findings": findings[: 1 if shown else _FINDINGS],
        "tests": trace.tests,
        "program": harmless(candidate.program or "").strip("\n"),
        "trace": shown,
    }


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _CHARACTERS else f"{line[:_CHARACTERS - 3]}..."
