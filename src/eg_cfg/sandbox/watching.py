"""The monitor's side of a trace: brings the observer into a program's process and reads what it wrote.

    install(monitor)
    watch = Watch(program, limits)
    with monitor.launch(limits) as child:
        watch.request(child, "load", source=program)    # the first request; those that follow are observed too
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

from .event_log import SIZE, parts, read_log
from .layout import by_layout, packed

if TYPE_CHECKING:
    from .monitor import Monitor
    from .running import Child, Reply

_MODULES = ("event_log", "journal", "layout", "loops", "portraits", "frames", "observer")
_OBSERVER = "eg_cfg.sandbox.observer"
_FAULT = "ObserverFault"


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
        os.ftruncate(self.fd, SIZE)
        if hasattr(os, "posix_fallocate"):  # now, so that a full disk cannot kill the program later
            for begin, length in parts(limits["characters"]):
                os.posix_fallocate(self.fd, begin, length)

    def start(self, child: Child) -> None:
        """Has the process of a program that is going to run as a script observe itself; raises as `request` does."""
        self.request(child, None)

    def request(self, child: Child, op: str | None, **fields: Any) -> Reply:
        """Asks the program's process for the first thing that it is to do, to be observed like all that follows.

        Raises:
            ChildLost: There is no answer, or nothing can be observed there.
        """
        # the program need not be sent twice, where it is what is asked about
        program = None if fields.get("source") == self.program and self.program else self.program
        found = by_layout(self.program)
        reply = child.request("observe", then=op, path=self.path, program=program, limits=self.limits,
                              layout=None if found is None else packed(found), **fields)
        if reply.error is not None and reply.error[0] == _FAULT:  # or a program that claims so: it harms itself alone
            raise child.lose("killed", f"the observer does not start: {reply.error[2]}")
        return reply

    def read(self) -> tuple[str, int]:
        """The events so far, a line each, and the program's line that is being executed, 0 where none is."""
        return read_log(self.fd)

    def close(self) -> None:
        """Gives the memory back; what the process still maps of it goes with the process."""
        os.close(self.fd)
        with contextlib.suppress(OSError):
            os.unlink(self.path)
