"""Samples and verdicts of an evaluation, put together from its records.

    found = read_evaluation(folder, notes)
    found.passed                # {"HumanEval/0": [True, False], ...}
    found.problems["HumanEval/0"].samples[0].program
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eg_cfg.reports.cells import cut
from eg_cfg.reports.content import Example, Examples
from eg_cfg.reports.reading import Notes, number, read_lines, whole

_TYPE = re.compile(r"([A-Za-z_][\w.]*)(?::|\s|$)")
_EXAMPLES = 3
_KINDS = 40
_DETAIL, _PROGRAM = 2_000, 8_000
"""Characters of an example."""
_PROGRAMS = ("solution", "generation", "code", "completion")
"""Where a row of samples holds what was written."""


@dataclass(slots=True)
class Sample:
    """A program and how it fared; what is unknown is None."""

    index: int
    passed: bool
    outcome: str
    detail: str
    tests: list[Any]
    """As verdicts have them: `passed`, `error`."""
    tests_total: int
    seconds: float
    program: str | None = None
    text: str | None = None
    finish_reason: str | None = None
    log_prob: float | None = None
    tokens: int | None = None
    shown: bool | None = None
    """Whether it passes the shown tests."""

    @property
    def pass_rate(self) -> float:
        """Share of all tests that passed, in [0, 1]; tests that were not run count as failed."""
        passed = sum(bool(test.get("passed")) for test in self.tests if isinstance(test, dict))
        return passed / self.tests_total if self.tests_total else 0.0


@dataclass(slots=True)
class Record:
    """A problem."""

    task_id: str
    prompt: Any = None
    """Text, or the turns of a chat."""
    samples: list[Sample] = field(default_factory=list)


@dataclass(slots=True)
class Evaluation:
    """All problems, in the order of the records."""

    problems: dict[str, Record]
    generation_seconds: float | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None

    @property
    def passed(self) -> dict[str, list[bool]]:
        """Verdicts by task id."""
        return {task: [sample.passed for sample in record.samples] for task, record in self.problems.items()}

    @property
    def fewest(self) -> int:
        """Samples of the problem that has the fewest."""
        return min((len(record.samples) for record in self.problems.values()), default=0)

    @property
    def outcomes(self) -> Counter[str]:
        """Samples by outcome."""
        return Counter(sample.outcome for record in self.problems.values() for sample in record.samples)


def read_evaluation(folder: Path, notes: Notes) -> Evaluation | None:
    """What a folder's `verdicts.jsonl`, `samples.jsonl` and `shown.jsonl` hold; None where there are no verdicts."""
    problems: dict[str, Record] = {}
    by_key: dict[tuple[str, int], Sample] = {}
    wrong = 0
    for task, index, row in _indexed(read_lines(folder / "verdicts.jsonl", notes)):
        sample = _sample(row, index)
        if sample is None or (task, index) in by_key:
            wrong += 1
            continue
        by_key[task, index] = sample
        problems.setdefault(task, Record(task)).samples.append(sample)
    if wrong:
        notes.about(folder / "verdicts.jsonl", f"{wrong} row{'s' * (wrong != 1)} left out, no verdict or there twice")
    if not problems:
        return None
    found = Evaluation(problems)
    for record in problems.values():
        record.samples.sort(key=lambda sample: sample.index)
    _add_samples(found, read_lines(folder / "samples.jsonl", notes), by_key)
    for task, index, row in _indexed(read_lines(folder / "shown.jsonl", notes)):
        known = by_key.get((task, index))
        if known is not None and isinstance(row.get("passed"), bool):
            known.shown = row["passed"]
    return found


def _indexed(rows: Iterable[dict[str, Any]]) -> Iterator[tuple[str, int, dict[str, Any]]]:
    """Rows with their task and place among its samples; rows that do not say it are counted."""
    seen: Counter[str] = Counter()
    for row in rows:
        task, index = str(row.get("task_id")), whole(row.get("index"))
        yield task, seen[task] if index is None else index, row
        seen[task] += 1


def _sample(row: Mapping[str, Any], index: int) -> Sample | None:
    passed = row.get("passed")
    if not isinstance(passed, bool) or "task_id" not in row:
        return None
    tests = row.get("tests") if isinstance(row.get("tests"), list) else []
    assert isinstance(tests, list)
    return Sample(
        index=index, passed=passed, outcome=_outcome(row, passed), detail=str(row.get("detail") or ""), tests=tests,
        tests_total=max(whole(row.get("tests_total")) or 0, len(tests)), seconds=number(row.get("seconds")) or 0.0)


def _outcome(row: Mapping[str, Any], passed: bool) -> str:
    return str(row.get("outcome") or ("passed" if passed else "wrong_answer"))[:60]


def _add_samples(found: Evaluation, rows: list[dict[str, Any]], by_key: Mapping[tuple[str, int], Sample]) -> None:
    seconds, prompts, completions = 0.0, 0, 0
    told = bool(rows)
    for task, index, row in _indexed(rows):
        sample = by_key.get((task, index))
        seconds += number(row.get("seconds")) or 0.0
        prompts += whole(row.get("prompt_tokens")) or 0
        tokens = whole(row.get("tokens"))
        told = told and tokens is not None
        completions += tokens or 0
        if sample is None:
            continue
        program = next((row[name] for name in _PROGRAMS if name in row), None)
        text = row.get("text")
        sample.program = program if isinstance(program, str) else None
        sample.text = text if isinstance(text, str) else None
        sample.finish_reason = None if row.get("finish_reason") is None else str(row["finish_reason"])
        sample.log_prob, sample.tokens = number(row.get("log_prob")), tokens
        if found.problems[task].prompt is None:
            found.problems[task].prompt = row.get("prompt")
    if rows:
        found.generation_seconds = seconds
    if told:
        found.prompt_tokens, found.completion_tokens = prompts or None, completions


def failure(outcome: str, detail: str) -> str:
    """The exception's type, or the outcome where there is none to name."""
    match = _TYPE.match(detail) if outcome in ("exception", "syntax_error") else None
    return match[1][:100] if match else outcome


def failures(found: Evaluation) -> tuple[list[tuple[Any, ...]], Examples]:
    """Rows of the table of errors (outcome, type, samples, share, problems) and examples of each, the most frequent
    first, 40 kinds at most."""
    counts: Counter[tuple[str, str]] = Counter()
    tasks: dict[tuple[str, str], dict[str, Sample]] = {}
    total = 0
    for task, record in found.problems.items():
        for sample in record.samples:
            total += 1
            if not sample.passed:
                kind = sample.outcome, failure(sample.outcome, sample.detail)
                counts[kind] += 1
                tasks.setdefault(kind, {}).setdefault(task, sample)
    ordered = sorted(counts, key=lambda kind: (-counts[kind], kind))[:_KINDS]
    rows: list[tuple[Any, ...]] = [(outcome, "" if name == outcome else name, counts[outcome, name],
                                    counts[outcome, name] / total, len(tasks[outcome, name]))
                                   for outcome, name in ordered]
    groups = []
    for kind in ordered:
        chosen = list(tasks[kind].items())[:_EXAMPLES]
        name = kind[0].replace("_", " ") + ("" if kind[0] == kind[1] else f": {kind[1]}")
        groups.append((f"{name} ({counts[kind]})", tuple(
            Example(cut(task), sample.index, cut(sample.detail, _DETAIL),
                    cut(sample.program or sample.text or "", _PROGRAM))
            for task, sample in chosen)))
    return rows, Examples("Errors, with examples", tuple(groups))
