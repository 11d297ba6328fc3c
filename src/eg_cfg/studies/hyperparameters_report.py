"""`hyperparameter_study_results.json` and its figures: what a search came to."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from eg_cfg.config import to_plain
from eg_cfg.grading.metrics import rsr
from eg_cfg.runs import RunFolder, library_versions
from eg_cfg.studies.arm import Scored
from eg_cfg.studies.btp_problems import Problems, named
from eg_cfg.studies.figures import bars, slices
from eg_cfg.studies.hyperparameters_options import HyperparameterOptions
from eg_cfg.studies.hyperparameters_search import Search, Trial
from eg_cfg.studies.hyperparameters_trial import Ground
from eg_cfg.studies.paired import Marks, contrast, estimate


def marks(found: Mapping[int, Scored]) -> Marks:
    """pass@1 by seed and problem."""
    return Marks.of({seed: scored.passed for seed, scored in found.items()})


def test_scores(options: HyperparameterOptions, problems: Problems, before: Mapping[int, Scored],
                after: Mapping[int, Scored]) -> dict[str, Any]:
    """The best configuration against the untrained model, on the problems that score."""
    old, new = estimate(marks(before), seed=options.seed), estimate(marks(after), seed=options.seed)
    return {
        "on": named([problems.score_source]), "note": problems.note, "problems": len(problems.score),
        "samples": options.eval_samples, "before": old.to_json(), "after": new.to_json(),
        **contrast(marks(after), marks(before), seed=options.seed),
        "rsr": rsr(100 * new.value, 100 * old.value),
    }


def write_results(run: RunFolder, name: str, ground: Ground, search: Search, tested: dict[str, Any] | None,
                  notes: list[str], seconds: float) -> dict[str, Any]:
    """Writes the results and returns them."""
    options, trials, best = ground.options, search.trials(), search.best()
    results = {
        "experiment": "step4_hyperparameter",
        "model": options.target_model or options.source_model,
        "dataset": options.dataset,
        "split": options.split,
        "note": ground.problems.note,
        "notes": notes,
        "search": {"type": options.search_type, "space": options.space, "max_configs": options.max_configs,
                   "focus_params": list(options.focus_params) if options.search_type == "focused" else None,
                   "pruner": options.pruner},
        "parameters": {key: parameter.to_json() for key, parameter in ground.space.items()},
        "objective": {"metric": "pass@1", "on": named([ground.problems.score_source]),
                      "problems": len(ground.problems.score), "samples": options.eval_samples,
                      "seeds": list(options.chosen_seeds)},
        "before": estimate(marks(ground.start), seed=options.seed).to_json(),
        "trials": [_row(trial) for trial in trials],
        "best": None if best is None else {"number": best.number, "parameters": best.parameters,
                                           "pass@1": best.found["pass@1"], "file": "best_config.yaml"},
        "test": tested,
        "importance": search.importance(),
        "slices": _slices(ground, trials),
        "counts": {state: sum(trial.state == state for trial in trials) for state in ("complete", "pruned", "failed")},
        "storage": options.storage_shown,
        "seconds": round(seconds, 1),
        "settings": to_plain(options),
        "versions": library_versions(),
    }
    run.write_json(name, results)
    return results


def draw_figures(results: Mapping[str, Any], folder: Path) -> list[Path]:
    """Slices, and importance where it is known."""
    drawn = []
    points = {name: rows for name, rows in results["slices"].items() if rows}
    if points:
        drawn.append(slices(points, folder / "slices.png", label="validation pass@1, %"))
    if results["importance"]:
        drawn.append(bars(results["importance"], folder / "importance.png", label="share of differences explained, %"))
    return drawn


def _row(trial: Trial) -> dict[str, Any]:
    return {"number": trial.number, "state": trial.state, "parameters": trial.parameters, "value": trial.value,
            "pass@1": trial.found.get("pass@1"), "steps": [list(step) for step in trial.steps],
            "seconds": trial.seconds, "supervised_tokens": trial.found.get("supervised_tokens"),
            "folder": trial.found.get("folder"), "error": trial.error}


def _slices(ground: Ground, trials: list[Trial]) -> dict[str, list[dict[str, Any]]]:
    """By parameter, what complete trials had and came to."""
    return {name: [{"x": trial.parameters[name], "value": trial.value, "number": trial.number} for trial in trials
                   if trial.state == "complete" and name in trial.parameters]
            for name in ground.space}
