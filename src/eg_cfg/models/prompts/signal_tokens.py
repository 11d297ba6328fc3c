"""Words of the prompt type `signal_tokens`, which small models of our own read: filters of its template.

    <|signal|><|candidate|><|ok|>    return x[::-1]
    <|candidate|><|bad|>    return x
    <|trace|>x = [1, 2]<|got|>[1, 2]<|want|>[2, 1]<|code|>

The verdict stands before its candidate, since such a model reads from left to right. Of a candidate that passes, the
code is all there is to say; of another one, what its first failing test came to: the variables in the end, what was
given, what was wanted. What the prompt gives of a program (its header) is not said again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import takewhile
from types import MappingProxyType
from typing import Any, Protocol

_NAMES = 8
"""Variables of a state: those that changed last."""


class _Event(Protocol):
    """A step of a program; `eg_cfg.sandbox.tracing.Event` is one."""

    @property
    def depth(self) -> int: ...

    @property
    def changes(self) -> tuple[tuple[str, str], ...]: ...


class _Test(Protocol):
    """What a program did for a test; `eg_cfg.sandbox.tracing.TestTrace` is one."""

    @property
    def outcome(self) -> str: ...

    @property
    def got(self) -> str: ...

    @property
    def error(self) -> str: ...

    @property
    def events(self) -> Sequence[_Event]: ...


def new_code(program: str, prefix: str) -> str:
    """The program without the lines that the prompt begins with; ends with a newline."""
    lines = program.strip("\n").split("\n")
    given = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(lines, prefix.split("\n"), strict=False)))
    return "\n".join(lines[given:]) + "\n"


def first_failure(tests: Sequence[_Test]) -> _Test | None:
    """The first test that did not pass; none where all did."""
    return next((test for test in tests if test.outcome != "passed"), None)


def variables(test: _Test) -> dict[str, str]:
    """The outermost function's variables in the end, as text, in the order in which they came to be."""
    known: dict[str, str] = {}
    changed: dict[str, None] = {}
    for event in test.events:
        for name, text in event.changes if not event.depth else ():
            if "[" in name or name == "...":
                continue
            changed.pop(name, None)
            if text:
                known[name], changed[name] = text, None
            else:
                known.pop(name, None)
    latest = set(list(changed)[-_NAMES:])
    return {name: text for name, text in known.items() if name in latest}


def state(test: _Test) -> str:
    """The same in one line."""
    return ", ".join(f"{name} = {text}" for name, text in variables(test).items())


def gave(test: _Test) -> str:
    """What the program gave, or the type of what it raised, or why it was stopped."""
    if test.got:
        return test.got
    return test.error.partition(":")[0] if test.outcome == "exception" and test.error else test.outcome


FILTERS: Mapping[str, Any] = MappingProxyType(
    {"new_code": new_code, "state": state, "gave": gave})
"""By the names that the template knows them by."""
