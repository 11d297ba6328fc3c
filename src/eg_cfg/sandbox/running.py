"""A program's process, seen from the trusted side: asked, waited for, and ended."""

from __future__ import annotations

import builtins
import math
import os
import random
import signal
import time
from typing import TYPE_CHECKING, Any

from . import wire
from .base import Limits
from .channel import Channel, ChannelClosed, DeadlinePassed, FrameTooLarge

if TYPE_CHECKING:
    from .monitor import Monitor
    from .orders import Report

_ids = random.Random(os.urandom(16))


class ChildLost(BaseException):
    """The program's process can no longer answer. Not an `Exception`: a test's own `except` must not swallow it.

    Attributes:
        outcome: `timeout`, `killed`, `tampered` or `output_limit`.
    """

    def __init__(self, outcome: str, detail: str) -> None:
        super().__init__(f"{outcome}: {detail}")
        self.outcome = outcome
        self.detail = detail


class Reply:
    """One answer of a program: a value, or why there is none."""

    __slots__ = ("compile_error", "error", "not_plain", "value")

    def __init__(self, data: dict[str, Any]) -> None:
        self.value: Any = data.get("value")
        self.error: list[Any] | None = data.get("error")
        """[type name, built-in base, message, line]."""
        self.compile_error: list[Any] | None = data.get("compile_error")
        self.not_plain: str | None = data.get("not_plain")


class Ending:
    """How a program's process ended, and what all of its processes used."""

    __slots__ = ("cpu_seconds", "exit_code", "peak_memory_mb", "seconds")

    def __init__(self, report: Report, seconds: float) -> None:
        self.exit_code = report.status
        self.cpu_seconds = report.cpu_seconds
        self.peak_memory_mb = report.peak_kb / 1024
        self.seconds = seconds


class Child:
    """A program's process.

    While it lives an alarm watches over its deadline: it interrupts whatever the driver does, waiting or comparing, by
    raising `ChildLost`, again and again, should a test swallow it.
    """

    def __init__(self, monitor: Monitor, limits: Limits, job: Channel) -> None:
        self.monitor = monitor
        self.limits = limits
        self.job = job
        self.watch: int | None = None
        """Descriptor that can be read when the process has ended; for those with streams of their own."""
        self.lost: ChildLost | None = None
        self.last_id = 0
        self.ended = False
        self.deaf = False
        """Set when the driver is done with the program: the alarm must not come after that."""
        self.started = time.monotonic()
        self.deadline = 0.0
        self.allow(limits.wall_seconds)

    def allow(self, seconds: float) -> None:
        """Sets the deadline, from now."""
        self.deadline = time.monotonic() + seconds
        signal.setitimer(signal.ITIMER_REAL, seconds, 0.05)

    def ring(self) -> None:
        """The deadline has passed."""
        if not self.deaf:
            raise self.lose("timeout", f"{self.limits.wall_seconds:g} s of wall time")

    def request(self, op: str, **fields: Any) -> Reply:
        """Asks and waits for the answer.

        Raises:
            ChildLost: There will be no answer.
            wire.NotPlainError: The fields are not plain data.
        """
        if self.lost is not None:
            raise self.lost
        # the id shows an answer that was sent before anything was asked, or to something else
        self.last_id = _ids.getrandbits(48)
        payload = wire.dumps({"op": op, "id": self.last_id, **fields})
        try:
            self.job.send(payload)
        except ChannelClosed:
            raise self.lose("killed", "the process ended before it was asked") from None
        return self.receive()

    def receive(self, deadline: float | None = None) -> Reply:
        """Waits for an answer to the last request.

        Raises:
            ChildLost: There is none, or none before the deadline.
        """
        try:
            data = wire.loads(self.job.receive(deadline=deadline, limit=self.limits.result_bytes))
        except ChannelClosed:
            raise self.lose("killed", "the process ended before it answered") from None
        except DeadlinePassed:
            raise self.lose("timeout", "no answer") from None
        except FrameTooLarge as error:
            raise self.lose("output_limit", str(error)) from None
        except wire.BadDataError as error:
            raise self.lose("tampered", f"an answer that the worker never wrote ({error})") from None
        if type(data) is not dict or not _is_answer(data, self.last_id) or not _well_formed(data):
            raise self.lose("tampered", "an answer to something that was not asked")
        return Reply(data)

    def lose(self, outcome: str, detail: str) -> ChildLost:
        """Notes that nothing more can be had of the process, and why."""
        self.lost = ChildLost(outcome, detail)
        return self.lost

    def end(self) -> Ending:
        """Kills what is left of the program, wipes its scratch and says how it ended."""
        self.deaf = self.ended = True
        if self.lost is not None:  # its frames hold what the program sent, and this object: a cycle
            self.lost.__traceback__ = self.lost.__context__ = None
        signal.setitimer(signal.ITIMER_REAL, 0)
        seconds = time.monotonic() - self.started
        report = self.monitor.end_program()
        self.job.close()  # not before: the program would wake up to see it
        if self.watch is not None:
            os.close(self.watch)
            self.watch = None
        return Ending(report, seconds)


def _is_answer(data: dict[str, Any], identity: int) -> bool:
    given = data.get("id")
    return type(given) is int and given == identity


def _is_exception(name: str) -> bool:
    kind = getattr(builtins, name, None) if len(name) < 64 else None
    return isinstance(kind, type) and issubclass(kind, BaseException)


def _well_formed(data: dict[str, Any]) -> bool:
    for name in ("error", "compile_error"):
        value = data.get(name)
        if value is not None and not (
            type(value) is list and len(value) == 4 and all(type(text) is str for text in value[:3])
            and (value[3] is None or (type(value[3]) is int and 0 <= value[3] < 1 << 31))
            and _is_exception(value[1])
        ):
            return False
    return data.get("not_plain") is None or type(data["not_plain"]) is str


def rlimits(limits: Limits) -> dict[str, int]:
    """`resource` limits for one process, by name; the zygote has set those that are the same for all.

    Peak resident memory is judged by what was used; the address space only has to stop a single allocation that would
    take the machine down before anyone looks.
    """
    mib = 1 << 20
    return {
        "RLIMIT_AS": (2048 + 2 * limits.memory_mb) * mib,
        "RLIMIT_CPU": cpu_limit(limits),
        "RLIMIT_FSIZE": limits.file_mb * mib,
        "RLIMIT_NOFILE": limits.open_files,
        "RLIMIT_NPROC": limits.processes + 3,  # launcher, monitor and zygote may count too
    }


def cpu_limit(limits: Limits) -> int:
    """Whole seconds of CPU time for one process; the kernel counts no finer."""
    return max(1, math.ceil(limits.cpu_seconds if limits.cpu_seconds is not None else limits.wall_seconds))
