"""Which settings suit a model: what `eg-cfg hyperparameters`, step 4 of the experiments, does, on Optuna.

    outcome = hyperparameters(build(HyperparameterOptions, {"source_model": "tiny", "dataset": "minipy",
                                                            "search_type": "tpe", "max_configs": 20}))
    outcome.results["best"]["parameters"], outcome.results["test"]["after"]

Every trial trains a configuration and is scored on validation problems, which neither are replayed nor score. The
problems that score see the best configuration alone, once, beside the untrained model. `best_config.yaml` is
for `eg-cfg btp --config`.

The run folder holds `hyperparameter_study_results.json` (docs/studies.md), `best_config.yaml`, `figures/`, `study.db`
with Optuna's trials, `trials/` and `samples/`, which trials share. Killed at any moment and started again with the same
command, it goes on: trials that ended are not repeated, one that was under way continues. With a storage that several
machines reach, each starts the same command with a folder of its own.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eg_cfg.config import save, to_plain
from eg_cfg.runs import RunFolder
from eg_cfg.studies.arm import Scored, clear, open_arm, score, unsaid, unwatched
from eg_cfg.studies.btp_models import Roles, assign
from eg_cfg.studies.btp_problems import choose_problems
from eg_cfg.studies.btp_work import Say, Watch
from eg_cfg.studies.folders import choose_folder
from eg_cfg.studies.hyperparameters_options import HyperparameterOptions
from eg_cfg.studies.hyperparameters_report import draw_figures, test_scores, write_results
from eg_cfg.studies.hyperparameters_search import Search
from eg_cfg.studies.hyperparameters_space import settings, spaces, without_effect
from eg_cfg.studies.hyperparameters_trial import Ground, run_trial, validation_options, validation_set
from eg_cfg.training.options import TrainingOptions, choose

RESULTS = "hyperparameter_study_results.json"
BEST = "best_config.yaml"
STUDY = "study.db"
_OWN = ("trials", "samples", "before", "test", "figures")
_ELSEWHERE = ("output_dir", "output_root", "checkpoint_dir", "cache_dir", "workers", "force", "force_resample",
              "use_cached_sampling", "device", "api_option", "report_to", "allow_weak_isolation", "max_configs")


@dataclass(frozen=True)
class HyperparameterOutcome:
    """What a search left behind."""

    folder: Path
    results: dict[str, Any]
    """What is in `hyperparameter_study_results.json`."""


def hyperparameters(options: HyperparameterOptions, *, watch: Watch | None = None,
                    say: Say | None = None) -> HyperparameterOutcome:
    """Searches, or does what is left of it.

    Raises:
        UsageError: The options, a model, the data or the storage are wrong.
        SandboxError: The sandbox could not do its work; what was finished is kept.
        RunError: The run folder cannot be used.
    """
    say, watch = say or unsaid, watch or unwatched
    roles, problems = assign(options.btp()), validation_set(options)
    identity = _identity(options, roles)
    folder = options.output_dir or choose_folder(
        options.output_root, "hyperparameters", identity, stem=_stem(options), force=options.force,
        use_root=options.output_root != Path("runs"))
    with RunFolder.open(folder, kind="hyperparameters",
                        configuration={**to_plain(options), "storage": options.storage_shown}, identity=identity,
                        files=(RESULTS, BEST, STUDY), seed=options.seed, force=options.force,
                        dataset={"score": problems.score_source, "replay": problems.replay_sources}) as run:
        if options.force:
            clear(run.path, _OWN)
        began = time.monotonic()
        say(f"validation: {problems.note}")
        start = _before(options, run.path, watch)
        ground = Ground(options, run.path, problems, roles, start, _space(options, start), watch)
        notes = without_effect(ground.space, options.btp())
        for note in notes:
            say(note)
        search = Search(ground, run.path / STUDY, say)
        search.run()
        best = search.best()
        tested = None
        if best is not None:
            chosen = options.btp(**settings(ground.space, best.parameters))
            save(chosen.model_copy(update={"cache_dir": None}), run.path / BEST,
                 f"The best of {len(search.trials())} trials: eg-cfg btp --config {BEST}")
            if options.test:
                tested = _tested(ground, best.parameters, say)
        results = write_results(run, RESULTS, ground, search, tested, notes, time.monotonic() - began)
        draw_figures(results, run.path / "figures")
        return HyperparameterOutcome(run.path, results)


def _before(options: HyperparameterOptions, folder: Path, watch: Watch) -> dict[int, Scored]:
    """The untrained model on the validation problems, by seed."""
    found = {}
    for seed in options.chosen_seeds:
        values = validation_options(options, seed=seed)
        with open_arm(values, folder / "before" / f"seed_{seed}", validation_set(options), assign(values),
                      watch=watch) as work:
            found[seed] = score(work, 0)
    return found


def _space(options: HyperparameterOptions, start: Mapping[int, Scored]) -> Mapping[str, Any]:
    parameters = next(iter(start.values())).parameters
    usual = choose(TrainingOptions(use_lora=options.use_lora), parameters=parameters, examples=options.batch_size)
    return spaces(options.learning_rate or usual.learning_rate or 1e-3)[options.space]


def _tested(ground: Ground, parameters: Mapping[str, Any], say: Say) -> dict[str, Any]:
    """The best configuration's model, and the untrained one, on the problems that score."""
    options = ground.options
    run_trial(ground, parameters, lambda step, value: None)  # another machine trained it, perhaps
    problems = choose_problems(options.btp())
    before, after = {}, {}
    name = ground.place(parameters, 0).parent.name
    for seed in options.chosen_seeds:
        plain = options.btp(seed=seed)
        with open_arm(plain, ground.folder / "test" / "before" / f"seed_{seed}", problems, assign(plain),
                      watch=ground.watch) as work:
            before[seed] = score(work, 0)
        trained = options.btp(**settings(ground.space, parameters), seed=seed,
                              checkpoint_dir=ground.place(parameters, seed) / "checkpoints")
        with open_arm(trained, ground.folder / "test" / name / f"seed_{seed}", problems, assign(trained),
                      watch=ground.watch) as work:
            after[seed] = score(work, options.n_iterations, before[seed])
    found = test_scores(options, problems, before, after)
    say(f"test: {100 * found['before']['value']:.1f} % before, {100 * found['after']['value']:.1f} % with the best")
    return found


def _identity(options: HyperparameterOptions, roles: Roles) -> dict[str, Any]:
    values = {key: value for key, value in to_plain(options).items() if key not in _ELSEWHERE}
    assert roles.target is not None
    return {**values, "seeds": list(options.chosen_seeds), "source": roles.source.model_identity(),
            "target": roles.target.model_identity()}


def _stem(options: HyperparameterOptions) -> str:
    if options.output_root != Path("runs"):
        return "experiment"
    name = (options.target_model or options.source_model).rstrip("/").split("/")[-1].replace(":", "-")
    return f"hyperparameters-{options.dataset}-{name}"
