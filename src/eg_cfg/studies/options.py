"""Options that every study which grades has: which benchmark, and how its programs are run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from eg_cfg.benchmarks.base import Benchmark
from eg_cfg.benchmarks.registry import describe, load
from eg_cfg.config import Options
from eg_cfg.errors import UnknownNameError
from eg_cfg.grading.comparison import COMPARISONS
from eg_cfg.grading.grader import MAX_SECONDS, Grader, grading_sandbox
from eg_cfg.sandbox import Sandbox
from eg_cfg.sandbox.sandbox import DEFAULT_PACKAGES

Seconds = Annotated[float, Field(gt=0, le=MAX_SECONDS, allow_inf_nan=False)]
"""A time limit."""
USUAL_K = (1, 5, 10)
"""Of pass@k, where none are asked for and the samples allow them."""
Progress = Callable[[int, int], None]
"""Called with how many are done and how many there are."""


def whole_numbers(k: tuple[int, ...] | None) -> tuple[int, ...] | None:
    """The numbers of a list of k, each once, in order.

    Raises:
        ValueError: There is none, or one is below 1.
    """
    if k is not None and (not k or min(k) < 1):
        raise ValueError(f"expected numbers from 1 on, found {list(k)}")
    return tuple(sorted(set(k))) if k else None


class BenchmarkOptions(Options):
    """Which benchmark, and which part of it."""

    aliases: ClassVar[Mapping[str, str]] = {"dataset": "benchmark"}

    benchmark: str
    """Name in the registry."""
    split: str | None = None
    """Part of the benchmark; its usual one where none."""
    data: Path | None = None
    """Its data file, where it should not be looked for."""
    option: dict[str, str] = Field(default_factory=dict)
    """Options of the benchmark's own."""

    def load(self) -> Benchmark:
        """Opens the benchmark.

        Raises:
            UsageError: There is no such benchmark, split or option, or its data is missing.
        """
        return load(self.benchmark, split=self.split, data=self.data, **self.option)


class GradingOptions(BenchmarkOptions):
    """Which benchmark, and how its programs are run."""

    workers: int | None = Field(None, ge=1)
    """Programs at a time; the machine's cores where none."""
    timeout: Seconds | None = None
    """Seconds for a program; the benchmark's own limit where none."""
    isolation: Literal["split", "shared"] | None = None
    """Where expected values live; split where the test allows it, where none."""
    comparison: str | None = None
    """Rule of equality; the benchmark's own where none."""
    allow_weak_isolation: bool = False
    """Go on where this machine cannot isolate programs."""

    def load(self) -> Benchmark:
        """Opens the benchmark.

        Raises:
            UsageError: There is no such benchmark, split, option or comparison, or its data is missing.
        """
        given: dict[str, str] = dict(self.option)
        if self.comparison is not None:
            if self._has_own_comparison():
                given["comparison"] = self.comparison
            elif self.comparison not in COMPARISONS:
                raise UnknownNameError("comparison", self.comparison, COMPARISONS)
        return load(self.benchmark, split=self.split, data=self.data, **given)

    def sandbox(self, packages: Iterable[str]) -> Sandbox:
        """A sandbox in which programs find `packages` beside the standard library.

        Raises:
            IsolationError: This machine cannot isolate programs as asked.
        """
        names = tuple(dict.fromkeys([*DEFAULT_PACKAGES, *packages]))
        return grading_sandbox(self.workers, packages=names, allow_weak_isolation=self.allow_weak_isolation)

    def grader(self, sandbox: Sandbox) -> Grader:
        """A grader that follows these options."""
        comparison = None if self._has_own_comparison() else self.comparison
        return Grader(sandbox, isolation=self.isolation, timeout=self.timeout, comparison=comparison)

    def _has_own_comparison(self) -> bool:
        """Whether the benchmark chooses between rules itself, as APPS does (official, strict)."""
        return "comparison" in dict(describe(self.benchmark).options)
