"""What runs in the process of one program, forked from a warm worker and never returning to it.

The program's namespace lives here and nothing that is secret does. Whoever holds the other end of the job socket sends
requests (`load`, `exec`, `eval`, `call`, `main`), each with an id that the reply repeats, and gets plain data back.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import atexit
import builtins
import contextlib
import gc
import os
import pathlib
import random
import resource
import signal
import socket
import sys
import threading
import traceback
import types
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NoReturn

from . import wire
from .channel import Channel, ChannelClosed

PROGRAM_FILE = "<program>"
STDIN_FILE = "/dev/shm/stdin"
"""What `/dev/stdin` leads to: without /proc, it cannot lead to descriptor 0."""
set_handler = _signal.signal
"""`signal.signal` without the members of enumerations that it makes of what it is given and gives back."""


def run_child(job: int, stdio: Sequence[int], limits: Iterable[tuple[int, int]]) -> NoReturn:
    """Serves one program and ends the process.

    Args:
        job: Descriptor of the socket on which requests come.
        stdio: Descriptors to become 0, 1 and 2; the null device where none.
        limits: `resource` limits and their values, as `running.rlimits` made them.
    """
    try:
        move_in(job, stdio, limits).serve()
    finally:
        os._exit(70)


def move_in(job: int, stdio: Sequence[int], limits: Iterable[tuple[int, int]]) -> _Server:
    """Makes this process that of one program. What all programs find alike, `rehearsal.py` has made before the fork."""
    # opened here: what is open before the fork has flags that one program could set for the next
    for target, fd in enumerate(stdio or (os.open(os.devnull, os.O_RDWR),) * 3):
        os.dup2(fd, target)
        if stdio or target == 2:
            os.close(fd)
    for limit, value in limits:
        resource.setrlimit(limit, (value, value))  # hard limits too, so that they cannot be raised again
    gc.enable()
    random.seed(0)  # a program that draws gets the same draw, and so the same verdict, in every run
    set_handler(signal.SIGINT, signal.default_int_handler)
    # the kind is named, or Python would ask the kernel for it, thrice
    return _Server(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, 0, job))


class _Server:
    """Answers the requests of one program, one after the other."""

    def __init__(self, job: socket.socket) -> None:
        self.job = Channel(job)
        self.spaces: dict[str, dict[str, Any]] = {}
        self.request_id: int = 0
        self.process = os.getpid()

    def serve(self) -> NoReturn:
        while True:
            self.serve_one()
            if os.getpid() != self.process:
                os._exit(0)  # a process that the program forked has no questions to answer

    def serve_one(self) -> None:
        try:
            request = wire.loads(self.job.receive())
        except ChannelClosed:
            os._exit(0)
        self.request_id = request["id"]
        try:
            self.answer({"value": _OPERATIONS[request["op"]](self, request)})
        except wire.NotPlainError as error:
            self.answer({"not_plain": str(error)})
        except CompilationError as error:
            self.answer({"compile_error": error.args[0]})
        except BaseException as error:  # whatever a program raises is data
            self.answer({"error": _describe(error)})

    def answer(self, reply: dict[str, Any]) -> None:
        if os.getpid() != self.process:
            return  # a process that the program forked: the answers are its parent's to give
        try:
            self.job.send(wire.dumps({"id": self.request_id, **reply}))
        except ChannelClosed:
            os._exit(0)

    def space(self, request: dict[str, Any]) -> dict[str, Any]:
        """The namespace that a request names, made on first use; others than the program's see it as `program`."""
        key = request.get("space", "program")
        if key not in self.spaces:
            module = types.ModuleType(request.get("name", "solution") if key == "program" else key)
            sys.modules[module.__name__] = module
            self.spaces[key] = module.__dict__
            if key != "program":
                module.__dict__["program"] = self.spaces.get("program")
        return self.spaces[key]


class CompilationError(Exception):
    """The program does not compile."""


def _describe(error: BaseException) -> list[Any]:
    """The exception's type, its base among the built-in ones, its message, and the line of the program."""
    kind = type(error)
    mro: tuple[type, ...] = type.__dict__["__mro__"].__get__(kind)
    base = next(c for c in mro if getattr(builtins, c.__name__, None) is c)
    try:
        message = str(error.msg if isinstance(error, SyntaxError) else error)[:300]
    except BaseException:  # a program's own __str__ may do anything
        message = "(its message cannot be read)"
    line = None
    if isinstance(error, SyntaxError) and error.filename == PROGRAM_FILE:
        line = error.lineno
    with contextlib.suppress(Exception):
        for frame, number in traceback.walk_tb(error.__traceback__):
            if frame.f_code.co_filename == PROGRAM_FILE:
                line = number
    return [str(kind.__name__)[:100], base.__name__, message, line]


def _compile_program(source: str) -> types.CodeType:
    try:
        return compile(source, PROGRAM_FILE, "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError) as error:
        raise CompilationError(_describe(error)) from None


def _load(server: _Server, request: dict[str, Any]) -> None:
    exec(_compile_program(request["source"]), server.space(request))


def _exec(server: _Server, request: dict[str, Any]) -> None:
    code = compile(request["source"], request.get("file", "<test>"), "exec", dont_inherit=True)
    exec(code, server.space(request))


def _eval(server: _Server, request: dict[str, Any]) -> Any:
    code = compile(request["source"], "<test>", "eval", dont_inherit=True)
    space = server.space(request)
    bindings = request.get("bindings")
    return eval(code, {**space, **bindings} if bindings else space)


def _call(server: _Server, request: dict[str, Any]) -> Any:
    space = server.space(request)
    owner, name = request.get("owner"), request["name"]
    if owner is not None and owner in space:
        function = getattr(space[owner](), name)
    elif name in space:
        function = space[name]
    else:
        raise NameError(f"the program defines no {name}")
    return function(*request["args"], **request.get("kwargs", {}))


def _main(server: _Server, request: dict[str, Any]) -> NoReturn:
    """Runs the program as a script and ends the process as the interpreter would.

    The compilation is answered at once; an exception that ends the program is answered before the process ends.
    """
    sys.argv = ["main.py", *request["argv"]]
    for name, content in request["files"].items():
        path = pathlib.Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    if request["stdin_file"] is not None:
        pathlib.Path(STDIN_FILE).write_bytes(request["stdin_file"])
    if request["files"]:
        sys.path.insert(0, os.getcwd())
    status = 0
    code = _compile_program(request["source"])
    server.answer({"value": "compiled"})
    failure: dict[str, Any] | None = None
    streams = (sys.stdout, sys.stderr)
    space = server.space({"name": "__main__"})
    try:
        if request["header"]:
            exec(compile(request["header"], "<header>", "exec", dont_inherit=True), space)
        exec(code, space)
    except SystemExit as error:
        status = _exit_status(error.code)
    except BaseException as error:
        status = 1
        failure = {"error": _describe(error)}
        with contextlib.suppress(BaseException):
            entries = [e for e in traceback.extract_tb(error.__traceback__) if e.filename != __file__]
            _say("Traceback (most recent call last):\n" + "".join(traceback.format_list(entries)))
            _say("".join(traceback.format_exception_only(error)))
    with contextlib.suppress(BaseException):
        threading._shutdown()  # type: ignore[attr-defined]  # as the interpreter does: waits for the program's threads
    with contextlib.suppress(BaseException):
        atexit._run_exitfuncs()
    with contextlib.suppress(BaseException):
        space.clear()  # what the program opened itself is flushed when it goes
        gc.collect()
    for stream in (sys.stdout, sys.stderr, *streams):
        try:
            if stream is not None and not getattr(stream, "closed", False):
                stream.flush()
        except BaseException:
            status = status or 120
    if failure is not None:
        server.answer(failure)
    os._exit(status)


_OPERATIONS: dict[str, Callable[[_Server, dict[str, Any]], Any]] = {
    "load": _load, "exec": _exec, "eval": _eval, "call": _call, "main": _main,
}


def _exit_status(code: object) -> int:
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 0xFF
    _say(f"{code}\n")
    return 1


def _say(text: str) -> None:
    with contextlib.suppress(BaseException):
        sys.stderr.write(text)
