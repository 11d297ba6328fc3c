"""What a BTP experiment found: before against after, what each round drew, and best of k where nothing was trained.

    compared = compare_phases(before, after, ks=(1, 5, 10), seed=42)
    compared["pass@1"]["p_value"], compared["pass@1"]["rsr"]

RSR is the share of what was unsolved before that is solved after, (after - before) / (100 - before), in percent.
Significance is paired, problem by problem, as `eg_cfg.grading.compare` has it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eg_cfg.grading.compare import compare_runs, sign_flip
from eg_cfg.grading.intervals import bootstrap
from eg_cfg.grading.metrics import average_pass_rate, pass_at_k_estimate, rsr, success_rate
from eg_cfg.records import Records
from eg_cfg.replay.experience import Experience
from eg_cfg.replay.priority import P2ValueCalculator
from eg_cfg.replay.sampler import Draw
from eg_cfg.studies.verdicts import VERDICTS, read_verdicts
from eg_cfg.training.results import TrainingResult

BINS = 20
"""Of the histograms of P2Value, over [0, 1]."""
_PASS_RATES = ("0", "0 to 0.25", "0.25 to 0.5", "0.5 to 0.75", "0.75 to 1", "1")
"""Groups of pass rates: all failed, all passed, and open intervals with their upper end between."""


def compare_phases(before: Path, after: Path, *, ks: Sequence[int], seed: int) -> dict[str, Any]:
    """Before against after, on the same problems.

    Args:
        before: Folder of the evaluation before the first round.
        after: Folder of the evaluation after the last.
        ks: Of pass@k.
        seed: Of the bootstrap and of the sign flips.

    Returns:
        For each `pass@k` and for `average_pass_rate`: `before`, `after` and `difference` as value, low and high in
        [0, 1], `p_value` and its `method`, `better` and `worse` (problems), and `rsr` in percent.
    """
    (old, old_rates), (new, new_rates) = _read(before), _read(after)
    found: dict[str, Any] = {}
    for k in ks:
        one = compare_runs(new, old, k=k, seed=seed)
        found[f"pass@{k}"] = _row(one.b.to_json(), one.a.to_json(), one.difference.to_json(), one.p_value, one.method,
                                  one.a_better, one.b_better)
    common = sorted(old_rates.keys() & new_rates.keys())
    gain = np.array([np.mean(new_rates[task]) - np.mean(old_rates[task]) for task in common])
    found["average_pass_rate"] = _row(
        average_pass_rate({task: old_rates[task] for task in common}, seed=seed).to_json(),
        average_pass_rate({task: new_rates[task] for task in common}, seed=seed).to_json(),
        bootstrap(gain, seed=seed).to_json(), sign_flip(gain, seed=seed), "sign_flip",
        int(np.sum(gain > 1e-9)), int(np.sum(gain < -1e-9)))
    return found


def _row(before: dict[str, float], after: dict[str, float], difference: dict[str, float], p_value: float, method: str,
         better: int, worse: int) -> dict[str, Any]:
    relative = rsr(min(100.0, 100 * after["value"]), min(100.0, 100 * before["value"]))
    return {"before": before, "after": after, "difference": difference, "rsr": relative, "p_value": p_value,
            "method": method, "better": better, "worse": worse}


def _read(folder: Path) -> tuple[dict[str, list[bool]], dict[str, list[float]]]:
    passed: dict[str, list[bool]] = {}
    rates: dict[str, list[float]] = {}
    with Records(folder / VERDICTS) as records:
        for verdict in read_verdicts(records):
            passed.setdefault(verdict.task_id, []).append(verdict.passed)
            rates.setdefault(verdict.task_id, []).append(verdict.pass_rate)
    return passed, rates


def best_of_k(experiences: Sequence[Experience], *, beams: bool, seed: int) -> dict[str, Any]:
    """What a model solves with k programs a problem, each tested.

    Args:
        experiences: At least one.
        beams: Whether a problem's first program is its likeliest; `pass@1` is then that one's, else the mean over all.
        seed: Of the bootstrap.
    """
    by_task: dict[str, list[Experience]] = {}
    for experience in sorted(experiences, key=lambda e: (e.task_id, e.index)):
        by_task.setdefault(experience.task_id, []).append(experience)
    passed = {task: [e.passed for e in written] for task, written in by_task.items()}
    rates = {task: [e.pass_rate for e in written] for task, written in by_task.items()}
    best = {task: [max(values)] for task, values in rates.items()}
    first = {task: values[:1] for task, values in passed.items()} if beams else passed
    return {
        "problems": len(by_task),
        "programs": len(experiences),
        "k": max(map(len, by_task.values())),
        "pass@1": pass_at_k_estimate(first, 1, seed=seed).to_json(),
        "best_of_k": success_rate(passed, seed=seed).to_json(),
        "average_pass_rate": average_pass_rate(rates, seed=seed).to_json(),
        "best_pass_rate": average_pass_rate(best, seed=seed).to_json(),
    }


def histogram(values: NDArray[np.float64]) -> dict[str, Any]:
    """Distribution of P2Values: counts in 20 equal parts of [0, 1], and what it comes to."""
    counts, edges = np.histogram(values, bins=BINS, range=(0.0, 1.0))
    some = values.size > 0
    return {"edges": [round(float(edge), 2) for edge in edges], "counts": counts.tolist(),
            "mean": float(values.mean()) if some else None, "median": float(np.median(values)) if some else None}


def describe_draw(draw: Draw, calculator: P2ValueCalculator) -> dict[str, Any]:
    """What was drawn: how often, and of which pass rate."""
    times = Counter(Counter(draw.indices.tolist()).values())
    rates = Counter(_group(experience.pass_rate) for experience in draw.experiences)
    return {
        "draws": len(draw.experiences),
        "different": sum(times.values()),
        "times_drawn": {str(count): number for count, number in sorted(times.items())},
        "tasks": len({experience.task_id for experience in draw.experiences}),
        "passed": sum(experience.passed for experience in draw.experiences),
        "pass_rates": {name: rates[name] for name in _PASS_RATES},
        "p2value": histogram(calculator.values(draw.experiences)),
    }


def describe_buffer(experiences: Sequence[Experience], calculator: P2ValueCalculator) -> dict[str, Any]:
    """What could be drawn."""
    rates = Counter(_group(experience.pass_rate) for experience in experiences)
    return {
        "experiences": len(experiences),
        "tasks": len({experience.task_id for experience in experiences}),
        "passed": sum(experience.passed for experience in experiences),
        "pass_rates": {name: rates[name] for name in _PASS_RATES},
        "without_log_prob": sum(experience.log_prob is None for experience in experiences),
        "p2value": histogram(calculator.values(experiences)),
    }


def _group(rate: float) -> str:
    if rate in (0.0, 1.0):
        return _PASS_RATES[0 if rate == 0 else -1]
    return _PASS_RATES[1 + min(3, int(np.ceil(4 * rate)) - 1)]


def describe_training(result: TrainingResult) -> dict[str, Any]:
    """How one round's fine-tuning went."""
    losses = [loss for _, loss in result.losses]
    return {
        "steps": result.steps,
        "loss": {"first": losses[0] if losses else None, "last": losses[-1] if losses else None,
                 "mean": float(np.mean(losses)) if losses else None},
        "losses": [[step, loss] for step, loss in result.losses],
        "tokens": result.tokens,
        "supervised_tokens": result.supervised_tokens,
        "seconds": round(result.seconds, 3),
        "peak_memory_mb": round(result.peak_memory_mb, 1),
        "examples": result.examples,
        "skipped": result.skipped,
        "parameters": result.parameters,
        "trainable_parameters": result.trainable_parameters,
        "options": dict(result.options),
    }


def summary_lines(results: Mapping[str, Any]) -> list[str]:
    """The report as text; its first line says whether the problems that score were held out."""
    lines = [str(results["note"])]
    lines += [str(note) for note in results.get("notes", ())]
    if results.get("collected"):
        lines.append(_collected(results["collected"]))
    for one in results.get("rounds", ()):
        lines.append(_round(one))
    for name, row in results.get("compared", {}).items():
        relative = "none was left to solve" if row["rsr"] is None else f"RSR {row['rsr']:.1f} %"
        lines.append(f"{name}: {percent(row['before'])} before, {percent(row['after'])} after, difference "
                     f"{_points(row['difference'])}, {relative}, p = {row['p_value']:.4g} ({row['method']}); better on "
                     f"{row['better']} problems, worse on {row['worse']}")
    return lines


def percent(estimate: Mapping[str, float]) -> str:
    """`12.3 % (10.1 to 14.5)`."""
    return f"{100 * estimate['value']:.1f} % ({100 * estimate['low']:.1f} to {100 * estimate['high']:.1f})"


def _points(difference: Mapping[str, float]) -> str:
    """`+12.3 points (10.1 to 14.5)`."""
    value, low, high = (100 * difference[name] for name in ("value", "low", "high"))
    return f"{value:+.1f} points ({low:.1f} to {high:.1f})"


def _collected(found: Mapping[str, Any]) -> str:
    return (f"{found['programs']} programs for {found['problems']} problems: pass@1 {percent(found['pass@1'])}, "
            f"best of {found['k']} {percent(found['best_of_k'])}, average pass rate "
            f"{percent(found['average_pass_rate'])}, best pass rate {percent(found['best_pass_rate'])}")


def _round(one: Mapping[str, Any]) -> str:
    drawn, training = one["drawn"], one["training"]
    loss = training["loss"]
    warning = "" if drawn["passed"] else (". None of the programs drawn passed, so it learnt from failures alone: "
                                          "collect on more problems, or ask for --min-pass-rate")
    return (f"round {one['round']}: buffer of {one['buffer']['experiences']} ({one['buffer']['passed']} passed); drew "
            f"{drawn['draws']} ({drawn['different']} different, {drawn['passed']} passed); {training['steps']} steps "
            f"on {training['supervised_tokens']:,} tokens, loss {_loss(loss['first'])} to {_loss(loss['last'])}, "
            f"{training['seconds']:.0f} s, {training['peak_memory_mb']:.0f} MiB{warning}")


def _loss(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.3f}"
