"""Trials on Optuna: which configuration is next, which trials are hopeless, and what a killed start left.

    search = Search(ground, folder / "study.db", say)
    search.run()
    search.best().parameters

A listed search (grid, focused, random) puts its configurations into the study's queue, so that several machines take
them one after the other; `tpe` proposes from the trials that are done. In the run folder's own storage, a trial that is
said to be under way belongs to a start that was killed, because the folder is held by one process: its configuration is
queued again. In a storage of several machines, Optuna's heartbeat tells which of them is gone.
"""

from __future__ import annotations

import contextlib
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from eg_cfg.errors import ConfigError, ModelError, RunError, UsageError
from eg_cfg.studies.arm import unsaid
from eg_cfg.studies.btp_work import Say
from eg_cfg.studies.hyperparameters_space import Value, configurations, effect
from eg_cfg.studies.hyperparameters_trial import Ground, run_trial
from eg_cfg.studies.paired import Marks, estimate

if TYPE_CHECKING:
    import optuna

HEARTBEAT = 60
"""Seconds between two signs of life of a machine."""
_ERROR, _FOUND, _QUEUED = "error", "found", "queued"
"""Attributes of a trial: why it failed, what it came to, and the configuration that it was queued with."""


@dataclass(frozen=True)
class Trial:
    """A trial that ended."""

    number: int
    state: str
    """`complete`, `pruned` or `failed`."""
    parameters: dict[str, Value]
    value: float | None
    steps: list[tuple[int, float]] = field(default_factory=list)
    seconds: float | None = None
    found: dict[str, Any] = field(default_factory=dict)
    error: str | None = None


class Search:
    """The trials of one study.

    Raises:
        ConfigError: The storage cannot be reached, or is of another search.
    """

    def __init__(self, ground: Ground, file: Path, say: Say = unsaid) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._ground = ground
        self._options = ground.options
        self._say = say
        self._own = ground.options.storage is None
        self._study = self._open(file)
        self._listed = configurations(
            self._options.search_type, ground.space, self._options.btp(), focus=self._options.focus_params,
            seed=self._options.seed, count=self._options.max_configs)

    def run(self) -> None:
        """Tries configurations until there are enough, or none is left."""
        if self._own:
            self._put_back()
        self._queue()
        began, first = time.monotonic(), self._ended()
        while self._ended() < self._target():
            if self._listed and not self._waiting():
                self._say(f"{self._target() - self._ended()} trials are under way on other machines: start the same "
                          f"command again when they are done, for results with all of them")
                break
            with _translated(self._options.storage_shown):
                self._study.optimize(self._objective, n_trials=1, catch=(UsageError, ModelError))
            done = self._ended() - first
            trial = self.trials()[-1] if self.trials() else None
            if trial is not None and done:
                left = (time.monotonic() - began) / done * (self._target() - self._ended())
                self._say(f"{self._ended()} of {self._target()}: {_told(trial)}; about {left:.0f} s left")

    def trials(self) -> list[Trial]:
        """Those that ended, in order."""
        import optuna

        states = {optuna.trial.TrialState.COMPLETE: "complete", optuna.trial.TrialState.PRUNED: "pruned",
                  optuna.trial.TrialState.FAIL: "failed"}
        return [Trial(one.number, states[one.state], dict(one.params), one.value if one.value is not None else None,
                      sorted(one.intermediate_values.items()),
                      one.duration.total_seconds() if one.duration else None,
                      dict(one.user_attrs.get(_FOUND, {})), one.user_attrs.get(_ERROR))
                for one in self._study.get_trials(deepcopy=False)
                if one.state in states and (states[one.state] != "failed" or _ERROR in one.user_attrs)]

    def best(self) -> Trial | None:
        """The complete trial of the highest value, the first of them; none where none is complete."""
        complete = [trial for trial in self.trials() if trial.state == "complete" and trial.value is not None]
        return max(complete, key=lambda trial: (trial.value, -trial.number), default=None)

    def importance(self) -> dict[str, float] | None:
        """Share of the differences in value that a parameter explains; none with fewer than four complete trials."""
        import optuna

        complete = [trial for trial in self.trials() if trial.state == "complete"]
        if len(complete) < 4 or len({trial.value for trial in complete}) < 2:
            return None
        shared = set.intersection(*(set(trial.parameters) for trial in complete))
        moved = [name for name in self._ground.space if name in shared
                 and len({trial.parameters[name] for trial in complete}) > 1]
        if not moved:
            return None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = optuna.importance.get_param_importances(self._study, params=moved)
        return {name: float(share) for name, share in found.items()}

    def _open(self, file: Path) -> Any:
        import optuna

        options = self._options
        with _translated(options.storage_shown), warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            if options.storage is None:
                storage = optuna.storages.RDBStorage(f"sqlite:///{file}")
            else:
                storage = optuna.storages.RDBStorage(
                    options.storage.get_secret_value(), heartbeat_interval=HEARTBEAT, grace_period=3 * HEARTBEAT,
                    heartbeat_stale_trial_callback=optuna.storages.RetryHeartbeatStaleTrialCallback())
            known = {one.study_name for one in optuna.get_all_study_summaries(storage)} \
                if options.storage is not None else set()
            trials = 0 if options.study_name not in known else len(
                optuna.load_study(study_name=options.study_name, storage=storage).get_trials(deepcopy=False))
            study = optuna.create_study(storage=storage, study_name=options.study_name, direction="maximize",
                                        load_if_exists=True, sampler=self._sampler(trials), pruner=self._pruner())
            wanted = self._about()
            found = study.user_attrs.get("about")
            if found is None:
                study.set_user_attr("about", wanted)
            elif found != wanted:
                raise ConfigError(f"--study-name {options.study_name}: expected a study of this search in "
                                  f"{options.storage_shown}, found one of another: pass another --study-name")
            return study

    def _about(self) -> dict[str, Any]:
        """What makes trials of several machines comparable."""
        options = self._options
        return {"space": {name: one.to_json() for name, one in self._ground.space.items()},
                "validation": self._ground.problems.score_source.get("fingerprint"),
                "problems": len(self._ground.problems.score), "samples": options.eval_samples,
                "seeds": list(options.chosen_seeds)}

    def _sampler(self, trials: int) -> Any:
        import optuna

        startup = max(2, min(10, self._options.max_configs // 3))
        return optuna.samplers.TPESampler(seed=self._options.seed + trials, n_startup_trials=startup)

    def _pruner(self) -> Any:
        import optuna

        if self._options.pruner == "none":
            return optuna.pruners.NopPruner()
        if self._options.pruner == "halving":
            return optuna.pruners.SuccessiveHalvingPruner()
        return optuna.pruners.MedianPruner(n_startup_trials=4)

    def _put_back(self) -> None:
        """Queues again what a killed start had under way."""
        import optuna

        state = optuna.trial.TrialState
        for one in self._study.get_trials(states=(state.RUNNING,)):
            self._study.tell(one.number, state=state.FAIL)
            if set(one.params) == set(self._ground.space) and not self._listed:
                self._study.enqueue_trial(one.params, {_QUEUED: one.params})

    def _queue(self) -> None:
        """Queues what of the list is neither done nor waiting nor under way."""
        import optuna

        state = optuna.trial.TrialState
        there = {self._key(one) for one in self._study.get_trials(deepcopy=False)
                 if one.state != state.FAIL or _ERROR in one.user_attrs}
        for parameters in self._listed:
            if effect(self._ground.space, parameters, self._options.btp()) not in there:
                self._study.enqueue_trial(parameters, {_QUEUED: parameters})

    def _key(self, one: optuna.trial.FrozenTrial) -> str:
        return effect(self._ground.space, one.user_attrs.get(_QUEUED) or one.params, self._options.btp())

    def _waiting(self) -> int:
        import optuna

        return len(self._study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.WAITING,)))

    def _ended(self) -> int:
        return len(self.trials())

    def _target(self) -> int:
        return min(self._options.max_configs, len(self._listed)) if self._listed else self._options.max_configs

    def _objective(self, trial: optuna.Trial) -> float:
        import optuna

        parameters = self._suggest(trial)

        def report(step: int, value: float) -> None:
            trial.report(value, step)
            if trial.should_prune():
                raise optuna.TrialPruned

        try:
            tried = run_trial(self._ground, parameters, report)
        except (UsageError, ModelError) as error:
            trial.set_user_attr(_ERROR, " ".join(str(error).split()))
            raise
        marks = Marks.of({seed: scored.passed for seed, scored in tried.scored.items()})
        value = estimate(marks, seed=self._options.seed)
        place = self._ground.place(parameters, 0).parent
        trial.set_user_attr(_FOUND, {"pass@1": value.to_json(), "supervised_tokens": tried.supervised_tokens,
                                     "folder": str(place.relative_to(self._ground.folder))})
        return value.value

    def _suggest(self, trial: optuna.Trial) -> dict[str, Value]:
        """The configuration; a queued one says its parameters, and the others stay as given."""
        queued = trial.user_attrs.get(_QUEUED)
        names = list(queued) if queued else list(self._ground.space)
        found: dict[str, Value] = {}
        for name in names:
            parameter = self._ground.space[name]
            if parameter.choices:
                found[name] = cast(Value, trial.suggest_categorical(name, parameter.choices))
            else:
                found[name] = trial.suggest_float(name, parameter.low, parameter.high, log=parameter.log)
        return found


def _told(trial: Trial) -> str:
    said = ", ".join(f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}"
                     for name, value in trial.parameters.items())
    value = "" if trial.value is None else f"{100 * trial.value:.1f} % "
    return f"{said}: {value}{trial.state}" + (f" ({trial.error})" if trial.error else "")


@contextlib.contextmanager
def _translated(storage: str) -> Iterator[None]:
    """A storage's own errors as ours."""
    from optuna.exceptions import OptunaError, StorageInternalError
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except StorageInternalError as error:
        raise RunError(f"the storage {storage} could not go on: {' '.join(str(error).split())[:200]}; what was "
                       f"finished is kept: start the same command again") from error
    except (SQLAlchemyError, OptunaError, ImportError) as error:
        raise ConfigError(f"--storage {storage}: expected an Optuna storage that can be reached, found "
                          f"{type(error).__name__}: {' '.join(str(error).split())[:200]}") from error
