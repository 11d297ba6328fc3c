"""JSON-lines files that are read for what is good in them: a damaged line is skipped, counted and named.

    found = read_rows(path, Experience.from_json)
    found.rows, found.damaged               # [...], ["experiences.jsonl, line 7: '{\"task_id\": \"mb...'"]

    records, found = open_rows(path, Experience.from_json)      # to be appended to

`Records` refuses a file that is damaged before its last line. Programs are costly, so here the good lines are kept, and
the damaged ones are moved to `<name>.damaged` beside the file, where a person may look at them.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from eg_cfg.errors import DataFormatError, DataNotFoundError, RunError
from eg_cfg.records import Records, snippet, write_atomically

T = TypeVar("T")
Parse = Callable[[Mapping[str, Any]], T]
_GZIP = b"\x1f\x8b"


@dataclass
class Rows(Generic[T]):
    """What a file holds."""

    rows: list[T] = field(default_factory=list)
    """In the order of the file."""
    damaged: list[str] = field(default_factory=list)
    """File, line and beginning of each line that was skipped."""
    _good: list[bytes] = field(default_factory=list, repr=False)
    _bad: list[bytes] = field(default_factory=list, repr=False)
    _whole: bool = True
    """Whether the file ends with the end of a line."""


def read_rows(path: Path, parse: Parse[T]) -> Rows[T]:
    """Reads a file of JSON objects, plain or gzip; blank lines are nothing.

    Args:
        path: The file.
        parse: Makes a row of an object; what raises `DataFormatError` is damaged.

    Raises:
        DataNotFoundError: The file cannot be read.
    """
    found: Rows[T] = Rows()
    try:
        for number, line in enumerate(_lines(path), start=1):
            if not line.strip():
                continue
            found._whole = line.endswith(b"\n")
            try:
                found.rows.append(parse(_object(line)))
                found._good.append(line)
            except DataFormatError:
                found.damaged.append(f"{path.name}, line {number}: {snippet(line)}")
                found._bad.append(line)
    except FileNotFoundError:
        raise DataNotFoundError(f"{path}: no such file: check the path") from None
    except (OSError, EOFError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise DataNotFoundError(f"{path}: cannot be read ({reason or error}): check the file") from None
    return found


def open_rows(path: Path, parse: Parse[T]) -> tuple[Records, Rows[T]]:
    """Opens a file to be appended to, with what it holds; it is made if need be.

    Raises:
        RunError: It cannot be written.
    """
    found = read_rows(path, parse) if path.exists() else Rows[T]()
    if found._bad:
        aside = path.with_name(f"{path.name}.damaged")
        try:
            with open(aside, "ab") as file:
                file.writelines(line if line.endswith(b"\n") else line + b"\n" for line in found._bad)
        except OSError as error:
            raise RunError(f"cannot write {aside}: {error.strerror or error}; nothing is lost: put that right and "
                           f"start the same command again") from error
    if found._bad or not found._whole:
        write_atomically(path, [line if line.endswith(b"\n") else line + b"\n" for line in found._good])
    return Records(path), found


def _lines(path: Path) -> Iterator[bytes]:
    with open(path, "rb") as file:
        zipped = file.read(2) == _GZIP
        file.seek(0)
        if zipped:
            with gzip.open(file) as unzipped:
                yield from unzipped
        else:
            yield from file


def _object(line: bytes) -> Mapping[str, Any]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        raise DataFormatError("expected a JSON object") from None
    if not isinstance(value, dict):
        raise DataFormatError("expected a JSON object")
    return value
