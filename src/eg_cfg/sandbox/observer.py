"""Watches a program from inside its own process: `sys.settrace`, within budgets, without running any code of its own.

What is seen goes, event by event, to memory shared with the monitor, so that it is there when the program is killed in
the middle of a call that never returns.

Only frames compiled from the program itself count. Class bodies, comprehensions and inner lambdas are steps of the line
that they stand on. Tracing stops for the rest of a test (`sys.settrace(None)`: the program then runs at its own speed)
when its budget is used up, when the stack comes near the recursion limit, so that the program meets the limit where it
would meet it anyway, and when the program sets a trace function of its own.

Limits: a local variable's old value lives until the next line begins, threads are not seen, and a program can ask
`sys.gettrace()`, as with every use of `sys.settrace`; a program may nest two calls less deep than without, three while
it loads; a program that searches all objects for a text finds the text of its own variables here.
"""

from __future__ import annotations

import atexit
import builtins
import mmap
import os
import sys
from collections.abc import Callable
from functools import partial
from time import monotonic
from types import FrameType
from typing import Any

from . import child, frames, journal, portraits
from .event_log import LINE, SIZE
from .frames import Frame, state_of
from .journal import Journal
from .layout import unpacked
from .loops import find_loops
from .portraits import portrait

# A program may replace built-in functions; those of this module stay what they are.
__builtins__ = dict(builtins.__dict__)  # type: ignore[assignment]

LOOKED_AT = 16
"""Steps that are looked at for each event that may be kept."""
_COMPREHENSIONS = frozenset({"<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>"})
_GENERATORS = 0x20 | 0x80 | 0x200
_FUNCTION = 0x1 | 0x2
_NEST: list[Any] = []
for _ in range(24):
    _NEST = [_NEST]
_setter = sys.settrace
_getter = sys.gettrace
_FILES = (__file__, frames.__file__, journal.__file__, portraits.__file__)


class Observer:
    """Watches one program.

    Args:
        memory: `SIZE` bytes that the monitor reads.
        source: The program.
        limits: The fields of `TraceLimits`.
        filename: The very string that the program is compiled with.
        layout: Where its loops are (`layout.packed`), where that is known.
    """

    def __init__(
        self, memory: mmap.mmap | bytearray, source: str, limits: dict[str, Any], filename: str,
        layout: tuple[Any, Any] | None = None,
    ) -> None:
        self.journal = Journal(memory, limits)
        self.words = self.journal.words
        self.filename = filename
        self.enclosing, self.quiet = find_loops(source) if layout is None else unpacked(*layout)
        self.characters: int = limits["value_characters"]
        self.head: int = limits["loop_head"]
        self.steps: int = LOOKED_AT * limits["events"]
        self.seconds: float = limits["seconds"]
        self.entry = self.enter
        self.test = -1
        self.begin()

    def begin(self) -> None:
        """Starts a new test: all budgets full."""
        self.journal.begin()
        self.spent = False
        self.looked = 0
        self.stack: list[Frame] = []
        self.held: FrameType | None = None
        self.used = 0.0
        self.until = 0.0

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
        kept = self.journal
        try:
            kept.close_all()
            if held is not None and self.stack:
                frame = self.stack[0]
                changes = frame.changes(held)
                text = portrait(value, self.characters) if returned else ""
                kept.tell_why()
                kept.add(("r" if returned else "l", held.f_lineno, frame.name, 0, 0, text, changes))
            self.stack.clear()
            self.words[LINE] = 0
            kept.snapshot()
        except Exception as error:
            self.take(error)

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
            self.take(error)
            return None

    def open(self, frame: FrameType, name: str, flags: int) -> Callable[..., Any] | None:
        """A frame of the program begins, or goes on."""
        stack = self.stack
        if stack:
            stack[-1].tell_call()
        state = state_of(frame) if flags & _GENERATORS else None
        if state is None:
            state = Frame(self, name, len(stack), bool(flags & _GENERATORS))
            changes = state.changes(frame)
            if name != "<module>":
                self.journal.add(("c", frame.f_code.co_firstlineno, name, state.depth, 0, "", changes))
        else:
            state.depth = len(stack)
        stack.append(state)
        return state.trace

    def look(self, frame: FrameType) -> None:
        """Counts a step; stops where a budget is used up."""
        self.looked += 1
        now = monotonic()
        if self.looked > self.steps or now > self.until:
            self.stop(frame, "too many steps" if now <= self.until else "too much time")
        else:
            self.journal.snapshot_if_due(now)

    def stop(self, frame: FrameType, reason: str) -> None:
        """No more tracing in this test. The outermost function's frame is kept: its variables are read at its end."""
        self.break_off(reason)
        outermost = self.stack[0] if self.stack else None
        step: FrameType | None = frame
        while step is not None and outermost is not None:
            if state_of(step) is outermost:
                self.held = step
                break
            step = step.f_back
        self.journal.snapshot()

    def break_off(self, reason: str) -> None:
        """Stops at once, whatever the state."""
        self.spent = True
        self.journal.reason = reason
        if _getter() is self.entry:
            _setter(None)

    def take(self, error: Exception) -> None:
        """Handles what was raised while a step was looked at: a fault of this code ends the trace, nothing else.

        Raises:
            Exception: The error, where a signal handler of the program raised it, say: it is meant for the program.
        """
        if _is_foreign(error):
            raise error
        self.break_off("deep recursion" if type(error) is RecursionError else type(error).__name__)


def install() -> None:
    """Teaches processes that are forked from now on to observe themselves."""
    child._OPERATIONS["observe"] = observe
    rehearse()


def observe(server: Any, request: dict[str, Any]) -> Any:
    """Does what is asked for (`then`), and observes it and all that is asked for after it.

    Raises:
        ObserverFault: There is no observing here; nothing of the program has been run.
    """
    try:
        start(request["path"], request["program"] or request["source"], request["limits"], request["layout"])
    except Exception as error:
        raise ObserverFault(f"{type(error).__name__}: {error}") from None
    operation = request["then"]
    return None if operation is None else child._OPERATIONS[operation](server, request)


class ObserverFault(Exception):
    """The observer does not start."""


def start(path: str, source: str, limits: dict[str, Any], layout: tuple[Any, Any] | None) -> None:
    """Observes, from here on, everything that this process is asked to do.

    Args:
        path: File of `SIZE` bytes that the monitor reads; its name is removed.
        source: The program.
        limits: The fields of `TraceLimits`.
        layout: Where its loops are, where that is known.
    """
    fd = os.open(path, os.O_RDWR)
    os.unlink(path)
    spare = os.dup(fd)  # the number that `mmap` is going to use
    os.close(spare)
    memory = mmap.mmap(fd, SIZE)
    os.close(fd)
    os.close(spare)  # the memory stays; the program finds the same free descriptors as without tracing
    portraits.know_numpy()
    observer = Observer(memory, source, limits, child.PROGRAM_FILE, layout)
    os.register_at_fork(after_in_child=observer.mute)
    operations = child._OPERATIONS
    for name, operation in operations.items():
        operations[name] = partial(observer.run, operation)
    atexit.register(observer.finish)  # a program that is run as a script does not come back


def _is_foreign(error: BaseException) -> bool:
    """Whether it was raised by other code than this, which a signal may have brought in between."""
    step = error.__traceback__
    while step is not None and step.tb_next is not None:
        step = step.tb_next
    return step is not None and step.tb_frame.f_code.co_filename not in _FILES


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
        observer = Observer(bytearray(SIZE), _REHEARSED, limits, child.PROGRAM_FILE, ([[9, 12, [[9, 12, 9]]]], [1]))
        observer.run(lambda *_: space["main"](), None, {})
