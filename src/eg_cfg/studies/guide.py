"""Guided decoding as an experiment: what `eg-cfg guide` does, from options to files.

    outcome = guide(build(GuideStudyOptions, {"model_name": "tiny", "benchmark": "minipy", "max_problems": 20}))
    outcome.results["rows"]         # plain greedy, a row for each trial and gamma, and best-of-N for each

Every trial and gamma is beside plain greedy decoding with the same prompt, and beside best-of-N: as many whole programs
as the decoder sampled continuations for the task, at the same temperature, of which the likeliest that passes the shown
tests is handed in; where that is asked for, beside best-of-N at equal wall time too. Killed at any moment and started
again with the same command, it goes on; several processes that are given the same command share the work, and each
prints all of it in the end.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from eg_cfg.benchmarks.base import Benchmark, Problem
from eg_cfg.config import to_plain
from eg_cfg.decoding.prompting import resolve
from eg_cfg.errors import RunError, UsageError
from eg_cfg.grading.grader import Grader
from eg_cfg.models.base import TextModel
from eg_cfg.models.prompts.headers import with_header
from eg_cfg.runs import library_versions
from eg_cfg.studies.best_of import SampleStore, greedy_name, store_name
from eg_cfg.studies.claims import Claims
from eg_cfg.studies.evaluation import shows_its_tests
from eg_cfg.studies.guide_options import GuideStudyOptions
from eg_cfg.studies.guide_records import BASELINES, ResultsFolder, write_json
from eg_cfg.studies.guide_scores import (
    MOST,
    Row,
    best_of_row,
    best_of_time_row,
    compare,
    decoded_row,
    needed,
    search_rows,
)
from eg_cfg.studies.guide_work import POLL_SECONDS, GuideWork, Leg, Watcher, legs_of
from eg_cfg.studies.trial_strings import Trial

RESULTS = "guide_results.json"
_CLAIMS = ".claims"
_RUNS = "runs"
"""Name under which running processes take part."""
_Draw = tuple[Callable[[], bool], Callable[[], object]]
"""Whether a task's programs are there, and what draws them."""


@dataclass(frozen=True)
class GuideOutcome:
    """What a start of `guide` left behind."""

    folder: Path
    """Of this data set and model."""
    results: dict[str, Any]
    """What is in `guide_results.json`."""
    decoded: int
    """Solutions that this process made."""


def guide(options: GuideStudyOptions, watcher: Watcher | None = None) -> GuideOutcome:
    """Solves problems in trials, scores them, and compares.

    Raises:
        UsageError: The options, the model or the data are wrong.
        RunError: The results folder has results of other settings, or cannot be used.
        ModelError: The model could not go on; what was finished is kept.
        SandboxError: The sandbox could not do its work; what was finished is kept.
    """
    spec = options.spec()  # a name that means nothing is told before data is read
    if options.best_of_time and spec.backend == "openai":
        raise UsageError(f"--best-of-time measures how long the model takes, and {options.model_name} is behind an "
                         f"endpoint, whose replies take no time once they are bought: leave it out")
    benchmark = options.load()
    problems = _problems(options, benchmark)
    settings = options.settings(benchmark)
    folder = ResultsFolder(options.folder(settings), options.benchmark, options.model_name)
    with options.load_model() as model, _claims(folder) as claims:
        trials = _resolved(options.parsed, model)
        legs = legs_of(options, trials)
        _prepare(folder, options, legs, settings, claims)
        packages = dict.fromkeys(package for problem in problems for package in problem.preload)
        with options.sandbox(packages) as sandbox:
            from eg_cfg.grading.tracing import Tracer

            grader = options.grader(sandbox)
            work = GuideWork(options, legs, problems, model=model, executor=Tracer(sandbox, timeout=options.timeout),
                             grader=grader, folder=folder, claims=claims, watcher=watcher)
            work.run()
            study = _Study(options, legs, problems, folder, model, grader)
            study.sample(claims, watcher)
        results = {**study.summary(), **_about(options, benchmark, problems)}
        with claims.hold(RESULTS):
            write_json(folder.path / RESULTS, results)
        return GuideOutcome(folder.path, results, work.decoded)


def _problems(options: GuideStudyOptions, benchmark: Benchmark) -> list[Problem]:
    problems = list(islice(benchmark.problems(), options.start, options.end))[: options.max_problems]
    if not problems:
        raise UsageError(f"expected at least one problem of {benchmark.name}, found none from number {options.start} "
                         f"on: check the split, the options, and --start")
    twice = [task for task, count in Counter(problem.task_id for problem in problems).items() if count > 1]
    if twice:
        raise UsageError(f"expected task ids that differ, found {twice[0]!r} more than once")
    family = options.spec().family
    return [with_header(problem, family) for problem in problems]


def _claims(folder: ResultsFolder) -> Claims:
    try:
        folder.path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(f"cannot make the results folder {folder.path}: {error.strerror}; pass another "
                       f"--output-dir") from error
    return Claims(folder.path / _CLAIMS)


def _resolved(trials: Sequence[Trial], model: TextModel) -> tuple[Trial, ...]:
    found = [replace(trial, prompt_type=resolve(trial.prompt_type, model.supports_chat, model.prompt_type))
             for trial in trials]
    twice = [str(trial) for trial, count in Counter(found).items() if count > 1]
    if twice:
        raise UsageError(f"the prompt type auto is that of another trial with this model: {twice[0]} would be run "
                         f"twice: leave one out")
    return tuple(found)


def _prepare(folder: ResultsFolder, options: GuideStudyOptions, legs: Sequence[Leg], settings: Mapping[str, Any],
             claims: Claims) -> None:
    """Starts over where that is asked for, and holds the settings against those of the results that are there."""
    guided = [leg.trial for leg in legs if not leg.plain]
    stores = [store_name(trial.prompt_type, trial.temperature) for trial in guided]
    timed = [store_name(trial.prompt_type, trial.temperature, timed=True) for trial in guided if options.best_of_time]
    plain = [leg.name for leg in legs if leg.plain]
    if options.force:
        if not claims.alone(_RUNS):
            raise RunError(f"{folder.path} is being written by another process: --force has to wait for it, or stop it")
        folder.clear([leg.name for leg in legs if not leg.plain], [*plain, *stores, *timed])
    claims.join(_RUNS)
    with claims.hold("settings"):
        for leg in legs:
            if not leg.plain:
                folder.hold_settings(leg.name, settings)
        own = {key: settings[key] for key in settings.keys() - _GUIDANCE}
        for name in dict.fromkeys([*plain, *stores]):
            folder.hold_settings(name, own)
        for name in dict.fromkeys(timed):
            folder.hold_settings(name, {**own, "rows": _rows(options)})


_GUIDANCE = frozenset({"guided_temperature", "guided_top_p", "top_k", "signal_tokens", "early_stop", "minimal_trace",
                       "signal", "top_probs"})
"""Settings that change nothing about the baselines."""


def _rows(options: GuideStudyOptions) -> int:
    """Programs of a batch of best-of-N at equal wall time: as many rows as the decoder has, two for each problem."""
    return 2 * options.decoder(options.parsed[0]).batch_size


class _Study:
    """The rows of a run, from the files that it left."""

    def __init__(self, options: GuideStudyOptions, legs: Sequence[Leg], problems: Sequence[Problem],
                 folder: ResultsFolder, model: TextModel, grader: Grader) -> None:
        self._options = options
        self._legs = [leg for leg in legs if not leg.plain]
        self._problems = problems
        self._folder = folder
        prompts = dict.fromkeys(leg.trial.prompt_type for leg in self._legs)
        self._greedy = {prompt: decoded_row("greedy", self._results(greedy_name(prompt), 0.0), trial=None, gamma=0.0)
                        for prompt in prompts}
        self._by_leg = {(leg.name, gamma): self._results(leg.name, gamma)
                        for leg in self._legs for gamma in leg.gammas}
        self._guided: list[tuple[Leg, Row]] = [
            (leg, decoded_row("guided", self._by_leg[leg.name, gamma], trial=leg.name, gamma=gamma,
                              accept_passing=leg.trial.accept_passing))
            for leg in self._legs for gamma in leg.gammas if gamma > 0 or not leg.copies]
        self._stores, self._timed = (
            {leg.name: SampleStore(folder, model, grader, prompt_type=leg.trial.prompt_type,
                                   temperature=leg.trial.temperature, top_p=options.top_p,
                                   max_new_tokens=options.max_new_tokens, seed=options.seed, timed=timed)
             for leg in self._legs} for timed in (False, True))

    def _results(self, name: str, gamma: float) -> dict[str, dict[str, Any]]:
        found = {problem.task_id: self._folder.result(name, problem.task_id, gamma) for problem in self._problems}
        return {task: result for task, result in found.items() if result is not None}

    def sample(self, claims: Claims, watcher: Watcher | None) -> None:
        """Draws the programs of best-of-N that are missing, beside other processes that do the same.

        Raises:
            RunError: Best-of-N at equal wall time is asked for, and a result does not say what time it took.
        """
        problems = {problem.task_id: problem for problem in self._problems}
        left = {**(self._counted(problems) if self._options.best_of else {}),
                **(self._timed_draws(problems) if self._options.best_of_time else {})}
        total = len(left)
        while left:
            before = len(left)
            for claim, (complete, draw) in list(left.items()):
                if complete():
                    del left[claim]
                elif claims.take(claim):
                    try:
                        draw()
                    finally:
                        claims.release(claim)
                    del left[claim]
                if watcher is not None and claim not in left:
                    watcher.sampled(total - len(left), total)
            if len(left) == before:
                if watcher is not None:
                    watcher.waiting(len(left))
                time.sleep(POLL_SECONDS)

    def _counted(self, problems: Mapping[str, Problem]) -> dict[str, _Draw]:
        """Draws of best-of-N at equal samples, by the name of their claims."""
        stores = {store.name: store for store in self._stores.values()}
        wanted: dict[tuple[str, str], int] = {}
        for leg, row in self._guided:
            name = self._stores[leg.name].name
            for task in row.solved:
                wanted[name, task] = max(wanted.get((name, task), 0), needed(row, task))
        return {f"{name}/{task}": (partial(stores[name].complete, task, count),
                                   partial(stores[name].draw, problems[task], count))
                for (name, task), count in wanted.items()}

    def _timed_draws(self, problems: Mapping[str, Problem]) -> dict[str, _Draw]:
        """Draws of best-of-N at equal wall time, likewise."""
        stores = {store.name: store for store in self._timed.values()}
        wanted: dict[tuple[str, str], float] = {}
        for leg, row in self._guided:
            name = self._timed[leg.name].name
            for task in row.solved:
                seconds = row.shares.get(task)
                if seconds is None:
                    raise RunError(f"{self._folder.path / leg.name}: the result of {task} does not say which share of "
                                   f"the wall time it took, as an earlier version did not write it: leave out "
                                   f"--best-of-time, or pass --force to start over")
                wanted[name, task] = max(wanted.get((name, task), 0.0), seconds)
        rows = _rows(self._options)
        return {f"{name}/{task}": (partial(stores[name].enough, task, seconds, MOST),
                                   partial(stores[name].draw_for, problems[task], seconds, rows, MOST))
                for (name, task), seconds in wanted.items()}

    def summary(self) -> dict[str, Any]:
        """All rows with their intervals and comparisons."""
        seed = self._options.seed
        rows = [self._row(row, prompt) for prompt, row in self._greedy.items()]
        for leg, row in self._guided:
            prompt = leg.trial.prompt_type
            found = self._row(row, prompt, self._greedy[prompt])
            rows.append(found)
            rivals = [best_of_row(row, self._stores[leg.name].read)] if self._options.best_of else []
            if self._options.best_of_time:
                rivals.append(best_of_time_row(row, self._timed[leg.name].read))
            for rival in rivals:
                found[f"against_{rival.method}"] = compare(row, rival, seed)
                if rival.solved:
                    rows.append(self._row(rival, prompt, self._greedy[prompt]))
        if len(self._by_leg) > 1:
            tasks = [problem.task_id for problem in self._problems]
            greedy = next(iter(self._greedy.values()))
            rows += [self._row(row, None, greedy) for row in search_rows(list(self._by_leg.values()), tasks)]
        decoded = sum(row.finished for row in (*self._greedy.values(), *(row for _, row in self._guided)))
        return {"solutions": decoded, "rows": rows}

    def _row(self, row: Row, prompt: str | None, greedy: Row | None = None) -> dict[str, Any]:
        seed = self._options.seed
        return {**row.to_json(seed), "prompt_type": prompt,
                "against_greedy": None if greedy is None else compare(row, greedy, seed)}


def _about(options: GuideStudyOptions, benchmark: Benchmark, problems: Sequence[Problem]) -> dict[str, Any]:
    """What the numbers are about."""
    shown = sum(shows_its_tests(problem) for problem in problems)
    blind = sum(not problem.public_tests for problem in problems)
    return {
        "benchmark": benchmark.name, "split": benchmark.split, "problems": len(problems), "model": options.model_name,
        "problems_without_shown_tests": blind,
        "problems_scored_by_shown_tests": shown,
        "use_global_cache": options.use_global_cache,
        "configuration": to_plain(options),
        "dataset": {"source": benchmark.source, "fingerprint": benchmark.fingerprint},
        "versions": library_versions(),
        "baselines": BASELINES,
    }
