"""How samples fail: by kind, by type within a kind, with examples.

    analysis = analyse(results)
    analysis["kinds"]["exception"]["types"]["NameError"]["count"]

A sample counts once, under the outcome of its verdict. Beside that it is said what happened to texts before they were
programs: cut off, empty, without Python in them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from eg_cfg.grading.verdict import Verdict
from eg_cfg.studies.sampling import UNANSWERED, SampleRow

if TYPE_CHECKING:
    from eg_cfg.studies.evaluation import ProblemResult

EXAMPLES = 3
"""Of each type, from different problems."""
_TYPE = re.compile(r"([A-Za-z_][\w.]*)(?::|\s|$)")
_SHOWN = 600
"""Characters of a program or a text in an example."""


def analyse(results: Sequence[ProblemResult]) -> dict[str, Any]:
    """The analysis as plain data; kinds and types come with the most frequent first."""
    failed: dict[str, dict[str, list[tuple[SampleRow, Verdict]]]] = {}
    texts: dict[str, list[tuple[SampleRow, Verdict]]] = {}
    samples = 0
    for sample, verdict in _graded(results):
        samples += 1
        if not verdict.passed:
            failed.setdefault(verdict.outcome, {}).setdefault(error_type(verdict), []).append((sample, verdict))
        for kind in _mishaps(sample):
            texts.setdefault(kind, []).append((sample, verdict))
    return {
        "samples": samples,
        "failed": sum(len(rows) for types in failed.values() for rows in types.values()),
        "kinds": _most_frequent({
            kind: {**_counts([row for rows in types.values() for row in rows], samples),
                   "types": _most_frequent({name: {**_counts(rows, samples), "examples": _examples(rows)}
                                            for name, rows in types.items()})}
            for kind, types in failed.items()
        }),
        "texts": _most_frequent({kind: {**_counts(rows, samples), "examples": _examples(rows)}
                                 for kind, rows in texts.items()}),
    }


def error_type(verdict: Verdict) -> str:
    """The exception's type, or the outcome where there is none to name.

    An exception is named by the first test that it failed; a program that wrongly answers one test and raises in
    another counts by its outcome, as graded.
    """
    if verdict.outcome not in ("exception", "syntax_error"):
        return verdict.outcome
    match = _TYPE.match(verdict.detail)
    return match[1] if match else verdict.outcome


def _graded(results: Sequence[ProblemResult]) -> Iterator[tuple[SampleRow, Verdict]]:
    for result in results:
        yield from zip(result.samples, result.verdicts, strict=True)


def _mishaps(sample: SampleRow) -> Iterator[str]:
    if sample.finish_reason in UNANSWERED:
        yield sample.finish_reason
    elif sample.extraction != "ok":
        yield sample.extraction
    if sample.finish_reason == "length":
        yield "token_limit"


def _counts(rows: Sequence[tuple[SampleRow, Verdict]], samples: int) -> dict[str, Any]:
    return {"count": len(rows), "share": len(rows) / samples, "problems": len({sample.task_id for sample, _ in rows})}


def _examples(rows: Sequence[tuple[SampleRow, Verdict]]) -> list[dict[str, Any]]:
    by_task: dict[str, tuple[SampleRow, Verdict]] = {}
    for row in rows:
        by_task.setdefault(row[0].task_id, row)
    return [
        {"task_id": sample.task_id, "index": sample.index, "detail": verdict.detail,
         "passed_tests": sum(test.passed for test in verdict.tests), "tests": verdict.tests_total,
         "program": _cut(sample.solution or sample.text)}
        for sample, verdict in list(by_task.values())[:EXAMPLES]
    ]


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]} [{len(text) - _SHOWN} more characters]"


def _most_frequent(groups: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return dict(sorted(groups.items(), key=lambda item: (-item[1]["count"], item[0])))
