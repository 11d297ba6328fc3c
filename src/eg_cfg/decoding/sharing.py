"""What decoders need not do twice: candidates of the same prefix, runs of the same program.

    shared = Shared()
    Guide(model, executor, GuideOptions(horizon=2), shared=shared).solve(problems)
    Guide(model, executor, GuideOptions(horizon=6), shared=shared).solve(problems)

A candidate hangs on the model, the prompt, the code so far, its index and what decides the sampling, and on nothing
else: not on gamma, the other candidates, what signals show or the batch. So whoever asks for it again, in another
trial too, gets it from here. A run hangs on the problem and the program's text.

Limits: lives in memory, and keeps what was asked for last; belongs to one thread, and to one model a name.
"""

from __future__ import annotations

from collections import OrderedDict
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Generic, TypeVar

from eg_cfg.benchmarks.base import Problem
from eg_cfg.decoding.base import Executor
from eg_cfg.sandbox.tracing import Trace

Key = TypeVar("Key")
Value = TypeVar("Value")
MOST_CANDIDATES = 32_768
"""Some kilobytes each."""
MOST_RUNS = 4_096
"""Some ten kilobytes each, for they have traces."""


@dataclass(frozen=True, slots=True)
class CandidateKey:
    """All that a sampled continuation hangs on."""

    model: str
    prefix: tuple[int, ...]
    """Tokens of prompt and code so far."""
    index: int
    temperature: float
    top_p: float
    horizon: int | None
    room: int
    """Tokens that it may have."""
    stop: tuple[str, ...]
    seed: int

    @property
    def stream(self) -> str:
        """Names the random stream; a longer horizon or another temperature draws the same numbers."""
        return "candidate " + " ".join(map(str, self.prefix))


@dataclass(frozen=True, slots=True)
class Sampled:
    """A sampled continuation."""

    tokens: tuple[int, ...]
    text: str
    """Cut at the horizon, or before a stop string."""
    ended: bool
    """Whether the model ended the program."""


class Latest(Generic[Key, Value]):
    """A mapping of bounded size: what was not asked for the longest goes first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: OrderedDict[Key, Value] = OrderedDict()

    def get(self, key: Key) -> Value | None:
        """What is known, or none."""
        found = self._held.get(key)
        if found is not None:
            self._held.move_to_end(key)
        return found

    def put(self, key: Key, value: Value) -> None:
        """Keeps a value."""
        self._held[key] = value
        self._held.move_to_end(key)
        if len(self._held) > self._most:
            self._held.popitem(last=False)

    def clear(self) -> None:
        """Drops everything."""
        self._held.clear()

    def __len__(self) -> int:
        return len(self._held)


class Shared:
    """Candidates and runs by what they hang on.

    Args:
        candidates: How many are kept at most.
        runs: How many are kept at most.
    """

    def __init__(self, candidates: int = MOST_CANDIDATES, runs: int = MOST_RUNS) -> None:
        self.candidates: Latest[CandidateKey, Sampled] = Latest(candidates)
        self._runs: Latest[tuple[str, str, str], Future[Trace]] = Latest(runs)

    def run(self, executor: Executor, problem: Problem, program: str) -> tuple[Future[Trace], bool]:
        """A program's run on the shown tests, started now unless it was before; whether it was."""
        key = (problem.benchmark, problem.task_id, program)
        known = self._runs.get(key)
        if known is not None and not known.cancelled() and not (known.done() and known.exception() is not None):
            return known, True
        started = executor.submit(problem, program)
        self._runs.put(key, started)
        return started, False

    def forget(self) -> None:
        """Drops everything, for a study that is done with its problems."""
        self.candidates.clear()
        self._runs.clear()
