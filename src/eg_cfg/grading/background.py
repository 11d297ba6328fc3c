"""Grades programs beside whoever writes them: neither waits for the other.

    with BackgroundGrading(grader, record) as grading:
        for ...:
            grading.put(GradeRequest(problem, program))     # returns at once, unless thousands wait already
        grading.join()                                      # all verdicts were recorded

`record` is called in one thread, in the order in which verdicts come. A fault of grading or of `record` is raised by
the next `put` or `join`; leaving the block early drops what was not graded yet.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from queue import SimpleQueue
from types import TracebackType
from typing import Self

from eg_cfg.grading.grader import Grader, GradeRequest
from eg_cfg.grading.verdict import Verdict

MAX_WAITING = 4096
"""Programs that may wait to be graded before whoever writes them has to wait: it bounds memory."""
_POLL = 0.2
"""Seconds between two calls of who watches."""

_Event = tuple[GradeRequest, Future[Verdict]] | None
"""A verdict that has come; None for a change of what is to be done."""


class BackgroundGrading:
    """A thread that feeds a grader and records its verdicts.

    Args:
        grader: What grades.
        record: Called with each request and its verdict.
        waiting: Programs that may wait.
    """

    def __init__(self, grader: Grader, record: Callable[[GradeRequest, Verdict], None], *,
                 waiting: int = MAX_WAITING) -> None:
        self._grader = grader
        self._record = record
        self._limit = waiting
        self._waiting: deque[GradeRequest] = deque()
        self._open = 0
        self._failure: BaseException | None = None
        self._stopped = False
        self._changed = threading.Condition()
        self._events: SimpleQueue[_Event] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="grading", daemon=True)

    def put(self, request: GradeRequest) -> None:
        """Queues one program; waits only where `waiting` of them wait already."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._waiting) < self._limit or self._failure is not None)
            self._raise()
            self._waiting.append(request)
            self._open += 1
        self._events.put(None)

    def join(self, watch: Callable[[], None] | None = None) -> None:
        """Waits until the verdict of every program was recorded; `watch` is called now and then."""
        while True:
            with self._changed:
                done = self._changed.wait_for(lambda: self._open == 0 or self._failure is not None,
                                              timeout=None if watch is None else _POLL)
                self._raise()
            if watch is not None:
                watch()
            if done:
                return

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._stopped = True
        self._events.put(None)
        self._thread.join()

    def _raise(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        running = 0
        try:
            while True:
                running += self._submit(4 * self._grader.sandbox.workers - running)
                event = self._events.get()
                if self._stopped:
                    return
                if event is not None:
                    request, future = event
                    running -= 1
                    self._record(request, future.result())
                    with self._changed:
                        self._open -= 1
                        self._changed.notify_all()
        except BaseException as error:  # told to whoever waits, in their thread
            with self._changed:
                self._failure = error
                self._changed.notify_all()

    def _submit(self, room: int) -> int:
        """Hands programs to the grader while there is room for them, and returns how many."""
        submitted = 0
        while submitted < room:
            with self._changed:
                if not self._waiting:
                    break
                request = self._waiting.popleft()
                self._changed.notify_all()
            self._grader.submit(request).add_done_callback(partial(self._done, request))
            submitted += 1
        return submitted

    def _done(self, request: GradeRequest, future: Future[Verdict]) -> None:
        self._events.put((request, future))
