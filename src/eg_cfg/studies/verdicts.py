"""Reads verdicts back from files, and refuses those that no grading can have written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from eg_cfg.errors import DataFormatError, RunError
from eg_cfg.grading.verdict import OUTCOMES, Verdict
from eg_cfg.records import Records

VERDICTS = "verdicts.jsonl"


def read_verdicts(records: Records) -> Iterator[Verdict]:
    """The verdicts that a file holds.

    Raises:
        RunError: A row has other fields than this version's.
        DataFormatError: A row contradicts itself.
    """
    for number, row in enumerate(records, start=1):
        try:
            verdict = Verdict.from_json(row)
        except (TypeError, KeyError) as error:
            raise RunError(
                f"{records.path}, line {number}: expected a verdict of this version, found other fields "
                f"({error}): pass another --output-dir, or --force to start over"
            ) from None
        check_row(row, records.path, number)
        yield verdict


def check_row(row: dict[str, Any], file: Path, line: int) -> None:
    """Holds a row's outcome against its `passed`; a row that says which sample passed need not say more.

    Raises:
        DataFormatError: The outcome is none that there is, or contradicts `passed`.
    """
    place = f"{file}, line {line}"
    passed = row.get("passed")
    if not isinstance(passed, bool):
        raise DataFormatError(
            f"{place}: expected passed to be true or false, found {repr(passed)[:60]}: grade it again"
        )
    outcome = row.get("outcome", "passed" if passed else "wrong_answer")
    if outcome not in OUTCOMES:
        raise DataFormatError(
            f"{place}: expected an outcome of {', '.join(OUTCOMES)}, found {repr(outcome)[:60]}: grade it again"
        )
    if passed != (outcome == "passed"):
        raise DataFormatError(
            f"{place}: expected passed and outcome to agree, found passed {str(passed).lower()} with outcome"
            f" {outcome!r}: grade it again"
        )
    tests, total = row.get("tests", ()), row.get("tests_total", 0)
    if isinstance(total, int) and isinstance(tests, list) and total and len(tests) > total:
        raise DataFormatError(f"{place}: expected at most {total} tests, found {len(tests)}: grade it again")
