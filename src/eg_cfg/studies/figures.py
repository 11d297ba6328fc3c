"""Figures of studies: values with intervals, slices and a matrix. They can be read without colour.

    dots([("full", {"value": 0.4, "low": 0.3, "high": 0.5})], Path("btp.png"), label="pass@1, %")
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_DPI = 150
_LABEL = 28
"""Characters of a name beside an axis; of longer ones, a path say, the end is shown."""


def dots(rows: Sequence[tuple[str, Mapping[str, float]]], path: Path, *, label: str, mark: str | None = None) -> Path:
    """A dot with its interval for each row, in percent, from the top down.

    Args:
        rows: Names and estimates.
        path: Of the PNG; its folder is made.
        label: Of the axis.
        mark: Name of the row whose value gets a line, for the eye.
    """
    from matplotlib.figure import Figure

    path.parent.mkdir(parents=True, exist_ok=True)
    figure = Figure(figsize=(6.4, 1.1 + 0.34 * len(rows)), layout="constrained")
    axes = figure.subplots()
    places = list(range(len(rows), 0, -1))
    values = [100 * row["value"] for _, row in rows]
    below = [max(0.0, value - 100 * row["low"]) for value, (_, row) in zip(values, rows, strict=True)]
    above = [max(0.0, 100 * row["high"] - value) for value, (_, row) in zip(values, rows, strict=True)]
    for name, row in rows:
        if name == mark:
            axes.axvline(100 * row["value"], color="0.6", linewidth=1, linestyle="--")
    axes.errorbar(values, places, xerr=[below, above], fmt="o", color="black", ecolor="0.35", capsize=3, linewidth=1.2)
    axes.set_yticks(places, [name for name, _ in rows])
    axes.set_ylim(0.4, len(rows) + 0.6)
    axes.set_xlabel(label)
    axes.grid(axis="x", color="0.9")
    axes.set_axisbelow(True)
    figure.savefig(path, dpi=_DPI)
    return path


def slices(points: Mapping[str, Sequence[Mapping[str, Any]]], path: Path, *, label: str) -> Path:
    """A panel a parameter: each trial's value over the parameter's, later trials darker.

    Args:
        points: By parameter, `x`, `value` and `number` of each trial.
        path: Of the PNG; its folder is made.
        label: Of the vertical axis.
    """
    from matplotlib.figure import Figure

    path.parent.mkdir(parents=True, exist_ok=True)
    columns = min(3, len(points))
    lines = -(-len(points) // columns)
    figure = Figure(figsize=(2.6 * columns + 0.6, 2.3 * lines + 0.3), layout="constrained")
    panels = figure.subplots(lines, columns, squeeze=False, sharey=True)
    last = max((point["number"] for several in points.values() for point in several), default=0)
    for panel, (name, several) in zip(panels.flat, points.items(), strict=False):
        numbers = all(isinstance(point["x"], int | float) and not isinstance(point["x"], bool) for point in several)
        labels = sorted({str(point["x"]) for point in several})
        xs = [point["x"] if numbers else labels.index(str(point["x"])) for point in several]
        shades = [str(0.75 - 0.75 * point["number"] / max(1, last)) for point in several]
        panel.scatter(xs, [100 * point["value"] for point in several], c=shades, edgecolors="black", linewidths=0.5)
        if not numbers:
            panel.set_xticks(range(len(labels)), labels)
        elif len(set(xs)) > 1 and min(xs) > 0 and max(xs) / min(xs) >= 30:
            panel.set_xscale("log")
        panel.set_xlabel(name)
        panel.grid(color="0.9")
        panel.set_axisbelow(True)
    for panel in panels.flat[len(points):]:
        panel.set_axis_off()
    panels[0][0].set_ylabel(label)
    figure.savefig(path, dpi=_DPI)
    return path


def bars(shares: Mapping[str, float], path: Path, *, label: str) -> Path:
    """A bar a name, the longest on top."""
    from matplotlib.figure import Figure

    path.parent.mkdir(parents=True, exist_ok=True)
    rows = sorted(shares.items(), key=lambda row: row[1])
    figure = Figure(figsize=(5.6, 0.9 + 0.34 * len(rows)), layout="constrained")
    axes = figure.subplots()
    axes.barh([name for name, _ in rows], [100 * share for _, share in rows], color="0.7", edgecolor="black")
    axes.set_xlabel(label)
    figure.savefig(path, dpi=_DPI)
    return path


def matrix(values: Sequence[Sequence[float | None]], rows: Sequence[str], columns: Sequence[str], path: Path, *,
           label: str) -> Path:
    """A cell a pair, with its number in percentage points; darker is more."""
    import numpy as np
    from matplotlib.figure import Figure

    path.parent.mkdir(parents=True, exist_ok=True)
    cells = np.array([[np.nan if value is None else 100 * value for value in row] for row in values], dtype=float)
    figure = Figure(figsize=(4.0 + 1.3 * len(columns), 2.6 + 0.7 * len(rows)), layout="constrained")
    axes = figure.subplots()
    known = cells[~np.isnan(cells)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    axes.imshow(cells, cmap="Greys", vmin=low - 0.25 * (high - low + 1), vmax=high + 0.5 * (high - low + 1),
                aspect="auto")
    for line, row in enumerate(cells):
        for place, value in enumerate(row):
            axes.text(place, line, "-" if np.isnan(value) else f"{value:+.1f}", ha="center", va="center",
                      color="black", bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5})
    axes.set_xticks(range(len(columns)), map(_label, columns), rotation=30, ha="right")
    axes.set_yticks(range(len(rows)), map(_label, rows))
    axes.set_xlabel("learns")
    axes.set_ylabel("writes")
    axes.set_title(label, fontsize=10)
    figure.savefig(path, dpi=_DPI)
    return path


def _label(name: str) -> str:
    return name if len(name) <= _LABEL else f"...{name[3 - _LABEL:]}"
