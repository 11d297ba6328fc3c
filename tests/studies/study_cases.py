"""Sizes of studies over BTP that take seconds, with a scripted source and random targets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

SMALL = {
    "dataset": "minipy", "option": {"steps": "1"}, "max_problems": 4, "num_beams": 3, "n_iterations": 1,
    "batch_size": 6, "eval_problems": 3, "eval_samples": 2, "max_new_tokens": 300, "num_epochs": 1, "device": "cpu",
    "workers": 1, "seeds": (42,),
}


def small(folder: Path, **more: Any) -> dict[str, Any]:
    return {**SMALL, "output_dir": folder, **more}


def times(folder: Path, pattern: str) -> dict[str, int]:
    """When each file was last written."""
    return {str(path.relative_to(folder)): path.stat().st_mtime_ns for path in sorted(folder.rglob(pattern))}


class Stop(Exception):
    """What ends a start in these tests."""


def stop_after(count: int) -> Any:
    """A `say` that ends a study after so many lines."""
    said: list[str] = []

    def say(line: str) -> None:
        said.append(line)
        if len(said) >= count:
            raise Stop

    return say
