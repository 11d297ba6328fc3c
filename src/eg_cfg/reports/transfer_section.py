"""A section on big to small: whose programs teach whom."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eg_cfg.reports.charts import matrix
from eg_cfg.reports.content import Column, Cost, Figure, Headline, Part, Section, Table
from eg_cfg.reports.reading import Notes, estimate, items, mapping, number, read_object, texts, whole
from eg_cfg.reports.runs import Run, benchmark_of

_MODELS, _MATRICES = 30, 12
"""Rows and columns of a matrix, and matrices, that are drawn."""
_PAIRS = (
    Column("source", "writes"), Column("target", "learns"), Column("mixture", "from"),
    Column("before", "before, %", "estimate"), Column("after", "after, %", "estimate"),
    Column("gain", "gain", "points"), Column("p", "p", "p"), Column("rsr", "RSR, %", "percent"),
    Column("better", "better", "integer"),
    Column("worse", "worse", "integer"), Column("status", "status"))
_COLLECTIONS = (
    Column("source", "writes"), Column("dataset", "data"), Column("programs", "programs", "integer"),
    Column("passed", "passed", "integer"), Column("tasks", "problems", "integer"),
    Column("tokens", "tokens", "integer"), Column("status", "status"))


def transfer_section(run: Run, notes: Notes, key: str) -> Section | None:
    """The section of a matrix of sources and targets."""
    results = read_object(run.folder / "transfer_results.json", notes)
    if results is None:
        notes.about(run.folder, "left out, big to small is not finished")
        return None
    benchmark = benchmark_of(results)
    section = Section(key, "Big to small", notes.place(run.folder))
    section.configuration = mapping(results.get("settings"))
    section.versions = {name: str(value) for name, value in mapping(results.get("versions")).items()}
    section.remarks = texts(results.get("note"), results.get("notes"))
    pairs, collections = items(results.get("pairs")), items(results.get("collections"))
    for one in (*pairs, *collections):
        if one.get("error"):
            who = " to ".join(str(one[name]) for name in ("source", "target") if one.get(name))
            section.remarks.append(f"{who}: {one['error']}")
    seeds = results.get("seeds")
    section.facts = [("benchmark", benchmark), ("problems", f"{results.get('problems', '?')}, "
                                                            f"{results.get('samples', '?')} samples each")]
    if isinstance(seeds, list):
        section.facts.append(("seeds", ", ".join(map(str, seeds))))
    several = len({str(one.get("mixture")) for one in pairs}) > 1
    section.headline = [row for one in pairs if (row := _headline(one, benchmark, results, several)) is not None]
    runs = [seed for one in pairs for seed in items(one.get("seeds"))]
    section.costs = [Cost("training all pairs", _total(runs, "training_seconds"),
                          other_tokens=_total(runs, "supervised_tokens"))]
    section.parts = _parts(key, pairs, collections)
    return section


def _headline(pair: Mapping[str, Any], benchmark: str, results: Mapping[str, Any], several: bool) -> Headline | None:
    after = estimate(pair.get("after"))
    if after is None:
        return None
    mixture = f" on {pair.get('mixture')}" if several else ""
    gain = estimate(pair.get("gain"))
    return Headline(f"taught by {pair.get('source')}{mixture}", str(pair.get("target") or ""), benchmark,
                    whole(results.get("problems")), whole(results.get("samples")), {1: after}, gain,
                    "untrained" if gain else None, number(pair.get("p_value")), number(pair.get("rsr")))


def _total(rows: list[dict[str, Any]], name: str) -> float | None:
    values = [value for row in rows if (value := number(row.get(name))) is not None]
    return sum(values) if values else None


def _parts(key: str, pairs: list[dict[str, Any]], collections: list[dict[str, Any]]) -> list[Part]:
    parts: list[Part] = []
    rows = tuple((one.get("source"), one.get("target"), one.get("mixture"), estimate(one.get("before")),
                  estimate(one.get("after")), estimate(one.get("gain")), number(one.get("p_value")),
                  number(one.get("rsr")), whole(one.get("better")), whole(one.get("worse")), one.get("status"))
                 for one in pairs)
    if rows:
        parts.append(Table(f"{key}_pairs", "Who teaches whom", _PAIRS, rows,
                           "pass@1 of the model that learns. Gains are paired over problems and seeds, in percentage "
                           "points; p is two-sided. RSR is the share of what was unsolved that is solved after."))
    for number_of, mixture in enumerate(dict.fromkeys(str(one.get("mixture")) for one in pairs), start=1):
        if number_of > _MATRICES:
            break
        chosen = [one for one in pairs if str(one.get("mixture")) == mixture]
        sources = list(dict.fromkeys(str(one.get("source")) for one in chosen))[:_MODELS]
        targets = list(dict.fromkeys(str(one.get("target")) for one in chosen))[:_MODELS]
        cells = {(sources.index(str(one.get("source"))), targets.index(str(one.get("target")))): gain
                 for one in chosen if str(one.get("source")) in sources and str(one.get("target")) in targets
                 and (gain := estimate(one.get("gain"))) is not None}
        if cells:
            parts.append(Figure(f"{key}_matrix_{number_of}", f"Gains, learnt from {mixture}", matrix(
                "Gains in percentage points: rows write, columns learn", sources, targets, cells),
                "Percentage points of pass@1: a row writes, a column learns.", wide=True))
    if collections:
        parts.append(Table(f"{key}_collections", "What was written", _COLLECTIONS, tuple(
            (one.get("source"), one.get("dataset"), whole(one.get("programs")), whole(one.get("passed")),
             whole(one.get("tasks")), whole(one.get("tokens")), one.get("status")) for one in collections)).trimmed())
    return parts
