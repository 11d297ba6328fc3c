"""What each part of a method contributes: what `eg-cfg ablation`, step 3 of the experiments, does.

    outcome = ablation(build(AblationOptions, {"source_model": "tiny", "dataset": "minipy"}))
    outcome.results["studies"]["btp"]["arms"][2]["against_full"]

BTP: programs are collected once, and every arm learns from them what its own rule draws, on equally many tokens. All
arms are scored on the same held-out problems with the same seeds, so each is paired with the whole method and with the
untrained model, problem by problem and seed by seed (`studies.paired`). EG-CFG: see `studies.ablation_guide`.

The run folder holds `ablation_results.json` (docs/studies.md), `figures/`, and `collections/`, `arms/<arm>/seed_<n>/`
and `guide/` with the records. Killed at any moment and started again with the same command, it goes on; what was
finished is not repeated. An arm that cannot be (nothing to draw, say) is reported, and the others go on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eg_cfg.config import build, to_plain
from eg_cfg.runs import RunFolder, library_versions
from eg_cfg.studies.ablation_btp import btp_study
from eg_cfg.studies.ablation_guide import guide_study
from eg_cfg.studies.ablation_guide_arms import WHOLE_TRIAL
from eg_cfg.studies.ablation_options import AblationOptions
from eg_cfg.studies.arm import clear, unsaid, unwatched
from eg_cfg.studies.btp_models import assign
from eg_cfg.studies.btp_work import Say, Watch
from eg_cfg.studies.figures import dots
from eg_cfg.studies.folders import choose_folder
from eg_cfg.studies.model_options import ModelOptions

RESULTS = "ablation_results.json"
FIGURES = "figures"
_OWN = ("collections", "arms", "guide", FIGURES)
_ELSEWHERE = ("output_dir", "output_root", "checkpoint_dir", "cache_dir", "workers", "force", "force_resample",
              "use_cached_sampling", "device", "api_option", "report_to", "allow_weak_isolation", "seeds", "arms",
              "guide_arms")
"""Options that say where and how fast, and those of which a later start may ask for more."""


@dataclass(frozen=True)
class AblationOutcome:
    """What an ablation left behind."""

    folder: Path
    results: dict[str, Any]
    """What is in `ablation_results.json`."""


def ablation(options: AblationOptions, *, watch: Watch | None = None, say: Say | None = None) -> AblationOutcome:
    """Runs all arms, or what is left of them.

    Raises:
        UsageError: The options, a model or the data are wrong.
        SandboxError: The sandbox could not do its work; what was finished is kept.
        RunError: The run folder cannot be used, or no arm came to an end.
    """
    identity = _identity(options)
    folder = options.output_dir or choose_folder(
        options.output_root, "ablation", identity, stem=_stem(options), force=options.force,
        use_root=options.output_root != Path("runs"))
    with RunFolder.open(folder, kind="ablation", configuration=to_plain(options), identity=identity, files=(RESULTS,),
                        seed=options.seed, force=options.force) as run:
        if options.force:
            clear(run.path, _OWN)
        say, watch = say or unsaid, watch or unwatched
        studies: dict[str, Any] = {}
        if options.method in ("btp", "both"):
            studies["btp"] = btp_study(options, run.path, watch=watch, say=say)
        if options.method in ("guide", "both"):
            studies["guide"] = guide_study(options, run.path / "guide", watch=watch, say=say)
        results = {
            "experiment": "step3_ablation",
            "model": options.target_model or options.source_model,
            "dataset": options.dataset,
            "split": options.split,
            "studies": studies,
            "settings": to_plain(options),
            "notes": [note for study in studies.values() for note in study["notes"]],
            "versions": library_versions(),
        }
        draw_figures(results, run.path / FIGURES)
        run.write_json(RESULTS, results)
        return AblationOutcome(run.path, results)


def draw_figures(results: Mapping[str, Any], folder: Path) -> list[Path]:
    """A figure a study: each arm's pass@1 with its interval, in the order of the table."""
    drawn = []
    for name, study in results["studies"].items():
        rows = [(arm["name"], arm["pass@1"]) for arm in study["arms"] if arm["pass@1"] is not None]
        if rows:
            drawn.append(dots(rows, folder / f"{name}.png", label="pass@1, %, with 95 % interval", mark="full"))
    return drawn


def _identity(options: AblationOptions) -> dict[str, Any]:
    values = {key: value for key, value in to_plain(options).items() if key not in _ELSEWHERE}
    if options.guide_trial == WHOLE_TRIAL:  # runs from before it could be chosen have it
        del values["guide_trial"]
    if options.method == "guide":
        models: dict[str, Any] = {"source": build(ModelOptions, {"model_name": options.source_model}).model_identity()}
    else:
        roles = assign(options.btp())
        models = {"source": roles.source.model_identity(),
                  "target": None if roles.target is None else roles.target.model_identity()}
    return {**values, **models}


def _stem(options: AblationOptions) -> str:
    if options.output_root != Path("runs"):
        return "experiment"
    name = options.source_model.rstrip("/").split("/")[-1].replace(":", "-")
    return f"ablation-{options.dataset}-{name}"
