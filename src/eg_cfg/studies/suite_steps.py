"""The steps of the suite: which of them a model can do, and how each is called.

    reason = unable("ablation", options)        # None, or why the model cannot
    run_step("ablation", options, folder, watch, say)

To add a step: a row in `suite_options.STEPS` and in `_RUN` here, and what it takes in `suite_plan`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from eg_cfg.config import build
from eg_cfg.models.registry import ModelSpec, resolve
from eg_cfg.studies.btp_options import BTPOptions
from eg_cfg.studies.btp_work import Say, Watch
from eg_cfg.studies.suite_options import STEPS, SuiteOptions

_TEACHES: dict[str, tuple[str, ...]] = {
    "tiny": ("tiny-small", "tiny-untrained"),
    "StarCoder2-15B": ("StarCoder2-3B",),
    "Qwen2.5-Coder-32B": ("Qwen2.5-Coder-7B",),
    "CodeLlama-34B": ("CodeLlama-7B",),
    "DeepSeek-V3-0324": ("DeepSeek-Coder-1.3B",),
    "DeepSeek-Coder-V2-Lite": ("DeepSeek-Coder-1.3B",),
}
"""Whom a model teaches where no target is named: the published pairings, and those of the embedded models."""


def spec_of(options: SuiteOptions) -> ModelSpec:
    """What the model's name means.

    Raises:
        UsageError: Nothing.
    """
    return resolve(options.model_name, api_base=options.api_base)


def targets_of(options: SuiteOptions) -> tuple[str, ...]:
    """Models that learn from the model in big to small."""
    if options.target_model is not None:
        return (options.target_model,)
    model = spec_of(options).model
    for name, targets in _TEACHES.items():
        if resolve(name).model == model:
            return targets
    return ()


def unable(step: str, options: SuiteOptions) -> str | None:
    """Why a step cannot be done with this model; None where it can."""
    spec = spec_of(options)
    trains = spec.backend == "huggingface" or options.target_model is not None
    if step == "guide" and not (spec.backend == "huggingface" or options.api_base is not None):
        return f"guidance needs distributions over the next token, and the backend {spec.backend} gives none"
    if step in ("ablation", "hyperparameter") and not trains:
        return f"{spec.name} cannot be fine-tuned here: name a model that can as --target-model"
    if step == "big_to_small" and not targets_of(options):
        return f"no smaller model is paired with {spec.name}: name one as --target-model"
    return None


def run_step(step: str, options: SuiteOptions, folder: Path, watch: Watch, say: Say) -> None:
    """Does a step, or what is left of it, in its folder.

    Raises:
        EgCfgError: It could not be done; what was finished is kept.
    """
    _RUN[step](options, folder / STEPS[step][0], watch, say)


def _benchmark(options: SuiteOptions) -> dict[str, Any]:
    return {"split": options.split, "data": options.data, "option": options.option, "workers": options.workers,
            "allow_weak_isolation": options.allow_weak_isolation, "seed": options.seed}


def _model(options: SuiteOptions) -> dict[str, Any]:
    local = spec_of(options).local
    return {"model_name": options.model_name, "api_key": options.api_key, "api_base": options.api_base,
            "device": options.device if local else None}


def _learning(options: SuiteOptions) -> dict[str, Any]:
    """What every step that trains has in common."""
    sizes, api = options.sizes, spec_of(options).backend == "openai"
    return {
        **_benchmark(options), "dataset": options.chosen_dataset, "source_model": options.model_name,
        "target_model": options.target_model, "mode": "hybrid" if api else "finetune", "api_key": options.api_key,
        "api_base": options.api_base, "device": options.device, "num_beams": sizes.num_beams,
        "n_iterations": sizes.n_iterations, "eval_problems": sizes.eval_problems, "eval_samples": sizes.eval_samples,
        **options.btp,
    }


def btp_options(options: SuiteOptions) -> BTPOptions:
    """Options of step 2; without weights here, and nobody who learns, programs are written and tested alone."""
    spec = spec_of(options)
    values = _learning(options)
    if options.btp_mode is not None:
        values["mode"] = options.btp_mode
    elif spec.backend != "huggingface" and options.target_model is None:
        values["mode"] = "openai" if spec.backend == "openai" else "btp_only"
    return build(BTPOptions, {**values, "max_problems": options.sizes.collect_problems})


def _baseline(options: SuiteOptions, folder: Path, watch: Watch, say: Say) -> None:
    from eg_cfg.studies.baseline import BaselineOptions, baseline

    study = build(BaselineOptions, {**_benchmark(options), **_model(options), "benchmark": options.chosen_dataset,
                                    "num_samples": options.sizes.num_samples, "temperature": 0.8,
                                    "max_problems": options.sizes.max_problems, "output_dir": folder})
    with watch("baseline: writing and testing programs") as progress:
        found = baseline(study, progress).results["pass@1"]
    say(f"pass@1 {_percent(found)}")


def _guide(options: SuiteOptions, folder: Path, watch: Watch, say: Say) -> None:
    import shutil

    from eg_cfg.studies.guide import guide
    from eg_cfg.studies.guide_options import GuideStudyOptions
    from eg_cfg.studies.watching import Counting

    study = build(GuideStudyOptions, {**_benchmark(options), **_model(options), "benchmark": options.chosen_dataset,
                                      "max_problems": options.sizes.guide_problems, "output_dir": folder})
    with watch("EG-CFG: decoding") as progress:
        outcome = guide(study, Counting(progress))
    shutil.copyfile(outcome.folder / STEPS["guide"][1], folder / STEPS["guide"][1])
    for row in outcome.results["rows"]:
        name = row["method"] if row["gamma"] is None or row["method"] != "guided" else f"gamma {row['gamma']:g}"
        if row["method"] in ("greedy", "guided"):
            say(f"{name}: {_percent(row['share'])}")


def _btp(options: SuiteOptions, folder: Path, watch: Watch, say: Say) -> None:
    from eg_cfg.studies.btp import btp
    from eg_cfg.studies.btp_report import summary_lines

    outcome = btp(btp_options(options).model_copy(update={"output_dir": folder}), watch=watch, say=say)
    for line in summary_lines({"note": outcome.results["note"], "compared": outcome.results.get("compared", {})})[1:2]:
        say(line)


def _ablation(options: SuiteOptions, folder: Path, watch: Watch, say: Say) -> None:
    from eg_cfg.studies.ablation import ablation
    from eg_cfg.studies.ablation_options import AblationOptions

    guided = unable("guide", options) is None and options.api_base is None and options.mode != "quick"
    ablation(build(AblationOptions, {**_learning(options), "max_problems": options.sizes.ablation_problems,
                                     "seeds": options.seeds, "guide_problems": options.sizes.guide_problems,
                                     "method": "both" if guided else "btp", "output_dir": folder}),
             watch=watch, say=say)


def _hyperparameter(options: SuiteOptions, folder: Path, watch: Watch, say: Say) -> None:
    from eg_cfg.studies.hyperparameters import hyperparameters
    from eg_cfg.studies.hyperparameters_options import HyperparameterOptions

    sizes = options.sizes
    hyperparameters(build(HyperparameterOptions, {
        **_learning(options), "max_problems": sizes.ablation_problems, "max_configs": sizes.max_configs,
        "search_type": "focused", "validation_problems": sizes.eval_problems or 100, "output_dir": folder,
    }), watch=watch, say=say)


def _big_to_small(options: SuiteOptions, folder: Path, watch: Watch, say: Say) -> None:
    from eg_cfg.studies.transfer import transfer
    from eg_cfg.studies.transfer_options import TransferOptions

    values = {key: value for key, value in _learning(options).items() if key not in ("source_model", "target_model")}
    transfer(build(TransferOptions, {**values, "mode": "finetune", "sources": (options.model_name,),
                                     "targets": targets_of(options), "max_problems": options.sizes.collect_problems,
                                     "seeds": options.seeds, "output_dir": folder}),
             watch=watch, say=say)


def _percent(found: dict[str, float]) -> str:
    return f"{100 * found['value']:.1f} % ({100 * found['low']:.1f} to {100 * found['high']:.1f})"


_RUN: dict[str, Callable[[SuiteOptions, Path, Watch, Say], None]] = {
    "baseline": _baseline,
    "guide": _guide,
    "btp": _btp,
    "ablation": _ablation,
    "hyperparameter": _hyperparameter,
    "big_to_small": _big_to_small,
}
