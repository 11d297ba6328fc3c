"""Who works at what, among the processes that share a results folder.

    with Claims(folder / ".claims") as claims:
        if claims.take("trial/task 3"):     # nobody else's now
            ...
            claims.release("trial/task 3")
        with claims.hold("summary"):        # waits for its turn
            ...

A claim is a POSIX record lock on one byte, whose place follows from the name. The system drops a process's locks when
it ends, however it ends, so a claim never outlives its claimer and needs no time-out.

Limits: one `Claims` a process and file, because record locks do not hold against their own process. On network file
systems it is as good as their record locks are (NFS 4 has them; a file system without them is refused).
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from eg_cfg.errors import RunError

_open: set[Path] = set()
"""Files that this process has claims in."""


class Claims:
    """The claims of this process in one file.

    Raises:
        RunError: The file cannot be had, this process has it open already, or its file system has no locks.
    """

    def __init__(self, path: Path) -> None:
        self._path = path.resolve()
        if self._path in _open:
            raise RunError(f"{path} is in use by this process already: one run at a time for a results folder")
        try:
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise RunError(f"cannot write {path}: {error.strerror}; pass another --output-dir") from error
        _open.add(self._path)
        self._mine: set[str] = set()
        self._guard = threading.RLock()

    def take(self, name: str) -> bool:
        """Claims a name unless somebody has it: another process, or this one."""
        with self._guard:
            if name in self._mine or not self._lock(name, fcntl.LOCK_EX | fcntl.LOCK_NB):
                return False
            self._mine.add(name)
            return True

    def release(self, name: str) -> None:
        """Gives a claim back; harmless where there is none."""
        with self._guard:
            if name in self._mine:
                self._mine.discard(name)
                self._lock(name, fcntl.LOCK_UN)

    @contextlib.contextmanager
    def hold(self, name: str) -> Iterator[None]:
        """Claims a name, once whoever has it is done."""
        with self._guard:
            self._lock(name, fcntl.LOCK_EX)
            try:
                yield
            finally:
                self._lock(name, fcntl.LOCK_UN)

    def join(self, name: str) -> None:
        """Takes part in what several processes may do at once, until the end."""
        self._lock(name, fcntl.LOCK_SH)

    def alone(self, name: str) -> bool:
        """Tries to be the only one that takes part; if so, nobody else does until `join` or the end."""
        return self._lock(name, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def close(self) -> None:
        """Gives all claims back; harmless when done twice."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
            _open.discard(self._path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    def _lock(self, name: str, how: int) -> bool:
        place = int.from_bytes(hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()[:7], "big")
        try:
            fcntl.lockf(self._file, how, 1, place)
        except OSError as error:
            if error.errno in (errno.EACCES, errno.EAGAIN):
                return False
            raise RunError(f"cannot lock {self._path}: {error.strerror}; pass an --output-dir on a file system with "
                           f"record locks") from error
        return True
