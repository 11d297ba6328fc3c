"""Every problem of an evaluation as what the page's browser of problems shows.

A problem is `{"id", "prompt", "samples"}`; texts that are equal within a problem are stored once, in `texts`, and
samples hold places in it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from eg_cfg.reports.cells import cut
from eg_cfg.reports.evaluations import Evaluation, Record, Sample

TEXT_LIMIT = 20_000
"""Characters of one program or text that are kept."""
TOLD = 100
"""Failed tests of a sample whose errors are kept."""
_ERROR_LIMIT = 400
MARKS = {"passed": "p", "wrong_answer": "w", "exception": "x", "timeout": "t", "memory": "m", "output_limit": "o",
         "syntax_error": "s", "no_code": "n", "killed": "k", "tampered": "!"}
"""A letter for each outcome."""


class _Texts:
    def __init__(self) -> None:
        self.known: dict[str, int] = {}

    def place(self, text: str | None, limit: int = TEXT_LIMIT) -> int | None:
        if text is None:
            return None
        if len(text) > limit:
            text = f"{text[:limit]}\n[{len(text) - limit:,} more characters]"
        return self.known.setdefault(text, len(self.known))


def problems_of(found: Evaluation, *, label: str = "", other: Evaluation | None = None,
                other_label: str = "") -> tuple[dict[str, Any], ...]:
    """The problems of an evaluation, or of two of the same problems side by side.

    Args:
        found: The evaluation.
        label: Its name, where there are two.
        other: The other one.
        other_label: Its name.
    """
    shown = []
    for task, record in found.problems.items():
        texts = _Texts()
        samples = [_sample(sample, texts, label) for sample in record.samples]
        if other is not None and task in other.problems:
            samples += [_sample(sample, texts, other_label) for sample in other.problems[task].samples]
        shown.append(_problem(record, samples, texts))
    return tuple(shown)


def _problem(record: Record, samples: list[dict[str, Any]], texts: _Texts) -> dict[str, Any]:
    prompt = texts.place(prompt_text(record.prompt))
    return {"id": cut(record.task_id), "prompt": prompt, "samples": samples, "texts": list(texts.known)}


def _sample(sample: Sample, texts: _Texts, label: str) -> dict[str, Any]:
    same = sample.text is not None and sample.program is not None and sample.program.endswith(sample.text)
    values = {
        "l": f"{label} {sample.index}".strip(),
        "o": sample.outcome,
        "p": texts.place(sample.program),
        "x": None if same else texts.place(sample.text),
        "d": texts.place(sample.detail or None, _ERROR_LIMIT),
        "t": _tests([(test, None) for test in sample.tests if isinstance(test, Mapping)], texts),
        "n": sample.tests_total,
        "f": None if sample.finish_reason is None else cut(sample.finish_reason),
        "lp": None if sample.log_prob is None else round(sample.log_prob, 3),
        "k": sample.tokens,
        "s": round(sample.seconds, 4),
        "h": sample.shown,
    }
    return {name: value for name, value in values.items() if value is not None}


def _tests(tests: Sequence[tuple[Mapping[str, Any], str | None]], texts: _Texts) -> list[list[Any]]:
    """Each test: passed, why not, and its name; what is not known at the end is left out."""
    found: list[list[Any]] = []
    told = 0
    for test, name in tests:
        passed, error = bool(test.get("passed")), test.get("error")
        told += not passed
        why = None if passed or error is None or told > TOLD else texts.place(str(error), _ERROR_LIMIT)
        what = None if name is None or len(found) >= TOLD else texts.place(name, _ERROR_LIMIT)
        values = [int(passed), why, what]
        while values[-1] is None:
            values.pop()
        found.append(values)
    return found


def solved_programs(task: str, prompt: Any, tried: Sequence[tuple[str, Mapping[str, Any]]]) -> dict[str, Any]:
    """A problem with one program a method, from the results of guided decoding.

    Args:
        task: Its id.
        prompt: As it was asked.
        tried: Method and the content of its result file.
    """
    texts = _Texts()
    samples = []
    for method, result in tried:
        results = result.get("results")
        tests = _tests([({"passed": test.get("result"), "error": test.get("error")}, str(name))
                        for name, test in (results if isinstance(results, Mapping) else {}).items()
                        if isinstance(test, Mapping)], texts)
        outcome = str(result.get("outcome") or ("passed" if result.get("passed") else "wrong_answer"))[:60]
        error = result.get("general_error")
        values = {"l": method, "o": outcome, "p": texts.place(str(result.get("code", ""))),
                  "d": texts.place(str(error), _ERROR_LIMIT) if error else None, "t": tests, "n": len(tests),
                  "f": None if result.get("finish_reason") is None else cut(str(result["finish_reason"])),
                  "h": shown if isinstance(shown := result.get("shown_passed"), bool) else None}
        samples.append({name: value for name, value in values.items() if value is not None})
    return {"id": cut(task), "prompt": texts.place(prompt_text(prompt)), "samples": samples, "texts": list(texts.known)}


def prompt_text(prompt: Any) -> str | None:
    """A prompt as text; the turns of a chat with their roles."""
    if prompt is None or isinstance(prompt, str):
        return prompt
    if isinstance(prompt, list) and all(isinstance(turn, Mapping) for turn in prompt):
        return "\n\n".join(f"[{turn.get('role', '')}]\n{turn.get('content', '')}" for turn in prompt)
    return json.dumps(prompt, indent=1)


def mark(outcome: str) -> str:
    """The letter of an outcome."""
    return MARKS.get(outcome, "?")
