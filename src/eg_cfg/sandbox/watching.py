"""The monitor's side of a trace: brings the observer into a program's process and reads what it wrote.

    install(monitor)
    watch = Watch(program, limits)
    with monitor.launch(limits) as child:
        watch.start(child)      # before the program is loaded
        ...
        text, line = watch.read()   # at any time, and after the process was killed

Workers that only grade hold nothing of the observer: its compiled modules are sent to the zygote with the first trace.
"""

from __future__ import annotations

import contextlib
import importlib.machinery
import importlib.util
import marshal
import os
import tempfile
from typing import TYPE_CHECKING, Any

from .event_log import SIZE, read_log

if TYPE_CHECKING:
    from .monitor import Monitor
    from .running import Child

_MODULES = ("event_log", "journal", "loops", "portraits", "frames", "observer")
_OBSERVER = "eg_cfg.sandbox.observer"
_START = f'__import__("sys").modules["{_OBSERVER}"].start(*arguments)'


def _compiled(name: str) -> tuple[str, Any]:
    name = f"eg_cfg.sandbox.{name}"
    spec = importlib.util.find_spec(name)
    assert spec is not None
    assert isinstance(spec.loader, importlib.machinery.SourceFileLoader)
    return name, spec.loader.get_code(name)


# Made when this module is imported: later, a worker cannot see the toolkit's files any more.
_BUNDLE = marshal.dumps([_compiled(name) for name in _MODULES])


def install(monitor: Monitor) -> None:
    """Makes processes that this worker starts from now on able to observe themselves; once a worker."""
    monitor.install(_OBSERVER, _BUNDLE)


class Watch:
    """One program's trace.

    Args:
        program: Its source.
        limits: The fields of `TraceLimits`.

    Raises:
        OSError: There is no room for its events.
    """

    def __init__(self, program: str, limits: dict[str, Any]) -> None:
        self.program = program
        self.limits = limits
        # a file of the scratch folder, not a memfd, which the monitor's system call filter refuses; no program is
        # loaded while the file has a name
        self.fd, self.path = tempfile.mkstemp()
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(self.fd, 0, SIZE)  # now, so that a full disk cannot kill the program later
        else:
            os.ftruncate(self.fd, SIZE)

    def start(self, child: Child) -> None:
        """Has the program's process observe itself from here on.

        Raises:
            ChildLost: The process cannot answer.
            RuntimeError: The observer does not start.
        """
        arguments = (self.path, self.program, self.limits)
        reply = child.request("eval", space="observer", source=_START, bindings={"arguments": arguments})
        if reply.error is not None or reply.not_plain is not None:
            raise RuntimeError(f"the observer does not start: {reply.error or reply.not_plain}")

    def read(self) -> tuple[str, int]:
        """The events so far, a line each, and the program's line that is being executed, 0 where none is."""
        return read_log(self.fd)

    def close(self) -> None:
        """Gives the memory back; what the process still maps of it goes with the process."""
        os.close(self.fd)
        with contextlib.suppress(OSError):
            os.unlink(self.path)
