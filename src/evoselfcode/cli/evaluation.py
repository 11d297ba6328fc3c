"""`evoselfcode eval`: a checkpoint on one benchmark, or on all."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from eg_cfg.cli import model_arguments as model
from eg_cfg.cli.arguments import BenchmarkOptions, Split, Weak, Workers


def evaluate(
    benchmark: Annotated[str, typer.Argument(metavar="BENCHMARK|all", show_default=False,
                                             help="humaneval, mbpp, lcb, bigcodebench, minipy, ..., or all of them.")],
    ckpt: Annotated[
        list[str] | None,
        typer.Option("--ckpt", "--checkpoint", metavar="FOLDER|HUB ID", show_default=False,
                     help="A checkpoint, hub id or short name; may be repeated. checkpoints/latest where none."),
    ] = None,
    split: Split = None,
    option: BenchmarkOptions = None,
    max_problems: model.MaxProblems = None,
    num_samples: model.NumSamples = None,
    temperature: model.Temperature = None,
    greedy: model.Greedy = False,
    max_new_tokens: model.MaxNewTokens = None,
    prompt: model.PromptKind = None,
    device: model.Device = None,
    dtype: model.Dtype = None,
    batch_size: model.BatchSize = None,
    workers: Workers = None,
    allow_weak_isolation: Weak = False,
    output_root: Annotated[str, typer.Option("--output-root", metavar="DIR", help="Where the runs are.")] = "data/eval",
    force: model.Force = False,
    seed: model.Seed = None,
) -> None:
    """Measure checkpoints: pass@k with intervals, a row for each; started again, it goes on."""
    given = {key: value for key, value in locals().items() if key not in ("benchmark", "ckpt", "output_root")}
    from pathlib import Path

    from evoselfcode.cli.stages import watched
    from evoselfcode.evaluation import evaluate_checkpoints

    values = {key: value for key, value in model.given_values(given).items() if value is not None}
    with watched() as progress:
        rows = evaluate_checkpoints(benchmark, ckpt or ["checkpoints/latest"], values, Path(output_root), progress)
    _print(rows)
    if all(row.results is None for row in rows):
        from eg_cfg.errors import DataNotFoundError

        raise DataNotFoundError(f"nothing was measured: {rows[0].problem}")


def _print(rows: Any) -> None:
    from rich.console import Console
    from rich.table import Table

    ks = sorted({k for row in rows for k in row.pass_at}, key=lambda name: int(name.removeprefix("pass@")))
    table = Table(box=None, pad_edge=False)
    for name in ("checkpoint", "benchmark"):
        table.add_column(name, style="bold", overflow="fold")
    table.add_column("problems", justify="right")
    table.add_column("samples", justify="right")
    for k in ks:
        table.add_column(f"{k}, 95 % interval", justify="right")
    measured = [row for row in rows if row.results is not None]
    for row in measured:
        shown = [f"{100 * e['value']:.1f} % ({100 * e['low']:.1f} to {100 * e['high']:.1f})" if e else ""
                 for e in (row.pass_at.get(k) for k in ks)]
        table.add_row(row.checkpoint, row.benchmark, str(row.results["problems"]), str(row.results["samples"]), *shown)
    if measured:
        Console(highlight=False).print(table)
    for row in rows:
        print(f"{row.benchmark}: not measured, {row.problem}" if row.folder is None else f"written to {row.folder}")
