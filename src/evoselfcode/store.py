"""Append-only JSONL of one kind of row, read with patience and written with care.

    with Store(path, Draft) as store:
        if wanted_id not in store:
            store.add(Draft(id=wanted_id, ...))         # safe from a kill once this returns
    store.damaged                                       # ["data/generated/drafts.jsonl, line 7: '...'"]

    rows, damaged = read_rows(path, Draft)              # for stages that only read

A damaged line is skipped, counted and named. A stage that owns the file also moves it to `<file>.damaged`, so that
nothing is lost and the row is made anew. Limits: one writer at a time, which the stage's lock in `logs/` holds.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Generic, Self, TypeVar

from pydantic import BaseModel, ValidationError

from eg_cfg.errors import DataNotFoundError
from eg_cfg.records import Records, snippet, write_atomically
from evoselfcode.records import Row

M = TypeVar("M", bound=BaseModel)
R = TypeVar("R", bound=Row)


def read_rows(path: Path, kind: type[M], *, made_by: str | None = None) -> tuple[list[M], list[str]]:
    """The rows of a file, and a line for each one that is damaged.

    Args:
        path: JSONL.
        kind: Of row.
        made_by: The command that makes the file, named where it is missing; where none, a missing file has no rows.

    Raises:
        DataNotFoundError: The file cannot be read.
    """
    rows, damaged = [], []
    try:
        with open(path, "rb") as file:
            for number, line in enumerate(file, start=1):
                if not line.strip():
                    continue
                row = _row(line, kind)
                if row is None:
                    damaged.append(_said(path, number, line))
                else:
                    rows.append(row)
    except FileNotFoundError:
        if made_by is not None:
            raise DataNotFoundError(f"expected {path}, found no such file: run `{made_by}` first") from None
    except OSError as error:
        raise DataNotFoundError(f"cannot read {path}: {error.strerror}") from None
    return rows, damaged


def replace_rows(path: Path, rows: list[R]) -> bool:
    """Writes a file of rows whole, where it is not the same already; says whether it was written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = b"".join(row.model_dump_json().encode("utf-8", "surrogatepass") + b"\n" for row in rows)
    with contextlib.suppress(OSError):
        if path.read_bytes() == text:
            return False
    write_atomically(path, [text])
    return True


class Store(Generic[R]):
    """A stage's own append-only file.

    Args:
        path: JSONL; made with its folders.
        kind: Of row.
        spare: Other files of such rows; one that is asked for and is there is copied, rather than made again.

    Raises:
        RunError: The file cannot be read or written.
    """

    def __init__(self, path: Path, kind: type[R], spare: Iterable[Path] = ()) -> None:
        self.path = path
        self.damaged: list[str] = []
        """A line for each damaged one that was found."""
        self.added = 0
        """Rows added since it was opened."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._rows: dict[str, R] = {}
        self._load(kind)
        self._records = Records(path)
        self._spare = {row.id: row for other in spare for row in read_rows(other, kind)[0]}

    def _load(self, kind: type[R]) -> None:
        if not self.path.exists():
            return
        good: list[bytes] = []
        bad: list[bytes] = []
        with open(self.path, "rb") as file:
            for number, line in enumerate(file, start=1):
                row = _row(line, kind)
                if row is not None and line.endswith(b"\n"):
                    good.append(line)
                    self._rows[row.id] = row
                elif line.strip():
                    bad.append(line.rstrip(b"\n") + b"\n")
                    self.damaged.append(_said(self.path, number, line))
        if bad:
            with open(self.path.with_name(f"{self.path.name}.damaged"), "ab") as aside:
                aside.writelines(bad)
                aside.flush()
                os.fsync(aside.fileno())
            write_atomically(self.path, good)

    def __contains__(self, identity: object) -> bool:
        if identity not in self._rows and identity in self._spare:
            self.add(self._spare[str(identity)])
        return identity in self._rows

    def __getitem__(self, identity: str) -> R:
        return self._rows[identity]

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[R]:
        """Every row, in the order of the file."""
        return iter(list(self._rows.values()))

    def add(self, row: R) -> None:
        """Writes one row; one that is there already is left as it is.

        Raises:
            RunError: It could not be written; what is there stays.
        """
        if row.id in self._rows:
            return
        self._records.append(row.to_json())
        self._rows[row.id] = row
        self.added += 1

    def close(self) -> None:
        """Brings everything to the disk; harmless when done twice."""
        self._records.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()


def _row(line: bytes, kind: type[M]) -> M | None:
    try:
        return kind.model_validate_json(line)
    except (ValidationError, ValueError):
        return None


def _said(path: Path, number: int, line: bytes) -> str:
    return f"{path}, line {number}: {snippet(line)}"
