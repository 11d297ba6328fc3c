"""`eg-cfg compare`: two runs on the same problems."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from eg_cfg.cli.arguments import Seed, numbers

if TYPE_CHECKING:
    from rich.table import Table

    from eg_cfg.grading.compare import Comparison
    from eg_cfg.grading.intervals import Estimate


def compare(
    a: Annotated[str, typer.Argument(metavar="A", show_default=False, help="Run folder or file of verdicts.")],
    b: Annotated[str, typer.Argument(metavar="B", show_default=False, help="The same of the other run.")],
    k: Annotated[str, typer.Option("--k", metavar="1,5,10", help="Of pass@k.")] = "1",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON; a list where there are several k.")] = False,
    seed: Seed = "42",
) -> None:
    """Say whether the difference between two runs is more than chance."""
    from eg_cfg.config import build
    from eg_cfg.studies.compare import CompareOptions
    from eg_cfg.studies.compare import compare as study

    options = build(CompareOptions, {"a": a, "b": b, "k": numbers(k), "seed": seed})
    found = [study(options.a, options.b, k=each, seed=options.seed) for each in options.k]
    if as_json:
        import json

        print(json.dumps(found[0].to_json() if len(found) == 1 else [one.to_json() for one in found], indent=2))
        return

    from rich.console import Console

    console = Console()
    if len(found) == 1:
        console.print(_one(found[0], a, b))
    else:
        print(f"A: {a}\nB: {b}")
        console.print(_several(found))
    first = found[0]
    better = f"; A better in {first.a_better}, B better in {first.b_better}" if len(found) == 1 else ""
    print(f"common problems: {first.problems}{better}")
    if first.only_in_a or first.only_in_b:
        print(f"not compared: {len(first.only_in_a)} only in A, {len(first.only_in_b)} only in B")
    if len(found) == 1:
        print(f"p = {first.p_value:.4g} ({first.method.replace('_', ' ')}, two-sided)")
    else:
        print(f"p is two-sided ({first.method.replace('_', ' ')}); 95 % intervals in parentheses")


def _one(found: Comparison, a: str, b: str) -> Table:
    """A row for each run and one for their difference."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("", overflow="fold")
    table.add_column(f"pass@{found.k}", justify="right", overflow="fold")
    table.add_column("95 % interval", overflow="fold")
    for name, estimate in ((f"A: {a}", found.a), (f"B: {b}", found.b), ("A - B", found.difference)):
        table.add_row(name, f"{_percent(estimate.value)} %", f"{_percent(estimate.low)} to {_percent(estimate.high)}")
    return table


def _several(found: list[Comparison]) -> Table:
    """A row for each k."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("", "A, %", "B, %", "A - B", "better\nA, B", "p"):
        table.add_column(column, justify="right" if column else "left", overflow="fold")
    for one in found:
        cells = map(_cell, (one.a, one.b, one.difference))
        table.add_row(f"pass@{one.k}", *cells, f"{one.a_better}, {one.b_better}", f"{one.p_value:.4g}")
    return table


def _cell(estimate: Estimate) -> str:
    return f"{_percent(estimate.value)} ({_percent(estimate.low)}, {_percent(estimate.high)})"


def _percent(share: float) -> str:
    """To one digit; never a negative zero."""
    return f"{round(100 * share, 1) + 0.0:.1f}"
