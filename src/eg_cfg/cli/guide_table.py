"""The table at the end of `eg-cfg guide`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.table import Table

    from eg_cfg.studies.guide import GuideOutcome

FEW = 3
"""Trials up to which each has a table of its own; more share one, with the rest in `guide_results.json`."""
_NAMES = {"first_passing_shown": "first passing shown", "any": "any that passes"}


def print_report(outcome: GuideOutcome) -> None:
    """One row a method, what the columns mean, and where everything is."""
    from rich.console import Console

    console = Console(highlight=False)
    rows = outcome.results["rows"]
    prompts = sum(row["method"] == "greedy" for row in rows)
    rows = [{**row, "several_prompts": prompts > 1} for row in rows]
    trials = list(dict.fromkeys(row["trial"] for row in rows if row["trial"]))
    print()
    if len(trials) > FEW:
        console.print(_overview(rows, trials))
        print()
        rows = [row for row in rows if row["trial"] is None]
    console.print(_scores(rows, several=1 < len(trials) <= FEW))
    print()
    console.print(_costs(rows, several=1 < len(trials) <= FEW))
    print()
    for remark in _remarks(outcome):
        print(remark)
    print(f"solutions decoded by this start: {outcome.decoded} of {outcome.results['solutions']}")
    print(f"written to {outcome.folder}")


def _scores(rows: list[dict[str, Any]], *, several: bool) -> Table:
    """What was solved; fits into 80 columns."""
    table = _empty("solved", "%", "95 %", "vs greedy", "p", "vs best", "p")
    for row in _grouped(table, rows, several=several):
        share = row["share"]
        cells = [f"{row['solved']}/{row['problems']}"]
        if share is not None:
            cells += [f"{100 * share['value']:.1f}", f"{100 * share['low']:.1f}-{100 * share['high']:.1f}"]
            for name in ("against_greedy", "against_best_of_n"):
                found = row.get(name)
                cells += ["", ""] if found is None else [f"{100 * found['difference']['value']:+.1f}",
                                                         f"{found['p_value']:.2g}"]
        table.add_row(_name(row), *cells)
    return table


def _costs(rows: list[dict[str, Any]], *, several: bool) -> Table:
    """What it took, a problem."""
    table = _empty("sampled", "tokens", "passes", "runs", "seconds")
    for row in _grouped(table, [row for row in rows if row["problems"]], several=several):
        count = row["problems"]
        cells = [f"{row['programs_sampled'] / count:,.1f}"]
        cells += ["unknown" if row[name] is None else f"{row[name] / count:,.0f}"
                  for name in ("tokens", "forward_passes", "executions")]
        table.add_row(_name(row), *cells, "unknown" if row["seconds"] is None else f"{row['seconds'] / count:,.2f}")
    return table


def _empty(*columns: str) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    table.add_column("")
    for name in columns:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _grouped(table: Table, rows: list[dict[str, Any]], *, several: bool) -> Iterator[dict[str, Any]]:
    """The rows, with a heading before each trial's where there are several."""
    from rich.text import Text

    trial = None
    for row in rows:
        if several and row["trial"] != trial:
            trial = row["trial"]
            table.add_row(Text(trial or "all trials", style="bold"))
        yield row


def _name(row: dict[str, Any]) -> str:
    if row["method"] == "guided":
        return f"gamma {row['gamma']:g}{', accepting' if row['accept_passing'] else ''}"
    if row["method"] == "best_of_n":
        low, high = row["programs_sampled_per_problem"]
        return f"  best of {low}" if low == high else f"  best of {low} to {high}"
    if row["method"] == "best_of_time":
        low, high = row["programs_sampled_per_problem"]
        return f"  timed best of {low}" if low == high else f"  timed best of {low}-{high}"
    if row["method"] == "greedy":
        return f"greedy, {row['prompt_type']}" if row["several_prompts"] else "plain greedy"
    return _NAMES[row["method"]]


def _overview(rows: list[dict[str, Any]], trials: list[str]) -> Table:
    """Solved problems of each trial and gamma, and of best-of-N in brackets."""
    from rich.table import Table

    gammas = list(dict.fromkeys(row["gamma"] for row in rows if row["method"] == "guided"))
    found = {(row["method"], row["trial"], row["gamma"]): row for row in rows}
    table = Table(box=None, pad_edge=False)
    table.add_column("solved (best of N)")
    for gamma in gammas:
        table.add_column(f"gamma {gamma:g}", justify="right")
    for trial in trials:
        cells = []
        for gamma in gammas:
            guided, best = found.get(("guided", trial, gamma)), found.get(("best_of_n", trial, gamma))
            text = "" if guided is None else f"{guided['solved']}/{guided['problems']}"
            cells.append(text + ("" if best is None else f" ({best['solved']})"))
        table.add_row(trial, *cells)
    return table


def _remarks(outcome: GuideOutcome) -> Iterator[str]:
    results = outcome.results
    yield ("solved: the program that was handed in passes the tests that score. vs greedy, vs best: difference in "
           "percentage points on the same problems, to plain greedy and to the best of N below the row, with "
           "McNemar's exact p-value.")
    yield ("means a problem: sampled, continuations for gammas, whole programs for best of N, as many for each task; "
           "tokens and passes through the network, as if each row were decoded alone; runs of unique programs on the "
           "shown tests; seconds from a problem's first token to its last, with others under way at the same time.")
    timed = [row for row in results["rows"] if row["method"] == "best_of_time"]
    if timed:
        bounded = max(row["problems_at_bound"] for row in timed)
        yield ("timed best of: as many whole programs as are sampled, and run on the shown tests, in the wall time "
               "that the row above took for the problem: the time of a batch, divided at each moment among what is "
               "decoded in it, as a draw's is among its programs." + (
                   f" In up to {bounded} problems that is more than the {timed[0]['bound']} that are drawn at most."
                   if bounded else ""))
        for row in results["rows"]:
            found = row.get("against_best_of_time")
            if found is not None:
                yield (f"{row['trial']}, gamma {row['gamma']:g}, against best of N at equal wall time: "
                       f"{100 * found['difference']['value']:+.1f} points, p {found['p_value']:.2g}; "
                       f"{row['shared_seconds'] / max(1, row['problems']):.2f} seconds a problem")
    methods = {row["method"] for row in results["rows"]}
    if "any" in methods:
        yield ("any that passes: some finished program of all gammas and trials passes the tests that score, as a "
               "search counts it; it knows the answer, the row above it does not.")
    shown, blind, count = (results[name] for name in
                           ("problems_scored_by_shown_tests", "problems_without_shown_tests", "problems"))
    if shown:
        yield (f"in {shown} of {count} problems the shown tests are the tests that score (MBPP's published protocol): "
               "guidance, accepting and best of N have seen them.")
    if blind:
        yield f"{blind} of {count} problems show no tests: nothing guides or filters there."
    if results["use_global_cache"] and len({row["trial"] for row in results["rows"] if row["trial"]}) > 1:
        yield ("use_global_cache: a later trial has only the problems that no other had solved, so its rows are on "
               "other problems than the first trial's.")
