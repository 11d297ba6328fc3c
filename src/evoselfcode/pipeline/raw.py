"""Raw pairs: reads every file of `data/raw`, and makes one of what the base model wrote.

    pairs, problems = read_raw(paths)          # the same code for the same task comes once

A raw pair is `{"prompt", "code"}`: header and docstring with a body, or words with a function.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from evoselfcode.layout import INVENTED
from evoselfcode.pairs import MalformedError, parse_raw
from evoselfcode.records import PairFields, RawPair, content_id
from evoselfcode.store import read_rows


@dataclass(frozen=True, slots=True)
class Raw:
    """A raw pair in its parts."""

    id: str
    pair: PairFields
    tests: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RawPairs:
    """What the files of `data/raw` hold."""

    pairs: tuple[Raw, ...]
    read: int
    """Lines that were read."""
    malformed: Counter[str]
    """Reason to number of lines that make no documented function."""
    repeated: int
    """Lines whose pair was there before."""
    damaged: tuple[str, ...]


def read_raw(folder: Path) -> RawPairs:
    """Reads every `.jsonl` of a folder, in the order of names, invented pairs last."""
    rows: list[RawPair] = []
    damaged: list[str] = []
    for file in sorted(folder.glob("*.jsonl"), key=lambda file: (file.name == INVENTED, file.name)):
        found, bad = read_rows(file, RawPair)
        rows += found
        damaged += bad
    return _distinct(rows, damaged)


def _distinct(rows: Iterable[RawPair], damaged: list[str]) -> RawPairs:
    known: dict[str, Raw] = {}
    malformed: Counter[str] = Counter()
    read = repeated = 0
    for row in rows:
        read += 1
        try:
            pair = parse_raw(row)
        except MalformedError as error:
            malformed[str(error)] += 1
            continue
        identity = content_id(pair=pair.model_dump(), tests=list(row.tests))
        repeated += identity in known
        known.setdefault(identity, Raw(identity, pair, row.tests))
    return RawPairs(tuple(known.values()), read, malformed, repeated, tuple(damaged))
