"""A section on guided decoding: methods side by side, what each problem came to, and solutions step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from eg_cfg.reports.charts import forest, spent, tiles
from eg_cfg.reports.content import Browser, Column, Cost, Figure, Headline, Part, Section, Steps, Table
from eg_cfg.reports.evaluation_section import outcomes_figure
from eg_cfg.reports.guide_files import Trial, chosen_steps, methods_of, prompts_of, read_trials
from eg_cfg.reports.problems import solved_programs
from eg_cfg.reports.reading import Notes, estimate, items, mapping, number, read_object, whole
from eg_cfg.reports.runs import Run

STEPS_BYTES = 2_000_000
"""Compressed bytes of steps that are taken into a report, all guided runs together: a few hundred solutions of short
programs, which is what a person may look at, and what is read in two seconds."""
_TILES = 1_000
"""Columns of the figure of problems."""
_COLUMNS = (
    Column("method", "method"), Column("trial", "trial", "code"), Column("gamma", "gamma", "number"),
    Column("solved", "solved", "integer"), Column("problems", "problems", "integer"),
    Column("share", "solved, %", "estimate"), Column("against_greedy", "against greedy", "points"),
    Column("against_greedy_p", "p", "p"), Column("against_best", "against best of N", "points"),
    Column("against_best_p", "p", "p"))
_COSTS = (
    Column("method", "method"), Column("trial", "trial", "code"), Column("sampled", "programs sampled", "number"),
    Column("tokens", "tokens", "number"), Column("passes", "forward passes", "number"),
    Column("runs", "runs", "number"), Column("seconds", "seconds", "number"))

Result = Mapping[str, Any]


def guide_section(run: Run, notes: Notes, key: str, *, budget: int = STEPS_BYTES) -> Section | None:
    """The section of a guided run.

    Args:
        run: The run.
        notes: Takes what has to be said about its files.
        key: Of the section.
        budget: Compressed bytes of steps that may be taken in.
    """
    results = read_object(run.folder / "guide_results.json", notes)
    if results is None:
        return None
    rows = items(results.get("rows"))
    model = str(results.get("model") or "")
    benchmark = " ".join(str(results[name]) for name in ("benchmark", "split") if results.get(name))
    section = Section(key, f"EG-CFG: {model}", notes.place(run.folder))
    section.configuration = mapping(results.get("configuration"))
    section.versions = {name: str(value) for name, value in mapping(results.get("versions")).items()}
    section.facts = _facts(results, model, benchmark)
    section.remarks = _remarks(results)
    names = names_of(rows)
    section.headline = [_headline(name, row, model, benchmark) for name, row in zip(names, rows, strict=True)
                        if estimate(row.get("share"))]
    section.costs = [Cost(name, number(row.get("seconds")), other_tokens=number(row.get("tokens")))
                     for name, row in zip(names, rows, strict=True)
                     if row.get("method") not in ("any", "first_passing_shown")]
    trials = read_trials(run.folder, rows, notes)
    section.parts = [*_tables(key, rows), *_figures(key, rows, trials), *_records(key, trials, notes, budget)]
    return section


def names_of(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The names of rows, so that they can be told from one another outside of their table."""
    several = len({row.get("trial") for row in rows if row.get("trial")}) > 1
    baselines = sum(row.get("method") == "best_of_n" for row in rows)
    found = []
    for row in rows:
        name = method(row)
        if row.get("method") == "best_of_n" and baselines > 1 and number(row.get("gamma")) is not None:
            name += f", beside gamma {_plain(row['gamma'])}"
        if several and row.get("trial"):
            name += f" ({row['trial']})"
        found.append(name)
    return found


def method(row: Mapping[str, Any]) -> str:
    """A row's name in its table."""
    match row.get("method"):
        case "greedy":
            return "greedy"
        case "guided":
            accepting = ", accepting" if row.get("accept_passing") else ""
            return f"EG-CFG, gamma {_plain(row.get('gamma'))}{accepting}"
        case "best_of_n":
            counts = row.get("programs_sampled_per_problem")
            low, high = counts if isinstance(counts, list) and len(counts) == 2 else ("?", "?")
            return f"best of {low}" if low == high else f"best of {low} to {high}"
        case "best_of_time":
            counts = row.get("programs_sampled_per_problem")
            low, high = counts if isinstance(counts, list) and len(counts) == 2 else ("?", "?")
            return f"best of {low} to {high} in the same wall time"
        case "first_passing_shown":
            return "first that passes the shown tests"
        case "any":
            return "any that passes (knows the answer)"
    return str(row.get("method"))


def _plain(value: Any) -> str:
    return f"{value:g}" if isinstance(value, int | float) else "?"


def _facts(results: Mapping[str, Any], model: str, benchmark: str) -> list[tuple[str, str]]:
    dataset = mapping(results.get("dataset"))
    facts = [("model", model), ("benchmark", benchmark), ("problems", str(results.get("problems") or "")),
             ("solutions", str(results.get("solutions") or "")),
             ("data", ", ".join(str(dataset[name]) for name in ("source", "fingerprint") if dataset.get(name))),
             ("seed", str(mapping(results.get("configuration")).get("seed", "")))]
    return [(name, value) for name, value in facts if value]


def _remarks(results: Mapping[str, Any]) -> list[str]:
    shown, blind, count = (whole(results.get(name)) or 0 for name in
                           ("problems_scored_by_shown_tests", "problems_without_shown_tests", "problems"))
    remarks = []
    if shown:
        remarks.append(f"In {shown} of {count} problems the shown tests are the tests that score (MBPP's published "
                       "protocol): guidance and best of N have seen them.")
    if blind:
        remarks.append(f"{blind} of {count} problems show no tests: nothing guides or filters there.")
    if results.get("use_global_cache"):
        remarks.append("Later trials have only the problems that no earlier one had solved.")
    return remarks


def _headline(name: str, row: Mapping[str, Any], model: str, benchmark: str) -> Headline:
    share = estimate(row.get("share")) or {}
    against = mapping(row.get("against_greedy"))
    difference = estimate(against.get("difference"))
    return Headline(name, model, benchmark, whole(row.get("problems")), 1, {1: share}, difference,
                    "greedy" if difference else None, number(against.get("p_value")))


def _tables(key: str, rows: Sequence[Mapping[str, Any]]) -> list[Part]:
    scores, costs = [], []
    for row in rows:
        greedy, best = mapping(row.get("against_greedy")), mapping(row.get("against_best_of_n"))
        problems = whole(row.get("problems")) or 0
        gamma = number(row.get("gamma")) if row.get("method") == "guided" else None
        scores.append((method(row), row.get("trial"), gamma, whole(row.get("solved")), problems,
                       estimate(row.get("share")), estimate(greedy.get("difference")), number(greedy.get("p_value")),
                       estimate(best.get("difference")), number(best.get("p_value"))))
        spent = [number(row.get(name)) for name in ("programs_sampled", "tokens", "forward_passes", "executions",
                                                    "seconds")]
        if problems:
            costs.append((method(row), row.get("trial"),
                          *(None if value is None else value / problems for value in spent)))
    return [
        Table(f"{key}_scores", "Methods", _COLUMNS, tuple(scores),
              "Solved: the program that was handed in passes the tests that score. Differences are paired, in "
              "percentage points, with McNemar's exact p.").trimmed(),
        Table(f"{key}_costs", "Cost of a problem", _COSTS, tuple(costs),
              "Tokens and passes as if each method were run alone; runs of unique programs on the shown tests; "
              "seconds from a problem's first token to its last, with others under way.").trimmed(),
    ]


def _figures(key: str, rows: Sequence[Mapping[str, Any]], trials: Sequence[Trial]) -> list[Part]:
    series = {"greedy": 6, "guided": 0, "best_of_n": 4, "first_passing_shown": 2, "any": 3}
    shares = [(name, share, series.get(str(row.get("method")), 6))
              for name, row in zip(names_of(rows), rows, strict=True)
              if (share := estimate(row.get("share"))) is not None]
    parts: list[Part] = []
    if shares:
        parts.append(Figure(f"{key}_solved", "Solved problems", forest(
            "Share of problems solved by each method", shares[:24], "solved, %"), "With 95 % intervals."))
    costs = [point for row in rows if (point := _cost(row, series)) is not None]
    if len(costs) > 1:
        parts.append(Figure(f"{key}_cost", "Solved problems and their price", spent(
            "Share of problems solved over tokens a problem", costs[:24], "tokens through the network, a problem",
            "solved, %"), "With 95 % intervals; the number beside a marker is gamma."))
    methods = methods_of(trials)
    tasks = list(dict.fromkeys(task for _, results in methods for task in results))
    if methods:
        parts.append(outcomes_figure(key, [(name, _outcomes(results)) for name, results in methods[:10]],
                                     "Programs by outcome"))
        order = sorted(tasks, key=lambda task: (-sum(bool(results.get(task, {}).get("passed"))
                                                     for _, results in methods), tasks.index(task)))
        order = order[:_TILES]
        solved = [[None if task not in results else bool(results[task].get("passed")) for task in order]
                  for _, results in methods[:12]]
        parts.append(Figure(f"{key}_per_problem", "Each problem, by method", tiles(
            "Which method solves which problem", [name for name, _ in methods[:12]], solved),
            "A column is a problem: filled where it is solved. Problems that most methods solve are on the left."
            + ("" if len(order) == len(tasks) else f" The first {len(order):,} of {len(tasks):,} problems."),
            wide=True))
    return parts


def _cost(row: Mapping[str, Any], series: Mapping[str, int]) -> tuple[str, str, int, float, dict[str, float]] | None:
    """A row's point in the figure of prices."""
    name = {"greedy": "greedy", "guided": "EG-CFG", "best_of_n": "best of N"}.get(str(row.get("method")))
    share, tokens, count = estimate(row.get("share")), number(row.get("tokens")), whole(row.get("problems"))
    if name is None or share is None or not tokens or not count or tokens < 0 or count < 0:
        return None
    beside = _plain(row.get("gamma")) if name == "EG-CFG" else ""
    return name, beside, series[str(row["method"])], tokens / count, share


def _outcomes(results: Mapping[str, Result]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for result in results.values():
        outcome = str(result.get("outcome", "passed" if result.get("passed") else "wrong_answer"))
        counts[outcome] = counts.get(outcome, 0) + 1
    return counts


def _records(key: str, trials: Sequence[Trial], notes: Notes, budget: int) -> list[Part]:
    methods = methods_of(trials)
    tasks = dict.fromkeys(task for _, results in methods for task in results)
    steps, left_out = chosen_steps(trials, notes, budget)
    prompts = prompts_of(trials, notes)
    problems = tuple(solved_programs(task, prompts.get(task), [(name, results[task]) for name, results in methods
                                                               if task in results]) for task in tasks)
    parts: list[Part] = []
    if steps:
        note = "" if not left_out else f"{left_out} more solutions are in the run's folder; these are the ones that " \
                                       "guidance changed, as many as fit."
        parts.append(Steps(f"{key}-steps", "Step by step", tuple(steps), note))
    if problems:
        parts.append(Browser(f"{key}-problems", "Every problem", problems))
    return parts
