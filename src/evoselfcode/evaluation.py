"""Checkpoints on benchmarks, by `eg_cfg.studies.baseline`: pass@k with intervals, a row for each.

    rows = evaluate_checkpoints("minipy", ["tiny-base", "checkpoints/latest"], {"greedy": True}, Path("data/eval"))
    rows[0].pass_at["pass@1"]

`all` is every benchmark of `eg_cfg`; one whose data cannot be had is named with the reason and left out. Started again,
each run goes on where it was, or is read where it was finished.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eg_cfg.benchmarks import registry as benchmarks
from eg_cfg.config import build
from eg_cfg.errors import MissingExtraError, ModelNotFoundError, UnknownNameError, UsageError
from eg_cfg.studies.baseline import BaselineOptions, baseline
from evoselfcode.stage import Progress, silent

FIRST = ("humaneval", "mbpp", "livecodebench", "bigcodebench")
"""Of `all`; the others follow."""


@dataclass(frozen=True, slots=True)
class Evaluated:
    """One checkpoint on one benchmark."""

    checkpoint: str
    benchmark: str
    results: Mapping[str, Any] | None
    """`results.json`; None where nothing was measured."""
    folder: Path | None = None
    problem: str | None = None
    """Why nothing was measured."""

    @property
    def pass_at(self) -> dict[str, Any]:
        """Name (`pass@1`) to estimate."""
        return {key: value for key, value in (self.results or {}).items() if key.startswith("pass@")}


def evaluate_checkpoints(benchmark: str, checkpoints: Sequence[str], values: Mapping[str, Any], root: Path,
                         progress: Progress = silent) -> list[Evaluated]:
    """Measures checkpoints.

    Args:
        benchmark: A name of the registry, or `all`.
        checkpoints: Folders, hub ids or short names.
        values: Further options of `BaselineOptions`.
        root: Where the runs are: a folder for each benchmark.
        progress: Told how far it is.

    Raises:
        UsageError: A checkpoint or an option is wrong, or the data of a benchmark that was named cannot be had.
        ModelError: A model could not go on; what was finished is kept.
    """
    every = benchmark == "all"
    others = [name for name in benchmarks.names() if name not in (*FIRST, "demo")]
    names = [*FIRST, *others] if every else [benchmarks.describe(benchmark).name]
    rows = []
    for name in names:
        for checkpoint in checkpoints:
            rows.append(_one(name, checkpoint, values, root, progress, skip=every))
    return rows


def _one(benchmark: str, checkpoint: str, values: Mapping[str, Any], root: Path, progress: Progress,
         skip: bool) -> Evaluated:
    options = build(BaselineOptions, {**values, "model_name": resolved(checkpoint), "benchmark": benchmark,
                                      "output_root": root / benchmark / slug(checkpoint)})
    try:
        outcome = baseline(options, lambda done, total: progress(f"{benchmark}: {checkpoint}", done, total))
    except (ModelNotFoundError, UnknownNameError):
        raise
    except (UsageError, MissingExtraError) as error:
        if not skip:
            raise
        return Evaluated(checkpoint, benchmark, None, problem=str(error).split(":")[0])
    return Evaluated(checkpoint, benchmark, outcome.results, outcome.folder)


def slug(checkpoint: str) -> str:
    """A folder's name for a checkpoint: the last two parts of where it really is."""
    place = resolved(checkpoint)
    return "-".join(part for part in Path(place).parts[-2:] if part not in ("/", ".", "..", "checkpoints"))


def resolved(checkpoint: str) -> str:
    """The folder that a link such as `checkpoints/latest` points to, so that a record says what was measured.

    Below the folder where we are it is relative, as the loop names it, so that what the loop measured is not measured
    again.
    """
    path = Path(checkpoint)
    if not path.is_symlink():
        return checkpoint
    there, here = path.resolve(), Path.cwd().resolve()
    return str(there.relative_to(here)) if there.is_relative_to(here) else str(there)
