"""What is kept of a trace, within its budgets, and where it is written: the beginning for good, the newest events, and
of everything that repeats itself the first and the last turns.

While a loop's middle is left out, its newest turns wait in a `Sink`; loops within loops have sinks within sinks. What
waits is written too, again and again, so that it is there when the program is killed.
"""

from __future__ import annotations

import builtins
from collections import deque
from collections.abc import Iterable
from time import monotonic
from typing import TYPE_CHECKING, Any

from .event_log import HEADER, LINE, MAIN, MAIN_BYTES, TAIL, TAIL_BYTES

if TYPE_CHECKING:
    import mmap

# A program may replace built-in functions; those of this module stay what they are.
__builtins__ = dict(builtins.__dict__)  # type: ignore[assignment]

_PAUSE = 2
"""The newest events are written again after so many times the time that writing them took."""
Record = tuple[str, int, str, int, int, str, tuple[tuple[str, str], ...]]
"""Kind, line, function, depth, count, value, changes."""


class Journal:
    """The events of one test.

    Args:
        memory: `event_log.SIZE` bytes that the monitor reads.
        limits: The fields of `TraceLimits`.
    """

    def __init__(self, memory: mmap.mmap | bytearray, limits: dict[str, Any]) -> None:
        self.memory = memory
        self.words = memoryview(memory)[:HEADER].cast("I")
        self.budget: int = limits["events"]
        self.characters: int = limits["characters"]
        self.tail: int = limits["loop_tail"]
        self.begin()

    def begin(self) -> None:
        """Starts a new test: nothing kept, all budgets full."""
        self.words[MAIN_BYTES] = self.words[TAIL_BYTES] = self.words[LINE] = 0
        self.kept = self.written = self.dropped = 0
        self.reason = ""
        """Why tracing stopped, where it did."""
        self.ring: deque[Record] = deque(maxlen=max(1, self.budget // 4))
        self.sinks: list[Sink] = []
        self.next_snapshot = 0.0

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
            if 4 * (self.written + len(data)) < 3 * self.characters and self.written + len(data) <= MAIN:
                begin = HEADER + self.written
                self.memory[begin : begin + len(data)] = data
                self.written += len(data)
                self.kept += 1
                self.words[MAIN_BYTES] = self.written  # after the data: a reader at any moment finds whole events
                return
        if len(self.ring) == self.ring.maxlen:
            self.dropped += 1
        self.ring.append(record)

    def open_sink(self, line: int, function: str, depth: int, what: str) -> Sink:
        """From here on only the newest turns are kept.

        Args:
            line: Of the loop, or of the line that makes many calls.
            function: In which it is.
            depth: Of that function's call.
            what: `turns` or `calls`.
        """
        sink = Sink(self, line, function, depth, what)
        self.sinks.append(sink)
        return sink

    def close_down_to(self, sink: Sink | None) -> None:
        """Closes a sink and those that were opened after it."""
        while sink in self.sinks:
            self.sinks[-1].close()

    def close_all(self) -> None:
        """Closes all sinks."""
        while self.sinks:
            self.sinks[-1].close()

    def tell_why(self) -> None:
        """Adds the event that says why tracing stopped; once."""
        if self.reason:
            self.add(_stopped(self.reason))
            self.reason = ""

    def snapshot_if_due(self, now: float) -> None:
        """Writes the newest events where there are any, unless that was done a moment ago."""
        if now > self.next_snapshot and (self.ring or self.sinks):
            self.snapshot()

    def snapshot(self) -> None:
        """Writes the newest events beside those kept for good."""
        started = monotonic()
        records: list[Record] = list(self.ring)
        for sink in self.sinks:
            records += sink.records()
        if self.reason:
            records.append(_stopped(self.reason))
        room = min(TAIL, self.characters // 4)
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
        self.next_snapshot = ended + _PAUSE * (ended - started)


class Sink:
    """The newest turns of a loop, or calls of a line, whose middle is left out."""

    __slots__ = ("current", "cut", "depth", "function", "journal", "left", "line", "turns", "what")

    def __init__(self, journal: Journal, line: int, function: str, depth: int, what: str) -> None:
        self.journal = journal
        self.line = line
        self.function = function
        self.depth = depth
        self.what = what
        self.turns: deque[list[Record]] = deque(maxlen=journal.tail)
        self.current: list[Record] = []
        self.left = self.cut = 0

    def add(self, record: Record) -> None:
        """Takes an event of the present turn."""
        if len(self.current) < self.journal.budget // 4:
            self.current.append(record)
        else:
            self.cut += 1

    def rotate(self) -> None:
        """The next turn begins."""
        self._seal()
        if len(self.turns) == self.turns.maxlen:
            self.left += 1
        self.turns.append(self.current)
        self.current = []

    def _seal(self) -> None:
        if self.cut:
            self.current.append(("e", 0, "", 0, self.cut, "events", ()))
            self.cut = 0

    def records(self) -> list[Record]:
        """What is kept, with the event that says what is not."""
        records: list[Record] = []
        if self.left:
            records.append(("e", self.line, self.function, self.depth, self.left, self.what, ()))
        for turn in self.turns:
            records += turn
        return records + self.current

    def close(self) -> None:
        """Nothing more comes: what is kept goes where it belongs."""
        self._seal()
        self.journal.sinks.remove(self)
        for record in self.records():
            self.journal.add(record)


def _stopped(reason: str) -> Record:
    return ("e", 0, "", 0, 0, f"tracing stopped: {reason}", ())


def _encode(record: Record) -> bytes:
    kind, line, name, depth, count, value, changes = record
    fields: Iterable[str] = (kind, str(line), name, str(depth), str(count), value)
    if changes:
        fields = (*fields, *[text for change in changes for text in change])
    return ("\t".join(fields) + "\n").encode("utf-8", "replace")
