"""Compares two graded runs: what `eg-cfg compare` does."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import Field, field_validator

from eg_cfg.config import Options
from eg_cfg.errors import DataFormatError, DataNotFoundError, UsageError
from eg_cfg.grading.compare import Comparison, compare_runs
from eg_cfg.records import snippet
from eg_cfg.studies.options import whole_numbers
from eg_cfg.studies.verdicts import VERDICTS, check_row


class CompareOptions(Options):
    """Which runs are compared, and by what."""

    a: Path
    """A run folder, or a file of verdicts."""
    b: Path
    """The same of the other run."""
    k: tuple[int, ...] = (1,)
    """Of pass@k."""
    seed: int = Field(42, ge=0)
    """Of the bootstrap and of the sign flips."""

    _positive = field_validator("k")(whole_numbers)


def compare(a: Path, b: Path, *, k: int = 1, seed: int = 42) -> Comparison:
    """Compares pass@k of two runs on the problems that both have.

    Args:
        a: A run folder, or a file of verdicts.
        b: The same of the other run.
        k: Of pass@k.
        seed: Of the bootstrap and of the sign flips.

    Raises:
        UsageError: A run cannot be read, the two are of different benchmarks or have no problem in common, or
            k is more than some problem's number of samples.
    """
    benchmarks = [name for name in (_benchmark(a), _benchmark(b)) if name is not None]
    if len(set(benchmarks)) > 1:
        raise UsageError(
            f"expected two runs on one benchmark, found {benchmarks[0]} in {a} and {benchmarks[1]} in {b}: "
            "task ids of different benchmarks say nothing of one another"
        )
    return compare_runs(read_passed(a), read_passed(b), k=k, seed=seed)


def read_passed(path: Path) -> dict[str, list[bool]]:
    """Whether each sample passed, by task id, from a run folder or a file of verdicts.

    Raises:
        DataNotFoundError: There is no such file.
        DataFormatError: A line is no verdict.
    """
    file = path / VERDICTS if path.is_dir() else path
    passed: dict[str, list[bool]] = {}
    try:
        with file.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                task, right = _verdict(line, file, number)
                passed.setdefault(task, []).append(right)
    except OSError as error:
        raise DataNotFoundError(
            f"expected a run folder or a file of verdicts, found none at {file}: {error.strerror}{_hint(path)}"
        ) from None
    if not passed:
        raise DataFormatError(f"{file}: expected verdicts, found an empty file: was the run finished?")
    return passed


def _hint(path: Path) -> str:
    """What to name instead, where the folder holds verdicts further down."""
    below = sorted(file.parent.relative_to(path).as_posix() for file in path.glob(f"*/{VERDICTS}"))
    if below:
        return f"; it holds {', '.join(below[:4])}: name one of them"
    if (path / "guide_results.json").exists() or next(path.glob("*/*/guide_results.json"), None) is not None:
        return "; guided runs hold their comparisons themselves: eg-cfg report shows them"
    return ""


def _verdict(line: bytes, file: Path, number: int) -> tuple[str, bool]:
    try:
        row = json.loads(line)
        task, passed = row["task_id"], row["passed"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise DataFormatError(
            f"{file}, line {number}: expected a verdict with task_id and passed, found {snippet(line)}: is it a file"
            " of verdicts?"
        ) from None
    check_row(row, file, number)
    return str(task), passed


def _benchmark(path: Path) -> str | None:
    """The benchmark of a run folder; none for a bare file."""
    try:
        name = json.loads((path / "run.json").read_bytes())["identity"]["benchmark"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return str(name)
