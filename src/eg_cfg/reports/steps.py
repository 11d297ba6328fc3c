"""Guided solutions as what the page's step viewer shows: every signal, its candidates with their traces, every token.

A solution is large: traces are cut to what can be read, numbers to what can be seen, and only so many solutions are
taken as fit into a page.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from eg_cfg.reports.problems import prompt_text

VALUES = 6
"""Values of one variable on one line that are kept; more are elided in the middle."""
TESTS = 3
"""Traces of a candidate that are kept."""
TEXT_LIMIT = 6_000
_TOP = 4


def solution_steps(solution: Mapping[str, Any], *, trial: str, result: Mapping[str, Any] | None,
                   plain: str | None) -> dict[str, Any]:
    """A solution for the viewer.

    Args:
        solution: As its steps file has it.
        trial: Its trial.
        result: Its result file, where it was graded.
        plain: The program of plain decoding, where there is one.
    """
    program = str(solution.get("program", ""))
    return {
        "task": str(solution.get("task_id")), "gamma": solution.get("gamma"), "trial": trial,
        "passed": None if result is None else bool(result.get("passed")),
        "outcome": None if result is None else result.get("outcome"),
        "finish": solution.get("finish_reason"),
        "prompt": _cut(prompt_text(solution.get("prompt")) or ""),
        "program": _cut(program),
        "plain": None if plain is None or plain == program else _cut(plain),
        "steps": [_step(refresh) for refresh in solution.get("refreshes") or () if isinstance(refresh, Mapping)],
    }


def _step(refresh: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "line": refresh.get("line"),
        "code": str(refresh.get("code", "")),
        "signal": _cut(str(refresh.get("signal") or "")),
        "candidates": [_candidate(one) for one in refresh.get("candidates") or () if isinstance(one, Mapping)],
        "tokens": [_token(one) for one in refresh.get("tokens") or () if isinstance(one, Mapping)],
    }


def _candidate(candidate: Mapping[str, Any]) -> dict[str, Any]:
    trace = candidate.get("trace")
    tests = trace.get("tests") or () if isinstance(trace, Mapping) else ()
    source = trace.get("program") if isinstance(trace, Mapping) else None
    return {
        "text": _cut(str(candidate.get("text", ""))),
        "program": _cut(str(source or candidate.get("program") or "")),
        "same": candidate.get("duplicate_of"),
        "outcome": candidate.get("outcome"),
        "ended": bool(candidate.get("ended")),
        "tests": [_test(test) for test in list(tests)[:TESTS] if isinstance(test, Mapping)],
        "more": max(0, len(tests) - TESTS),
    }


def _test(test: Mapping[str, Any]) -> dict[str, Any]:
    """A test's call and what each line of the program did in it."""
    found: dict[int, dict[str, list[str]]] = {}
    turns: dict[int, int] = {}
    for event in test.get("events") or ():
        if not isinstance(event, Mapping) or not isinstance(event.get("line"), int):
            continue
        line = event["line"]
        values = found.setdefault(line, {})
        kind = event.get("kind")
        if kind == "line":
            turns[line] = turns.get(line, 0) + 1
        for change in event.get("changes") or ():
            if isinstance(change, list | tuple) and len(change) == 2:
                values.setdefault(str(change[0]), []).append(str(change[1]) or "deleted")
        word = {"return": "returns", "yield": "yields", "exception": "raises", "elided": "…"}.get(str(kind))
        if word:
            count = event.get("count")
            values.setdefault(word, []).append(f"{event.get('value', '')}{f' ×{count}' if count else ''}")
    return {
        "call": str(test.get("test", ""))[:400], "outcome": test.get("outcome"),
        "got": str(test.get("got") or "")[:200], "want": str(test.get("want") or "")[:200],
        "error": str(test.get("error") or "")[:300], "at": test.get("error_line"),
        "lines": {str(line): [[name, _few(texts)] for name, texts in values.items()]
                  for line, values in found.items() if values},
        "runs": {str(line): count for line, count in turns.items() if count > 1},
    }


def _few(texts: Sequence[str]) -> list[str]:
    if len(texts) <= VALUES:
        return list(texts)
    return [*texts[: VALUES - 2], f"… {len(texts) - VALUES + 1} more …", texts[-1]]


def _token(token: Mapping[str, Any]) -> list[Any]:
    """Text; plain, conditional and guided probability; the likeliest others, each the same."""
    return [*_probabilities(token), [_probabilities(one) for one in list(token.get("top") or ())[:_TOP]
                                     if isinstance(one, Mapping)]]


def _probabilities(token: Mapping[str, Any]) -> list[Any]:
    return [str(token.get("text", "")), *(_probability(token.get(name)) for name in ("plain", "conditional", "guided"))]


def _probability(value: Any) -> float | None:
    """A probability to five digits; None where the log-probability is unknown."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(f"{math.exp(min(0.0, value)):.3g}")




def _cut(text: str) -> str:
    return text if len(text) <= TEXT_LIMIT else f"{text[:TEXT_LIMIT]}\n[{len(text) - TEXT_LIMIT:,} more characters]"
