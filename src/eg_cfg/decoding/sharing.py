"""What decoders need not do twice: candidates of the same prefix, runs of the same program.

    shared = Shared()
    Guide(model, executor, GuideOptions(horizon=2), shared=shared).solve(problems)
    Guide(model, executor, GuideOptions(horizon=6), shared=shared).solve(problems)

A candidate hangs on the model, the prompt, the code so far, its index and what decides the sampling, and on nothing
else: not on gamma, the other candidates or the batch. So whoever asks for it again, in another trial too, gets it from
here. A run hangs on the problem and the program's text.

Limits: lives in memory, belongs to one thread, and to one model a name.
"""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass, field

from eg_cfg.benchmarks.base import Problem
from eg_cfg.decoding.base import Executor
from eg_cfg.sandbox.tracing import Trace


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


@dataclass(slots=True)
class Shared:
    """Candidates and runs by what they hang on."""

    candidates: dict[CandidateKey, Sampled] = field(default_factory=dict)
    _runs: dict[tuple[str, str, str], Future[Trace]] = field(default_factory=dict)

    def run(self, executor: Executor, problem: Problem, program: str) -> tuple[Future[Trace], bool]:
        """A program's run on the shown tests, started now unless it was before; whether it was."""
        key = (problem.benchmark, problem.task_id, program)
        known = self._runs.get(key)
        if known is not None and not known.cancelled() and not (known.done() and known.exception() is not None):
            return known, True
        started = self._runs[key] = executor.submit(problem, program)
        return started, False

    def forget(self) -> None:
        """Drops everything, for a study that is done with its problems."""
        self.candidates.clear()
        self._runs.clear()
