"""What a traced execution looks like, as data: `Trace`, one `TestTrace` a test, `Event`s in the order of execution.

    trace = Tracer(sandbox).trace(problem, program)     # eg_cfg.grading.tracing
    trace.tests[0].events[0]    # Event(kind="call", line=1, function="f", depth=0, changes=(("n", "3"),))

A trace guides and explains; it scores nothing. The program's own process writes the events, so a hostile program can
forge them (not the outcomes, which the judge finds). Numbers and texts are bounded and printable whatever it writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

EventKind = Literal["call", "line", "return", "yield", "exception", "elided"]


@dataclass(frozen=True, slots=True)
class TraceLimits:
    """Budgets of one trace. What does not fit is left out in the middle, and an `elided` event says so."""

    events: int = 256
    """Events kept of one test. About sixteen times as many are looked at before tracing stops."""
    value_characters: int = 80
    """Characters of one value's text."""
    loop_head: int = 2
    """Turns of a loop kept at its beginning; calls that one line makes count like turns."""
    loop_tail: int = 2
    """Turns of a loop kept at its end."""
    characters: int = 32_000
    """Characters of all events of one test."""
    seconds: float = 0.5
    """Wall time under observation of one test. After it the program runs on, untraced, to its own time limit."""


@dataclass(frozen=True, slots=True)
class Event:
    """One step of the program. Lines are 1-based lines of the program's source."""

    kind: EventKind
    line: int
    """The line; of `call`, that of the definition; of `elided`, the loop's, or 0 where it is no loop."""
    function: str = ""
    """Name of the function; `<module>` at the top level."""
    depth: int = 0
    """Calls of the program's own functions that are open below this one."""
    changes: tuple[tuple[str, str], ...] = ()
    """Variables that changed, with their new value as text: by the line, or since the last event of the function; of
    `call`, the arguments. One element of a long list shows as `("dp[50]", "7")`, a deleted variable as `("x", "")`."""
    value: str = ""
    """Of `return` and `yield`, the value; of `exception`, `Type: message`; of `elided`, what was left out."""
    count: int = 0
    """Of `elided`: turns, calls or events that were left out; 0 where nobody counted."""


@dataclass(frozen=True, slots=True)
class TestTrace:
    """What the program did for one test."""

    __test__ = False  # no test case, whatever pytest thinks of the name

    test: str
    """Source of the call or of the assertion, or standard input."""
    outcome: str
    """As verdicts have it: `passed`, `wrong_answer`, `exception`, `timeout`, `memory`, `output_limit`, `syntax_error`,
    `no_code`, `killed`, `tampered`; or `not_run` where an earlier test ended the process."""
    got: str = ""
    """What the program gave, as text; empty where it gave nothing."""
    want: str = ""
    """What was expected, as text; empty where the test does not say it as a value."""
    error: str = ""
    """Why it did not pass, in one line."""
    error_line: int | None = None
    """Line of the program in which it failed, or on which it was when it was stopped."""
    events: tuple[Event, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether the program passed this test."""
        return self.outcome == "passed"


@dataclass(frozen=True, slots=True)
class Trace:
    """What a program did for its tests."""

    tests: tuple[TestTrace, ...]
    outcome: str
    """`passed`, or the outcome of the first test that did not pass."""
    detail: str = ""
    """Why, in one line."""
    seconds: float = 0.0
    """Wall time of the program's processes."""
    program: str = ""
    """The program that the line numbers refer to."""

    @property
    def passed(self) -> bool:
        """Whether all tests passed; never where there is none."""
        return bool(self.tests) and all(test.passed for test in self.tests)

    def to_json(self) -> dict[str, Any]:
        """The trace as JSON data; fields that are empty are left out of events."""
        data = asdict(self)
        for test in data["tests"]:
            test["events"] = [
                {name: value for name, value in event.items() if value or name in ("kind", "line")}
                for event in test["events"]
            ]
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Trace:
        """The trace that `to_json` was asked of."""
        tests = tuple(
            TestTrace(**{**test, "events": tuple(_event(event) for event in test["events"])}) for test in data["tests"]
        )
        return cls(**{**data, "tests": tests})


_KINDS: dict[str, EventKind] = {
    "c": "call", "l": "line", "r": "return", "y": "yield", "x": "exception", "e": "elided",
}


def parse_events(text: str, limits: TraceLimits) -> tuple[Event, ...]:
    """The events that a program's process wrote; what it should not have written is left out.

    Args:
        text: From `Watch.read`.
        limits: Of the trace.
    """
    events = []
    for row in text.splitlines()[: 2 * limits.events + 8]:
        kind, *fields = row.split("\t")
        if kind not in _KINDS or len(fields) < 5 or len(fields) % 2 == 0 or not row.replace("\t", "").isprintable():
            continue
        line, function, depth, count, value, *changes = fields
        numbers = [int(number) if len(number) < 10 and number.isdecimal() else 0 for number in (line, depth, count)]
        texts = [part[: limits.value_characters + 40] for part in changes]
        events.append(Event(
            _KINDS[kind], numbers[0], function[:100], numbers[1], tuple(zip(texts[::2], texts[1::2], strict=True)),
            value[: limits.value_characters + 40], numbers[2],
        ))
    return tuple(events)


def _event(data: Mapping[str, Any]) -> Event:
    return Event(**{**data, "changes": tuple((name, text) for name, text in data.get("changes", ()))})
