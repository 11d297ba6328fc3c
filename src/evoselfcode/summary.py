"""What a stage did: the numbers that its command prints and its log keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class FunnelStep:
    """How many rows one rule or filter saw, dropped and let pass, and why it dropped them."""

    name: str
    seen: int
    dropped: int
    reasons: Mapping[str, int] = field(default_factory=dict)
    """Reason to number of rows."""

    @property
    def kept(self) -> int:
        """Rows that passed."""
        return self.seen - self.dropped


@dataclass(frozen=True, slots=True)
class Summary:
    """What a start of a stage left behind."""

    stage: str
    added: int
    """Rows, or steps of training, that this start made; 0 where all was there already."""
    total: int
    """Rows that there are now."""
    outputs: tuple[Path, ...]
    """Files and folders in which the work is."""
    counts: Mapping[str, Any] = field(default_factory=dict)
    """Further numbers by name, in the order in which they are printed."""
    funnel: tuple[FunnelStep, ...] = ()
    damaged: tuple[str, ...] = ()
    """A line for each damaged row that was skipped: file, line, beginning."""
    seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        values = asdict(self)
        values["outputs"] = [str(path) for path in self.outputs]
        values["funnel"] = [{**asdict(step), "kept": step.kept} for step in self.funnel]
        return values
