"""Run folders: what a run was asked to do, what it has finished, and how it goes on after it was killed.

    with RunFolder.open(path, kind="grade", identity=..., files=("verdicts.jsonl",)) as run:
        with run.records("verdicts.jsonl") as records:
            done = list(records)            # what earlier starts finished
            records.append(row)             # safe from a kill once it returns

A folder holds `run.json` (resolved configuration, seed, library versions, data set) and the files that the
run owns. `identity` is the part of the configuration that decides results: a folder is continued only by a
command with the same identity, and `force` starts it over. `extent` is how far the run goes, in numbers (of problems,
of samples): a start that goes as far or further continues, one that goes less far is refused. One process at a time may
write to a folder.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import platform
import re
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from eg_cfg.errors import ConfigError, EgCfgError, RunError
from eg_cfg.records import Records, write_atomically

_DESCRIPTION = "run.json"
_LOCK = ".lock"
_locked: set[Path] = set()
"""Folders that this process writes to: POSIX record locks do not hold against their own process."""


def fingerprint(values: Any) -> str:
    """SHA-256 (first 16 hex digits) of plain data; the order of keys does not matter."""
    text = json.dumps(values, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def library_versions() -> dict[str, str]:
    """Versions of Python, the platform, this package and what it requires, as far as they are installed."""
    names = {"eg-cfg", "torch", "transformers"}
    with contextlib.suppress(metadata.PackageNotFoundError):
        for requirement in metadata.requires("eg-cfg") or []:
            match = re.match(r"[A-Za-z0-9._-]+", requirement)
            if match and "extra ==" not in requirement:
                names.add(match.group().lower())
    versions = {"python": platform.python_version(), "platform": platform.platform()}
    for name in sorted(names):
        with contextlib.suppress(metadata.PackageNotFoundError):
            versions[name] = metadata.version(name)
    return versions


class RunFolder:
    """One run's folder, held by this process until `close`. Made by `RunFolder.open`."""

    def __init__(self, path: Path, resumed: bool, lock: int) -> None:
        self.path = path
        self.resumed = resumed
        """Whether an earlier start's work is continued."""
        self._lock = lock

    @classmethod
    def open(cls, path: Path, *, kind: str, configuration: Mapping[str, Any], identity: Mapping[str, Any],
             files: Sequence[str], seed: int | None = None, dataset: Mapping[str, Any] | None = None,
             force: bool = False, extent: Mapping[str, int] | None = None) -> RunFolder:
        """Makes a run folder, or continues the one that is there.

        Args:
            path: The folder; it and its parents are made.
            kind: The command that writes here ("grade").
            configuration: All options, resolved; plain data.
            identity: What decides the results; a folder is continued only where this is the same. Plain data.
            files: Names of the files that the run owns: `force` removes these, and nothing else.
            seed: Seed of whatever is drawn at random.
            dataset: Name, split, source and fingerprint of the data set.
            force: Start over, whatever is there.
            extent: How far the run goes; it may go further from start to start.

        Raises:
            ConfigError: There cannot be a folder of that name, or it cannot be written.
            RunError: The folder belongs to another run, goes further, or is in use; the disk is full.
        """
        _make(path)
        path = path.resolve()
        lock = _take_lock(path)
        try:
            resumed = cls._prepare(path, kind, identity, extent or {}, files, force)
            earlier = _read_description(path) if resumed else {}
            now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            description = {
                "kind": kind,
                "fingerprint": fingerprint({"kind": kind, **identity}),
                "identity": dict(identity),
                "extent": dict(extent or {}),
                "configuration": dict(configuration),
                "files": list(files),
                "seed": seed,
                "dataset": dict(dataset or {}),
                "versions": library_versions(),
                "started": earlier.get("started", now),
                "continued": [*earlier.get("continued", []), now] if resumed else [],
            }
            write_atomically(path / _DESCRIPTION, [json.dumps(description, indent=2).encode() + b"\n"])
        except BaseException:
            _release(path, lock)
            raise
        return cls(path, resumed, lock)

    @classmethod
    def check(cls, path: Path, *, kind: str, identity: Mapping[str, Any], files: Sequence[str], force: bool = False,
              extent: Mapping[str, int] | None = None) -> None:
        """Finds out before long work whether `open` would refuse a folder; leaves nothing behind.

        Args:
            path: As of `open`.
            kind: As of `open`.
            identity: As much of it as is known; the rest is not compared.
            files: As of `open`.
            force: As of `open`.
            extent: As of `open`.

        Raises:
            ConfigError: As of `open`.
            RunError: As of `open`.
        """
        new = _make(path)
        for folder in new:
            with contextlib.suppress(OSError):  # another run may have begun in it
                folder.rmdir()
        if new:
            return
        path = path.resolve()
        lock = _take_lock(path)
        try:
            if not force:
                cls._prepare(path, kind, identity, extent or {}, files, False, partly=True)
        finally:
            _release(path, lock)

    @staticmethod
    def _prepare(path: Path, kind: str, identity: Mapping[str, Any], extent: Mapping[str, int], files: Sequence[str],
                 force: bool, partly: bool = False) -> bool:
        """Whether there is something to continue."""
        if force:
            for name in (*files, _DESCRIPTION):  # the description last: a kill in between leaves a run folder
                (path / name).unlink(missing_ok=True)
            return False
        if not (path / _DESCRIPTION).exists():
            present = [name for name in files if (path / name).exists()]
            if present:
                raise RunError(f"{path} holds {present[0]} but no {_DESCRIPTION}, so it is not a run folder: "
                               f"pass another --output-dir, or --force to replace {present[0]}")
            return False
        earlier = _read_description(path)
        old: dict[str, Any] = {"kind": earlier.get("kind"), **earlier.get("identity", {})}
        new: dict[str, Any] = json.loads(json.dumps({"kind": kind, **identity}))
        if partly:
            old = {key: value for key, value in old.items() if key in new}
        same_kind = old["kind"] == kind
        changed = differences(old, new) if same_kind else [f"that of {old['kind']}, not of {kind}"]
        less = [] if changed or not same_kind else [
            f"{name} {before} there, {extent[name]} here" for name, before in earlier.get("extent", {}).items()
            if name in extent and extent[name] < before]
        if not changed and not less:
            return True
        if _is_empty(path, [*files, *earlier.get("files", [])]):
            return False  # an earlier start ended before its first record: there is nothing to mix up
        if less:
            raise RunError(f"run folder {path} goes further ({'; '.join(less)}): ask for at least as many, pass "
                           f"another --output-dir, or --force to start over")
        raise RunError(f"run folder {path} belongs to another configuration ({'; '.join(changed)}): "
                       f"pass another --output-dir, or --force to start over")

    def records(self, name: str) -> Records:
        """Opens one of the run's append-only files."""
        return Records(self.path / name)

    def write_json(self, name: str, values: Mapping[str, Any]) -> Path:
        """Writes a JSON file whole or not at all, and returns its path."""
        write_atomically(self.path / name, [json.dumps(values, indent=2, allow_nan=False).encode() + b"\n"])
        return self.path / name

    def close(self) -> None:
        """Lets another process write to the folder; harmless when done twice."""
        if self._lock >= 0:
            _release(self.path, self._lock)
            self._lock = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()


def _make(path: Path) -> list[Path]:
    """Makes a folder, and returns those that were not there before, the innermost first."""
    try:
        new = [folder for folder in (path, *path.parents) if not folder.exists()]
        if not new and not path.is_dir():
            raise ConfigError(f"--output-dir {path}: expected a folder, or a name that is free, found a file: pass "
                              "another")
        path.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise _unusable(f"cannot make the run folder {path}", error) from error
    return new


def _unusable(what: str, error: OSError | ValueError) -> EgCfgError:
    """The error for a folder that cannot be used: the name's fault, unless the disk is full or broken."""
    number = error.errno if isinstance(error, OSError) else None
    why = (error.strerror if isinstance(error, OSError) else None) or str(error)
    if number in (errno.ENOSPC, errno.EDQUOT, errno.EIO):
        return RunError(f"{what}: {why}; free some space, or pass another --output-dir")
    return ConfigError(f"{what}: {why}; pass another --output-dir")


def _is_empty(path: Path, files: Sequence[str]) -> bool:
    """Whether none of a run's files holds anything."""
    try:
        return not any((path / name).exists() and (path / name).stat().st_size for name in files)
    except OSError:
        return False


def _read_description(path: Path) -> dict[str, Any]:
    file = path / _DESCRIPTION
    try:
        values = json.loads(file.read_bytes())
    except (OSError, ValueError) as error:
        raise RunError(f"cannot read {file}: {error}; start over with --force") from error
    if not isinstance(values, dict):
        raise RunError(f"{file}: expected a JSON object; start over with --force")
    return values


def _take_lock(folder: Path) -> int:
    """Descriptor of the folder's lock.

    The system drops it with this process, however that ends; forked workers do not inherit it.
    """
    if folder in _locked:
        raise _busy(folder, "this process")
    try:
        lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise _unusable(f"cannot write to the run folder {folder}", error) from error
    if sys.platform != "win32":
        import fcntl

        try:
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.pread(lock, 100, 0).decode("ascii", "replace").strip()
            os.close(lock)
            raise _busy(folder, holder or "another process") from None
    _locked.add(folder)
    with contextlib.suppress(OSError):  # only the error message of others misses it, on a full disk
        os.ftruncate(lock, 0)
        os.write(lock, f"process {os.getpid()} on {platform.node()}\n".encode("ascii", "replace"))
    return lock


@contextlib.contextmanager
def folder_lock(folder: Path) -> Iterator[None]:
    """Holds a folder for this process alone, as an open `RunFolder` does.

    Raises:
        RunError: Another process, or another part of this one, holds it.
    """
    path = folder.resolve()
    lock = _take_lock(path)
    try:
        yield
    finally:
        _release(path, lock)


def _busy(folder: Path, holder: str) -> RunError:
    return RunError(f"run folder {folder} is being written by {holder}: wait for it, stop it, or "
                    f"pass another --output-dir")


def _release(folder: Path, lock: int) -> None:
    os.close(lock)
    _locked.discard(folder)


def differences(old: Mapping[str, Any], new: Mapping[str, Any], within: str = "") -> list[str]:
    """What a configuration says and another does not, each as `name X there, Y here`; nested ones by their leaves.

    Args:
        old: What is there.
        new: What is here.
        within: What the names stand in, with a point at its end.
    """
    found: list[str] = []
    for key in dict.fromkeys([*old, *new]):
        before, now = old.get(key), new.get(key)
        if isinstance(before, Mapping) and isinstance(now, Mapping):
            found += differences(before, now, f"{within}{key}.")
        elif before != now:
            found.append(f"{within}{key} {before!r} there, {now!r} here")
    return found
