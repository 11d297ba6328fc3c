"""The report as one page: static tables and figures, and scripts that sort, filter, browse and step.

Whatever a model wrote is text. Static parts are escaped by the template; records are compressed JSON that the scripts
put into the page as text nodes. The page's policy allows its own script, known by its hash, and nothing else: no other
script runs, and nothing is fetched.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from eg_cfg.reports import svg
from eg_cfg.reports.assembly import Report
from eg_cfg.reports.cells import MISSING, RIGHT, cut, order, printable, show, split, visible
from eg_cfg.reports.content import Browser, Column, Figure, Part, Section, Steps, Table
from eg_cfg.reports.packing import embedded, pack
from eg_cfg.reports.problems import mark

_SCRIPTS = ("page.js", "tables.js", "highlight.js", "problems.js", "steps.js")
_FILTERED_ROWS = 8
"""A table with more rows has a field to filter it by."""
_ROWS = 1_000
"""Rows of a table that are in the page; CSV has all."""
_TIGHT = 3
"""Columns with intervals from which on an interval stands below its number."""
_LONG = 36
_SAFE_LIMIT = 400
_REMARK = 2_000
_SAMPLES = 2_000
"""Marks of one problem."""
_DEPTH = 12


@cache
def _template(name: str) -> str:
    return files("eg_cfg.reports").joinpath("templates", name).read_text(encoding="utf-8")


@cache
def _page() -> Any:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"words": lambda text: printable(cut(text)), "code": visible,
                            "remark": lambda text: printable(cut(text, _REMARK))}
    return environment.from_string(_template("report.html.j2"))


def to_html(report: Report) -> str:
    """The page."""
    script = "(() => {\n'use strict';\n" + "\n".join(_template(name) for name in _SCRIPTS) + "\n})();\n"
    return str(_page().render(
        report=report, sections=report.sections, style=_template("style.css") + svg.style(), script=script,
        digest=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(), hatches=svg.definitions(),
        kind=_kind, row_of=_row_of, table=_table, browser=_browser, steps=_steps, embedded=embedded,
        provenance=_provenance, about=_about(report)))


def _kind(part: Part) -> str:
    return type(part).__name__.lower()


def _row_of(part: Part) -> str:
    """The class of the row that a part stands in with its neighbours; empty where it stands alone."""
    if isinstance(part, Table) and not part.secondary:
        return "tables"
    if not isinstance(part, Figure) or part.wide:
        return ""
    return "figures small" if part.small else "figures"


def _about(report: Report) -> str:
    """Models and benchmarks, in a line."""
    models = dict.fromkeys(one.model for section in report.sections for one in section.headline if one.model)
    benchmarks = dict.fromkeys(one.benchmark for section in report.sections for one in section.headline
                               if one.benchmark)
    named = [name for name in benchmarks if not any(other.startswith(f"{name} ") for other in benchmarks)]
    return " on ".join(filter(None, (", ".join(models), ", ".join(named))))


def _table(table: Table) -> dict[str, Any]:
    """A table's cells as the template sets them."""
    table = table.visible()
    more = len(table.rows) - _ROWS
    return {
        "more": f"{more:,} more rows are in tables/{table.name}.csv." if more > 0 else "",
        "tight": sum(column.kind in ("estimate", "points") for column in table.columns) >= _TIGHT,
        "columns": [{"title": column.title, "style": _style(table, place)}
                    for place, column in enumerate(table.columns)],
        "rows": [[_cell(value, column) for column, value in zip(table.columns, row, strict=True)]
                 for row in table.rows[:_ROWS]],
        "filter": len(table.rows) > _FILTERED_ROWS,
    }


def _style(table: Table, place: int) -> str:
    """The class of a heading: numbers are flush right, long texts need room."""
    if table.columns[place].kind in RIGHT:
        return "r"
    return "long" if any(len(str(row[place])) > _LONG for row in table.rows[:_ROWS]) else ""


def _cell(value: Any, column: Column) -> dict[str, Any]:
    kind = column.kind
    main, interval = (MISSING, "") if value is None else \
        split(value, kind) if kind in ("estimate", "points") else (show(value, kind), "")
    if kind in RIGHT:
        main, interval = main.replace("-", "\N{MINUS SIGN}"), interval.replace("-", "\N{MINUS SIGN}")
    return {"main": main, "interval": interval, "order": order(value, kind), "right": kind in RIGHT,
            "code": kind == "code"}


def _browser(part: Browser) -> dict[str, Any]:
    """The list of problems, and their packed details."""
    packed = pack(part.problems)
    index = []
    for problem, place in zip(part.problems, packed.places, strict=True):
        samples: Sequence[Mapping[str, Any]] = problem["samples"]
        index.append([str(problem["id"]), _marks(samples), *(place or ())])
    outcomes = Counter(sample["o"] for problem in part.problems for sample in problem["samples"])
    note = f"Programs of {packed.left_out:,} problems are in the run's folder alone: there is no room for all of " \
           "them here." if packed.left_out else ""
    return {"pieces": packed.pieces, "note": note, "index": {"problems": index, "outcomes": [
        [mark(outcome), outcome, count] for outcome, count in outcomes.most_common(40)]}}


def _marks(samples: Sequence[Mapping[str, Any]]) -> str:
    """A letter a sample; a space between the samples of one phase and those of the next."""
    marks, before = "", None
    for sample in samples[:_SAMPLES]:
        phase = sample["l"].rpartition(" ")[0] if sample["l"][-1:].isdigit() else None
        if before and phase and phase != before:
            marks += " "
        marks, before = marks + mark(sample["o"]), phase
    return marks


def _steps(part: Steps) -> dict[str, Any]:
    packed = pack(part.solutions)
    index = [[one["task"], one["trial"], one["gamma"], one["passed"], len(one["steps"]), *place]
             for one, place in zip(part.solutions, packed.places, strict=True) if place is not None]
    return {"pieces": packed.pieces, "count": len(index), "index": {"solutions": index}}


def _provenance(section: Section) -> list[tuple[str, str]]:
    """Configuration and versions as names and values."""
    rows = [(name, _value(value)) for name, value in _open(section.configuration).items()
            if value not in (None, {}, [])]
    return [*rows, *((name, printable(value)) for name, value in section.versions.items())]


def _open(value: Any, depth: int = 0) -> Any:
    """Settings without keys, which are secret."""
    if depth > _DEPTH:
        return "…"
    if isinstance(value, Mapping):
        return {str(name): _open(item, depth + 1) for name, item in value.items()
                if not str(name).lower().endswith("key")}
    return [_open(item, depth + 1) for item in value] if isinstance(value, list) else value


def _value(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return printable(text if len(text) <= _SAFE_LIMIT else f"{text[:_SAFE_LIMIT]} …")
