"""A trace as text for a prompt, in one versioned format; `docs/tracing.md` describes it.

    render(trace)                       # every line with what it changed
    render(trace, style="minimal")      # what the tests gave, and the variables in the end

A model that reads from left to right must know the verdict when it reads what led to it, so the verdict stands first,
then what was asked, given and wanted, and then the steps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from eg_cfg.sandbox.tracing import Event, TestTrace, Trace

Style = Literal["full", "minimal"]
VERSION = 1
_SOURCE = 80
"""Characters of a program's line."""
_DEEPEST = 8
"""Calls within calls that are still moved to the right."""


def render(trace: Trace, *, style: Style = "full", version: int = VERSION, max_characters: int = 4000) -> str:
    """The trace as text, without a line end at its end.

    Args:
        trace: What to render.
        style: `full`: every line with what it changed; `minimal`: the final state only.
        version: Of the format; there is one.
        max_characters: Of the result. What does not fit is left out in the middle of the longest tests' steps.

    Raises:
        ValueError: There is no such version or style.
    """
    writer = _WRITERS.get((version, style))
    if writer is None:
        known = ", ".join(f"version {number} {name}" for number, name in _WRITERS)
        raise ValueError(f"trace format: expected one of {known}, found version {version} {style}")
    lines = [_shown(line) for line in trace.program.split("\n")]  # once: loops come by the same lines again
    heads = [_head(number, test) for number, test in enumerate(trace.tests, start=1)]
    if not trace.tests:
        heads = [[f"# {trace.outcome}", *([trace.detail] if trace.detail else [])]]
    bodies = [writer(test, lines) for test in trace.tests] or [[]]
    room = max_characters - sum(_length(head) for head in heads)
    shares = _shares([_length(body) for body in bodies], room)
    parts = [
        "\n".join([*head, *_without_middle(body, share)])
        for head, body, share in zip(heads, bodies, shares, strict=True)
    ]
    return _cut("\n".join(parts), max_characters)


def _head(number: int, test: TestTrace) -> list[str]:
    head = [f"# test {number}: {test.outcome}" if test.outcome else f"# test {number}"]
    if test.test:
        head.append(_one_line(test.test))
    if test.got or test.outcome == "wrong_answer":
        head.append(f"got {_one_line(test.got)}" if test.got else "got nothing")
    if test.want and not test.passed:
        head.append(f"want {_one_line(test.want)}")
    if test.error and test.outcome not in ("passed", "wrong_answer"):
        head.append(f"error {test.error}")
    return head


def _one_line(text: str) -> str:
    return text.rstrip("\n").replace("\n", "\\n")


def _full(test: TestTrace, lines: Sequence[str]) -> list[str]:
    return [_step(event, lines) for event in test.events]


def _step(event: Event, lines: Sequence[str]) -> str:
    margin = "  " * min(event.depth, _DEEPEST)
    changes = ", ".join(f"{name} = {text}" if text else f"{name} deleted" for name, text in event.changes)
    match event.kind:
        case "call":
            return f"{margin}{event.function}({', '.join(f'{name}={text}' for name, text in event.changes)})"
        case "return" | "yield":
            return f"{margin}  {event.kind} {event.value}{f'  # {changes}' if changes else ''}"
        case "exception":
            where = f"{margin}  {event.line} {_source(event, lines)}"
            return f"{where}  # {f'{changes}; ' if changes else ''}raises {event.value}"
        case "elided" if event.line:
            return f"{margin}  ... {event.count} {event.value} of line {event.line} left out"
        case "elided":
            return f"{margin}  ... {f'{event.count} ' if event.count else ''}{event.value}" + (
                " left out" if event.count else "")
    return f"{margin}  {event.line} {_source(event, lines)}{f'  # {changes}' if changes else ''}"


def _source(event: Event, lines: Sequence[str]) -> str:
    return lines[event.line - 1] if 0 < event.line <= len(lines) else ""


def _shown(line: str) -> str:
    """A line of a program, as steps show it."""
    text = line.strip()
    if not text.isprintable():
        text = "".join(char if char.isprintable() else " " for char in text)
    return text if len(text) <= _SOURCE else text[: _SOURCE - 3] + "..."


def _minimal(test: TestTrace, lines: Sequence[str]) -> list[str]:
    """The variables of the function that ended the test, and the line at which it ended."""
    last = next((event for event in reversed(test.events) if event.kind != "elided"), None)
    if last is None:
        return []
    told = []
    for function, variables in _final_state(test.events):
        state = ", ".join(f"{name} = {text}" for name, text in variables.items())
        told.append(f"{function}: {state}" if state else f"{function}: no variables")
    if test.error_line is not None:
        at = Event("line", test.error_line)
        told.append(f"at line {test.error_line}: {_source(at, lines)}".rstrip(": "))
    return told


def _final_state(events: Sequence[Event]) -> list[tuple[str, dict[str, str]]]:
    """(function, its variables), outermost first: of the calls that were open where the test failed; else of the
    outermost call, and of the last one within a script's top level."""
    open_calls: list[tuple[str, dict[str, str]]] = []
    failed: list[tuple[str, dict[str, str]]] = []
    inner: tuple[str, dict[str, str]] | None = None
    for event in events:
        if event.kind == "elided":
            continue
        if event.kind == "call" or len(open_calls) <= event.depth:
            del open_calls[event.depth :]
            while len(open_calls) < event.depth:
                open_calls.append(("", {}))
            open_calls.append((event.function, {}))
        variables = open_calls[event.depth][1]
        for name, text in event.changes:
            if "[" in name or name == "...":
                continue
            if text:
                variables[name] = text
            else:
                variables.pop(name, None)
        if event.kind == "exception":
            if len(failed) <= event.depth:
                failed = [(function, dict(known)) for function, known in open_calls[: event.depth + 1]]
        elif event.kind != "yield":
            failed = []  # it was caught
        if event.kind == "return" and event.depth == 1:
            inner = open_calls[1]
        if event.kind == "return":
            del open_calls[event.depth + 1 :]
    if failed:
        return [call for call in failed if call[0]][-2:]
    outermost = open_calls[:1]
    if outermost and outermost[0][0] == "<module>" and inner is not None:
        return [*(call for call in outermost if call[1]), inner]
    return outermost if outermost and events[-1].kind == "return" else [call for call in open_calls if call[0]][-2:]


def _length(lines: Sequence[str]) -> int:
    return sum(len(line) + 1 for line in lines)


def _shares(lengths: Sequence[int], room: int) -> list[int]:
    """Room for each: what short ones do not need is the long ones'."""
    shares = [0] * len(lengths)
    order = sorted(range(len(lengths)), key=lengths.__getitem__)
    for position, index in enumerate(order):
        shares[index] = min(lengths[index], max(0, room) // (len(order) - position))
        room -= shares[index]
    return shares


def _without_middle(lines: list[str], room: int) -> list[str]:
    if _length(lines) <= room:
        return lines
    room -= len("  ... 00000 lines left out") + 1
    head: list[str] = []
    tail: list[str] = []
    left, right = 0, len(lines)
    while left < right:
        at_end = _length(tail) <= _length(head)
        line = lines[right - 1] if at_end else lines[left]
        if len(line) + 1 > room:
            break
        room -= len(line) + 1
        if at_end:
            tail.insert(0, line)
            right -= 1
        else:
            head.append(line)
            left += 1
    if room < 0:
        return []
    return [*head, f"  ... {right - left} lines left out", *tail]


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: max(0, limit - 3)] + "..."[: max(0, limit)]


_WRITERS: dict[tuple[int, str], Callable[[TestTrace, Sequence[str]], list[str]]] = {
    (1, "full"): _full, (1, "minimal"): _minimal,
}
