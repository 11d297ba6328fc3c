"""A section on a search for hyperparameters: the best configuration, its one score on the test set, and all trials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from eg_cfg.reports.charts import lines, ranked, scatter
from eg_cfg.reports.content import Column, Cost, Figure, Headline, Kind, Part, Section, Table
from eg_cfg.reports.reading import Notes, estimate, items, mapping, number, read_object, texts, whole
from eg_cfg.reports.runs import Run, benchmark_of

_PARAMETERS = 24
"""Parameters that have a column and a figure."""


def hyperparameters_section(run: Run, notes: Notes, key: str) -> Section | None:
    """The section of a search."""
    results = read_object(run.folder / "hyperparameter_study_results.json", notes)
    if results is None:
        notes.about(run.folder, "left out, the search is not finished")
        return None
    model = str(results.get("model") or "")
    benchmark = benchmark_of(results)
    section = Section(key, f"Hyperparameters: {model}", notes.place(run.folder))
    section.configuration = mapping(results.get("settings"))
    section.versions = {name: str(value) for name, value in mapping(results.get("versions")).items()}
    section.remarks = texts(results.get("note"), results.get("notes"))
    trials = items(results.get("trials"))
    section.facts = _facts(results, model, benchmark)
    section.headline = _headline(results, model, benchmark)
    spent = [value for trial in trials if (value := number(trial.get("supervised_tokens"))) is not None]
    section.costs = [Cost("search", number(results.get("seconds")), other_tokens=sum(spent) if spent else None)]
    section.parts = [*_best(key, results), *_trials(key, trials), *_figures(key, results, trials)]
    return section


def _facts(results: Mapping[str, Any], model: str, benchmark: str) -> list[tuple[str, str]]:
    search, objective, counts = (mapping(results.get(name)) for name in ("search", "objective", "counts"))
    facts = [
        ("model", model), ("benchmark", benchmark),
        ("search", ", ".join(str(search[name]) for name in ("type", "space") if search.get(name))),
        ("objective", f"{objective.get('metric')} on {objective.get('on')}, {objective.get('problems')} problems, "
                      f"{objective.get('samples')} samples each" if objective else ""),
        ("trials", ", ".join(f"{count} {state}" for state, count in counts.items() if count))]
    return [(name, value) for name, value in facts if value]


def _headline(results: Mapping[str, Any], model: str, benchmark: str) -> list[Headline]:
    test = mapping(results.get("test"))
    after = estimate(test.get("after"))
    if after is None:
        return []
    difference = estimate(test.get("difference"))
    return [Headline("BTP, best hyperparameters", model, benchmark, whole(test.get("problems")),
                     whole(test.get("samples")), {1: after}, difference, "untrained" if difference else None,
                     number(test.get("p_value")), number(test.get("rsr")))]


def _best(key: str, results: Mapping[str, Any]) -> list[Part]:
    best, test = mapping(results.get("best")), mapping(results.get("test"))
    parts: list[Part] = []
    if best:
        rows = tuple((name, value) for name, value in mapping(best.get("parameters")).items())
        parts.append(Table(f"{key}_best", f"Best configuration: trial {best.get('number')}",
                           (Column("parameter", "parameter", "code"), Column("value", "value", "number")), rows,
                           f"In {best.get('file')}, for eg-cfg btp --config."))
    scores = [("untrained", "validation", estimate(results.get("before"))),
              ("best", "validation", estimate(best.get("pass@1"))),
              ("untrained", "test", estimate(test.get("before"))), ("best", "test", estimate(test.get("after")))]
    known = tuple(row for row in scores if row[2] is not None)
    if known:
        parts.append(Table(f"{key}_scores", "Scores", (Column("model", "model"), Column("on", "on"),
                                                       Column("pass@1", "pass@1, %", "estimate")), known,
                           "The best is chosen on validation, where its score is therefore too high; the test set is "
                           "scored once, for the best alone."))
    return parts


def _trials(key: str, trials: list[dict[str, Any]]) -> list[Part]:
    if not trials:
        return []
    names = list(dict.fromkeys(name for trial in trials for name in mapping(trial.get("parameters"))))[:_PARAMETERS]
    kinds: dict[str, Kind] = {
        name: "number" if all(number(mapping(trial.get("parameters")).get(name)) is not None for trial in trials
                              if name in mapping(trial.get("parameters"))) else "text" for name in names}
    columns = (Column("number", "trial", "integer"), Column("state", "state"),
               Column("value", "when it stopped, %", "share"), Column("pass@1", "pass@1, %", "estimate"),
               *(Column(name, name.replace("_", " "), kinds[name]) for name in names),
               Column("tokens", "tokens learnt", "integer"), Column("seconds", "time", "seconds"),
               Column("error", "error"))
    rows = tuple(_trial(trial, names) for trial in trials)
    return [Table(f"{key}_trials", "Trials", columns, rows, "Validation scores.").trimmed()]


def _trial(trial: Mapping[str, Any], names: Sequence[str]) -> tuple[Any, ...]:
    score, parameters = estimate(trial.get("pass@1")), mapping(trial.get("parameters"))
    return (whole(trial.get("number")), trial.get("state"), None if score else number(trial.get("value")), score,
            *(parameters.get(name) for name in names), whole(trial.get("supervised_tokens")),
            number(trial.get("seconds")), trial.get("error"))


def _figures(key: str, results: Mapping[str, Any], trials: list[dict[str, Any]]) -> list[Part]:
    parts: list[Part] = []
    values = [(float(whole(trial.get("number")) or 0), value) for trial in trials
              if trial.get("state") == "complete" and (value := number(trial.get("value"))) is not None]
    if len(values) > 1:
        best, so_far = [], 0.0
        for place, value in sorted(values):
            so_far = max(so_far, value)
            best.append((place, 100 * so_far))
        found = {"trial": [(place, 100 * value) for place, value in sorted(values)], "best so far": best}
        parts.append(Figure(f"{key}_history", "Trials in order", lines("Validation score by trial", found, "trial",
                                                                       "validation, %")))
    importance = {str(name): share for name, value in mapping(results.get("importance")).items()
                  if (share := number(value)) is not None}
    if importance:
        parts.append(Figure(f"{key}_importance", "Importance", ranked(
            "Share of the differences between trials that each parameter explains", importance, "share, %"),
            "Share of the differences between trials that a parameter explains."))
    for name, points in list(mapping(results.get("slices")).items())[:_PARAMETERS]:
        pairs = [(one.get("x"), value) for one in items(points) if (value := number(one.get("value"))) is not None]
        if len(pairs) > 1:
            parts.append(Figure(f"{key}_slice_{name}", str(name).replace("_", " "), scatter(
                f"Validation score over {name}", pairs, str(name).replace("_", " "), "validation, %"), small=True))
    return parts
