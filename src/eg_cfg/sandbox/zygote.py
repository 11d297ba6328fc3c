"""The warm process that forks one child a program: process 1 of its own namespace, with nothing secret in memory.

It obeys the worker's monitor over a socket of messages: `preload` imports packages once, `fork` makes a child and hands
back a descriptor that tells when it ends, `end` kills every process of the namespace, reaps, wipes the scratch folders
and reports how the child ended. One program at a time, so nothing of one is there for the next.
"""

from __future__ import annotations

import array
import contextlib
import ctypes
import gc
import importlib
import marshal
import os
import resource
import signal
import socket
import sys
import types
from collections.abc import Callable, Sequence
from typing import NoReturn

from . import orders
from .child import run_child
from .rehearsal import make_streams, rehearse

_WARM_MODULES = (
    "abc", "array", "ast", "base64", "bisect", "cmath", "collections", "collections.abc", "contextlib", "copy",
    "copyreg", "dataclasses", "datetime", "decimal", "enum", "fractions", "functools", "gc", "heapq", "inspect", "io",
    "itertools", "json", "math", "numbers", "operator", "os", "os.path", "queue", "random", "re", "signal",
    "statistics", "string", "struct", "sys", "textwrap", "threading", "time", "traceback", "types", "typing",
    "warnings", "weakref",
)
"""What programs of the benchmarks commonly import: paid for once a worker. Others (hashlib, csv, tempfile, ...) few of
them use, and every mapping and page that is held here makes each fork dearer. numpy only when a problem imports it."""
_LIMITS = tuple(getattr(resource, name) for name in orders.LIMITS)


def run_zygote(
    control: socket.socket, scratch: tuple[str, ...], own_namespace: bool, enter: Callable[[], None]
) -> NoReturn:
    """Serves until the monitor's end closes.

    Args:
        control: Message socket to the monitor.
        scratch: Folders that programs may write to; the first is their working directory.
        own_namespace: This process is number 1 of its own PID namespace, so that `kill(-1)` means its children only.
        enter: Gives up every privilege; called when the root has been changed.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)  # process 1 is deaf to signals that it does not handle
    if control.recv(16) != b"go":
        os._exit(0)
    for name in _WARM_MODULES:
        importlib.import_module(name)
    _make_interactive_names()
    for limit in (resource.RLIMIT_CORE, resource.RLIMIT_MEMLOCK):
        resource.setrlimit(limit, (0, 0))  # for all programs
    enter()
    make_streams()
    rehearse()
    os.chdir(scratch[0])
    control.send(b"ready")
    zygote = _Zygote(control, scratch, own_namespace)
    try:
        zygote.serve()
    finally:
        os._exit(0)


def _make_interactive_names() -> None:
    """`exit`, `quit`, `help` and `copyright`, which programs use and `site` would have made."""
    import site

    site.setquit()
    site.setcopyright()
    site.sethelper()


class _Zygote:
    def __init__(self, control: socket.socket, scratch: tuple[str, ...], own_namespace: bool) -> None:
        self.control = control
        self.scratch = scratch
        self.own_namespace = own_namespace
        self.child: int | None = None
        self.settle()

    def settle(self) -> None:
        """Moves all that is alive out of the collector's sight, so that children share its pages."""
        gc.collect()
        gc.disable()
        gc.freeze()
        with contextlib.suppress(AttributeError, OSError):
            ctypes.CDLL(None).malloc_trim(0)
        # `os.fork` also runs in the child what modules registered for that: `random` seeds itself from the system and
        # `threading` makes anew what other threads may have held. A program is seeded anyway, and where there is but
        # one thread nothing is held, so the C library's own fork will do; it saves a fifth of a short program's time.
        # What programs fork themselves goes through `os.fork`.
        self.fork_process = ctypes.PyDLL(None).fork if len(sys._current_frames()) == 1 else os.fork

    def serve(self) -> None:
        while True:
            # room for a job socket and three streams
            message, ancillary, _, _ = self.control.recvmsg(1 << 12, socket.CMSG_SPACE(4 * 4))
            if not message:
                return
            order = message[:1]
            if order == orders.FORK:
                fds = array.array("i")
                for _, _, body in ancillary:
                    fds.frombytes(body)
                self.fork(*orders.parse_fork(message), fds)
            elif order == orders.END:
                self.control.send(self.end().to_bytes())
            elif order == orders.PRELOAD:
                self.preload(orders.parse_preload(message))
                self.control.send(orders.DONE)
            elif order == orders.INSTALL:
                self.install(int.from_bytes(ancillary[0][2][:4], sys.byteorder))
                self.control.send(orders.DONE)

    def preload(self, packages: list[str]) -> None:
        for name in packages:
            # an import that fails here fails in the program too, where it is data
            with contextlib.suppress(Exception):
                importlib.import_module(name)
        numpy = sys.modules.get("numpy")
        if numpy is not None:
            numpy.random.seed(0)  # children inherit the state: the same draws in every run
        self.settle()

    def install(self, fd: int) -> None:
        """Makes modules of the compiled code that the monitor sends in a file: what only some workers need."""
        with open(fd, "rb") as file:
            modules = marshal.load(file)
        for name, code in modules:
            module = sys.modules[name] = types.ModuleType(name)
            module.__package__, module.__file__ = name.rpartition(".")[0], code.co_filename
            exec(code, module.__dict__)
            module.__dict__.get("install", bool)()
        self.settle()

    def fork(self, watch: bool, limits: tuple[int, ...], fds: Sequence[int]) -> None:
        pid = self.fork_process()
        if pid == 0:
            self.control.close()
            if not self.own_namespace:
                os.setsid()
            run_child(fds[0], fds[1:], zip(_LIMITS, limits, strict=True))
        if pid < 0:
            raise OSError("fork failed")  # the worker ends, and its program gets a verdict
        self.child = pid
        for fd in fds:
            os.close(fd)
        if not watch:  # its end will show as the end of its job socket
            return
        try:
            end = os.pidfd_open(pid)
        except (AttributeError, OSError):
            self.control.send(orders.DONE)
            return
        self.control.sendmsg([orders.DONE], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [end]))])
        os.close(end)

    def end(self) -> orders.Report:
        """Kills and reaps everything but this process; says how the child ended and what it used."""
        status, cpu, peak, harmed = None, 0.0, 0, False
        while True:
            try:
                _kill_all(self.child, self.own_namespace)
                pid, code, usage = os.wait4(-1, 0)  # usage: its own, and that of children which it waited for
            except (ProcessLookupError, ChildProcessError):
                break
            cpu += usage.ru_utime + usage.ru_stime
            peak = max(peak, usage.ru_maxrss)
            if pid == self.child:
                status = os.waitstatus_to_exitcode(code)
        self.child = None
        try:
            for folder in self.scratch:
                # what holds nothing has no size, on a tmpfs; elsewhere, no folder is without
                if os.stat(folder).st_size:
                    _wipe(folder)
        except (OSError, RecursionError):  # what a program made cannot be removed: this worker has served its time
            harmed = True
        return orders.Report(harmed, status, cpu, peak)


def _kill_all(child: int | None, own_namespace: bool) -> None:
    """Without a namespace of its own, what is left of a program is found as this process's adopted children."""
    if own_namespace:
        os.kill(-1, signal.SIGKILL)  # raises where there is nobody left, unreaped processes included
        return
    targets = [-child] if child is not None else []
    with contextlib.suppress(OSError), open("/proc/thread-self/children") as listing:
        targets += [int(pid) for pid in listing.read().split()]
    for target in targets:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(target, signal.SIGKILL)


def _wipe(folder: str) -> None:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                _unlock(entry.path)
                _wipe(entry.path)
                os.rmdir(entry.path)
            else:
                os.unlink(entry.path)


def _unlock(folder: str) -> None:
    """Gives back the permissions that a program took away, so that its folders can be removed."""
    os.chmod(folder, 0o700)
    for path, names, _ in os.walk(folder):
        for name in names:
            inner = os.path.join(path, name)
            if not os.path.islink(inner):
                os.chmod(inner, 0o700)
