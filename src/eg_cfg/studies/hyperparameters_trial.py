"""One trial: a configuration is trained, and scored on validation problems, more and more of them.

    ground = Ground(options, folder, validation, roles, start, space, watch)
    value = run_trial(ground, {"alpha": 0.3}, report)

A trial's folder is named after what its configuration comes to, so a trial that was killed goes on where it was, and
one that equals an earlier one costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eg_cfg.errors import ConfigError
from eg_cfg.studies.arm import Scored, learn, open_arm, score
from eg_cfg.studies.btp_models import Roles
from eg_cfg.studies.btp_options import BTPOptions
from eg_cfg.studies.btp_problems import Problems, choose_problems
from eg_cfg.studies.btp_work import Say, Watch
from eg_cfg.studies.hyperparameters_options import HyperparameterOptions
from eg_cfg.studies.hyperparameters_space import Space, Value, effect, settings

_SHARES = (0.25, 0.5, 1.0)
"""Of the validation problems, after the last round; after the others, the first share."""
_VALIDATED: dict[str, dict[str, Any]] = {
    "minipy": {"split": "validation"},
    "mbpp": {"split": "validation", "replay_split": ("train",)},
    "mbpp-et": {"split": "validation", "replay_split": ("train",)},
    "mbpp-plus": {"dataset": "mbpp", "split": "validation", "replay_dataset": "mbpp", "replay_split": ("train",)},
    "humaneval": {"dataset": "mbpp", "split": "validation", "replay_dataset": "mbpp", "replay_split": ("train",)},
    "humaneval-et": {"dataset": "mbpp", "split": "validation", "replay_dataset": "mbpp", "replay_split": ("train",)},
    "humaneval-plus": {"dataset": "mbpp", "split": "validation", "replay_dataset": "mbpp", "replay_split": ("train",)},
    "code_contests": {"split": "valid"},
}
"""What is replaced for validation, by the benchmark that scores in the end."""


@dataclass(frozen=True)
class Ground:
    """What all trials share."""

    options: HyperparameterOptions
    folder: Path
    problems: Problems
    """Validation problems score."""
    roles: Roles
    start: Mapping[int, Scored]
    """The untrained model on the validation problems, by seed."""
    space: Space
    watch: Watch

    def place(self, parameters: Mapping[str, Value], seed: int) -> Path:
        """Folder of a configuration under a seed."""
        return self.folder / "trials" / effect(self.space, parameters, self.options) / f"seed_{seed}"

    def configured(self, parameters: Mapping[str, Value], seed: int) -> BTPOptions:
        """Options of BTP for a trial.

        Raises:
            ConfigError: They do not go together.
        """
        return validation_options(self.options, **settings(self.space, parameters), seed=seed,
                                  cache_dir=self.options.cache_dir or self.folder / "samples")


@dataclass(frozen=True)
class Tried:
    """What came of a trial."""

    scored: dict[int, Scored]
    supervised_tokens: int


def validation_options(options: HyperparameterOptions, **changed: Any) -> BTPOptions:
    """BTP's options with validation problems in place of those that score.

    Where a benchmark has no validation part, the first problems of what is replayed are it, and what is replayed
    begins after them.

    Raises:
        ConfigError: The benchmark has nothing to replay and nothing was named.
    """
    from eg_cfg.benchmarks.registry import describe

    name = describe(options.dataset).name
    values: dict[str, Any] = {"eval_problems": options.validation_problems, **changed}
    own = options.replay_dataset is None and options.replay_split is None and options.data is None
    if own and name in _VALIDATED:
        data = {"data": options.replay_data, "option": options.replay_option or {}} \
            if "dataset" in _VALIDATED[name] else {}
        return options.btp(**values, **_VALIDATED[name], **data)
    replay = describe(options.replay_dataset or options.dataset)
    split = options.replay_split or (("train",) if "train" in replay.splits else None)
    if split is None:
        raise ConfigError(f"--dataset {name} has no part to validate on: name problems of another one, for instance "
                          f"--btp replay-dataset=mbpp")
    return options.btp(**values, dataset=replay.name, split=split[0], replay_split=split,
                       problem_offset=options.problem_offset + options.validation_problems,
                       **({"data": options.replay_data, "option": options.replay_option or {}}
                          if options.replay_dataset else {}))


def validation_set(options: HyperparameterOptions) -> Problems:
    """What is replayed in trials and what gives their scores; no problem does both.

    Raises:
        UsageError: There is nothing of one of the two.
        ConfigError: They overlap.
    """
    problems = choose_problems(validation_options(options))
    if problems.overlap:
        raise ConfigError(f"{len(problems.overlap)} validation problems would be replayed too, for instance "
                          f"{problems.overlap[0]!r}: name other parts with --btp replay-split=...")
    return problems


def run_trial(ground: Ground, parameters: Mapping[str, Value], report: Callable[[int, float], None],
              say: Say | None = None) -> Tried:
    """Trains and scores a configuration, or does what is left of that.

    Args:
        ground: What trials share.
        parameters: The configuration.
        report: Told a step and the score so far under the first seed; what it raises ends the trial.
        say: Told what was chosen.

    Raises:
        UsageError: There is nothing to learn from.
        ModelError: Training could not go on.
    """
    found: dict[int, Scored] = {}
    tokens = 0
    problems = ground.problems.score
    rungs = sorted({max(1, round(share * len(problems))) for share in _SHARES})
    for seed in ground.options.chosen_seeds:
        options = ground.configured(parameters, seed)
        tell = report if seed == ground.options.chosen_seeds[0] else _nobody
        start = ground.start[seed]
        with open_arm(options, ground.place(parameters, seed), ground.problems, ground.roles, kind="trial",
                      watch=ground.watch, say=say) as work:

            def after_round(number: int) -> None:
                if number < options.n_iterations:  # noqa: B023  called before the loop goes on
                    first = score(work, number, start, problems=problems[:rungs[0]],  # noqa: B023
                                  name=f"after_round_{number}")
                    tell(number, first.value)  # noqa: B023

            learnt = learn(work, start, after_round)
            for step, count in enumerate(rungs, start=options.n_iterations):
                found[seed] = score(work, options.n_iterations, start, problems=problems[:count])
                tell(step, found[seed].value)
        tokens += learnt.supervised_tokens
    return Tried(found, tokens)


def _nobody(step: int, value: float) -> None:
    """Told of seeds after the first."""
