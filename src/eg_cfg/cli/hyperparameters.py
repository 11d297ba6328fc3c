"""`eg-cfg hyperparameters`: which settings suit a model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from eg_cfg.cli import model_arguments as model
from eg_cfg.cli import study_arguments as study_
from eg_cfg.cli.arguments import BenchmarkOptions, Data, Isolation, Split, Timeout, Weak, Workers

if TYPE_CHECKING:
    from eg_cfg.studies.hyperparameters import HyperparameterOutcome

SHOWN = 10
"""Trials in the table: the best of them."""


def hyperparameters(
    more_focus_params: Annotated[list[str] | None, typer.Argument(metavar="", hidden=True)] = None,
    model_name: model.ModelName = None,
    benchmark: model.Benchmark = None,
    split: Split = None,
    data: Data = None,
    option: BenchmarkOptions = None,
    search_type: Annotated[
        str | None,
        typer.Option("--search-type", metavar="grid|focused|random|tpe", show_default="grid",
                     help="All combinations, those of some parameters, random ones, or Optuna's proposals."),
    ] = None,
    space: Annotated[
        str | None,
        typer.Option("--space", metavar="classic|full", show_default="classic",
                     help="The published grid, or every setting of the method and its training."),
    ] = None,
    max_configs: Annotated[
        str | None, typer.Option("--max-configs", metavar="N", show_default="15", help="Configurations at most.")
    ] = None,
    focus_params: Annotated[
        list[str] | None,
        typer.Option("--focus-params", metavar="NAME...", show_default="alpha num_beams",
                     help="Of a focused search; the others stay as given."),
    ] = None,
    pruner: Annotated[
        str | None,
        typer.Option("--pruner", metavar="median|halving|none", show_default="median",
                     help="Ends hopeless trials early."),
    ] = None,
    storage: Annotated[
        str | None,
        typer.Option("--storage", metavar="URL", show_default=False,
                     help="Of Optuna's trials, for several machines; a file in the run folder where none."),
    ] = None,
    study_name: Annotated[
        str | None, typer.Option("--study-name", metavar="NAME", show_default="eg-cfg", help="In that storage.")
    ] = None,
    validation_problems: Annotated[
        str | None,
        typer.Option("--validation-problems", metavar="N", show_default="60", help="Problems that give the objective."),
    ] = None,
    test: Annotated[
        bool | None,
        typer.Option("--test/--no-test", show_default="test", help="Score the best on the problems that score, once."),
    ] = None,
    target_model: Annotated[
        str | None,
        typer.Option("--target-model", metavar="NAME", show_default=False, help="Learns; the model where none."),
    ] = None,
    num_problems: study_.NumProblems = None,
    eval_problems: study_.EvalProblems = None,
    eval_samples: study_.EvalSamples = None,
    n_iterations: study_.Iterations = None,
    seeds: Annotated[
        str | None,
        typer.Option("--seeds", metavar="A,B,C", show_default=False,
                     help="A configuration's value is the mean over these; --seed where none."),
    ] = None,
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
    """Search the settings of BTP by validation scores, with Optuna; started again, it goes on."""
    given = {key: value for key, value in locals().items() if key not in ("config", "more_focus_params")}
    from eg_cfg.cli.progress import progress
    from eg_cfg.errors import ConfigError
    from eg_cfg.studies.hyperparameters import hyperparameters as study
    from eg_cfg.studies.hyperparameters_options import HyperparameterOptions

    if more_focus_params and not focus_params:
        raise ConfigError(f"unexpected {more_focus_params[0]!r}: only --focus-params takes several names")
    if focus_params:
        given["focus_params"] = " ".join([*focus_params, *(more_focus_params or ())])
    options = study_.options_of(HyperparameterOptions, given, config)
    outcome = study(options, watch=progress, say=lambda line: print(line, flush=True))
    print_report(outcome)


def print_report(outcome: HyperparameterOutcome) -> None:
    """The best trials, what mattered, the test score, and where all of it is."""
    from rich.console import Console
    from rich.table import Table

    from eg_cfg.cli.ablation import cell, points

    results = outcome.results
    names = [name for name in results["parameters"]
             if len({str(row["parameters"].get(name)) for row in results["trials"]}) > 1]
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("trial", "pass@1, %", *names):
        table.add_column(column, justify="right")
    done = sorted((row for row in results["trials"] if row["value"] is not None and row["state"] == "complete"),
                  key=lambda row: -row["value"])
    for row in done[:SHOWN]:
        table.add_row(str(row["number"]), cell(row["pass@1"]), *(_short(row["parameters"].get(n)) for n in names))
    print()
    Console(highlight=False, soft_wrap=True).print(table)
    counts = results["counts"]
    print(f"{counts['complete']} complete, {counts['pruned']} pruned, {counts['failed']} failed; validation on "
          f"{results['objective']['problems']} problems of {results['objective']['on']}; untrained "
          f"{points(results['before'])}")
    if results["importance"]:
        said = ", ".join(f"{name} {100 * share:.0f} %" for name, share in results["importance"].items())
        print(f"importance: {said}")
    tested = results["test"]
    if tested is not None:
        print(f"test, {tested['problems']} problems of {tested['on']}: {points(tested['before'])} before, "
              f"{points(tested['after'])} with the best, difference {points(tested['difference'], '+')}, "
              f"p = {tested['p_value']:.3g}")
    print(f"written to {outcome.folder}")
    if results["best"] is not None:
        print(f"the best as a configuration: eg-cfg btp --config {outcome.folder / results['best']['file']}")
    for row in results["trials"]:
        if row["error"]:
            print(f"trial {row['number']} failed: {row['error']}")


def _short(value: Any) -> str:
    return "-" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)
