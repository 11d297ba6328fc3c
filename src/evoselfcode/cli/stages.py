"""Runs one stage from the command line: reads the configuration, shows how far it is, prints the summary."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evoselfcode.summary import Summary


def run_stage(place: str, config: str | None, usual: str, settings: Sequence[str]) -> None:
    """Runs a stage and prints what it did.

    Args:
        place: `module:function`.
        config: The configuration that was given.
        usual: The one that is read where none was given and it is there.
        settings: `key=value` over the file's.
    """
    from eg_cfg.config import assignments
    from evoselfcode.config import load_config

    path = Path(config) if config is not None else Path(usual) if Path(usual).is_file() else None
    options = load_config(path, assignments(settings, "--set"))
    module, _, name = place.partition(":")
    stage = getattr(importlib.import_module(module), name)
    with watched() as progress:
        summary = stage(options, progress)
    print_summary(summary)


@contextmanager
def watched() -> Iterator[Callable[[str, int, int], None]]:
    """One progress bar, or log, after the other: a new one whenever something else is being done."""
    from contextlib import ExitStack

    from eg_cfg.cli.progress import progress

    with ExitStack() as stack:
        current: list[Any] = ["", None]

        def update(what: str, done: int, total: int) -> None:
            if what != current[0]:
                stack.pop_all().close()
                current[:] = [what, stack.enter_context(progress(what))]
            current[1](done, total)

        yield update


def print_summary(summary: Summary) -> None:
    """The numbers, the funnel, and where all of it is."""
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False, soft_wrap=False)
    numbers = Table(box=None, pad_edge=False, show_header=False)
    numbers.add_column(style="bold")
    numbers.add_column(overflow="fold")
    for name, value in summary.counts.items():
        if value is not None:
            counted = isinstance(value, int) and not isinstance(value, bool)
            numbers.add_row(name, f"{value:,}" if counted else str(value))
    console.print(numbers)
    if summary.funnel:
        print()
        console.print(_funnel(summary))
    print()
    for line in summary.damaged:
        print(f"damaged line skipped: {line}")
    if summary.damaged:
        print(f"{len(summary.damaged)} damaged lines in all; what they held is made again where it can be")
    print(f"{summary.stage}: {summary.added:,} added, {summary.total:,} in all, {summary.seconds:.1f} s")
    for path in summary.outputs:
        print(f"written to {path}")


def _funnel(summary: Summary) -> Any:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    table.add_column("rule or filter", style="bold")
    for name in ("seen", "dropped", "kept"):
        table.add_column(name, justify="right")
    table.add_column("why", overflow="fold")
    for step in summary.funnel:
        why = ", ".join(f"{reason} {count:,}" for reason, count in
                        sorted(step.reasons.items(), key=lambda item: -item[1]))
        table.add_row(step.name, f"{step.seen:,}", f"{step.dropped:,}", f"{step.kept:,}", why)
    return table
