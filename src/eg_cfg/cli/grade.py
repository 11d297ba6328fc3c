"""`eg-cfg grade`: run what a model wrote against a benchmark's tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from eg_cfg.cli.arguments import (
    Benchmark,
    BenchmarkOptions,
    Comparison,
    Data,
    Isolation,
    K,
    Seed,
    Split,
    Timeout,
    Weak,
    Workers,
    numbers,
)

if TYPE_CHECKING:
    from eg_cfg.studies.grade import GradeOutcome


def grade(
    benchmark: Benchmark,
    samples: Annotated[
        str, typer.Option("--samples", metavar="FILE", help="What the model wrote: .jsonl or .jsonl.gz.")
    ],
    split: Split = None,
    data: Data = None,
    option: BenchmarkOptions = None,
    k: K = None,
    extract: Annotated[
        str,
        typer.Option(
            "--extract",
            metavar="verbatim|completion|solution|chat",
            help="How a program is taken out of a sample.",
        ),
    ] = "verbatim",
    workers: Workers = None,
    timeout: Timeout = None,
    isolation: Isolation = None,
    comparison: Comparison = None,
    allow_weak_isolation: Weak = False,
    output_dir: Annotated[
        str | None,
        typer.Option(
            "--output-dir",
            "-o",
            metavar="DIR",
            show_default=False,
            help="Run folder; one under runs/ where none.",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Start over, whatever is in the run folder.")] = False,
    seed: Seed = "42",
) -> None:
    """Grade samples; started again, it grades only what is new."""
    from eg_cfg.cli.progress import progress
    from eg_cfg.config import assignments, build
    from eg_cfg.studies.grade import GradeOptions
    from eg_cfg.studies.grade import grade as study

    options = build(
        GradeOptions,
        {
            "benchmark": benchmark,
            "samples": samples,
            "split": split,
            "data": data,
            "option": assignments(option or ()),
            "k": numbers(k),
            "extract": extract,
            "workers": workers,
            "timeout": timeout,
            "isolation": isolation,
            "comparison": comparison,
            "allow_weak_isolation": allow_weak_isolation,
            "output_dir": output_dir,
            "force": force,
            "seed": seed,
        },
    )
    with progress("grading") as update:
        outcome = study(options, update)
    _print(outcome)


def _print(outcome: GradeOutcome) -> None:
    from rich.console import Console
    from rich.table import Table

    results = outcome.results
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold")
    table.add_column(justify="right")
    table.add_column()
    split = f", split {results['split']}" if results["split"] else ""
    table.add_row("benchmark", str(results["benchmark"]) + split, "")
    table.add_row("problems", str(results["problems"]), "")
    table.add_row("samples", str(results["samples"]), _samples_note(results))
    table.add_row("coverage", f"{100 * results['coverage']:.1f} %", "of the problems have samples")
    for name, estimate in results.items():
        if name.startswith("pass@"):
            table.add_row(
                name,
                f"{100 * estimate['value']:.1f} %",
                f"95 % interval {100 * estimate['low']:.1f} to {100 * estimate['high']:.1f}",
            )
    table.add_row(
        "tests passed",
        f"{100 * results['average_pass_rate']['value']:.1f} %",
        "of a program's tests, on average",
    )
    for name, count in results["outcomes"].items():
        if count or name == "passed":
            table.add_row(name.replace("_", " "), str(count), f"{100 * count / results['samples']:.1f} %")
    table.add_row("truncated, empty", f"{results['truncated']}, {results['empty']}", "as the model wrote them")
    if results["unparsable"]:
        table.add_row("unparsable", str(results["unparsable"]), "no Python could be taken out of them")
    Console().print(table)
    remark = _remark(outcome)
    if remark:
        print(remark)
    if outcome.dropped:
        print(f"verdicts of rows that are no longer in the file, dropped: {outcome.dropped}")
    if outcome.reused:
        print(f"{outcome.reused} graded earlier, {outcome.graded} now")
    if outcome.torn:
        print("one half-written row of an interrupted start was dropped and graded again")
    print(f"written to {outcome.folder}")


def _samples_note(results: dict[str, Any]) -> str:
    low, high = results["samples_per_problem"]
    return f"{low} a problem" if low == high else f"{low} to {high} a problem"


def _remark(outcome: GradeOutcome) -> str:
    """What a reader of the scores should know of the samples; empty where there is nothing to say."""
    parts = []
    low, high = outcome.results["samples_per_problem"]
    if low != high:
        parts.append(f"samples a problem: {low} to {high}")
    if outcome.missing:
        few = ", ".join([*outcome.missing[:3], *(["..."] if len(outcome.missing) > 3 else [])])
        parts.append(f"{len(outcome.missing)} of {outcome.results['problems']} problems have none ({few})")
    if outcome.repeats:
        parts.append(f"rows that repeat another's program: {outcome.repeats}")
    return "; ".join(parts)
