"""What every stage has in common: its lock, its log, and the summary at its end.

    with stage(config, "score") as run:
        ...
        return run.done(added=3, total=10, outputs=[paths.scores])

`logs/<stage>/` holds `run.json` (configuration, seed, versions, each start) and `summaries.jsonl` (a line a start).
Two processes cannot run one stage in one workspace at a time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eg_cfg.config import to_plain
from eg_cfg.runs import RunFolder
from evoselfcode.summary import FunnelStep, Summary

if TYPE_CHECKING:
    from evoselfcode.config import Config

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how many are done, and how many there are."""
SUMMARIES = "summaries.jsonl"


class StageRun:
    """One start of a stage."""

    def __init__(self, name: str, run: RunFolder) -> None:
        self.name = name
        self.damaged: list[str] = []
        """Filled by the stage, a line for each damaged row."""
        self._run = run
        self._started = time.monotonic()

    def done(self, *, added: int, total: int, outputs: Iterable[Path], counts: Mapping[str, Any] | None = None,
             funnel: Sequence[FunnelStep] = ()) -> Summary:
        """The summary, which is also put into the stage's log."""
        summary = Summary(self.name, added, total, tuple(outputs), dict(counts or {}), tuple(funnel),
                          tuple(dict.fromkeys(self.damaged)), time.monotonic() - self._started)
        with self._run.records(SUMMARIES) as records:
            records.append(summary.to_json())
        return summary


@contextmanager
def stage(config: Config, name: str) -> Iterator[StageRun]:
    """Holds a stage of the workspace for this process.

    Raises:
        RunError: Another process runs it, or the log cannot be written.
    """
    with RunFolder.open(config.paths.logs / name, kind=f"evoselfcode {name}", configuration=to_plain(config),
                        identity={}, files=(SUMMARIES,), seed=config.seed) as run:
        yield StageRun(name, run)


def silent(_what: str, _done: int, _total: int) -> None:
    """Progress that nobody watches."""
