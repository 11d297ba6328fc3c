"""`eg-cfg baseline`: what a model can do as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eg_cfg.cli import model_arguments as model
from eg_cfg.cli.arguments import Comparison, Isolation, K, Timeout, Weak, Workers, with_parameters_of

TYPES = 4
"""Of a kind of failure, at most so many are shown."""
MIN_EXAMPLE = 20
"""Columns below which an example says nothing."""

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eg_cfg.studies.baseline import BaselineOutcome


@with_parameters_of(model.what_samples)
def baseline(
    k: K = None,
    workers: Workers = None,
    timeout: Timeout = None,
    isolation: Isolation = None,
    comparison: Comparison = None,
    allow_weak_isolation: Weak = False,
    config: model.Config = None,
    **given: Any,
) -> None:
    """Sample a model on a benchmark, grade what it writes, and report; started again, it goes on."""
    given.update(k=k, workers=workers, timeout=timeout, isolation=isolation, comparison=comparison,
                 allow_weak_isolation=allow_weak_isolation)
    from eg_cfg.cli.progress import progress
    from eg_cfg.studies.baseline import BaselineOptions
    from eg_cfg.studies.baseline import baseline as study

    options = model.options_of(BaselineOptions, given, config)
    with progress("sampling and grading") as update:
        outcome = study(options, update, model.print_settings)
    print_report(outcome)


def print_report(outcome: BaselineOutcome) -> None:
    """The table of results, the ways in which samples fail, and where all of it is."""
    from rich.console import Console

    from eg_cfg.cli.lines import width, wrapped

    results = outcome.results
    console = Console(highlight=False, width=width())
    print()
    with console.capture() as table:
        console.print(_scores(results))
    print("\n".join(line.rstrip() for line in table.get().splitlines()))
    print()
    for line in _failures(outcome, width()):
        print(line)
    for remark in _remarks(outcome):
        print(wrapped(remark))
    print(f"written to {outcome.folder}")


def _scores(results: dict[str, Any]) -> Any:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold")
    table.add_column(justify="right")
    table.add_column()
    for name, estimate in results.items():
        if name.startswith("pass@"):
            table.add_row(name, *_estimate(estimate))
    filtered = results["filtered_pass@1"]
    if filtered is not None:
        table.add_row("filtered pass@1", *_estimate(filtered))
    table.add_row("success rate", *_estimate(results["success_rate"]))
    table.add_row("tests passed", *_estimate(results["average_pass_rate"]))
    if results["exact_match"] is not None:
        table.add_row("exact match", *_estimate(results["exact_match"]))
    quality = results["code_quality"]["all"]
    means = [f"{quality[key]:.1f} {said}" for key, said in
             (("lines", "lines"), ("complexity", "cyclomatic complexity"), ("findings", "ruff findings"))
             if quality[key] is not None]
    if means:
        table.add_row("code", "", f"{', '.join(means)}, on average")
    tokens, seconds, memory = results["tokens"], results["seconds"], results["peak_memory_mb"]
    table.add_row("tokens", "", f"prompt {_known(tokens['prompt'])}, completion {_known(tokens['completion'])}")
    table.add_row("seconds", "", f"generation {seconds['generation']:.1f}, programs {seconds['grading']:.1f}")
    parts = [f"{name} {value:,.0f} MiB" for name, value in memory.items() if value is not None]
    table.add_row("peak memory", "", ", ".join(parts) or "unknown")
    return table


def _estimate(estimate: dict[str, float]) -> tuple[str, str]:
    return (f"{100 * estimate['value']:.1f} %",
            f"95 % interval {100 * estimate['low']:.1f} to {100 * estimate['high']:.1f}")


def _known(count: int | None) -> str:
    return "unknown" if count is None else f"{count:,}"


def _failures(outcome: BaselineOutcome, width: int) -> Iterator[str]:
    """A line for each way to end: how many, and the first example, cut to the width of the terminal."""
    total = outcome.results["samples"]
    rows = [("passed", outcome.results["outcomes"]["passed"], "")]
    for kind, found in outcome.analysis["kinds"].items():
        types = list(found["types"].items())
        said = kind.replace("_", " ")
        for name, group in types[:TYPES]:
            example = group["examples"][0]
            rows.append((said if name == kind else f"{said}: {name}", group["count"],
                         f"{example['task_id']}: {example['detail']}"))
        if len(types) > TYPES:
            rows.append((f"{said}: {len(types) - TYPES} other types", sum(g["count"] for _, g in types[TYPES:]), ""))
    label = max(len(row[0]) for row in rows)
    for name, count, example in rows:
        line = f"{name:<{label}}  {count:>{len(str(total))}}  {100 * count / total:>5.1f} %"
        room = width - len(line) - 2
        yield f"{line}  {_plain(example, room)}".rstrip() if room > MIN_EXAMPLE else line


def _plain(text: str, width: int) -> str:
    """A line of what a program said, with nothing that a terminal would obey."""
    shown = "".join(c if c.isprintable() and c != "\ufffd" else "?" for c in " ".join(text.split()))
    return shown if len(shown) <= width else f"{shown[: width - 3]}..."


def _remarks(outcome: BaselineOutcome) -> list[str]:
    results = outcome.results
    remarks = []
    texts = outcome.analysis["texts"]
    said = {"truncated": "truncated", "empty": "empty", "unparsable": "unparsable", "token_limit": "at the token limit",
            "context_length": "prompt too long for the model", "content_filter": "refused by the endpoint"}
    if texts:
        found = ", ".join(f"{said[name]} {rows['count']}" for name, rows in texts.items())
        remarks.append(f"texts: {found}")
    filtered = results["filtered_pass@1"]
    if filtered is not None and filtered["unranked"] and results["without_log_prob"]:
        remarks.append(f"filtered pass@1: the model tells no log-probabilities, so in {filtered['unranked']} problems "
                       "any of the samples that were left may be the answer: each counts by its share")
    if any(result.problem.public_tests for result in outcome.evaluation.problems):
        from eg_cfg.studies.evaluation import shows_its_tests

        if all(shows_its_tests(result.problem) for result in outcome.evaluation.problems):
            remarks.append("filtered pass@1: this benchmark shows the tests that it scores with, so the filter knows "
                           "the answer")
    elif filtered is not None:
        remarks.append("filtered pass@1: no problem has tests to show, so it is the likeliest sample's pass@1")
    if outcome.evaluation.generated < results["samples"]:
        remarks.append(f"{results['samples'] - outcome.evaluation.generated} samples from earlier starts, "
                       f"{outcome.evaluation.generated} from this one")
    if outcome.evaluation.torn:
        remarks.append("half-written rows of an interrupted start were dropped and made again")
    return remarks
