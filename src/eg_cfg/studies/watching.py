"""A guided run's watcher that only counts, for studies which show one bar."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from eg_cfg.decoding.base import Refresh, Token
from eg_cfg.studies.options import Progress


class Counting:
    """Tells how far a guided run has come, in percent of it and of those beside it.

    Args:
        tell: Called with how much is done and how much there is.
        place: Runs that are done before this one.
        runs: All of them.
    """

    def __init__(self, tell: Progress, place: int = 0, runs: int = 1) -> None:
        self._tell = tell
        self._place = place
        self._runs = runs

    def refreshed(self, task_id: str, gammas: Sequence[float], refresh: Refresh) -> None:
        """A signal was made."""

    def wrote(self, task_id: str, gamma: float, token: Token) -> None:
        """A token was chosen."""

    def graded(self, result: Mapping[str, Any], done: int, total: int) -> None:
        """A result is there."""
        del result
        self._tell(round(100 * (self._place + done / max(1, total))), 100 * self._runs)

    def sampled(self, done: int, total: int) -> None:
        """Programs of best-of-N are there."""

    def waiting(self, tasks: int) -> None:
        """Another process works at what is left."""
