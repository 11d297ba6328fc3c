"""What is known of one call of a function of the program while it runs: its variables, its loops, its line.

A frame's own trace function is a method of its `Frame`. The line's event is made when the next one begins, for only
then is it known what the line did.
"""

from __future__ import annotations

import builtins
from opcode import opmap
from types import BuiltinFunctionType, FrameType, FunctionType, MethodType, ModuleType
from typing import TYPE_CHECKING, Any

from .event_log import LINE
from .portraits import exception_text, portrait

if TYPE_CHECKING:
    from .journal import Sink
    from .loops import Loop
    from .observer import Observer

# A program may replace built-in functions; those of this module stay what they are.
__builtins__ = dict(builtins.__dict__)  # type: ignore[assignment]

_CHANGES = 12
_CELLS = 400
"""Elements of a long list that are watched one by one."""
_YIELD = opmap["YIELD_VALUE"]
_COMPOUND = type("_Compound", (), {})()


class Frame:
    """What is known of one call of a function of the program."""

    __slots__ = ("call_sink", "calls", "cells", "depth", "generator", "line", "loops", "name", "observer", "seen",
                 "told", "unwinding")

    def __init__(self, observer: Observer, name: str, depth: int, generator: bool) -> None:
        self.observer = observer
        self.name = name
        self.depth = depth
        self.generator = generator
        self.line = 0
        """The line that is being executed; 0 before the first."""
        self.told = True
        """Whether that line has its event."""
        self.calls = 0
        """Calls of the program's functions that the line has made."""
        self.call_sink: Sink | None = None
        self.unwinding = False
        self.seen: dict[str, tuple[Any, str]] = {}
        self.cells: dict[str, tuple[Any, ...]] = {}
        self.loops: list[Turns] = []

    def trace(self, frame: FrameType, event: str, arg: Any) -> None:
        """The frame's own trace function."""
        observer = self.observer
        if observer.spent:
            return
        try:
            if event == "line":
                self.finish_line(frame)
                line = frame.f_lineno
                if self.loops or line in observer.enclosing:
                    self.turn(line)
                self.line = line
                self.told = self.unwinding = False
                self.calls = 0
                observer.words[LINE] = line
            elif event == "exception":
                self.failed(frame, arg)
            elif event == "return":
                self.leave(frame, arg)
            observer.look(frame)
        except Exception as error:
            observer.take(error)

    def finish_line(self, frame: FrameType) -> None:
        """The line's event, now that it is known what the line did."""
        changes = self.changes(frame)
        if self.calls:
            self.end_calls()
        if changes or not (self.told or self.line in self.observer.quiet):
            self.observer.journal.add(("l", self.line, self.name, self.depth, 0, "", changes))
        self.told = True

    def tell_call(self) -> None:
        """The line calls a function of the program: its event comes before that function's."""
        observer = self.observer
        if not self.told:
            self.told = True
            observer.journal.add(("l", self.line, self.name, self.depth, 0, "", ()))
        self.calls += 1
        if self.call_sink is not None:
            self.call_sink.rotate()
        elif self.calls > observer.head:
            self.call_sink = observer.journal.open_sink(self.line, self.name, self.depth, "calls")

    def end_calls(self) -> None:
        """The line makes no more calls."""
        self.calls = 0
        sink, self.call_sink = self.call_sink, None
        self.observer.journal.close_down_to(sink)

    def turn(self, line: int) -> None:
        """Finds out whether a loop begins, ends, or begins another turn."""
        loops = self.loops
        while loops and not loops[-1].loop.first <= line <= loops[-1].loop.last:
            loops.pop().end()
        around = self.observer.enclosing.get(line, ())
        innermost = loops[-1].loop if loops else None
        if innermost in around and (
            line == innermost.first or (line == innermost.turn and self.line != innermost.first)
        ):
            loops[-1].next()
        elif len(around) > len(loops):
            loops += [Turns(self, loop) for loop in around[len(loops) :]]

    def failed(self, frame: FrameType, arg: Any) -> None:
        """An exception is raised in the frame, or comes out of what the frame called."""
        kind, error, _ = arg
        if kind is StopIteration or kind is GeneratorExit or kind is StopAsyncIteration:
            return
        changes = self.changes(frame)
        if self.calls:
            self.end_calls()
        observer = self.observer
        text = exception_text(error, observer.characters)
        observer.journal.add(("x", frame.f_lineno, self.name, self.depth, 0, text, changes))
        self.told = self.unwinding = True

    def leave(self, frame: FrameType, value: Any) -> None:
        """The frame returns, yields, or is left by an exception."""
        observer = self.observer
        if self.unwinding and value is None:
            self.end_calls()
        elif self.name == "<module>":
            self.finish_line(frame)
        else:
            line = frame.f_lineno
            changes = self.changes(frame)
            if self.calls:
                self.end_calls()
            if not self.told and self.line != line and self.line not in observer.quiet:
                observer.journal.add(("l", self.line, self.name, self.depth, 0, "", ()))
            yields = self.generator and frame.f_code.co_code[frame.f_lasti] == _YIELD
            text = portrait(value, observer.characters)
            observer.journal.add(("y" if yields else "r", line, self.name, self.depth, 0, text, changes))
        self.told = True
        for turns in reversed(self.loops):
            turns.end()
        if not self.generator:
            self.loops.clear()
        stack = observer.stack
        while stack and stack.pop() is not self:
            pass
        observer.words[LINE] = stack[-1].line if stack else 0

    def changes(self, frame: FrameType) -> tuple[tuple[str, str], ...]:
        """Variables whose text is not what it was, and their texts."""
        variables: Any = frame.f_locals
        if type(variables) is not dict:
            return ()
        seen = self.seen
        limit = self.observer.characters
        found: list[tuple[str, str]] = []
        visited = 0
        for name, value in variables.items():
            if type(name) is not str:
                continue
            kind = type(value)
            atom = kind is int or kind is str or kind is bool or kind is float or value is None
            old = seen.get(name)
            if atom:
                if old is not None and old[0] is value:
                    visited += 1
                    continue
            elif kind is FunctionType or kind is ModuleType or kind is type or kind is BuiltinFunctionType:
                continue
            if name[:1] == "." or (name[:2] == "__" and self.name == "<module>"):
                continue
            text = portrait(value, limit)
            if not atom and text[:7] == "<class ":
                continue
            visited += 1
            if old is None or old[1] != text:
                found.append((name, text))
            if kind is list and "..." in text:
                self.compare_cells(name, value, old is not None and old[1] == text, found)
            seen[name] = (value if atom else _COMPOUND, text)
        if visited < len(seen):
            present = {name for name in variables if type(name) is str}
            for name in [name for name in seen if name not in present]:
                del seen[name]
                found.append((name, ""))
        if len(found) > _CHANGES:
            found[_CHANGES:] = [("...", f"{len(found) - _CHANGES} more")]
        return tuple(found)

    def compare_cells(self, name: str, value: list[Any], same: bool, found: list[tuple[str, str]]) -> None:
        """Finds elements that changed where the whole's text does not show it."""
        if list.__len__(value) > _CELLS:
            return
        rows = list.__getitem__(value, slice(24))
        if any(type(row) is list and 0 < list.__len__(row) <= 64 for row in rows):
            now: tuple[Any, ...] = tuple(
                [tuple(map(id, row)) if type(row) is list and list.__len__(row) <= 64 else id(row) for row in rows]
            )
        else:
            now = tuple(map(id, value))
        before = self.cells.get(name)
        self.cells[name] = now
        if not same or before is None or len(before) != len(now):
            return
        limit = self.observer.characters
        for i, (a, b) in enumerate(zip(before, now, strict=True)):
            if a == b:
                continue
            if type(a) is tuple and type(b) is tuple and len(a) == len(b):
                row = list.__getitem__(value, i)
                pairs = zip(a, b, strict=True)
                inner = [(f"{name}[{i}][{j}]", portrait(row[j], limit)) for j, (x, y) in enumerate(pairs) if x != y]
                found += inner[:3]
            else:
                found.append((f"{name}[{i}]", portrait(list.__getitem__(value, i), limit)))
            if len(found) > 3:
                break


class Turns:
    """A loop that is being executed, and how many turns it has begun."""

    __slots__ = ("count", "loop", "owner", "sink")

    def __init__(self, owner: Frame, loop: Loop) -> None:
        self.owner = owner
        self.loop = loop
        self.count = 1
        self.sink: Sink | None = None

    def next(self) -> None:
        """Another turn begins."""
        self.count += 1
        if self.sink is not None:
            self.sink.rotate()
        elif self.count > self.owner.observer.head:
            owner = self.owner
            self.sink = owner.observer.journal.open_sink(self.loop.first, owner.name, owner.depth, "turns")

    def end(self) -> None:
        """Nothing more comes: what was kept of the last turns goes where it belongs."""
        sink, self.sink = self.sink, None
        self.owner.observer.journal.close_down_to(sink)


def state_of(frame: FrameType) -> Frame | None:
    """What is known of a frame, where it is observed."""
    function = frame.f_trace
    if type(function) is MethodType and type(function.__self__) is Frame:
        return function.__self__
    return None
