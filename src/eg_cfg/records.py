"""Files that survive the death of their writer: append-only JSONL, and files replaced whole.

    with Records(path) as records:
        for row in records:             # what is there already
            ...
        records.append({"task_id": 1})

Limits: a row is safe from the death of the process at once, and from a power cut after about `SYNC_SECONDS`.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from eg_cfg.errors import RunError

SYNC_SECONDS = 5.0
_SNIPPET = 58


def snippet(line: str | bytes) -> str:
    """The start of a line of a file, for messages: quoted, printable, and 60 characters at most."""
    text = line[:_SNIPPET].decode("utf-8", "replace") if isinstance(line, bytes) else line
    text = text.strip()
    shown = "".join(c if c.isprintable() and c != "\ufffd" else "?" for c in text[:_SNIPPET])
    return f"'{shown}'" if len(text) < _SNIPPET else f"'{shown[:-3]}...'"


def write_atomically(path: Path, chunks: Iterable[bytes]) -> None:
    """Replaces a file whole or not at all.

    Raises:
        RunError: It could not be written (a full disk, say); what was there before is still there.
    """
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        with open(temporary, "wb", opener=_no_link) as file:
            file.writelines(chunks)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        _sync_folder(path.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise _write_error(path, error) from error


def _no_link(path: str, flags: int) -> int:
    """Opens what is no link: one that somebody put there would lead the writer elsewhere."""
    return os.open(path, flags | os.O_NOFOLLOW, 0o666)


def _sync_folder(folder: Path) -> None:
    with contextlib.suppress(OSError):  # some file systems refuse to sync a folder; the rename itself is done
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _write_error(path: Path, error: OSError) -> RunError:
    return RunError(f"cannot write {path}: {error.strerror or error}; what was finished is kept: put that "
                    f"right and start the same command again")


def _encode(row: Mapping[str, Any]) -> bytes:
    # ASCII: a lone surrogate that a program made (in an error message, say) stays writable and readable
    return json.dumps(row, ensure_ascii=True, separators=(", ", ": ")).encode("ascii") + b"\n"


class Records:
    """An append-only JSONL file that survives the death of its writer.

    A last line that was cut in two is dropped when the file is opened, and counted in `torn`.

    Raises:
        RunError: A line before the last is no JSON object, or the file cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.torn = 0
        """Lines dropped at the end of the file, 0 or 1."""
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise _write_error(path, error) from error
        self._size = self._whole_lines()
        if self._size < os.fstat(self._file).st_size:
            os.ftruncate(self._file, self._size)
        self._synced = time.monotonic()

    def _whole_lines(self) -> int:
        """Bytes up to the end of the last line that is whole."""
        size = 0
        bad: int | None = None
        with open(self.path, "rb") as file:
            for number, line in enumerate(file, start=1):
                if bad is not None:
                    os.close(self._file)
                    raise RunError(f"{self.path}, line {bad}: expected a JSON object, found something else "
                                   f"with more lines after it: repair the file, or start over with --force")
                if line.endswith(b"\n") and _is_object(line):
                    size += len(line)
                else:
                    bad = number
        self.torn = int(bad is not None)
        return size

    def __iter__(self) -> Iterator[dict[str, Any]]:
        with open(self.path, "rb") as file:
            for line in file:
                yield json.loads(line)

    def append(self, row: Mapping[str, Any]) -> None:
        """Writes one row; it outlives this process once this returns.

        Raises:
            RunError: The row could not be written; the file then ends with the row before it.
        """
        data = _encode(row)
        try:
            os.lseek(self._file, self._size, os.SEEK_SET)
            written = 0
            while written < len(data):
                written += os.write(self._file, data[written:])
            self._size += len(data)
            if time.monotonic() - self._synced > SYNC_SECONDS:
                os.fsync(self._file)
                self._synced = time.monotonic()
        except OSError as error:
            with contextlib.suppress(OSError):
                os.ftruncate(self._file, self._size)
            raise _write_error(self.path, error) from error

    def replace(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Replaces all rows at once, or none of them.

        Raises:
            RunError: They could not be written; the rows before are still there.
        """
        write_atomically(self.path, map(_encode, rows))
        os.close(self._file)
        self._file = os.open(self.path, os.O_RDWR | os.O_CLOEXEC)
        self._size = os.fstat(self._file).st_size

    def close(self) -> None:
        """Brings everything to the disk and closes the file; harmless when done twice."""
        if self._file >= 0:
            with contextlib.suppress(OSError):
                os.fsync(self._file)
            os.close(self._file)
            self._file = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False
