"""Programs from a file in place of a model's: `--fixed-sample-path`.

The file may be an `experiences.jsonl`, with everything that is known of its programs, or a file of samples as `eg-cfg
generate` writes them and `eg-cfg grade` reads them. Of samples, `log_prob`, `tokens`, `text` and `prompt` are taken
where they are there; without, the possibility is unknown, and the prompt is the one that a model would be given.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from eg_cfg.errors import DataFormatError, SamplesError
from eg_cfg.grading.programs import program_of
from eg_cfg.grading.samples import PROGRAM_FIELDS
from eg_cfg.replay.asking import Question
from eg_cfg.replay.experience import Experience, prompt_from_json
from eg_cfg.replay.files import read_rows

SAMPLER = "fixed"


def read_fixed(path: Path, questions: Sequence[Question], *, source: str, split: str | None,
               round: int) -> tuple[list[str], list[tuple[Question, Experience]]]:
    """Programs of a file for these problems.

    Returns:
        The damaged lines that were skipped, and the programs in the order of the problems. They are not tested; results
        that the file has are in the experiences, with the key of what was tested.

    Raises:
        DataNotFoundError: The file cannot be read.
        SamplesError: It has no program for any of the problems.
    """
    rows = read_rows(path, _parse)
    by_task: dict[str, list[Mapping[str, Any] | Experience]] = {}
    for row in rows.rows:
        task = row.task_id if isinstance(row, Experience) else str(row["task_id"])
        by_task.setdefault(task, []).append(row)
    found: list[tuple[Question, Experience]] = []
    for question in questions:
        for index, row in enumerate(by_task.get(question.problem.task_id, ())):
            if isinstance(row, Experience):
                experience = replace(row, index=index, round=round)
            else:
                experience = _of_sample(row, question, index, source=source, split=split, round=round)
            found.append((question, experience))
    if not found:
        held = ", ".join(list(Counter(by_task))[:3]) or "none at all"
        skipped = f", and {len(rows.damaged)} damaged lines" if rows.damaged else ""
        raise SamplesError(f"--fixed-sample-path {path}: expected programs for {len(questions)} problems such as "
                           f"{questions[0].problem.task_id!r}, found none (its task ids: {held}{skipped}): is it of "
                           f"another benchmark or split?")
    return rows.damaged, found


def _parse(row: Mapping[str, Any]) -> Mapping[str, Any] | Experience:
    if "program" in row and "pass_rate" in row:
        return Experience.from_json(row)
    fields = [name for name in PROGRAM_FIELDS if isinstance(row.get(name), str)]
    if not fields or not isinstance(row.get("task_id"), str | int):
        raise DataFormatError(f"expected a task_id and one of {', '.join(PROGRAM_FIELDS)}")
    return {**row, "field": fields[0]}


def _of_sample(row: Mapping[str, Any], question: Question, index: int, *, source: str, split: str | None,
               round: int) -> Experience:
    text = row[row["field"]]
    found = program_of(text, question.problem, "verbatim", continues=row["field"] == "completion")
    log_prob, tokens = row.get("log_prob"), row.get("tokens", row.get("num_tokens"))
    known = isinstance(log_prob, int | float) and not isinstance(log_prob, bool) and log_prob <= 0
    whole = row.get("text") if isinstance(row.get("text"), str) else text if row["field"] == "completion" else None
    try:
        prompt = prompt_from_json(row["prompt"]) if row.get("prompt") else question.prompt
    except TypeError:
        prompt = question.prompt
    return Experience(
        task_id=question.problem.task_id,
        prompt=prompt,
        program="" if found.empty else found.program,
        pass_rate=0.0,
        passed=False,
        completion=whole or "",
        log_prob=log_prob if known else None,
        num_tokens=tokens if isinstance(tokens, int) and not isinstance(tokens, bool) else None,
        benchmark=question.problem.benchmark,
        split=split,
        prefix=question.prefix,
        extraction=question.extract,
        finish_reason=row["finish_reason"] if isinstance(row.get("finish_reason"), str) else None,
        truncated=found.truncated,
        source_model=source,
        sampler=SAMPLER,
        round=round,
        index=index,
    )
