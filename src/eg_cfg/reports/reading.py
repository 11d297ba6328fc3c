"""Reads what runs have left, and never fails on a file: what is damaged is named, and the rest is used.

    notes = Notes(folder)
    results = read_object(folder / "results.json", notes)      # None where there is none
    rows = read_lines(folder / "verdicts.jsonl", notes)

A folder may come from somebody else. Only regular files within the report's folder are read: no pipe, no device, no
link that leads out of it. A line, or a file that is one object, longer than `LONGEST` bytes is left out.
"""

from __future__ import annotations

import gzip
import json
import math
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast

LONGEST = 32_000_000
"""Bytes of one JSON value, unpacked, that are read."""
_NOTES = 60
"""Lines of notes; what is more is counted."""
_GREATEST = 2**63


class Notes:
    """What has to be said about the files: each once, in the order in which it was found.

    Args:
        root: The report's folder; paths are told from there, and nothing outside it is read.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._lines: dict[str, None] = {}
        self._more = 0
        self._real = os.path.realpath(root)
        self._inside: dict[str, bool] = {}

    def add(self, line: str) -> None:
        """Notes a line."""
        line = " ".join(line.split())
        if line in self._lines:
            return
        if len(self._lines) < _NOTES:
            self._lines[line] = None
        else:
            self._more += 1

    def about(self, path: Path, what: str) -> None:
        """Notes something about a file."""
        self.add(f"{self.place(path)}: {what}")

    def place(self, path: Path) -> str:
        """A path from the report's folder."""
        try:
            return str(path.relative_to(self.root))
        except ValueError:
            return str(path)

    def holds(self, path: Path) -> bool:
        """Whether a file is within the report's folder, links followed."""
        try:
            if stat.S_ISLNK(os.lstat(path).st_mode):
                return self._within(os.path.realpath(path))
        except (OSError, ValueError):  # it is not there, or its name is none
            return False
        folder = str(path.parent)
        if folder not in self._inside:
            self._inside[folder] = self._within(os.path.realpath(folder))
        return self._inside[folder]

    def _within(self, real: str) -> bool:
        return real == self._real or real.startswith(self._real.rstrip(os.sep) + os.sep)

    def __iter__(self) -> Iterator[str]:
        yield from self._lines
        if self._more:
            yield f"{self._more:,} more of that kind"


def read_object(path: Path, notes: Notes) -> dict[str, Any] | None:
    """A JSON object, gzipped or not; None where there is no file or it holds something else, which is noted."""
    try:
        with _opened(path, notes) as file:
            data = file.read(LONGEST + 1)
        if len(data) > LONGEST:
            raise ValueError(f"longer than {LONGEST:,} bytes")
        values = json.loads(data, parse_constant=_unknown)
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
    number = 0
    try:
        with _opened(path, notes) as file:
            while line := file.readline(LONGEST):
                number += 1
                if len(line) == LONGEST and not line.endswith(b"\n"):
                    bad.append(number)
                    while (rest := file.readline(LONGEST)) and not rest.endswith(b"\n"):
                        pass
                    continue
                try:
                    row = json.loads(line, parse_constant=_unknown)
                except (ValueError, RecursionError):
                    row = None
                if isinstance(row, dict):
                    rows.append(row)
                elif line.strip():
                    bad.append(number)
    except FileNotFoundError:
        return []
    except (OSError, EOFError, ValueError) as error:
        told = f"read up to line {number} only" if number else "left out, it cannot be read"
        notes.about(path, f"{told} ({_short(error)})")
    if bad:
        notes.about(path, f"{len(bad)} of its {number} lines left out, no JSON object (the first is line {bad[0]})")
    return rows


def _opened(path: Path, notes: Notes) -> IO[bytes]:
    """A regular file of the report's folder, unpacked.

    Raises:
        FileNotFoundError: There is none.
        OSError: It is none, or leads elsewhere.
    """
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise OSError("it is no file")
    if not notes.holds(path):
        raise OSError("a link to a place outside the report's folder")
    return cast("IO[bytes]", gzip.open(path)) if path.suffix == ".gz" else open(path, "rb")


def _unknown(_: str) -> None:
    """NaN and infinity, which JSON has not, and which say nothing."""


def _short(error: BaseException) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__


def number(value: Any) -> float | None:
    """A finite number, or None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return value if math.isfinite(value) else None
    except OverflowError:
        return None


def whole(value: Any) -> int | None:
    """A whole number that is one of something, or None."""
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < _GREATEST else None


def estimate(value: Any) -> dict[str, float] | None:
    """A mapping of value, low and high, or None for anything else."""
    if not isinstance(value, dict):
        return None
    parts = {name: number(value.get(name)) for name in ("value", "low", "high")}
    found = {name: part for name, part in parts.items() if part is not None and abs(part) < _GREATEST}
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
