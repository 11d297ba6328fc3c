"""The trusted side of a worker: starts programs through the zygote, speaks with them, holds the clock.

A driver is a function `driver(monitor, request) -> plain data` in a module that the pool named when it started the
worker. It calls `monitor.launch(limits)` for each process that it needs and may hold what programs must not see.
"""

from __future__ import annotations

import array
import contextlib
import os
import signal
import socket
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any

from . import orders, wire
from .base import Limits
from .channel import Channel, ChannelClosed
from .running import Child, rlimits

CACHED_PAYLOADS = 64
"""Shared payloads (a problem's tests) that the pool may refer to by key; both sides forget in the same order."""


class Monitor:
    """Serves the pool: one driver call at a time."""

    def __init__(self, pool: Channel, control: socket.socket) -> None:
        self.pool = pool
        self.control = control
        self.preloaded: set[str] = set()
        self.shared: OrderedDict[str, Any] = OrderedDict()
        self.drivers: dict[str, Callable[[Monitor, Any], Any]] = {}
        self.harmed = False

    def serve(self) -> None:
        """Answers until the pool is gone."""
        signal.signal(signal.SIGALRM, self._ring)
        devnull = os.open("/dev/null", os.O_RDWR)
        for fd in (0, 1, 2):
            os.dup2(devnull, fd)
        while True:
            try:
                request = wire.loads(self.pool.receive())
            except ChannelClosed:
                return
            reply: dict[str, Any]
            try:
                reply = {"value": self.handle(request)}
            except MonitorFault as error:
                reply = {"fault": str(error)}
            except Exception as error:  # the driver's own fault; the worker goes on
                reply = {"error": f"{type(error).__name__}: {error}"}
            try:
                self.pool.send(wire.dumps(reply))
            except ChannelClosed:
                return
            if self.harmed:
                return  # the pool starts another

    def _ring(self, *_: object) -> None:
        if self._active is not None:
            self._active.ring()

    def handle(self, request: dict[str, Any]) -> Any:
        """Runs one driver on one payload."""
        key = request.get("key")
        if key is not None:
            if "shared" in request:
                self.shared[key] = request["shared"]
                while len(self.shared) > CACHED_PAYLOADS:
                    self.shared.popitem(last=False)
            self.shared.move_to_end(key)
        self.preload(request.get("preload", ()))
        name = request["driver"]
        if name not in self.drivers:
            module, function = name.split(":")
            self.drivers[name] = getattr(sys.modules[module], function)
        shared = self.shared[key] if key is not None else None
        return self.drivers[name](self, {"payload": request["payload"], "shared": shared})

    def preload(self, packages: tuple[str, ...]) -> None:
        """Has the zygote import packages, once."""
        missing = [name for name in packages if name not in self.preloaded]
        if missing:
            self.preloaded.update(missing)
            self._send(orders.preload(missing))
            self._receive()

    def install(self, name: str, code: bytes) -> None:
        """Has the zygote make modules, once.

        Args:
            name: What they are known by here.
            code: Marshalled list of (module's name, its code).
        """
        if name in self.preloaded:
            return
        import tempfile  # here: the zygote is forked with what is loaded by then, and pays for it with every fork

        self.preloaded.add(name)
        with tempfile.TemporaryFile() as file:
            file.write(code)
            file.seek(0)
            self._send(orders.INSTALL, [file.fileno()])
            self._receive()

    @contextlib.contextmanager
    def launch(self, limits: Limits, stdio: tuple[int, int, int] | None = None) -> Iterator[Child]:
        """Starts the process of one program; whatever happens inside, it is gone afterwards.

        Args:
            limits: What it may use.
            stdio: Descriptors to be its 0, 1 and 2; the null device where none. They are closed here.
        """
        ours, theirs = socket.socketpair()
        fds = stdio or ()
        try:
            self._send(orders.fork(rlimits(limits), stdio is not None), [theirs.fileno(), *fds])
        finally:
            theirs.close()
            for fd in set(fds):
                os.close(fd)
        child = Child(self, limits, Channel(ours))
        try:
            if stdio is not None:
                _, descriptors = self._receive()
                child.watch = descriptors[0] if descriptors else None
            self._active = child  # not before: its alarm must not tear a question from its answer
            yield child
        finally:
            if not child.ended:
                child.end()

    _active: Child | None = None

    def end_program(self) -> orders.Report:
        """Has the zygote kill, reap and wipe."""
        self._active = None
        self._send(orders.END)
        report = orders.Report.from_bytes(self._receive()[0])
        self.harmed = self.harmed or report.harmed
        return report

    def _send(self, message: bytes, fds: list[int] | None = None) -> None:
        ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        try:
            self.control.sendmsg([message], ancillary)
        except OSError as error:
            raise MonitorFault(f"the zygote is gone ({error})") from None

    def _receive(self) -> tuple[bytes, list[int]]:
        data, ancillary, _, _ = self.control.recvmsg(1 << 12, socket.CMSG_SPACE(4))
        if not data:
            raise MonitorFault("the zygote is gone")
        fds = array.array("i")
        for _, _, body in ancillary:
            fds.frombytes(body)
        return data, list(fds)


class MonitorFault(BaseException):
    """The worker itself is broken, not the program: the pool replaces it."""
