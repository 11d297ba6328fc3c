"""`eg-cfg demo`: the embedded model on the embedded benchmark, from sampling to a graded table."""

from __future__ import annotations

from typing import Annotated

import typer

from eg_cfg.cli import model_arguments as model
from eg_cfg.cli.arguments import Weak, Workers

PROBLEMS = 50
SAMPLES = 5


def demo(
    model_name: model.ModelName = "tiny",
    max_problems: Annotated[
        str, typer.Option("--max-problems", "--limit", metavar="N", help="The first N problems of the test split.")
    ] = str(PROBLEMS),
    num_samples: Annotated[
        str, typer.Option("--num-samples", "-n", metavar="N", help="Samples a problem.")
    ] = str(SAMPLES),
    workers: Workers = None,
    allow_weak_isolation: Weak = False,
    output_dir: Annotated[
        str, typer.Option("--output-dir", "-o", metavar="DIR", help="Run folder; begun anew.")
    ] = ".demo",
) -> None:
    """The embedded model on the embedded benchmark: sample, grade, report. Takes a minute or two."""
    from eg_cfg.cli.baseline import print_report
    from eg_cfg.cli.progress import progress
    from eg_cfg.studies.baseline import BaselineOptions, baseline

    options = model.options_of(BaselineOptions, {
        "model_name": model_name,
        "benchmark": "minipy",
        "max_problems": max_problems,
        "num_samples": num_samples,
        "workers": workers,
        "allow_weak_isolation": allow_weak_isolation,
        "output_dir": output_dir,
        "force": True,
    }, None)
    with progress("sampling and grading") as update:
        outcome = baseline(options, update, model.print_settings)
    print_report(outcome)
