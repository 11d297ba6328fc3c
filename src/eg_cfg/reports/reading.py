"""Reads what runs have left, and never fails on a file: what is damaged is named, and the rest is used.

    notes = Notes(folder)
    results = read_object(folder / "results.json", notes)      # None where there is none
    rows = read_lines(folder / "verdicts.jsonl", notes)
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any


class Notes:
    """What has to be said about the files: each once, in the order in which it was found.

    Args:
        root: The report's folder; paths are told from there.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._lines: dict[str, None] = {}

    def add(self, line: str) -> None:
        """Notes a line."""
        self._lines[line] = None

    def about(self, path: Path, what: str) -> None:
        """Notes something about a file."""
        self.add(f"{self.place(path)}: {what}")

    def place(self, path: Path) -> str:
        """A path from the report's folder."""
        try:
            return str(path.relative_to(self.root))
        except ValueError:
            return str(path)

    def __iter__(self) -> Iterator[str]:
        yield from self._lines


def read_object(path: Path, notes: Notes) -> dict[str, Any] | None:
    """A JSON object, gzipped or not; None where there is no file or it holds something else, which is noted."""
    try:
        data = path.read_bytes()
        values = json.loads(gzip.decompress(data) if path.suffix == ".gz" else data)
    except FileNotFoundError:
        return None
    except (OSError, EOFError, ValueError, RecursionError) as error:
        notes.about(path, f"left out, it cannot be read ({_short(error)})")
        return None
    if not isinstance(values, dict):
        notes.about(path, f"left out, expected a JSON object and found a {type(values).__name__}")
        return None
    return values


def read_lines(path: Path, notes: Notes) -> list[dict[str, Any]]:
    """The objects of a JSONL file; lines that are none are counted in a note. Empty where there is no file."""
    rows: list[dict[str, Any]] = []
    bad: list[int] = []
    try:
        with (gzip.open(path) if path.suffix == ".gz" else open(path, "rb")) as lines:
            for number, line in enumerate(lines, start=1):
                try:
                    row = json.loads(line)
                except (ValueError, RecursionError):
                    row = None
                if isinstance(row, dict):
                    rows.append(row)
                elif line.strip():
                    bad.append(number)
    except FileNotFoundError:
        return []
    except (OSError, EOFError) as error:
        notes.about(path, f"read up to line {len(rows) + len(bad)} only ({_short(error)})")
    if bad:
        notes.about(path, f"{len(bad)} of its lines left out, no JSON objects (the first is line {bad[0]})")
    return rows


def _short(error: BaseException) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__


def number(value: Any) -> float | None:
    """A finite number, or None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if value == value and abs(value) != float("inf") else None


def whole(value: Any) -> int | None:
    """A whole number, or None."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def estimate(value: Any) -> dict[str, float] | None:
    """A mapping of value, low and high, or None for anything else."""
    if not isinstance(value, dict):
        return None
    parts = {name: number(value.get(name)) for name in ("value", "low", "high")}
    found = {name: part for name, part in parts.items() if part is not None}
    return found if "value" in found else None


def mapping(value: Any) -> dict[str, Any]:
    """A mapping as it is, anything else as an empty one."""
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[dict[str, Any]]:
    """The mappings of a list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def texts(*values: Any) -> list[str]:
    """Texts, and the texts in lists, among values; what is empty is left out."""
    found: list[str] = []
    for value in values:
        found += [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str) and one]
    return found
