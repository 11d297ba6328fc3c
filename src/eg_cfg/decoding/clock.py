"""Wall time, divided equally among what is under way: what a solution's share of a batch is.

    clock = SharedClock()
    entered = clock.enter(2)        # two solutions begin
    clock.leave(entered)            # one ends: its share of the seconds since then

Where eight problems decode in one batch for ten seconds, each runs for ten seconds, and together they take ten, not
eighty. Shares add up to the wall time, whoever runs beside whom, so they are what one solution costs. They are equal
at each moment, though one under way may do more than another then.

Limits: belongs to one thread.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator


class SharedClock:
    """A clock that runs slower the more is under way.

    Args:
        now: Seconds of a clock that does not go back.
    """

    def __init__(self, now: Callable[[], float] = time.perf_counter) -> None:
        self._now = now
        self._count = 0
        """How many are under way."""
        self._share = 0.0
        """Seconds of one that has been under way from the beginning."""
        self._last = now()

    def enter(self, count: int = 1) -> float:
        """Some begin; returns what `leave` wants of each."""
        self._move()
        self._count += count
        return self._share

    def leave(self, entered: float) -> float:
        """One ends; returns its share, in seconds."""
        self._move()
        self._count -= 1
        return self._share - entered

    @contextlib.contextmanager
    def stopped(self) -> Iterator[None]:
        """What happens inside takes no time."""
        self._move()
        try:
            yield
        finally:
            self._last = self._now()

    def _move(self) -> None:
        now = self._now()
        if self._count:
            self._share += (now - self._last) / self._count
        self._last = now
