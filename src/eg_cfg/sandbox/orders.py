"""What a worker's monitor tells its zygote, and what it hears: short records over a socket that keeps messages apart.

    monitor                                   zygote
    fork(limits, watch), the descriptors  ->  makes a child; where it is to be watched, a descriptor that tells its end
    END                                   ->  a `Report`
    preload(packages)                     ->  DONE
    INSTALL, a file                       ->  DONE

Records of fixed form, not JSON: the zygote shares its memory with the child that it has just made, so each page of it
that handling a message touches is copied, once a program.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from typing import NamedTuple

FORK, END, PRELOAD, INSTALL, DONE = b"f", b"e", b"p", b"i", b"d"
LIMITS = ("RLIMIT_AS", "RLIMIT_CPU", "RLIMIT_FSIZE", "RLIMIT_NOFILE", "RLIMIT_NPROC")
"""Limits that differ from program to program, in the order in which they cross."""
_FORK = struct.Struct(f"=c?{len(LIMITS)}Q")
_REPORT = struct.Struct("=?i?dQ")


class Report(NamedTuple):
    """How a program's process ended, and what it used with all of its descendants."""

    harmed: bool
    """Whether something of it could not be removed, so that the worker must be replaced."""
    status: int | None
    """Exit status, or minus the number of the signal; none where it was not to be had."""
    cpu_seconds: float
    peak_kb: int

    def to_bytes(self) -> bytes:
        """As it crosses."""
        return _REPORT.pack(self.harmed, self.status or 0, self.status is not None, self.cpu_seconds, self.peak_kb)

    @classmethod
    def from_bytes(cls, data: bytes) -> Report:
        """What `to_bytes` made.

        Raises:
            struct.error: Something else.
        """
        harmed, status, known, cpu_seconds, peak_kb = _REPORT.unpack(data)
        return cls(harmed, status if known else None, cpu_seconds, peak_kb)


def fork(limits: Mapping[str, int], watch: bool) -> bytes:
    """The order to make a child.

    Args:
        limits: A value for each of `LIMITS`.
        watch: Whether a descriptor is wanted that tells when it ends.
    """
    return _FORK.pack(FORK, watch, *(limits[name] for name in LIMITS))


def parse_fork(data: bytes) -> tuple[bool, tuple[int, ...]]:
    """(watch, limits in the order of `LIMITS`)."""
    _, watch, *limits = _FORK.unpack(data)
    return watch, tuple(limits)


def preload(packages: Iterable[str]) -> bytes:
    """The order to import packages."""
    return PRELOAD + "\n".join(packages).encode()


def parse_preload(data: bytes) -> list[str]:
    """The packages."""
    return data[1:].decode().split("\n")
