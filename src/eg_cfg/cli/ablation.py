"""`eg-cfg ablation`: what each part of a method contributes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from eg_cfg.cli import model_arguments as model
from eg_cfg.cli import study_arguments as study_
from eg_cfg.cli.arguments import BenchmarkOptions, Data, Isolation, Split, Timeout, Weak, Workers

if TYPE_CHECKING:
    from rich.table import Table

    from eg_cfg.studies.ablation import AblationOutcome


def ablation(
    model_name: model.ModelName = None,
    benchmark: model.Benchmark = None,
    split: Split = None,
    data: Data = None,
    option: BenchmarkOptions = None,
    method: Annotated[
        str | None,
        typer.Option("--method", metavar="btp|guide|both", show_default="btp", help="Whose parts are taken away."),
    ] = None,
    arms: Annotated[
        str | None,
        typer.Option("--arms", metavar="A,B", show_default=False,
                     help="Arms of BTP; all where none. --arms ? lists them."),
    ] = None,
    guide_arms: Annotated[
        str | None,
        typer.Option("--guide-arms", metavar="A,B", show_default=False,
                     help="Arms of EG-CFG; all where none. --guide-arms ? lists them."),
    ] = None,
    gamma: Annotated[
        str | None,
        typer.Option("--gamma", metavar="G", show_default="0.5", help="Strength of guidance of the whole of EG-CFG."),
    ] = None,
    guide_trial: Annotated[
        str | None,
        typer.Option("--guide-trial", metavar="TRIAL", show_default="ns3t0.75d2k1_auto_ln",
                     help="Trial string of the whole of EG-CFG; arms differ from it by one thing each."),
    ] = None,
    guide_problems: Annotated[
        str | None,
        typer.Option("--guide-problems", metavar="N", show_default=False,
                     help="Problems for EG-CFG; --eval-problems where none."),
    ] = None,
    target_model: Annotated[
        str | None,
        typer.Option("--target-model", metavar="NAME", show_default=False, help="Learns; the model where none."),
    ] = None,
    num_problems: study_.NumProblems = None,
    eval_problems: study_.EvalProblems = None,
    eval_samples: study_.EvalSamples = None,
    n_iterations: study_.Iterations = None,
    train_tokens: Annotated[
        str | None,
        typer.Option("--train-tokens", metavar="N", show_default=False,
                     help="Tokens that every arm trains on; what the whole method's draws come to where none."),
    ] = None,
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
    """Leave out one part of a method after the other, at equal training, and compare; started again, it goes on."""
    given = {key: value for key, value in locals().items() if key != "config"}
    from eg_cfg.cli.progress import progress
    from eg_cfg.studies.ablation import ablation as study
    from eg_cfg.studies.ablation_options import AblationOptions

    if "?" in (arms, guide_arms):
        _list_arms(guide=guide_arms == "?")
        return
    options = study_.options_of(AblationOptions, given, config)
    outcome = study(options, watch=progress, say=lambda line: print(line, flush=True))
    print_report(outcome)


def _list_arms(*, guide: bool) -> None:
    from eg_cfg.studies.ablation_arms import ARMS
    from eg_cfg.studies.ablation_guide_arms import GUIDE_ARMS

    rows = {name: arm.what for name, arm in (GUIDE_ARMS if guide else ARMS).items()}
    width = max(map(len, rows))
    for name, what in rows.items():
        print(f"{name:<{width}}  {what}")


def print_report(outcome: AblationOutcome) -> None:
    """A table a study, and where all of it is."""
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=True)
    for name, study in outcome.results["studies"].items():
        print(f"\n{'BTP' if name == 'btp' else 'EG-CFG'}: {study['note']}")
        console.print(table_of(study))
        print(f"{study['problems']} problems, {study['samples']} samples each, seeds "
              f"{', '.join(map(str, study['seeds']))}; intervals over problems and seeds, p paired over problems")
        for arm in study["arms"]:
            if arm["error"]:
                print(f"{arm['name']}: not done: {arm['error']}")
    print(f"written to {outcome.folder}")


def table_of(study: dict[str, Any]) -> Table:
    """The arms with their scores and how they compare with the whole method."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("arm", "pass@1, %", "minus full", "p", "ahead", "tokens"):
        table.add_column(column, justify="left" if column == "arm" else "right", no_wrap=True)
    for arm in study["arms"]:
        if arm["pass@1"] is None:
            table.add_row(arm["name"], *("-",) * 5)
            continue
        against = arm["against_full"]
        tokens = [one["supervised_tokens"] for one in arm["seeds"] if one["supervised_tokens"] is not None]
        difference = ("",) * 3 if against is None else (
            cell(against["difference"], "+"), f"{against['p_value']:.3g}",
            f"{against['seeds_ahead']} of {against['seeds']}")
        table.add_row(arm["name"], cell(arm["pass@1"]), *difference,
                      f"{round(sum(tokens) / len(tokens)):,}" if tokens else "-")
    return table


def points(estimate: dict[str, float], sign: str = "") -> str:
    """An estimate in percent or, with a sign, in points, and its interval."""
    return (f"{100 * estimate['value']:{sign}.1f} "
            f"({100 * estimate['low']:{sign}.1f} to {100 * estimate['high']:{sign}.1f})")


def cell(estimate: dict[str, float], sign: str = "") -> str:
    """The same in two lines, for a table's cell."""
    return points(estimate, sign).replace(" (", "\n(", 1)
