"""`eg-cfg run`: all steps in order, or some."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from eg_cfg.cli import model_arguments as model
from eg_cfg.cli import study_arguments as study_
from eg_cfg.cli.arguments import BenchmarkOptions, Data, Split, Weak, Workers

if TYPE_CHECKING:
    from pathlib import Path

    from eg_cfg.studies.suite import SuiteOutcome
    from eg_cfg.studies.suite_plan import Step


def _size(flag: str, help: str) -> typer.models.OptionInfo:
    found: typer.models.OptionInfo = typer.Option(flag, metavar="N", show_default=False,
                                                  help=f"{help}; as of the mode where none.")
    return found


def run(
    model_name: Annotated[
        str | None,
        typer.Option("--model-name", "--model", "--source-model", "-m", metavar="NAME", show_default=False,
                     help="tiny (embedded), a short name, a folder, a hub id (org/name), or an API model. Required."),
    ] = None,
    target_model: Annotated[
        str | None,
        typer.Option("--target-model", metavar="NAME", show_default=False, help="Learns; the model where none."),
    ] = None,
    experiment: Annotated[
        str | None,
        typer.Option("--experiment", metavar="STEPS", show_default="all",
                     help="all, or of baseline, guide, btp, btp_finetune, ablation, hyperparameter, big_to_small."),
    ] = None,
    mode: Annotated[
        str | None,
        typer.Option("--mode", metavar="quick|standard|full|single", show_default="full",
                     help="Sizes; single runs --single-step alone."),
    ] = None,
    single_step: Annotated[
        str | None, typer.Option("--single-step", metavar="STEP", show_default=False, help="The step of single.")
    ] = None,
    benchmark: Annotated[
        str | None,
        typer.Option("--dataset", "--benchmark", "-b", metavar="NAME", show_default=False,
                     help="What is to be solved; minipy for the embedded models, else mbpp, where none."),
    ] = None,
    split: Split = None,
    data: Data = None,
    option: BenchmarkOptions = None,
    num_samples: Annotated[str | None, _size("--num-samples", "Samples a problem of the baseline")] = None,
    max_problems: Annotated[str | None, _size("--max-problems", "Problems of the baseline")] = None,
    collect_problems: Annotated[str | None, _size("--collect-problems", "Problems to collect on")] = None,
    ablation_problems: Annotated[
        str | None, _size("--ablation-problems", "Problems to collect on in the ablation and the search")] = None,
    max_configs: Annotated[str | None, _size("--max-configs", "Configurations of the search")] = None,
    num_beams: Annotated[str | None, _size("--num-beams", "Programs a problem")] = None,
    n_iterations: Annotated[str | None, _size("--n-iterations", "Rounds")] = None,
    eval_problems: Annotated[str | None, _size("--eval-problems", "Problems that score in BTP and the studies")] = None,
    eval_samples: Annotated[str | None, _size("--eval-samples", "Programs for each of them")] = None,
    guide_problems: Annotated[str | None, _size("--guide-problems", "Problems of guided decoding")] = None,
    btp: study_.Btp = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan with its estimates, and stop.")] = False,
    calibrate: Annotated[
        bool | None,
        typer.Option("--calibrate/--no-calibrate", show_default="calibrate",
                     help="Have a local model write a few programs to estimate times."),
    ] = None,
    device: model.Device = None,
    api_key: model.ApiKey = None,
    api_base: model.ApiBase = None,
    workers: Workers = None,
    allow_weak_isolation: Weak = False,
    config: model.Config = None,
    output_dir: model.OutputDir = None,
    output_root: model.OutputRoot = None,
    force: model.Force = False,
    seed: model.Seed = None,
) -> None:
    """Run all steps, from the baseline to the report; what is complete is not repeated."""
    given = {key: value for key, value in locals().items() if key not in ("config", "dry_run")}
    options = _options(given, config)
    if dry_run:
        from eg_cfg.studies.suite_plan import make_plan

        print_plan(make_plan(options), None)
        return
    from eg_cfg.cli.progress import progress
    from eg_cfg.studies.suite import run_suite

    outcome = run_suite(options, watch=progress, say=lambda line: print(line, flush=True), announce=print_plan)
    print_outcome(outcome)
    if outcome.failed:
        raise typer.Exit(1)


def _options(given: dict[str, Any], config: str | None) -> Any:
    from pathlib import Path

    from eg_cfg.config import assignments, build, load
    from eg_cfg.studies.suite_options import SuiteOptions

    values = {key: value for key, value in given.items()
              if value is not None and not (key in study_.SWITCHES and value is False)}
    for name in ("option", "btp"):
        if name in values:
            values[name] = assignments(values[name], "--" + name)
    if "benchmark" in values:
        values["dataset"] = values.pop("benchmark")
    if values.get("experiment") == "btp_finetune" and "btp_mode" not in values and not values.get("api_base"):
        from eg_cfg.models.registry import resolve

        name = str(values.get("model_name", ""))
        values["btp_mode"] = "hybrid" if name and resolve(name).backend == "openai" else "finetune"
    return build(SuiteOptions, values) if config is None else load(SuiteOptions, Path(config), values)


def print_plan(steps: list[Step], folder: Path | None) -> None:
    """A row a step: what it takes, about."""
    from rich.console import Console
    from rich.table import Table

    from eg_cfg.studies.suite import _duration

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("step", "programs", "trainings", "time, about", "API cost, about"):
        table.add_column(column, justify="left" if column == "step" else "right")
    known = [step.estimate for step in steps if step.estimate is not None]
    for step in steps:
        one = step.estimate
        if one is None:
            table.add_row(step.name, "-", "-", "skipped" if step.unable else "done", "-")
        else:
            table.add_row(step.name, f"{one.programs:,}", str(one.trainings),
                          "unknown" if one.seconds is None else _duration(one.seconds),
                          _money(one.cost, one.cost_at_most))
    if len(known) > 1:
        times = [one.seconds for one in known]
        costs = [one.cost for one in known]
        table.add_row("all", f"{sum(one.programs for one in known):,}", str(sum(one.trainings for one in known)),
                      "unknown" if None in times else _duration(sum(filter(None, times))),
                      _money(None if None in costs else sum(filter(None, costs)), None))
    Console(highlight=False, soft_wrap=True).print(table)
    for step in steps:
        if step.unable:
            print(f"{step.name}: {step.unable}")
    if folder is not None:
        print(f"in {folder}", flush=True)


def _money(cost: float | None, most: float | None) -> str:
    if cost is None:
        return "unknown"
    if cost == 0:
        return "none"
    return f"${cost:,.2f}" + ("" if most is None else f" (at most ${most:,.2f})")


def print_outcome(outcome: SuiteOutcome) -> None:
    """A line a step, a line a failure, and where all of it is."""
    print()
    for step in outcome.steps:
        seconds = "" if step["seconds"] is None else f", {step['seconds']:.0f} s"
        print(f"{step['name']:<15} {step['status']}{seconds}: {outcome.folder / step['results']}")
    for step in outcome.steps:
        if step["error"]:
            print(f"{step['name']}: {step['status']}: {step['error']}")
    if outcome.report is None:
        print(f"report: {outcome.folder / 'report.html'}")
    else:
        print(f"no report: {outcome.report}")
