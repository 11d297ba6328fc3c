"""Tables as files and as text: CSV with every digit, LaTeX for a paper, columns for a terminal."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Sequence
from typing import Any

from eg_cfg.reports.cells import RIGHT, cut, printable, raw, raw_titles, show, split
from eg_cfg.reports.content import Table

_FORMULA = re.compile("^\\s*[=+\\-@|%\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}\N{FULLWIDTH HYPHEN-MINUS}"
                      "\N{FULLWIDTH COMMERCIAL AT}]")
_TEXT_ROWS = 200
"""Rows of a table in the text report; CSV has all."""
_CSV_LIMIT = 2_000
_LATEX = {"\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
          "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
          "|": r"\textbar{}", "–": "--", "γ": r"$\gamma$", "Δ": r"$\Delta$", "α": r"$\alpha$", "±": r"$\pm$",
          "→": r"$\to$", "−": "$-$", "×": r"$\times$"}


def to_csv(table: Table) -> str:
    """RFC 4180; shares in [0, 1], unknown is empty.

    A text that a spreadsheet would take for a formula gets an apostrophe before it: models choose some of the names.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([_cell(title) for column in table.columns for title in raw_titles(column)])
    for row in table.rows:
        writer.writerow([_cell(cell) for column, value in zip(table.columns, row, strict=True)
                         for cell in raw(value, column)])
    return out.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, int | float):
        return value
    text = printable(cut(str(value), _CSV_LIMIT))
    return f"'{text}" if _FORMULA.match(text) else text


def to_latex(table: Table) -> str:
    """A `table` for booktabs; intervals stand in small type behind their numbers."""
    table = table.visible()
    lines = [
        "% needs \\usepackage{booktabs}",
        "\\begin{table}[t]",
        "  \\centering",
        f"  \\caption{{{latex(table.title)}.{' ' + latex(table.note) if table.note else ''}}}",
        f"  \\label{{tab:{re.sub('[^a-z0-9]+', '-', table.name.lower())}}}",
        f"  \\begin{{tabular}}{{{''.join('r' if column.kind in RIGHT else 'l' for column in table.columns)}}}",
        "    \\toprule",
        "    " + " & ".join(latex(_title(column.title, column.kind)) for column in table.columns) + " \\\\",
        "    \\midrule",
    ]
    for row in table.rows:
        lines.append("    " + " & ".join(_latex_cell(value, column.kind)
                                         for column, value in zip(table.columns, row, strict=True)) + " \\\\")
    return "\n".join([*lines, "    \\bottomrule", "  \\end{tabular}", "\\end{table}", ""])


def _title(title: str, kind: str) -> str:
    return f"{title} (%)" if kind in ("share", "estimate", "percent") and "%" not in title else title


def _latex_cell(value: Any, kind: Any) -> str:
    if value is None:
        return "--"
    if kind in ("estimate", "points"):
        main, interval = split(value, kind)
        main = main.replace("-", "$-$") if main.startswith("-") else main
        return f"{main} {{\\scriptsize ({latex(interval)})}}" if interval else main
    text = show(value, kind)
    if kind == "code":
        return f"\\texttt{{{latex(text)}}}"
    return "$-$" + latex(text[1:]) if kind in RIGHT and text.startswith("-") else latex(text)


def latex(text: str) -> str:
    """Text that LaTeX prints as it is."""
    return "".join(_LATEX.get(char, char) for char in printable(text))


def to_text(table: Table, *, indent: str = "") -> list[str]:
    """Lines of a table with aligned columns."""
    table = table.visible()
    heads = [printable(cut(_title(column.title, column.kind))) for column in table.columns]
    cells = [[show(value, column.kind) for column, value in zip(table.columns, row, strict=True)]
             for row in table.rows[:_TEXT_ROWS]]
    more = len(table.rows) - _TEXT_ROWS
    widths = [max(len(head), *(len(row[place]) for row in cells), 0) for place, head in enumerate(heads)]
    right = [column.kind in RIGHT for column in table.columns]
    rule = "  ".join("-" * width for width in widths)
    lines = [_line(heads, widths, right), rule, *(_line(row, widths, right) for row in cells)]
    if more > 0:
        lines.append(f"{more:,} more rows are in the table's CSV file")
    return [f"{indent}{line}".rstrip() for line in lines]


def _line(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    return "  ".join(cell.rjust(width) if flush else cell.ljust(width)
                     for cell, width, flush in zip(cells, widths, right, strict=True))
