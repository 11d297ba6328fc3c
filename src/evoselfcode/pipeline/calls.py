"""The driver that calls a program's function on given arguments; it runs in a sandbox worker's monitor.

The program's process gets the program and the arguments; what it gives crosses back as plain data. Limits: this module
may import no third-party package, the monitor sees none.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from eg_cfg.grading.remote import RemoteFailure, Session
from eg_cfg.sandbox.base import Limits
from eg_cfg.sandbox.messages import clean, describe
from eg_cfg.sandbox.monitor import Monitor
from eg_cfg.sandbox.running import ChildLost

DRIVER = "evoselfcode.pipeline.calls:calls"


def calls(monitor: Monitor, request: dict[str, Any]) -> dict[str, Any]:
    """Calls `payload["function"]` of `payload["program"]` on each of `payload["inputs"]`.

    Returns:
        `outcome` (`ok`, or what ended the process), `detail`, and `results`: for each call [value, whether it raised];
        of one that raised, the value is the exception's type.
    """
    payload = request["payload"]
    limits = Limits(**payload["limits"])
    results: list[list[Any]] = []
    outcome, detail = "ok", ""
    with monitor.launch(limits) as child:
        try:
            reply = child.request("load", source=payload["program"], name="solution", file="<setup>")
            failed = reply.compile_error or reply.error
            if failed is not None:
                outcome = "syntax_error" if reply.compile_error is not None else "exception"
                detail = describe(failed)
            else:
                session = Session(child)
                for args in payload["inputs"]:
                    results.append(_called(session, payload["function"], tuple(args)))
            child.deaf = True
        except ChildLost as lost:
            child.deaf = True
            outcome, detail = lost.outcome, lost.detail
        ending = child.end()
    if ending.peak_memory_mb > limits.memory_mb:
        outcome, detail = "memory", f"{ending.peak_memory_mb:.0f} MiB resident, {limits.memory_mb} allowed"
    return {"outcome": outcome, "detail": clean(detail), "results": results}


def _called(session: Session, function: str, args: tuple[Any, ...]) -> list[Any]:
    try:
        value = session.call(function, args, {})
    except RemoteFailure as raised:
        return [type(raised).__name__, True]
    return [list(value) if isinstance(value, Iterator) else value, False]
