"""The sandbox's own driver: runs a whole program with standard input and catches what it prints."""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Callable
from typing import Any

from .base import Limits
from .messages import describe
from .monitor import Monitor
from .running import Child, ChildLost, Ending, Reply, cpu_limit

DRIVER = "eg_cfg.sandbox.drivers:run_program"


def run_program(monitor: Monitor, request: dict[str, Any]) -> dict[str, Any]:
    """Runs `payload["program"]` once; the fields of an `Execution`."""
    payload = request["payload"]
    return run_script(monitor, Limits(**payload["limits"]), payload["source"], payload["stdin"],
                      argv=payload["argv"], files=payload["files"])


def run_script(
    monitor: Monitor, limits: Limits, source: str, stdin: bytes, *, argv: list[str] | None = None,
    files: dict[str, bytes] | None = None, header: str = "",
    prepare: Callable[[Child], None] | None = None,
) -> dict[str, Any]:
    """Runs a program as `__main__`.

    Args:
        monitor: Where to run it.
        limits: What it may use.
        source: Python source.
        stdin: All of its standard input.
        argv: Arguments after the program's name.
        files: Files to lay into its working directory, by relative path.
        header: Source to run before it in the same namespace.
        prepare: Called with its process before the program starts.

    Returns:
        The fields of an `Execution`.
    """
    stdin_read, stdin_write = os.pipe()
    out_read, out_write = os.pipe()
    err_read, err_write = os.pipe()
    pipes = _Pipes(stdin, stdin_write, out_read, err_read, limits.output_bytes)
    reply: Reply | None = None
    failure: Reply | None = None
    try:
        with monitor.launch(limits, (stdin_read, out_write, err_write)) as child:
            lost: ChildLost | None = None
            try:
                if prepare is not None:
                    prepare(child)
                reply = child.request("main", source=source, argv=argv or [], files=files or {}, header=header,
                                      stdin_file=stdin if "/dev/stdin" in source else None)
                if reply.compile_error is None:
                    lost = pipes.pump(child)
                if lost is None and reply.compile_error is None:
                    failure = _last_words(child)
                child.deaf = True
            except ChildLost as error:
                child.deaf = True
                lost = error
            ending = child.end()
    finally:
        pipes.close()
    return _execution(limits, reply, failure, lost, ending, pipes)


def _last_words(child: Child) -> Reply | None:
    """The exception that ended the program, which it told before its process ended, if one did."""
    try:
        return child.receive(deadline=time.monotonic() + 0.001)
    except ChildLost:
        return None


def _execution(
    limits: Limits, reply: Reply | None, failure: Reply | None, lost: ChildLost | None, ending: Ending, pipes: _Pipes
) -> dict[str, Any]:
    outcome, detail = "ok", ""
    if reply is not None and reply.compile_error is not None:
        outcome, detail = "syntax_error", describe(reply.compile_error)
    elif lost is not None:
        outcome, detail = lost.outcome, lost.detail
    elif failure is not None and failure.error is not None and ending.exit_code != 0:
        outcome = "memory" if failure.error[1] == "MemoryError" else "exception"
        detail = describe(failure.error)
    elif ending.exit_code is not None and ending.exit_code < 0:
        outcome, detail = signal_outcome(ending, limits)
    elif ending.exit_code:
        outcome, detail = "exception", f"exit status {ending.exit_code}"
    if ending.peak_memory_mb > limits.memory_mb:
        outcome, detail = "memory", f"{ending.peak_memory_mb:.0f} MiB resident, {limits.memory_mb} allowed"
    return {
        "outcome": outcome,
        "stdout": bytes(pipes.out).decode("utf-8", "replace"),
        "stderr": bytes(pipes.err).decode("utf-8", "replace"),
        "exit_code": ending.exit_code if lost is None else None,
        "seconds": ending.seconds,
        "cpu_seconds": ending.cpu_seconds,
        "peak_memory_mb": ending.peak_memory_mb,
        "detail": detail,
    }


def signal_outcome(ending: Ending, limits: Limits) -> tuple[str, str]:
    """What it means that a program's process died before its time: its CPU limit, a file's size, or its own doing."""
    number = -(ending.exit_code or 0)
    # the kernel enforces the limit by counting ticks, and reports exact times, which may be less
    if number in (signal.SIGKILL, signal.SIGXCPU) and ending.cpu_seconds >= 0.7 * cpu_limit(limits):
        return "timeout", f"{cpu_limit(limits)} s of CPU time"
    if number == signal.SIGXFSZ:
        return "output_limit", f"a file of more than {limits.file_mb} MiB"
    if number <= 0:
        return "killed", f"exit status {-number}"
    names = {int(known): known.name for known in signal.Signals}
    return "killed", f"ended by {names.get(number, f'signal {number}')}"


class _Pipes:
    """Feeds standard input and drains both outputs, up to a bound, while the program lives."""

    def __init__(self, stdin: bytes, stdin_fd: int, out_fd: int, err_fd: int, limit: int) -> None:
        self.pending = memoryview(stdin)
        self.stdin_fd: int | None = stdin_fd
        self.out, self.err = bytearray(), bytearray()
        self.buffers = {out_fd: self.out, err_fd: self.err}
        self.open = set(self.buffers)
        self.limit = limit
        for fd in (stdin_fd, out_fd, err_fd):
            os.set_blocking(fd, False)

    def pump(self, child: Child) -> ChildLost | None:
        """Runs until the program's process ends; why it had to be stopped, where it had."""
        poll = select.poll()
        for fd in self.open:
            poll.register(fd, select.POLLIN)
        if child.watch is not None:
            poll.register(child.watch, select.POLLIN)
        if self.pending:
            assert self.stdin_fd is not None
            poll.register(self.stdin_fd, select.POLLOUT)
        else:
            self._close_stdin()
        while True:
            remaining = child.deadline - time.monotonic()
            if remaining <= 0:
                return ChildLost("timeout", f"{child.limits.wall_seconds:g} s of wall time")
            ended = False
            for fd, _ in poll.poll(remaining * 1000):
                if fd == child.watch:
                    ended = True
                elif fd == self.stdin_fd:
                    if not self._feed():
                        poll.unregister(fd)
                        self._close_stdin()
                elif fd in self.open and self._drain(fd) is False:
                    poll.unregister(fd)
                    self.open.discard(fd)
            if len(self.out) + len(self.err) > self.limit:
                return ChildLost("output_limit", f"more than {self.limit:,} bytes of output")
            if ended or (child.watch is None and not self.open):
                for fd in list(self.open):
                    while self._drain(fd) and len(self.out) + len(self.err) <= self.limit:
                        pass
                if len(self.out) + len(self.err) > self.limit:
                    return ChildLost("output_limit", f"more than {self.limit:,} bytes of output")
                return None

    def _feed(self) -> bool:
        assert self.stdin_fd is not None
        try:
            self.pending = self.pending[os.write(self.stdin_fd, self.pending[: 1 << 16]) :]
        except BlockingIOError:
            return True
        except BrokenPipeError:  # the program does not want the rest
            return False
        return bool(self.pending)

    def _drain(self, fd: int) -> bool | None:
        """Reads a piece: true where there was one, false at the end, none where there is nothing yet."""
        try:
            chunk = os.read(fd, 1 << 16)
        except BlockingIOError:
            return None
        self.buffers[fd] += chunk
        return bool(chunk)

    def _close_stdin(self) -> None:
        if self.stdin_fd is not None:
            os.close(self.stdin_fd)
            self.stdin_fd = None

    def close(self) -> None:
        self._close_stdin()
        for fd in self.buffers:
            os.close(fd)
