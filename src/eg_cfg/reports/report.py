"""Writes the report of a folder: `report.html`, `experiment_report.txt`, tables as CSV and LaTeX, figures as SVG."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from eg_cfg.errors import DataNotFoundError, RunError
from eg_cfg.records import write_atomically
from eg_cfg.reports.assembly import Report, read_report
from eg_cfg.reports.content import Figure, Table
from eg_cfg.reports.html import to_html
from eg_cfg.reports.svg import standalone
from eg_cfg.reports.tables import to_csv, to_latex
from eg_cfg.reports.text import to_text

HTML = "report.html"
TEXT = "experiment_report.txt"
TABLES = "tables"
FIGURES = "figures"


@dataclass(frozen=True, slots=True)
class ReportFiles:
    """What `write_report` wrote."""

    folder: Path
    html: Path
    """One self-contained page."""
    text: Path
    tables: tuple[Path, ...]
    """CSV and LaTeX, a pair a table."""
    notes: tuple[str, ...]
    """What was left out and why: files that are damaged, steps that are missing."""
    figures: tuple[Path, ...] = ()
    """SVG, for light paper."""


def write_report(folder: Path) -> ReportFiles:
    """Reads what a folder holds: a run, or an experiment with its steps, at any depth.

    Args:
        folder: A run folder, or one that holds run folders; the report is written into it.

    Raises:
        DataNotFoundError: There is no such folder, or no run in it.
        RunError: The report could not be written.
    """
    if not folder.is_dir():
        raise DataNotFoundError(f"expected a run folder, found none at {folder}: name the folder that a run printed as "
                                f"the one it had written to")
    report = read_report(folder)
    if not report.sections:
        told = f" ({'; '.join(report.notes)})" if report.notes else ""
        raise DataNotFoundError(f"expected finished runs in {folder}, found none{told}: name a folder that baseline, "
                                f"grade, guide, btp or a study has written to")
    used: set[str] = set()
    drawn: set[str] = set()
    files: dict[Path, str] = {}
    for table in _tables(report):
        stem = _stem(table.name, used)
        files[folder / TABLES / f"{stem}.csv"] = to_csv(table)
        files[folder / TABLES / f"{stem}.tex"] = to_latex(table)
    figures = {folder / FIGURES / f"{_stem(figure.name, drawn)}.svg": standalone(figure.svg)
               for figure in _figures(report)}
    for path, text in {**files, **figures, folder / TEXT: to_text(report), folder / HTML: to_html(report)}.items():
        _write(path, text)
    return ReportFiles(folder, folder / HTML, folder / TEXT, tuple(files), tuple(report.notes), tuple(figures))


def _stem(name: str, used: set[str]) -> str:
    """A name for files; parts of it come from the runs' files, and lead nowhere."""
    safe = re.sub(r"[^A-Za-z0-9_@+-]+", "-", name)[:100].strip("-") or "part"
    number, stem = 1, safe
    while stem.lower() in used:
        number += 1
        stem = f"{safe}-{number}"
    used.add(stem.lower())
    return stem


def _tables(report: Report) -> Iterator[Table]:
    for part in (*report.parts, *(part for section in report.sections for part in section.parts)):
        if isinstance(part, Table):
            yield part


def _figures(report: Report) -> Iterator[Figure]:
    for part in (*report.parts, *(part for section in report.sections for part in section.parts)):
        if isinstance(part, Figure):
            yield part


def _write(path: Path, text: str) -> None:
    if path.parent.is_symlink() and path.parent.name in (TABLES, FIGURES):
        raise RunError(f"expected a folder at {path.parent}, found a link: remove it, a report is written into its own "
                       f"folder alone")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(f"cannot make the folder {path.parent}: {error.strerror}") from error
    write_atomically(path, [text.encode("utf-8", "replace")])  # a lone surrogate in a program becomes "?"
