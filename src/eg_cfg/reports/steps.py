"""Guided solutions as what the page's step viewer shows: every signal, its candidates with their traces, every token.

A solution is large: traces are cut to what can be read, numbers to what can be seen, and only so many solutions are
taken as fit into a page.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from eg_cfg.reports.problems import prompt_text
from eg_cfg.reports.reading import items, mapping, number, whole

VALUES = 6
"""Values of one variable on one line that are kept; more are elided in the middle."""
TESTS = 3
"""Traces of a candidate that are kept."""
TEXT_LIMIT = 6_000
_TOP = 4
_VALUE_LIMIT = 400


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
        "task": _short(solution.get("task_id")), "gamma": number(solution.get("gamma")), "trial": trial,
        "passed": None if result is None else bool(result.get("passed")),
        "outcome": None if result is None else _short(result.get("outcome")),
        "finish": _short(solution.get("finish_reason")),
        "prompt": _cut(prompt_text(solution.get("prompt")) or ""),
        "program": _cut(program),
        "plain": None if plain is None or plain == program else _cut(plain),
        "steps": [_step(refresh) for refresh in items(solution.get("refreshes"))],
    }


def _step(refresh: Mapping[str, Any]) -> dict[str, Any]:
    candidates = items(refresh.get("candidates"))
    return {
        "line": whole(refresh.get("line")) or 0,
        "signal": _cut(str(refresh.get("signal") or "")),
        "candidates": [_candidate(one, len(candidates)) for one in candidates],
        "tokens": [_token(one) for one in items(refresh.get("tokens"))],
    }


def _candidate(candidate: Mapping[str, Any], count: int) -> dict[str, Any]:
    trace = mapping(candidate.get("trace"))
    tests, source, same = items(trace.get("tests")), trace.get("program"), whole(candidate.get("duplicate_of"))
    return {
        "text": _cut(str(candidate.get("text", ""))),
        "program": _cut(str(source or candidate.get("program") or "")),
        "same": same if same is not None and 0 <= same < count else None,
        "outcome": _short(candidate.get("outcome")),
        "ended": bool(candidate.get("ended")),
        "tests": [_test(test) for test in tests[:TESTS]],
        "more": max(0, len(tests) - TESTS),
    }


def _test(test: Mapping[str, Any]) -> dict[str, Any]:
    """A test's call and what each line of the program did in it."""
    found: dict[int, dict[str, list[str]]] = {}
    turns: dict[int, int] = {}
    for event in items(test.get("events")):
        line = whole(event.get("line"))
        if line is None:
            continue
        values = found.setdefault(line, {})
        kind = event.get("kind")
        if kind == "line":
            turns[line] = turns.get(line, 0) + 1
        changes = event.get("changes")
        for change in changes if isinstance(changes, list) else ():
            if isinstance(change, list) and len(change) == 2:
                values.setdefault(str(change[0])[:_VALUE_LIMIT], []).append(str(change[1]) or "deleted")
        word = {"return": "returns", "yield": "yields", "exception": "raises", "elided": "…"}.get(str(kind))
        if word:
            count = event.get("count")
            values.setdefault(word, []).append(f"{event.get('value', '')}{f' ×{count}' if count else ''}")
    return {
        "call": str(test.get("test", ""))[:400], "outcome": _short(test.get("outcome")),
        "got": str(test.get("got") or "")[:200], "want": str(test.get("want") or "")[:200],
        "error": str(test.get("error") or "")[:300], "at": whole(test.get("error_line")),
        "lines": {str(line): [[name, _few(texts)] for name, texts in values.items()]
                  for line, values in found.items() if values},
        "runs": {str(line): count for line, count in turns.items() if count > 1},
    }


def _few(texts: Sequence[str]) -> list[str]:
    if len(texts) > VALUES:
        texts = [*texts[: VALUES - 2], f"… {len(texts) - VALUES + 1} more …", texts[-1]]
    return [text if len(text) <= _VALUE_LIMIT else f"{text[:_VALUE_LIMIT]} …" for text in texts]


def _token(token: Mapping[str, Any]) -> list[Any]:
    """Text; plain, conditional and guided probability; the likeliest others, each the same."""
    return [*_probabilities(token), [_probabilities(one) for one in items(token.get("top"))[:_TOP]]]


def _probabilities(token: Mapping[str, Any]) -> list[Any]:
    get = token.get
    return [str(get("text", ""))[:_VALUE_LIMIT], _probability(get("plain")), _probability(get("conditional")),
            _probability(get("guided"))]


def _probability(value: Any) -> float | None:
    """A probability to three digits that matter; None where the log-probability is unknown."""
    known = number(value)
    return None if known is None else float(f"{math.exp(min(0.0, known)):.3g}")


def _short(value: Any) -> str | None:
    return None if value is None else str(value)[:_VALUE_LIMIT]


def _cut(text: str) -> str:
    return text if len(text) <= TEXT_LIMIT else f"{text[:TEXT_LIMIT]}\n[{len(text) - TEXT_LIMIT:,} more characters]"
