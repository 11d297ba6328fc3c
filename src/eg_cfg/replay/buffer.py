"""The replay buffer: tested programs, bounded, each once.

    buffer = ExperienceBuffer(max_size=10000)
    buffer.add(experience)                      # True where it was kept
    buffer.get_all(), buffer.get_stats()
    buffer.save(path)                           # whole, at once
    ExperienceBuffer.load(path)

    with ExperienceBuffer.open(path) as buffer:     # what is there already, and from now on
        buffer.add(experience)                      # on disk once this returns

Two programs of one problem that differ in layout, comments or docstrings alone are one (`eg_cfg.grading.normalise`). Of
two such experiences the one with a known possibility stays, then the one with the higher P2Value, then the earlier one.
An experience without a program (no code was found in what the model wrote) is not kept: it teaches nothing.

A full buffer loses its lowest P2Value, of equals the oldest, or its oldest: as `evict` says. What is added may be what
is lost. Files hold one experience a line and may be put together with `cat`; what is loaded is what adding the lines
one by one gives.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, get_args

import numpy as np

from eg_cfg.errors import ConfigError
from eg_cfg.grading.normalise import program_hash
from eg_cfg.records import Records, write_atomically
from eg_cfg.replay.experience import Experience, to_line
from eg_cfg.replay.files import open_rows, read_rows
from eg_cfg.replay.priority import P2ValueCalculator

Evict = Literal["priority", "oldest"]
BINS = 10
"""Of the histogram of P2Values, from 0 to 1."""


@dataclass(frozen=True, slots=True)
class _Held:
    experience: Experience
    known: bool
    """Whether its possibility is known."""
    priority: float
    serial: int
    """Counts experiences in the order in which they came in."""


class ExperienceBuffer:
    """A bounded set of experiences. Not safe to use from several threads.

    Args:
        max_size: Experiences that it holds at most.
        evict: What a full buffer loses: the lowest `priority`, or the `oldest`.
        deduplicate: Whether a program is kept once a problem.
        calculator: Gives the priorities; P2Value with alpha 0.5 unless given.

    Raises:
        ConfigError: The size is below 1, or `evict` is neither.
    """

    def __init__(self, max_size: int = 10000, *, evict: Evict = "priority", deduplicate: bool = True,
                 calculator: P2ValueCalculator | None = None) -> None:
        if max_size < 1:
            raise ConfigError(f"--buffer-size: expected 1 or more, found {max_size}")
        if evict not in get_args(Evict):
            raise ConfigError(f"--evict: expected {' or '.join(get_args(Evict))}, found {evict!r}")
        self.max_size = max_size
        self.evict: Evict = evict
        self.deduplicate = deduplicate
        self.calculator = calculator or P2ValueCalculator()
        self.damaged: list[str] = []
        """File, line and beginning of each line that was skipped when the buffer was read."""
        self._held: dict[Any, _Held] = {}
        self._lowest: list[tuple[float, int, Any]] = []
        """Heap of (priority, serial, key); what was replaced or dropped since is found out when it comes up."""
        self._serial = 0
        self._counts = {"added": 0, "duplicates": 0, "evicted": 0, "without_program": 0}
        self._records: Records | None = None

    @classmethod
    def load(cls, path: str | Path, max_size: int = 10000, *, evict: Evict = "priority", deduplicate: bool = True,
             calculator: P2ValueCalculator | None = None) -> Self:
        """A buffer of what a file holds; the file is left as it is.

        Raises:
            DataNotFoundError: The file cannot be read.
        """
        buffer = cls(max_size, evict=evict, deduplicate=deduplicate, calculator=calculator)
        found = read_rows(Path(path), Experience.from_json)
        buffer.extend(found.rows)
        buffer.damaged = found.damaged
        return buffer

    @classmethod
    def open(cls, path: str | Path, max_size: int = 10000, *, evict: Evict = "priority", deduplicate: bool = True,
             calculator: P2ValueCalculator | None = None) -> Self:
        """A buffer of what a file holds, that appends to it what it keeps; one process at a time.

        Raises:
            DataNotFoundError: The file cannot be read.
            RunError: It cannot be written.
        """
        buffer = cls(max_size, evict=evict, deduplicate=deduplicate, calculator=calculator)
        records, found = open_rows(Path(path), Experience.from_json)
        buffer.extend(found.rows)
        buffer.damaged = found.damaged
        buffer._records = records
        return buffer

    def add(self, experience: Experience) -> bool:
        """Adds one experience; True where it is in the buffer now.

        Raises:
            RunError: The file that the buffer was opened with cannot be written; the buffer is as before.
        """
        self._counts["added"] += 1
        if not experience.program.strip():
            self._counts["without_program"] += 1
            return False
        key = self._key(experience)
        known = experience.possibility(self.calculator.possibility) is not None
        new = _Held(experience, known, self.calculator.of(experience), self._serial)
        old = self._held.get(key)
        if old is not None:
            self._counts["duplicates"] += 1
            if (new.known, new.priority) <= (old.known, old.priority):
                return False
        elif self._is_least(new):
            self._counts["evicted"] += 1
            return False
        if self._records is not None:
            self._records.append(experience.to_json())
        self._put(key, new)
        return True

    def extend(self, experiences: Iterable[Experience]) -> int:
        """Adds experiences one by one; how many of them were kept when they came."""
        return sum(map(self.add, experiences))

    def get_all(self) -> list[Experience]:
        """What the buffer holds, in the order in which it came in."""
        return [held.experience for held in self._held.values()]

    def get_stats(self) -> dict[str, Any]:
        """What the buffer holds and what became of the rest, as plain data; means are None where there is nothing.

        `added`, `duplicates`, `evicted` and `without_program` count since the buffer was made, lines read included.
        """
        experiences = self.get_all()
        values = np.array([held.priority for held in self._held.values()])
        possibilities = self.calculator.possibilities(experiences)
        possibilities = possibilities[~np.isnan(possibilities)]
        passed = sum(experience.passed for experience in experiences)
        histogram, _ = np.histogram(values, bins=BINS, range=(0, 1))
        return {
            "size": len(experiences),
            "max_size": self.max_size,
            "problems": len({(experience.benchmark, experience.task_id) for experience in experiences}),
            "passed": passed,
            "failed": len(experiences) - passed,
            "pass_rate_mean": _mean(np.array([experience.pass_rate for experience in experiences])),
            "possibility": self.calculator.possibility,
            "possibility_mean": _mean(possibilities),
            "possibility_unknown": len(experiences) - len(possibilities),
            "p2value_min": float(values.min()) if values.size else None,
            "p2value_mean": _mean(values),
            "p2value_max": float(values.max()) if values.size else None,
            "p2value_histogram": histogram.tolist(),
            **self._counts,
            "damaged": len(self.damaged),
        }

    def save(self, path: str | Path) -> None:
        """Writes what the buffer holds, in place of what the file held, whole or not at all.

        Raises:
            RunError: It could not be written.
        """
        write_atomically(Path(path), map(to_line, self.get_all()))

    def close(self) -> None:
        """Closes the file that the buffer was opened with; harmless when done twice, or without one."""
        if self._records is not None:
            self._records.close()
            self._records = None

    def __len__(self) -> int:
        return len(self._held)

    def __iter__(self) -> Iterator[Experience]:
        return iter(self.get_all())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    def _key(self, experience: Experience) -> Any:
        if not self.deduplicate:
            return self._serial
        return experience.benchmark, experience.task_id, program_hash(experience.program)

    def _is_least(self, new: _Held) -> bool:
        """Whether a full buffer would lose what is about to be added."""
        if len(self._held) < self.max_size or self.evict == "oldest":
            return False
        return new.priority < self._least()[0]

    def _least(self) -> tuple[float, int, Any]:
        while True:
            priority, serial, key = self._lowest[0]
            held = self._held.get(key)
            if held is not None and held.serial == serial:
                return priority, serial, key
            heapq.heappop(self._lowest)

    def _put(self, key: Any, new: _Held) -> None:
        if key in self._held:
            del self._held[key]  # what replaces it came in now
        elif len(self._held) == self.max_size:
            del self._held[next(iter(self._held)) if self.evict == "oldest" else self._least()[2]]
            self._counts["evicted"] += 1
        self._held[key] = new
        self._serial += 1
        if self.evict == "priority":
            heapq.heappush(self._lowest, (new.priority, new.serial, key))


def _mean(values: np.ndarray) -> float | None:
    return float(values.mean()) if values.size else None
