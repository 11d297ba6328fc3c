"""What the stages after names have in common at their end: numbers, funnel, and the file of rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from evoselfcode.datagen.asking import A, Gathered, T, Writer
from evoselfcode.datagen.rows import Reply
from evoselfcode.records import Row
from evoselfcode.stage import StageRun
from evoselfcode.store import Store, read_rows, replace_rows
from evoselfcode.summary import FunnelStep, Summary

R = TypeVar("R", bound=Row)
HEAD_STOPS = ("\n\n\n", "\ndef ", "\nclass ", "\nif ", "\nprint", "\n    return")
"""Where a base model that was to write a function's head is certainly past it."""


def told(writer: Writer, found: Gathered[A, T], replies: Store[Reply]) -> dict[str, Any]:
    """Numbers of the asking, for the table; what did not happen is left out."""
    return {
        "model": writer.name,
        "replies": found.replies,
        "new replies": replies.added,
        **dict(found.refused),
        "too long for the model": found.too_long or None,
        "inputs short of a good reply": found.short or None,
    }


def finish(run: StageRun, path: Path, kind: type[R], rows: Sequence[R], found: Gathered[A, T], replies: Store[Reply],
           counts: dict[str, Any], *steps: FunnelStep) -> Summary:
    """Writes the rows that the stage ends with, and sums up.

    Args:
        run: The stage.
        path: Of the rows.
        kind: Of row.
        rows: All of them.
        found: What became of the questions.
        replies: Where the replies are.
        counts: Further numbers.
        steps: Of the funnel, after the reading.
    """
    before, bad = read_rows(path, kind)
    run.damaged += bad
    replace_rows(path, list(rows))
    known = {row.id for row in before}
    reading = FunnelStep("well-formed reply", found.replies, found.malformed.total(), dict(found.malformed))
    return run.done(added=sum(row.id not in known for row in rows), total=len(rows), outputs=[path, replies.path],
                    counts=counts, funnel=[reading, *steps])
