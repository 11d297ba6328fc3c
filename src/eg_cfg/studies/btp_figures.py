"""Figures of a BTP experiment: P2Value in each round, and pass@k before and after. They can be read without colour.

    draw_figures(results, folder)      # figures/p2value.png, figures/pass_at_k.png
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_DPI = 150


def draw_figures(results: Mapping[str, Any], folder: Path) -> list[Path]:
    """Draws what the results hold.

    Args:
        results: The content of `btp_results.json`.
        folder: Where the figures go; made if need be.

    Returns:
        The files, PNG.
    """
    folder.mkdir(parents=True, exist_ok=True)
    drawn = []
    if results.get("rounds"):
        drawn.append(_p2values(results["rounds"], folder / "p2value.png"))
    if results.get("compared"):
        drawn.append(_pass_at_k(results["compared"], folder / "pass_at_k.png"))
    return drawn


def _p2values(rounds: Sequence[Mapping[str, Any]], path: Path) -> Path:
    """A panel a round: shares of the buffer (outlined) and of what was drawn (grey)."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 1.2 + 1.9 * len(rounds)), layout="constrained")
    panels = figure.subplots(len(rounds), 1, sharex=True, squeeze=False)[:, 0]
    for panel, one in zip(panels, rounds, strict=True):
        buffer, drawn = one["buffer"]["p2value"], one["drawn"]["p2value"]
        edges = buffer["edges"]
        panel.stairs(_shares(drawn["counts"]), edges, fill=True, color="0.7", label="drawn")
        panel.stairs(_shares(buffer["counts"]), edges, color="black", linewidth=1.2, label="buffer")
        panel.set_ylabel(f"round {one['round']}: share")
        panel.set_xlim(0, 1)
        panel.set_ylim(bottom=0)
    panels[0].legend(frameon=False)
    panels[-1].set_xlabel("P2Value")
    figure.savefig(path, dpi=_DPI)
    return path


def _shares(counts: Sequence[int]) -> list[float]:
    total = sum(counts)
    return [count / total if total else 0.0 for count in counts]


def _pass_at_k(compared: Mapping[str, Any], path: Path) -> Path:
    """Two bars for each metric, white before and hatched after, with 95 % intervals."""
    from matplotlib.figure import Figure

    names = list(compared)
    figure = Figure(figsize=(1.6 + 1.3 * len(names), 3.6), layout="constrained")
    axes = figure.subplots()
    width = 0.38
    for shift, phase, colour, hatch in ((-width / 2, "before", "white", ""), (width / 2, "after", "0.75", "///")):
        rows = [compared[name][phase] for name in names]
        values = [100 * row["value"] for row in rows]
        below = [max(0.0, value - 100 * row["low"]) for value, row in zip(values, rows, strict=True)]
        above = [max(0.0, 100 * row["high"] - value) for value, row in zip(values, rows, strict=True)]
        places = [place + shift for place in range(len(names))]
        axes.bar(places, values, width, color=colour, hatch=hatch, edgecolor="black", label=phase)
        axes.errorbar(places, values, yerr=[below, above], fmt="none", ecolor="black", capsize=3, linewidth=1)
    axes.set_xticks(range(len(names)), [name.replace("_", " ") for name in names])
    axes.set_ylabel("%, with 95 % interval")
    axes.set_ylim(0, 100)
    axes.legend(frameon=False)
    figure.savefig(path, dpi=_DPI)
    return path
