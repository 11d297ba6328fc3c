"""What is done in the zygote so that no child has to: each page of memory that a child is the first to touch is copied.

That copying, not the work itself, is most of what a short program costs. `make_streams` makes the standard streams, and
`rehearse` runs programs like those of the benchmarks through the functions that children run: the interpreter rewrites
code that it has run a few times and fills caches of what it looked up, and children find that done.
"""

from __future__ import annotations

import io
import os
import signal
import socket
import sys
from typing import Any

from . import wire
from .channel import Channel
from .child import move_in

_TIMES = 10
"""Python 3.11 rewrites code when it has run it eight times."""
_PROGRAM = """from typing import Any, Dict, List, Optional, Tuple
import math


def solve(numbers: List[int], texts: List[str], pair: Tuple[float, float]) -> Optional[Dict[str, Any]]:
    '''Some of what programs of the benchmarks do.'''
    total = sum(n * n for n in numbers if n % 2 == 0)
    longest = max(sorted(set(texts)), key=len)
    for index, text in enumerate(texts):
        if len(text) > 3 and text[0].isupper() or "e" in text.lower().split():
            total += index
    counts = {word: texts.count(word) for word in texts}
    while total > 10 and pair[1] >= 0.5:
        total //= 2
    return [total, longest[::-1], (abs(pair[0]), round(pair[1], 2), str(total)), counts, None, math.floor(1.5) == 1]


def fail(numbers: List[int]) -> int:
    return numbers[len(numbers)]
"""
_REQUESTS: tuple[dict[str, Any], ...] = (
    {"op": "exec", "source": "import math\n"},
    {"op": "load", "source": _PROGRAM},
    {"op": "call", "name": "solve", "args": ([1, 2, 3, 4], ["one", "Three", "three"], (1.5, -2.25))},
    {"op": "eval", "source": "solve([], ['a', 'b'], (0.0, 1.0))", "bindings": {}},
    {"op": "call", "name": "fail", "args": ([1, 2, 3],)},
    {"op": "load", "source": "def solve(:\n"},
)


def rehearse() -> None:
    """Does what children will do."""
    for _ in range(_TIMES):
        ours, theirs = socket.socketpair()
        judge = Channel(ours)
        server = move_in(theirs.detach(), (), ())
        for request in _REQUESTS:
            judge.send(wire.dumps({"id": 1 << 47, "name": "solution", "file": "<setup>", **request}))
            server.serve_one()
            wire.loads(judge.receive())
        server.job.close()
        judge.close()
        del sys.modules["solution"]
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def make_streams() -> None:
    """Makes `sys.stdin` and so on over the descriptors 0, 1 and 2, whatever these will be in a child.

    They are made over a pipe, so that no program's streams seem to be files that one can seek in. The zygote itself has
    nothing to read or say: it is left with the null device.
    """
    for fd, target in zip(os.pipe(), (0, 1), strict=True):
        os.dup2(fd, target)
        os.close(fd)
    os.dup2(1, 2)
    sys.stdin = io.TextIOWrapper(open(0, "rb", closefd=False), encoding="utf-8")  # noqa: SIM115
    sys.stdout = io.TextIOWrapper(open(1, "wb", closefd=False), encoding="utf-8")  # noqa: SIM115
    sys.stderr = io.TextIOWrapper(
        open(2, "wb", closefd=False), encoding="utf-8", errors="backslashreplace", line_buffering=True  # noqa: SIM115
    )
    sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr  # type: ignore[misc]
    null = os.open(os.devnull, os.O_RDWR)
    for target in (0, 1, 2):
        os.dup2(null, target)
    os.close(null)
