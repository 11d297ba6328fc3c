"""Values of tables as text: the same words in HTML, in the text report and in LaTeX."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from eg_cfg.reports.content import Column, Kind

MISSING = "–"
NAME_LIMIT = 300
"""Characters of a name, or of a text in a table."""
_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u202a-\u202e"
                     "\u2060-\u2064\u2066-\u206f\ufeff\ud800-\udfff]")
RIGHT: frozenset[Kind] = frozenset({"integer", "number", "share", "estimate", "points", "percent", "p", "seconds",
                                    "mib"})
"""Kinds that are set flush right."""


def show(value: Any, kind: Kind) -> str:
    """A cell's text; shares become percent."""
    if value is None:
        return MISSING
    match kind:
        case "estimate" | "points":
            main, interval = split(value, kind)
            return f"{main} ({interval})" if interval else main
        case "integer":
            return f"{round(value):,}"
        case "number":
            return number(value)
        case "share":
            return f"{percent(value):.1f}"
        case "percent":
            return f"{value:.1f}"
        case "p":
            return "<0.0001" if value < 0.0001 else f"{value:.2g}"
        case "seconds":
            return duration(value)
        case "mib":
            return f"{value:,.0f}"
    return printable(cut(str(value)))


def split(value: Mapping[str, float] | float, kind: Kind) -> tuple[str, str]:
    """An estimate's number and its interval, in percent; no interval where none is known."""
    sign = "+" if kind == "points" else ""
    if not isinstance(value, Mapping):
        return f"{percent(value):{sign}.1f}", ""
    low, high = value.get("low"), value.get("high")
    interval = "" if low is None or high is None else f"{percent(low):.1f} to {percent(high):.1f}"
    return f"{percent(value['value']):{sign}.1f}", interval


def percent(share: float) -> float:
    """A share in percent, to one digit; never a negative zero."""
    return round(100 * share, 1) + 0.0


def number(value: float) -> str:
    """Four digits that matter, no more."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return printable(cut(str(value)))
    if not math.isfinite(value):
        return MISSING
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def duration(seconds: float) -> str:
    """`4.2 s`, `3 min 20 s`, `2 h 5 min`."""
    if seconds < 100:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 6000:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def order(value: Any, kind: Kind) -> float | str | None:
    """What a column is sorted by; None is last."""
    if value is None:
        return None
    if kind in ("estimate", "points"):
        return float(value["value"]) if isinstance(value, Mapping) else float(value)
    return float(value) if kind in RIGHT and isinstance(value, int | float) else cut(str(value))


def raw(value: Any, column: Column) -> list[Any]:
    """A cell as CSV has it: unrounded, shares in [0, 1], an estimate in three."""
    if column.kind in ("estimate", "points"):
        if not isinstance(value, Mapping):
            return [value, None, None]
        return [value.get("value"), value.get("low"), value.get("high")]
    return [value]


def raw_titles(column: Column) -> list[str]:
    """The columns of CSV that `raw` fills."""
    if column.kind in ("estimate", "points"):
        return [column.key, f"{column.key}_low", f"{column.key}_high"]
    return [column.key]


def printable(text: str) -> str:
    """Text without characters that steer a terminal or a typesetter."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else " " if char.isspace() else "\N{REPLACEMENT CHARACTER}"
                   for char in text)


def visible(text: str) -> str:
    """Text of several lines in which characters that nobody sees, but that turn others around, are named."""
    return _UNSEEN.sub(lambda found: f"\N{MATHEMATICAL LEFT ANGLE BRACKET}U+{ord(found[0]):04X}"
                                     "\N{MATHEMATICAL RIGHT ANGLE BRACKET}", text)


def cut(text: str, most: int = NAME_LIMIT) -> str:
    """The start of a text that is longer than that."""
    return text if len(text) <= most else f"{text[:most]} …"
