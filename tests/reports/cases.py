"""Run folders written by hand: as studies document them, damaged, hostile, and large."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

ATTACK = '</script><script>window.hacked=1</script><img src=x onerror="window.hacked=2">\n"""\n<!-- ]]> &lt; \u2028 '
"""What would run if any of it were taken for markup."""


def write_json(path: Path, values: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(values))


def write_lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def evaluation(folder: Path, problems: Mapping[str, list[str]], *,
               programs: Mapping[tuple[str, int], str] | None = None, prompt: str = "def f(x):\n", detail: str = "",
               model: str = "m") -> Path:
    """A baseline's folder from the outcomes of each problem's samples."""
    programs = programs or {}
    rows = [(task, index, outcome) for task, outcomes in problems.items() for index, outcome in enumerate(outcomes)]
    write_json(folder / "run.json", {"kind": "baseline", "seed": 42, "identity": {"model": model, "benchmark": "demo"},
                                     "dataset": {"name": "demo", "split": "test"}, "configuration": {}, "versions": {}})
    write_lines(folder / "verdicts.jsonl", (
        {"task_id": task, "index": index, "passed": outcome == "passed", "outcome": outcome,
         "detail": "" if outcome == "passed" else detail or "expected 1, got 2",
         "tests": [{"passed": outcome == "passed", "seconds": 0.1, "error": None if outcome == "passed" else detail}],
         "tests_total": 2 if outcome == "timeout" else 1, "seconds": 0.1} for task, index, outcome in rows))
    write_lines(folder / "samples.jsonl", (
        {"task_id": task, "index": index, "solution": programs.get((task, index), f"{prompt}    return {index}\n"),
         "text": f"    return {index}\n", "prompt": prompt, "finish_reason": "stop", "extraction": "ok", "tokens": 4,
         "prompt_tokens": 7 if index == 0 else None, "log_prob": -1.5, "seconds": 0.5} for task, index, _ in rows))
    return folder


def ablation(folder: Path) -> Path:
    """An ablation as docs/studies.md has it, with an arm that failed."""
    against = {"difference": {"value": -0.1, "low": -0.2, "high": 0.05}, "p_value": 0.21, "method": "sign_flip",
               "better": 2, "worse": 5, "seeds_ahead": 1, "seeds": 3}
    seeds = [{"seed": 42, "folder": "arms/x/seed_42", "pass@1": 0.5, "average_pass_rate": 0.6, "supervised_tokens": 900,
              "steps": 9, "training_seconds": 3.5}]

    def arm(name: str, value: float, **more: Any) -> dict[str, Any]:
        one = {"value": value, "low": value - 0.1, "high": value + 0.1}
        return {"name": name, "what": f"what {name} does", "settings": {}, "status": "done", "error": None,
                "pass@1": one, "average_pass_rate": one, "seeds": seeds, "against_full": against,
                "against_none": against, **more}

    failed = {"name": "broken", "what": "cannot be", "settings": {}, "status": "failed", "error": "nothing to draw",
              "pass@1": None, "average_pass_rate": None, "seeds": [], "against_full": None, "against_none": None}
    write_json(folder / "ablation_results.json", {
        "experiment": "step3_ablation", "model": "tiny", "dataset": "minipy", "split": None, "settings": {},
        "notes": ["a note"], "versions": {}, "studies": {"btp": {
            "full": "full", "metric": "pass@1", "note": "held out", "problems": 20, "samples": 4, "seeds": [42],
            "train_tokens": 900, "collections": {}, "arms": [arm("none", 0.3, against_none=None),
                                                             arm("full", 0.5, against_full=None),
                                                             arm("uniform", 0.4), failed]}}})
    return folder


def hyperparameters(folder: Path) -> Path:
    """A search as docs/studies.md has it."""
    one = {"value": 0.5, "low": 0.4, "high": 0.6}

    def trial(number: int, alpha: float, value: float, state: str = "complete") -> dict[str, Any]:
        complete = state == "complete"
        return {"number": number, "state": state, "parameters": {"alpha": alpha, "sampler": "beam"}, "value": value,
                "pass@1": {**one, "value": value} if complete else None, "steps": [[0, value]], "seconds": 4.0,
                "supervised_tokens": 300, "folder": "trials/x", "error": None}

    write_json(folder / "hyperparameter_study_results.json", {
        "experiment": "step4_hyperparameter", "model": "tiny", "dataset": "minipy", "split": None, "note": "held out",
        "notes": [], "settings": {}, "versions": {},
        "search": {"type": "tpe", "space": "classic", "max_configs": 3, "focus_params": None, "pruner": "median"},
        "parameters": {}, "objective": {"metric": "pass@1", "on": "minipy (validation)", "problems": 8, "samples": 2},
        "before": one, "trials": [trial(1, 0.3, 0.45), trial(2, 0.7, 0.55), trial(3, 0.5, 0.1, "pruned")],
        "best": {"number": 2, "parameters": {"alpha": 0.7, "sampler": "beam"}, "pass@1": one, "file": "best.yaml"},
        "test": {"on": "minipy (test)", "problems": 20, "samples": 4, "before": one, "after": {**one, "value": 0.58},
                 "difference": {"value": 0.08, "low": -0.01, "high": 0.2}, "p_value": 0.07, "method": "sign_flip",
                 "better": 5, "worse": 2, "rsr": 16.0},
        "importance": {"alpha": 0.8, "sampler": 0.2},
        "slices": {"alpha": [{"x": 0.3, "value": 0.45, "number": 1}, {"x": 0.7, "value": 0.55, "number": 2}],
                   "sampler": [{"x": "beam", "value": 0.45, "number": 1}, {"x": "beam", "value": 0.55, "number": 2}]},
        "counts": {"complete": 2, "pruned": 1, "failed": 0}, "storage": "study.db", "seconds": 12.0})
    return folder


def transfer(folder: Path) -> Path:
    """A matrix as docs/studies.md has it, with a pair that failed."""
    one = {"value": 0.5, "low": 0.4, "high": 0.6}

    def pair(source: str, target: str, gain: float | None) -> dict[str, Any]:
        done = gain is not None
        return {"source": source, "target": target, "mixture": "minipy", "status": "done" if done else "failed",
                "error": None if done else "no weights", "before": one if done else None,
                "after": one if done else None,
                "gain": {"value": gain, "low": gain - 0.1, "high": gain + 0.1} if gain is not None else None,
                "p_value": 0.3 if done else None, "method": "sign_flip", "better": 3, "worse": 1, "rsr": 4.0,
                "seeds": [{"seed": 42, "training_seconds": 2.0, "supervised_tokens": 100}]}

    write_json(folder / "transfer_results.json", {
        "experiment": "big_to_small", "dataset": "minipy", "split": None, "note": "held out", "notes": [],
        "settings": {}, "versions": {}, "problems": 20, "samples": 4, "seeds": [42], "train_tokens": 100,
        "sources": ["big", "large"], "targets": ["small"], "mixtures": ["minipy"],
        "collections": [{"source": "big", "dataset": "minipy", "programs": 9, "passed": 4, "tasks": 3, "tokens": 99,
                         "status": "done", "error": None}],
        "pairs": [pair("big", "small", 0.12), pair("large", "small", None)], "matrix": {"minipy": [[0.12], [None]]}})
    return folder


_WORDS = ("total", "index", "values", "result", "left", "right", "count", "table", "best", "queue", "node", "depth",
          "cache", "window", "limit", "prefix", "matrix", "row", "column", "graph", "weight", "stack", "text", "token")


def program(chance: random.Random, name: str, header: str) -> str:
    """Some 25 lines of code as models write it, no two alike."""
    lines = [header.rstrip()]
    for _ in range(chance.randint(12, 30)):
        a, b, c = chance.sample(_WORDS, 3)
        lines.append(chance.choice((
            f"    {a} = [{b} * {chance.randint(2, 99)} for {b} in {c} if {b} % {chance.randint(2, 9)} == 0]",
            f"    for {a}, {b} in enumerate(sorted({c}, key=lambda {c}: -{c})):\n        {b} += {a}",
            f"    if {a} > len({b}) or {c} is None:\n        return {a} - {chance.randint(1, 500)}",
            f"    {a}, {b} = divmod({c} + {chance.randint(1, 50)}, {chance.randint(2, 60)})",
            f"    # keep the {a} of each {b} so that {c} stays below {chance.randint(10, 5000)}",
            f"    {a}.append(({b}, '{c}{chance.randint(0, 999)}'))")))
    return "\n".join([*lines, f"    return {chance.choice(_WORDS)}", ""])


def large(folder: Path, problems: int = 500, samples: int = 10) -> Path:
    """A run as large as MBPP's, with programs and errors that do not repeat."""
    chance = random.Random(7)
    outcomes: dict[str, list[str]] = {}
    programs: dict[tuple[str, int], str] = {}
    for number in range(problems):
        task, name = f"mbpp/{number}", f"{chance.choice(_WORDS)}_{chance.choice(_WORDS)}_{number}"
        header = f"def {name}({', '.join(chance.sample(_WORDS, 2))}):\n"
        outcomes[task] = []
        for index in range(samples):
            outcomes[task].append(chance.choice(("passed", "passed", "wrong_answer", "exception", "timeout")))
            programs[task, index] = program(chance, name, header)
    evaluation(folder, outcomes, programs=programs)
    verdicts = [json.loads(line) for line in (folder / "verdicts.jsonl").read_text().splitlines()]
    for row in verdicts:
        row["tests_total"] = 8
        row["tests"] = [{"passed": row["passed"], "seconds": 0.01, "error": None if row["passed"] else
                         f"expected {[chance.randint(0, 999) for _ in range(9)]}, got {chance.randint(0, 9999)}"}
                        for _ in range(8)]
    write_lines(folder / "verdicts.jsonl", verdicts)
    return folder
