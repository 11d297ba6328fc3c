"""The report for a terminal: the same tables, without figures and programs."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from eg_cfg.reports.assembly import Report
from eg_cfg.reports.cells import cut, printable
from eg_cfg.reports.content import Section, Table
from eg_cfg.reports.tables import to_text as table_text

_WIDTH = 100


def to_text(report: Report) -> str:
    """The text of `experiment_report.txt`."""
    return "\n".join(line.rstrip() for line in _lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    title = printable(cut(report.title))
    yield title
    yield "=" * len(title)
    yield ""
    for part in report.parts:
        if isinstance(part, Table):
            yield from _table(part)
    for section in report.sections:
        yield from _section(section)
    if report.notes:
        yield "Left out, and doubtful"
        yield "----------------------"
        for note in report.notes:
            yield from _wrapped(f"- {printable(note)}", "  ")


def _section(section: Section) -> Iterator[str]:
    title = printable(cut(section.title))
    yield title
    yield "-" * len(title)
    yield f"folder: {printable(cut(section.place))}"
    for name, value in section.facts:
        yield from _wrapped(printable(f"{cut(name)}: {cut(value)}"), "  ")
    for remark in section.remarks:
        yield from _wrapped(printable(cut(remark, 2_000)), "  ")
    yield ""
    for part in section.parts:
        if isinstance(part, Table) and not part.secondary:
            yield from _table(part)


def _table(table: Table) -> Iterator[str]:
    yield f"{printable(cut(table.title))}:"
    yield ""
    yield from table_text(table, indent="  ")
    yield ""
    if table.note:
        yield from _wrapped(f"  {table.note}", "  ")
        yield ""


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
