"""Watches a program from inside its own process: `sys.settrace`, within budgets, without running any code of its own.

What is seen goes, event by event, to memory shared with the monitor, so that it is there when the program is killed in
the middle of a call that never returns.

Only frames compiled from the program itself count. Class bodies, comprehensions and inner lambdas are steps of the line
that they stand on. Tracing stops for the rest of a test (`sys.settrace(None)`: the program then runs at its own speed)
when its budget is used up, when the stack comes near the recursion limit, so that the program meets the limit where it
would meet it anyway, and when the program sets a trace function of its own.

Limits: a local variable's old value lives until the next line begins, threads are not seen, and a program can ask
`sys.gettrace()`, as with every use of `sys.settrace`; a program may nest two calls less deep than without; a program
that searches all objects for a text finds the text of its own variables here.
"""

from __future__ import annotations

import atexit
import builtins
import mmap
import os
import sys
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from opcode import opmap
from time import monotonic
from types import BuiltinFunctionType, FrameType, FunctionType, MethodType, ModuleType
from typing import Any

from . import child, portraits
from .event_log import HEADER, LINE, MAIN, MAIN_BYTES, SIZE, TAIL, TAIL_BYTES
from .loops import Loop, find_loops
from .portraits import exception_text, portrait

# A program may replace built-in functions; those of this module stay what they are.
__builtins__ = dict(builtins.__dict__)  # type: ignore[assignment]

LOOKED_AT = 16
"""Steps that are looked at for each event that may be kept."""
_SNAPSHOT_PAUSE = 2
"""The newest events are written again after so many times the time that writing them took."""
_CHANGES = 12
_CELLS = 400
"""Elements of a long list that are watched one by one."""

Record = tuple[str, int, str, int, int, str, tuple[tuple[str, str], ...]]
"""Kind, line, function, depth, count, value, changes."""
_COMPREHENSIONS = frozenset({"<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>"})
_GENERATORS = 0x20 | 0x80 | 0x200
_FUNCTION = 0x1 | 0x2
_YIELD = opmap["YIELD_VALUE"]
_COMPOUND = type("_Compound", (), {})()
_NEST: list[Any] = []
for _ in range(24):
    _NEST = [_NEST]
_setter = sys.settrace
_getter = sys.gettrace
_FILES = (__file__, portraits.__file__)


class Observer:
    """Watches one program.

    Args:
        memory: `SIZE` bytes that the monitor reads.
        source: The program.
        limits: The fields of `TraceLimits`.
        filename: The very string that the program is compiled with.
    """

    def __init__(
        self, memory: mmap.mmap | bytearray, source: str, limits: dict[str, Any], filename: str
    ) -> None:
        self.memory = memory
        self.words = memoryview(self.memory)[:HEADER].cast("I")
        self.filename = filename
        self.enclosing, self.quiet = find_loops(source)
        self.characters: int = limits["value_characters"]
        self.head: int = limits["loop_head"]
        self.tail: int = limits["loop_tail"]
        self.budget: int = limits["events"]
        self.bytes: int = limits["characters"]
        self.seconds: float = limits["seconds"]
        self.entry = self.enter
        self.test = -1
        self.begin()

    def begin(self) -> None:
        """Starts a new test: nothing kept, all budgets full."""
        self.words[MAIN_BYTES] = self.words[TAIL_BYTES] = self.words[LINE] = 0
        self.spent = False
        self.reason = ""
        self.looked = self.kept = self.dropped = self.written = 0
        self.ring: deque[Record] = deque(maxlen=max(1, self.budget // 4))
        self.sinks: list[_Sink] = []
        self.stack: list[_Frame] = []
        self.held: FrameType | None = None
        self.used = 0.0
        self.until = 0.0
        self.next_snapshot = 0.0

    def run(self, operation: Callable[..., Any], server: Any, request: dict[str, Any]) -> Any:
        """Does what the monitor asked for, under observation."""
        test = request.get("test", -1)
        if test != self.test:
            self.test = test
            self.begin()
        if self.spent or _getter() is not None:  # the program has a trace function of its own
            return operation(server, request)
        started = monotonic()
        self.until = started + self.seconds - self.used  # several calls of one test share its time
        _setter(self.entry)
        try:
            value = operation(server, request)
        except BaseException:
            self.finish()
            raise
        self.finish(value, returned=True)
        self.used += monotonic() - started
        return value

    def finish(self, value: Any = None, *, returned: bool = False) -> None:
        """Ends the observation of one request and writes what is not written yet."""
        if _getter() is self.entry:
            _setter(None)
        held, self.held = self.held, None
        if held is not None and self.stack:
            frame = self.stack[0]
            changes = frame.changes(held)
            text = portrait(value, self.characters) if returned else ""
            self.close_all()
            self.add(self.why_stopped())
            self.reason = ""
            self.add(("r" if returned else "l", held.f_lineno, frame.name, 0, 0, text, changes))
        else:
            self.close_all()
        self.stack.clear()
        self.words[LINE] = 0
        self.snapshot()

    def mute(self) -> None:
        """In a process that the program forked: what it does is not the program's main story."""
        self.spent = True
        if _getter() is self.entry:
            _setter(None)

    def enter(self, frame: FrameType, event: str, _: Any) -> Callable[..., Any] | None:
        """The trace function: called for each new frame, and each one that resumes."""
        code = frame.f_code
        if code.co_filename is not self.filename or event != "call":
            return None
        name = code.co_name
        if type(name) is not str or name in _COMPREHENSIONS or (name == "<lambda>" and self.stack):
            return None
        flags = code.co_flags
        if flags & _FUNCTION != _FUNCTION and name != "<module>":
            return None
        try:
            repr(_NEST)  # is there room for what follows?
        except RecursionError:
            self.break_off("deep recursion")
            return None
        try:
            return self.open(frame, name, flags)
        except Exception as error:
            if _is_foreign(error):
                raise
            self.break_off("deep recursion" if type(error) is RecursionError else type(error).__name__)
            return None

    def open(self, frame: FrameType, name: str, flags: int) -> Callable[..., Any] | None:
        """A frame of the program begins, or goes on."""
        stack = self.stack
        if stack:
            stack[-1].tell_call()
        state = _state_of(frame) if flags & _GENERATORS else None
        if state is None:
            state = _Frame(self, name, len(stack), bool(flags & _GENERATORS))
            changes = state.changes(frame)
            if name != "<module>":
                self.add(("c", frame.f_code.co_firstlineno, name, state.depth, 0, "", changes))
        else:
            state.depth = len(stack)
        stack.append(state)
        return state.trace

    def look(self, frame: FrameType) -> None:
        """Counts a step; stops where a budget is used up."""
        self.looked += 1
        now = monotonic()
        if self.looked > LOOKED_AT * self.budget or now > self.until:
            self.stop(frame, "too many steps" if now <= self.until else "too much time")
        elif now > self.next_snapshot and (self.ring or self.sinks):
            self.snapshot()

    def stop(self, frame: FrameType, reason: str) -> None:
        """No more tracing in this test. The outermost function's frame is kept: its variables are read at its end."""
        self.break_off(reason)
        outermost = self.stack[0] if self.stack else None
        step: FrameType | None = frame
        while step is not None and outermost is not None:
            if _state_of(step) is outermost:
                self.held = step
                break
            step = step.f_back
        self.snapshot()

    def break_off(self, reason: str) -> None:
        """Stops at once, whatever the state."""
        self.spent = True
        self.reason = reason
        if _getter() is self.entry:
            _setter(None)

    def add(self, record: Record) -> None:
        """Keeps an event, in the turn of the loop that it belongs to where that loop's middle is left out."""
        if self.sinks:
            self.sinks[-1].add(record)
        else:
            self.keep(record)

    def keep(self, record: Record) -> None:
        """Keeps an event for good, or, late in a long test, as long as it is among the newest."""
        if not self.ring and not self.dropped and 4 * self.kept < 3 * self.budget:
            data = _encode(record)
            if 4 * (self.written + len(data)) < 3 * self.bytes and self.written + len(data) <= MAIN:
                begin = HEADER + self.written
                self.memory[begin : begin + len(data)] = data
                self.written += len(data)
                self.kept += 1
                self.words[MAIN_BYTES] = self.written  # after the data: a reader at any moment finds whole events
                return
        if len(self.ring) == self.ring.maxlen:
            self.dropped += 1
        self.ring.append(record)

    def close_all(self) -> None:
        """Ends everything whose middle is being left out."""
        while self.sinks:
            self.sinks[-1].close()

    def close_down_to(self, sink: _Sink | None) -> None:
        """Closes a sink and those that were opened after it."""
        while sink in self.sinks:
            self.sinks[-1].close()

    def why_stopped(self) -> Record:
        """The event that says why there are no more."""
        return ("e", 0, "", 0, 0, f"tracing stopped: {self.reason}", ())

    def snapshot(self) -> None:
        """Writes the newest events beside those kept for good."""
        started = monotonic()
        records: list[Record] = list(self.ring)
        for sink in self.sinks:
            records += sink.records()
        if self.reason:
            records.append(self.why_stopped())
        room = min(TAIL, self.bytes // 4)
        left_out = self.dropped
        parts: list[bytes] = []
        for position in range(len(records) - 1, -1, -1):
            data = _encode(records[position])
            room -= len(data)
            if room < 64:
                left_out += position + 1
                break
            parts.append(data)
        if left_out:
            parts.append(_encode(("e", 0, "", 0, left_out, "events", ())))
        parts.reverse()
        tail = b"".join(parts)
        begin = HEADER + MAIN
        self.words[TAIL_BYTES] = 0
        self.memory[begin : begin + len(tail)] = tail
        self.words[TAIL_BYTES] = len(tail)
        ended = monotonic()
        self.next_snapshot = ended + _SNAPSHOT_PAUSE * (ended - started)


class _Frame:
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
        self.call_sink: _Sink | None = None
        self.unwinding = False
        self.seen: dict[str, tuple[Any, str]] = {}
        self.cells: dict[str, tuple[Any, ...]] = {}
        self.loops: list[_Turns] = []

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
            if _is_foreign(error):
                raise  # of a signal handler of the program, say: it is meant for the program
            observer.break_off("deep recursion" if type(error) is RecursionError else type(error).__name__)

    def finish_line(self, frame: FrameType) -> None:
        """The line's event, now that it is known what the line did."""
        changes = self.changes(frame)
        if self.calls:
            self.end_calls()
        if changes or not (self.told or self.line in self.observer.quiet):
            self.observer.add(("l", self.line, self.name, self.depth, 0, "", changes))
        self.told = True

    def tell_call(self) -> None:
        """The line calls a function of the program: its event comes before that function's."""
        observer = self.observer
        if not self.told:
            self.told = True
            observer.add(("l", self.line, self.name, self.depth, 0, "", ()))
        self.calls += 1
        if self.call_sink is not None:
            self.call_sink.rotate()
        elif self.calls > observer.head:
            self.call_sink = _Sink(observer, self, self.line, "calls")
            observer.sinks.append(self.call_sink)

    def end_calls(self) -> None:
        self.calls = 0
        sink, self.call_sink = self.call_sink, None
        self.observer.close_down_to(sink)

    def turn(self, line: int) -> None:
        """Finds out whether a loop begins, ends, or begins another turn."""
        loops = self.loops
        while loops and not loops[-1].loop.first <= line <= loops[-1].loop.last:
            loops.pop().end()
        around = self.observer.enclosing.get(line, ())
        if loops and loops[-1].loop.turn == line and loops[-1].loop in around:
            loops[-1].next()
        elif len(around) > len(loops):
            loops += [_Turns(self, loop) for loop in around[len(loops) :]]

    def failed(self, frame: FrameType, arg: Any) -> None:
        kind, error, _ = arg
        if kind is StopIteration or kind is GeneratorExit or kind is StopAsyncIteration:
            return
        changes = self.changes(frame)
        if self.calls:
            self.end_calls()
        observer = self.observer
        text = exception_text(error, observer.characters)
        observer.add(("x", frame.f_lineno, self.name, self.depth, 0, text, changes))
        self.told = self.unwinding = True

    def leave(self, frame: FrameType, value: Any) -> None:
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
                observer.add(("l", self.line, self.name, self.depth, 0, "", ()))
            yields = self.generator and frame.f_code.co_code[frame.f_lasti] == _YIELD
            text = portrait(value, observer.characters)
            observer.add(("y" if yields else "r", line, self.name, self.depth, 0, text, changes))
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


class _Turns:
    """A loop that is being executed, and how many turns it has begun."""

    __slots__ = ("count", "loop", "owner", "sink")

    def __init__(self, owner: _Frame, loop: Loop) -> None:
        self.owner = owner
        self.loop = loop
        self.count = 1
        self.sink: _Sink | None = None

    def next(self) -> None:
        self.count += 1
        if self.sink is not None:
            self.sink.rotate()
        elif self.count > self.owner.observer.head:
            self.sink = _Sink(self.owner.observer, self.owner, self.loop.first, "turns")
            self.owner.observer.sinks.append(self.sink)

    def end(self) -> None:
        """Nothing more comes: what was kept of the last turns goes where it belongs."""
        sink, self.sink = self.sink, None
        self.owner.observer.close_down_to(sink)


class _Sink:
    """The newest turns of a loop, or calls of a line, whose middle is left out."""

    __slots__ = ("current", "cut", "left", "line", "observer", "owner", "turns", "what")

    def __init__(self, observer: Observer, owner: _Frame, line: int, what: str) -> None:
        self.observer = observer
        self.owner = owner
        self.line = line
        self.what = what
        self.turns: deque[list[Record]] = deque(maxlen=observer.tail)
        self.current: list[Record] = []
        self.left = self.cut = 0

    def add(self, record: Record) -> None:
        if len(self.current) < self.observer.budget // 4:
            self.current.append(record)
        else:
            self.cut += 1

    def rotate(self) -> None:
        """The next turn begins."""
        self.seal()
        if len(self.turns) == self.turns.maxlen:
            self.left += 1
        self.turns.append(self.current)
        self.current = []

    def seal(self) -> None:
        if self.cut:
            self.current.append(("e", 0, "", 0, self.cut, "events", ()))
            self.cut = 0

    def records(self) -> list[Record]:
        records: list[Record] = []
        if self.left:
            records.append(("e", self.line, self.owner.name, self.owner.depth, self.left, self.what, ()))
        for turn in self.turns:
            records += turn
        return records + self.current

    def close(self) -> None:
        observer = self.observer
        self.seal()
        observer.sinks.remove(self)
        for record in self.records():
            observer.add(record)


def start(path: str, source: str, limits: dict[str, Any]) -> None:
    """Observes, from here on, everything that this process is asked to do.

    Args:
        path: File of `SIZE` bytes that the monitor reads; its name is removed.
        source: The program.
        limits: The fields of `TraceLimits`.
    """
    fd = os.open(path, os.O_RDWR)
    os.unlink(path)
    spare = os.dup(fd)  # the number that `mmap` is going to use
    os.close(spare)
    memory = mmap.mmap(fd, SIZE)
    os.close(fd)
    os.close(spare)  # the memory stays; the program finds the same free descriptors as without tracing
    portraits.know_numpy()
    observer = Observer(memory, source, limits, child.PROGRAM_FILE)
    os.register_at_fork(after_in_child=observer.mute)
    operations = child._OPERATIONS
    for name, operation in operations.items():
        operations[name] = partial(observer.run, operation)
    del sys.modules["observer"]  # the space that the request for this was made in
    atexit.register(observer.finish)  # a program that is run as a script does not come back


def _state_of(frame: FrameType) -> _Frame | None:
    function = frame.f_trace
    if type(function) is MethodType and type(function.__self__) is _Frame:
        return function.__self__
    return None


def _is_foreign(error: BaseException) -> bool:
    """Whether it was raised by other code than this, which a signal may have brought in between."""
    step = error.__traceback__
    while step is not None and step.tb_next is not None:
        step = step.tb_next
    return step is not None and step.tb_frame.f_code.co_filename not in _FILES


def _encode(record: Record) -> bytes:
    kind, line, name, depth, count, value, changes = record
    fields: Iterable[str] = (kind, str(line), name, str(depth), str(count), value)
    if changes:
        fields = (*fields, *[text for change in changes for text in change])
    return ("\t".join(fields) + "\n").encode("utf-8", "replace")


_REHEARSED = """class Item:
    def __init__(self, name):
        self.name = name
def twice(x):
    return 2 * x
def steps(count):
    total, seen, names = 0, [], {}
    for index in range(count):
        if index % 2:
            total += twice(index)
        seen.append((index, 0.5))
        names[str(index)] = Item("x")
    while total > 3:
        total -= 7
    try:
        total[0] = 1
    except TypeError:
        return sorted(seen, key=lambda pair: -pair[0])
def main():
    return steps(9)
"""


def rehearse() -> None:
    """Runs all of this a few times, so that the interpreter has settled on how before the first process is forked."""
    limits = {"events": 256, "value_characters": 80, "loop_head": 2, "loop_tail": 2, "characters": 32_000,
              "seconds": 9.0}
    space: dict[str, Any] = {"__name__": "rehearsal"}
    exec(compile(_REHEARSED, child.PROGRAM_FILE, "exec"), space)
    for _ in range(12):
        observer = Observer(bytearray(SIZE), _REHEARSED, limits, child.PROGRAM_FILE)
        observer.run(lambda *_: space["main"](), None, {})
