"""What a report says, before it is anything on paper: sections of tables, figures and records.

    Table("headline", "Results", (Column("model", "model"), Column("pass@1", "pass@1", "share")), rows)

Every number is here once, as it was read; HTML, text, CSV and LaTeX are made from these.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["text", "code", "integer", "number", "share", "estimate", "points", "percent", "p", "seconds", "mib"]
"""How a column's values read: `share` is a number in [0, 1]; `estimate` a share with its interval, as a mapping of
`value`, `low` and `high`; `points` the same for a difference of shares; `percent` is a number of percent."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table."""

    key: str
    """In CSV."""
    title: str
    kind: Kind = "text"
    hidden: bool = False
    """Whether it is in CSV alone: the same in every row, and said elsewhere."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table; a cell is None where the number is unknown, and then says nothing."""

    name: str
    """Stem of its files; the same in every report of such a run."""
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Any, ...], ...]
    note: str = ""
    """What the columns mean."""
    secondary: bool = False
    """Whether it is folded away in HTML and left out of the text report, as long tables are."""

    def trimmed(self) -> Table:
        """Without columns in which nothing is known."""
        return self._with([place for place in range(len(self.columns))
                           if any(row[place] is not None for row in self.rows)])

    def visible(self) -> Table:
        """Without columns that are for CSV alone."""
        return self._with([place for place, column in enumerate(self.columns) if not column.hidden])

    def _with(self, kept: Sequence[int]) -> Table:
        return Table(self.name, self.title, tuple(self.columns[place] for place in kept),
                     tuple(tuple(row[place] for place in kept) for row in self.rows), self.note, self.secondary)


@dataclass(frozen=True, slots=True)
class Figure:
    """A drawing."""

    name: str
    title: str
    svg: str
    """The whole `<svg>` element; everything in it is escaped."""
    note: str = ""
    wide: bool = False
    small: bool = False
    """Whether several stand in a row."""


@dataclass(frozen=True, slots=True)
class Examples:
    """Failures to look at, by kind."""

    title: str
    groups: tuple[tuple[str, tuple[Example, ...]], ...]


@dataclass(frozen=True, slots=True)
class Example:
    """A program that failed, and how."""

    task_id: str
    index: int
    detail: str
    program: str


@dataclass(frozen=True, slots=True)
class Browser:
    """Every problem with its programs and verdicts; details are read when they are asked for."""

    name: str
    title: str
    problems: tuple[Mapping[str, Any], ...]
    """As `reports.problems` makes them."""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Steps:
    """Guided solutions to go through line by line."""

    name: str
    title: str
    solutions: tuple[Mapping[str, Any], ...]
    """As `reports.steps` makes them."""
    note: str = ""


Part = Table | Figure | Examples | Browser | Steps


@dataclass(slots=True)
class Section:
    """One run."""

    key: str
    """Distinct within the report; made of letters, digits and dashes."""
    title: str
    place: str
    """The run's folder, from the report's."""
    facts: list[tuple[str, str]] = field(default_factory=list)
    """What the run was: model, benchmark, how it sampled."""
    remarks: list[str] = field(default_factory=list)
    """What a reader has to know before the numbers."""
    parts: list[Part] = field(default_factory=list)
    headline: list[Headline] = field(default_factory=list)
    """Its rows in the first table of the report."""
    costs: list[Cost] = field(default_factory=list)
    configuration: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Headline:
    """A method on a benchmark."""

    method: str
    model: str
    benchmark: str
    problems: int | None
    samples: int | None
    """Programs a problem."""
    pass_at: Mapping[int, Mapping[str, float]]
    """Estimates by k."""
    difference: Mapping[str, float] | None = None
    """Of pass@1 from what it is held against."""
    against: str | None = None
    p_value: float | None = None
    rsr: float | None = None
    """In percent."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What something took; unknown is None."""

    what: str
    seconds: float | None = None
    prompt_tokens: float | None = None
    completion_tokens: float | None = None
    other_tokens: float | None = None
    memory_mb: float | None = None
    gpu_memory_mb: float | None = None
    dollars: float | None = None

    @property
    def known(self) -> bool:
        """Whether anything is known."""
        return any(getattr(self, name) is not None for name in self.__slots__ if name != "what")
