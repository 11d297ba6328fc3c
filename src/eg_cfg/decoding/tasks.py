"""The state of guided decoding: a problem, and the places in its programs at which gammas stand.

Gammas that have written the same code stand at the same node, and share its rows; a node splits where they choose
different tokens. What has diverged never meets again.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from eg_cfg.benchmarks.base import Problem
from eg_cfg.decoding.base import Candidate, Counters, Refresh
from eg_cfg.decoding.foresight import Foreseen
from eg_cfg.decoding.prompting import Frame
from eg_cfg.decoding.sharing import Sampled
from eg_cfg.models.base import Prefixes
from eg_cfg.models.stops import StopStrings
from eg_cfg.sandbox.tracing import Trace

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(slots=True)
class Path:
    """One gamma's way through a problem."""

    gamma: float
    noise: NDArray[np.float64] | None
    """Decides guided tokens, where they are sampled."""
    refreshes: list[Refresh] = field(default_factory=list)
    counters: Counters = field(default_factory=Counters)


@dataclass(eq=False, slots=True)
class Task:
    """A problem that is being solved."""

    problem: Problem
    frame: Frame
    prompt_ids: tuple[int, ...]
    room: int
    """Tokens that a program may have."""
    stops: StopStrings
    given: str
    """What executable forms begin with."""
    open: int
    """Gammas that have not finished."""
    started: float = field(default_factory=time.perf_counter)
    entered: float = 0.0
    """Of the clock that its gammas share with the others under way."""


@dataclass(eq=False, slots=True)
class Node:
    """A place in a program."""

    task: Task
    code: list[int]
    """Tokens written so far."""
    paths: list[Path]
    """The gammas that stand here."""
    next_refresh: int = 0
    """Lines of code at which a new signal is due."""
    plain: Prefixes | None = None
    """Its row of the plain branch, while it is not being decoded."""
    conditional: Prefixes | None = None
    """Its row of the conditional branch, perhaps with an old signal and without the last code."""
    foreseen: Foreseen | None = None
    """What is known of the tokens that follow; both rows hold the guess then."""
    guided: bool = False
    """Whether there is a signal."""
    rows: tuple[int, int | None] = (0, None)
    """Places of both branches in the decoded batch."""
    sampled: list[Sampled | None] = field(default_factory=list)
    """Candidates of the signal that is being made; none while they are sampled."""
    candidates: tuple[Candidate, ...] = ()
    runs: dict[int, Future[Trace]] = field(default_factory=dict)
    """By index of the candidate."""
    looks: dict[str, tuple[list[int], str]] = field(default_factory=dict)
    """Finished programs of both branches under the present signal: tokens and text."""
    streak: tuple[str, int] = ("", 0)
    """The finished program that the last signals led to, and how many of them."""

    @property
    def steered(self) -> bool:
        """Whether a gamma stands here that needs a signal, and there are tests to make one from."""
        return bool(self.task.problem.public_tests) and any(path.gamma > 0 for path in self.paths)

    @property
    def room(self) -> int:
        """Tokens that may follow."""
        return self.task.room - len(self.code)

    def count(self, change: Callable[[Counters], None]) -> None:
        """Counts something for every gamma that a signal is made for."""
        for path in self.paths:
            if path.gamma > 0:
                change(path.counters)

    def fork(self, token: int, paths: list[Path]) -> Node:
        """The place one token further, for some of the gammas."""
        return Node(self.task, [*self.code, token], paths, self.next_refresh, guided=self.guided,
                    conditional=self.conditional, streak=self.streak)
