"""What candidates for a problem did on its shown tests: as guided decoding finds it, without a sandbox.

    tried = Trial(problem)
    candidate = tried.candidate("    return sorted(values)\\n")      # eg_cfg.decoding.Candidate, with its trace
    tried.signal([candidate])                                       # the text that decoding puts into the prompt

Only for source that this package wrote: there is no isolation here. The observer is the sandbox's own, so events,
values and texts are the same; only the first test that fails is observed, since a signal shows no other.
"""

from __future__ import annotations

import builtins
import contextlib
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import asdict
from typing import Any

from eg_cfg.benchmarks.minipy import MiniPyProblem
from eg_cfg.benchmarks.minipy.cases import Case
from eg_cfg.benchmarks.minipy.execute import _bounded_range
from eg_cfg.decoding.base import Candidate
from eg_cfg.decoding.candidates import executable
from eg_cfg.decoding.signals import signal_text
from eg_cfg.sandbox.event_log import HEADER, MAIN, MAIN_BYTES, SIZE, TAIL_BYTES
from eg_cfg.sandbox.observer import Observer
from eg_cfg.sandbox.portraits import exception_text, portrait
from eg_cfg.sandbox.tracing import TestTrace, Trace, TraceLimits, parse_events

TEMPLATE = "guide/signal_tokens.signal.j2"
_FILE = "<minipy>"
_LIMITS = TraceLimits(seconds=30.0)
_SHOWN = 300


class Trial:
    """Runs candidates for one problem.

    Args:
        problem: As the model is asked it.
    """

    def __init__(self, problem: MiniPyProblem) -> None:
        self.problem = problem
        self.asked = problem.to_problem()
        self._given = f"{problem.header}\n"

    @property
    def prompt(self) -> str:
        """The plain prompt."""
        return self.asked.prompt

    def candidate(self, body: str, written: str = "", text: str | None = None) -> Candidate:
        """A whole body that has been run, or the code so far and a text that goes on from it.

        Args:
            body: The function's body; not used where there is a text.
            written: The code so far.
            text: What goes on from it and may stop anywhere.

        Raises:
            ValueError: Nothing of it can be run.
        """
        program = self._given + body if text is None else executable(self._given, written + text)
        if program is None:
            raise ValueError(f"expected a text of which something can be run, found {text!r}")
        trace = self._trace(program)
        return Candidate(0, text or body, program, None, trace.outcome, trace)

    def signal(self, candidates: Sequence[Candidate]) -> str:
        """The signal that these candidates make."""
        return signal_text(self.asked, candidates, TEMPLATE)

    def _trace(self, program: str) -> Trace:
        names: dict[str, Any] = {"__builtins__": {**vars(builtins), "range": _bounded_range}}
        exec(compile(program, _FILE, "exec"), names)
        tests = [self._test(names, case) for case in self.problem.shown]
        failed = next((number for number, test in enumerate(tests) if not test.passed), None)
        if failed is not None:
            tests[failed] = self._observed(names, program, self.problem.shown[failed], tests[failed])
        outcome = "passed" if failed is None else tests[failed].outcome
        return Trace(tuple(tests), outcome, program=program)

    def _test(self, names: dict[str, Any], case: Case) -> TestTrace:
        call, want = self.problem.call(case), portrait(case.expected, _SHOWN)
        try:
            got = names[self.problem.name](*deepcopy(case.args))
        except Exception as error:  # whatever a wrong program raises is what it did
            return TestTrace(call, "exception", want=want, error=exception_text(error, _SHOWN))
        passed = type(got) is type(case.expected) and got == case.expected
        return TestTrace(call, "passed" if passed else "wrong_answer", portrait(got, _SHOWN), want)

    def _observed(self, names: dict[str, Any], program: str, case: Case, test: TestTrace) -> TestTrace:
        memory = bytearray(SIZE)
        observer = Observer(memory, program, asdict(_LIMITS), _FILE)
        args = deepcopy(case.args)
        with contextlib.suppress(Exception):  # the test is known to fail
            observer.run(lambda *_: names[self.problem.name](*args), None, {})
        pieces = ((HEADER, observer.words[MAIN_BYTES]), (HEADER + MAIN, observer.words[TAIL_BYTES]))
        text = b"".join(memory[start:start + length] for start, length in pieces).decode()
        return TestTrace(test.test, test.outcome, test.got, test.want, test.error, None, parse_events(text, _LIMITS))
