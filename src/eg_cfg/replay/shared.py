"""Programs that runs share: a folder for each source, in it a file from each run that wrote something.

Files appear whole and nobody writes into another's, so runs need no locks. What a killed run wrote is in its own
folder.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Sequence
from pathlib import Path

from eg_cfg.errors import RunError
from eg_cfg.records import write_atomically
from eg_cfg.replay.asking import Row
from eg_cfg.replay.files import read_rows
from eg_cfg.runs import fingerprint


class SharedRows:
    """What was written by one source with one sampler, whoever's run it was.

    Args:
        root: The folder of all; None where nothing is shared.
        source: What tells a state of a model from all others.
        sampler: How it writes.
    """

    def __init__(self, root: Path | None, source: str, sampler: str) -> None:
        self._folder = None if root is None else root / fingerprint({"source": source, "sampler": sampler})
        self.damaged: list[str] = []
        """File, line and beginning of each line that was skipped."""

    def rows(self, keys: Collection[str]) -> dict[str, Row]:
        """Rows by key, as far as they are there."""
        found: dict[str, Row] = {}
        if self._folder is None or not keys:
            return found
        for file in sorted(self._folder.glob("*.jsonl")):
            read = read_rows(file, Row.from_json)
            self.damaged += read.damaged
            found.update({row.key: row for row in read.rows if row.key in keys})
        return found

    def publish(self, rows: Sequence[Row]) -> None:
        """Lets others have rows.

        Raises:
            RunError: They cannot be written.
        """
        if self._folder is None or not rows:
            return
        name = hashlib.sha256("".join(row.key for row in rows).encode()).hexdigest()[:16]
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunError(f"cannot make the folder {self._folder}: {error.strerror}; pass another --cache-dir") \
                from error
        lines = (json.dumps(row.to_json(), ensure_ascii=True).encode("ascii") + b"\n" for row in rows)
        write_atomically(self._folder / f"{name}.jsonl", lines)
