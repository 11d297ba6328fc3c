"""`eg-cfg transfer`: big to small, every source with every target."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from eg_cfg.cli import model_arguments as model
from eg_cfg.cli import study_arguments as study_
from eg_cfg.cli.arguments import BenchmarkOptions, Data, Isolation, Split, Timeout, Weak, Workers

if TYPE_CHECKING:
    from eg_cfg.studies.transfer import TransferOutcome


def _names(flag: str, metavar: str, help: str) -> typer.models.OptionInfo:
    found: typer.models.OptionInfo = typer.Option(flag, metavar=metavar, show_default=False, help=help)
    return found


def transfer(
    sources: Annotated[str | None, _names("--sources", "A,B", "Models that write.")] = None,
    targets: Annotated[str | None, _names("--targets", "A,B", "Models that learn.")] = None,
    pairs: Annotated[
        str | None, _names("--pairs", "A:B,C:D", "Who teaches whom; every source every target where none.")] = None,
    benchmark: model.Benchmark = None,
    split: Split = None,
    data: Data = None,
    option: BenchmarkOptions = None,
    replay_datasets: Annotated[
        str | None,
        _names("--replay-datasets", "A,B", "Learnt from, each alone and all together; --dataset's own where none."),
    ] = None,
    max_problems: Annotated[
        str | None,
        typer.Option("--max-problems", "--num-problems", metavar="N", show_default="50",
                     help="Problems of each of them, or all."),
    ] = None,
    eval_problems: study_.EvalProblems = None,
    eval_samples: study_.EvalSamples = None,
    n_iterations: study_.Iterations = None,
    train_tokens: Annotated[
        str | None, _names("--train-tokens", "N", "Tokens that a target trains on, whoever teaches it.")] = None,
    seeds: study_.Seeds = None,
    btp: study_.Btp = None,
    device: model.Device = None,
    model_option: model.ModelOption = None,
    api_key: model.ApiKey = None,
    api_base: model.ApiBase = None,
    workers: Workers = None,
    timeout: Timeout = None,
    isolation: Isolation = None,
    allow_weak_isolation: Weak = False,
    config: model.Config = None,
    output_dir: model.OutputDir = None,
    output_root: model.OutputRoot = None,
    force: model.Force = False,
    seed: model.Seed = None,
) -> None:
    """Let every source teach every target, at equal training, and compare; started again, it goes on."""
    given = {key: value for key, value in locals().items() if key != "config"}
    from eg_cfg.cli.progress import progress
    from eg_cfg.studies.transfer import transfer as study
    from eg_cfg.studies.transfer_options import TransferOptions

    options = study_.options_of(TransferOptions, given, config)
    outcome = study(options, watch=progress, say=lambda line: print(line, flush=True))
    print_report(outcome)


def print_report(outcome: TransferOutcome) -> None:
    """A row a pair, the matrices of gains, and where all of it is."""
    from rich.console import Console
    from rich.table import Table

    from eg_cfg.cli.ablation import cell

    results: dict[str, Any] = outcome.results
    console = Console(highlight=False, soft_wrap=True)
    for mixture in results["mixtures"]:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for column in ("source", "target", "before, %", "after, %", "gain", "p"):
            table.add_column(column, justify="left" if column in ("source", "target") else "right")
        for row in (row for row in results["pairs"] if row["mixture"] == mixture):
            if row["error"]:
                table.add_row(row["source"], row["target"], "-", "-", "-", "-")
            else:
                table.add_row(row["source"], row["target"], cell(row["before"]), cell(row["after"]),
                              cell(row["gain"], "+"), f"{row['p_value']:.3g}")
        print(f"\nlearnt from {mixture}")
        console.print(table)
    print(f"{results['problems']} problems of {results['dataset']} score, {results['samples']} samples each, seeds "
          f"{', '.join(map(str, results['seeds']))}; intervals over problems and seeds, p paired over problems")
    for row in results["pairs"]:
        if row["error"]:
            print(f"{row['source']} to {row['target']}: not done: {row['error']}")
    print(f"written to {outcome.folder}")
