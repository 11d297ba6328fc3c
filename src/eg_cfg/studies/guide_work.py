"""Decodes and grades what is missing of a guided run, beside other processes that do the same.

    work = GuideWork(options, problems, model=..., executor=..., grader=..., folder=..., claims=..., watcher=...)
    work.run()          # returns once every task of every trial has its results, whoever made them

A unit of work is a task of a trial, with all its gammas. It is claimed, decoded, written (steps first), graded and
written again. What another process has claimed is left to it; what a dead one had claimed is free again. A solution
that was decoded and not graded is graded from its steps.

Plain decoding depends on the prompt alone, so it is done once for each type of prompt, and copied into every trial that
has gamma 0.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from eg_cfg.benchmarks.base import Problem
from eg_cfg.decoding.base import Counters, Executor, GuideOptions, Observer
from eg_cfg.decoding.prompting import frame_for
from eg_cfg.decoding.sharing import Shared
from eg_cfg.grading.background import BackgroundGrading
from eg_cfg.grading.grader import Grader, GradeRequest, Which
from eg_cfg.grading.verdict import Verdict
from eg_cfg.models.base import LogitModel, TextModel
from eg_cfg.studies.best_of import greedy_name
from eg_cfg.studies.claims import Claims
from eg_cfg.studies.evaluation import shows_its_tests
from eg_cfg.studies.guide_options import GuideStudyOptions
from eg_cfg.studies.guide_records import STEPS, ResultsFolder, result_of
from eg_cfg.studies.guide_solver import make_solver
from eg_cfg.studies.trial_strings import Trial

POLL_SECONDS = 0.5
"""Between two looks at what other processes have finished."""
_CHUNK = 8
"""Batches of problems that go through all trials before the next ones do: it bounds what is held in memory."""


class Watcher(Observer, Protocol):
    """Watches a run. Methods of `Observer` come from the decoder's thread, `graded` from another."""

    def graded(self, result: Mapping[str, Any], done: int, total: int) -> None:
        """A task and gamma is finished; so many of all of them are."""

    def sampled(self, done: int, total: int) -> None:
        """So many tasks of best-of-N are finished, of so many."""

    def waiting(self, tasks: int) -> None:
        """Only tasks are left at which other processes work."""


@dataclass(frozen=True, slots=True)
class Leg:
    """A trial, or plain decoding with one type of prompt."""

    name: str
    """Its folder."""
    trial: Trial
    gammas: tuple[float, ...]
    """Of its results."""
    plain: bool = False
    copies: bool = False
    """Whether its gamma 0 is that of plain decoding."""

    @property
    def decoded(self) -> tuple[float, ...]:
        """Gammas that are decoded for it."""
        return tuple(gamma for gamma in self.gammas if gamma > 0 or not self.copies)


@dataclass(slots=True)
class _Unit:
    """A claimed task of a leg."""

    leg: Leg
    problem: Problem
    open: set[float]
    """Gammas whose results are missing."""


@dataclass(slots=True)
class _Waiting:
    """A solution that is being graded."""

    unit: _Unit
    solution: dict[str, Any]
    verdicts: dict[Which, Verdict] = field(default_factory=dict)


def legs_of(options: GuideStudyOptions, trials: Sequence[Trial]) -> tuple[Leg, ...]:
    """Plain decoding for each type of prompt, and the trials; their prompt types are resolved."""
    copies = options.guided_temperature == 0
    prompts = dict.fromkeys(trial.prompt_type for trial in trials)
    plain = (Leg(greedy_name(prompt), Trial(prompt_type=prompt), (0.0,), plain=True) for prompt in prompts)
    return (*plain, *(Leg(str(trial), trial, options.gammas, copies=copies) for trial in trials))


class GuideWork:
    """What is to be done, and the doing of it.

    Args:
        options: Of the run.
        legs: From `legs_of`.
        problems: To be solved; their task ids differ.
        model: What writes.
        executor: What runs candidates.
        grader: What scores.
        folder: Where results go.
        claims: Who works at what.
        watcher: Watches.
    """

    def __init__(self, options: GuideStudyOptions, legs: Sequence[Leg], problems: Sequence[Problem], *,
                 model: TextModel, executor: Executor, grader: Grader, folder: ResultsFolder, claims: Claims,
                 watcher: Watcher | None = None) -> None:
        self._options = options
        self._legs = legs
        self._problems = problems
        self._model = model
        self._executor = executor
        self._grader = grader
        self._folder = folder
        self._claims = claims
        self._watcher = watcher
        self._shared = Shared()
        self._done: set[tuple[str, str]] = set()
        """Legs and tasks that are known to be finished."""
        self._units: dict[str, _Unit] = {}
        """By the name of their claims."""
        self._waiting: dict[int, _Waiting] = {}
        self._number = 0
        self._results: set[tuple[str, str, float]] = set()
        """Legs, tasks and gammas that need nothing more."""
        self._total = sum(len(leg.gammas) for leg in legs) * len(problems)
        self.decoded = 0
        """Solutions that this process made."""

    def run(self) -> None:
        """Does all that nobody else does, and waits for the rest.

        Raises:
            ModelError: The model could not go on; what was finished is kept.
            SandboxError: The sandbox could not do its work; what was finished is kept.
            RunError: The results folder cannot be used.
        """
        with BackgroundGrading(self._grader, self._graded) as self._grading:
            step = _CHUNK * self._options.decoder(self._legs[0].trial).batch_size
            for first in range(0, len(self._problems), step):
                for leg in self._legs:
                    self._pass(leg, self._problems[first : first + step])
                    if leg.plain or self._options.use_global_cache:
                        self._grading.join()  # trials copy its results, or are spared what it solved
                self._grading.join()
                self._shared.forget()
            while left := self._left():
                before = len(self._results)
                for leg, problems in left:
                    self._pass(leg, problems)
                    self._grading.join()
                self._shared.forget()
                left = self._left()
                if left and len(self._results) == before:
                    if self._watcher is not None:
                        self._watcher.waiting(sum(len(problems) for _, problems in left))
                    time.sleep(POLL_SECONDS)

    def _left(self) -> list[tuple[Leg, list[Problem]]]:
        """What has no results yet."""
        found = [(leg, [p for p in self._problems if not self._finished(leg, p)]) for leg in self._legs]
        return [(leg, problems) for leg, problems in found if problems]

    def _finished(self, leg: Leg, problem: Problem) -> bool:
        if (leg.name, problem.task_id) in self._done:
            return True
        done = not self._missing(leg, problem) or self._stopped(leg, problem)
        if done:
            self._done.add((leg.name, problem.task_id))
            self._results.update((leg.name, problem.task_id, gamma) for gamma in leg.gammas)
        return done

    def _missing(self, leg: Leg, problem: Problem) -> set[float]:
        task = problem.task_id
        return {gamma for gamma in leg.gammas if not self._folder.result_path(leg.name, task, gamma).exists()}

    def _stopped(self, leg: Leg, problem: Problem) -> bool:
        """Whether another trial has solved the task, so that this one need not."""
        if leg.plain or not self._options.use_global_cache:
            return False
        return self._folder.solved_by(problem.task_id) not in (None, leg.name)

    def _pass(self, leg: Leg, problems: Sequence[Problem]) -> None:
        """Solves those of the problems that are left and that nobody works at."""
        groups: dict[tuple[float, ...], list[Problem]] = {}
        for problem in problems:
            if not self._finished(leg, problem):
                groups.setdefault(self._to_decode(leg, problem), []).append(problem)
        for gammas, members in groups.items():
            claimed = self._claimed(leg, gammas, members)
            if not gammas:
                for _ in claimed:  # nothing to decode: grading or copying was left
                    pass
                continue
            solver = make_solver(self._model, self._executor, self._options, self._decoder(leg, gammas),
                                 shared=self._shared, observer=self._watcher)
            for solution in solver.solve(claimed):
                unit = self._units[_claim(leg, solution.task_id)]
                values = {**solution.to_json(), "ended": time.time()}
                self._folder.write_steps(leg.name, values)
                self.decoded += 1
                self._grade(unit, values)

    def _decoder(self, leg: Leg, gammas: tuple[float, ...]) -> GuideOptions:
        options = self._options.decoder(leg.trial, gammas)
        return options.model_copy(update={"guided_temperature": 0.0, "early_stop": 0}) if leg.plain else options

    def _to_decode(self, leg: Leg, problem: Problem) -> tuple[float, ...]:
        missing = self._missing(leg, problem)
        return tuple(gamma for gamma in leg.decoded
                     if gamma in missing and not self._folder.steps_path(leg.name, problem.task_id, gamma).exists())

    def _claimed(self, leg: Leg, gammas: tuple[float, ...], problems: Sequence[Problem]) -> Iterator[Problem]:
        """Claims problems one by one, and yields those that want just these gammas."""
        for problem in problems:
            name = _claim(leg, problem.task_id)
            if not self._claims.take(name):
                continue
            if self._finished(leg, problem) or self._to_decode(leg, problem) != gammas:
                self._claims.release(name)  # somebody was here in the meantime: what is left is seen in a later pass
                continue
            unit = self._units[name] = _Unit(leg, problem, self._missing(leg, problem))
            if leg.copies and 0.0 in unit.open:
                self._copy(unit)
            for gamma in sorted(unit.open - set(gammas)):
                solution = self._folder.steps(leg.name, problem.task_id, gamma)
                if solution is None:  # gamma 0, whose plain decoding is under way elsewhere
                    unit.open.discard(gamma)
                else:
                    self._grade(unit, solution)
            if not unit.open:
                self._close(unit)
            elif gammas and self._too_long(leg, problem):
                for gamma in gammas:
                    self._grade(unit, _unanswered(problem, gamma))
            elif gammas:
                yield problem

    def _copy(self, unit: _Unit) -> None:
        """Takes over the result of plain decoding, where it is there."""
        plain = greedy_name(unit.leg.trial.prompt_type)
        task = unit.problem.task_id
        result = self._folder.result(plain, task, 0.0)
        if result is not None:
            steps = f"../{plain}/{result['steps']}"
            self._write(unit, {**result, "trial": unit.leg.name, "steps": steps})

    def _too_long(self, leg: Leg, problem: Problem) -> bool:
        context: int | None = getattr(self._model, "context", None)
        if context is None or not isinstance(self._model, LogitModel):
            return False
        frame = frame_for(problem, leg.trial.prompt_type, self._model.supports_chat)
        return len(self._model.encode(frame.plain)) >= context

    # --- grading

    def _grade(self, unit: _Unit, solution: dict[str, Any]) -> None:
        self._number += 1
        waiting = self._waiting[self._number] = _Waiting(unit, solution)
        for which in self._kinds(unit.problem):
            self._grading.put(GradeRequest(waiting.unit.problem, solution["program"], self._number, which))

    @staticmethod
    def _kinds(problem: Problem) -> tuple[Which, ...]:
        return ("hidden", "public") if problem.public_tests and not shows_its_tests(problem) else ("hidden",)

    def _graded(self, request: GradeRequest, verdict: Verdict) -> None:
        """Takes a verdict in; in the grading thread."""
        waiting = self._waiting[request.index]
        waiting.verdicts[request.which] = verdict
        unit = waiting.unit
        if len(waiting.verdicts) < len(self._kinds(unit.problem)):
            return
        del self._waiting[request.index]
        hidden, same = waiting.verdicts["hidden"], shows_its_tests(unit.problem)
        shown = None
        if unit.problem.public_tests:
            shown = waiting.verdicts["hidden" if same else "public"].passed
        gamma = waiting.solution["gamma"]
        steps = self._folder.steps_path(unit.leg.name, unit.problem.task_id, gamma)
        self._write(unit, result_of(unit.problem, waiting.solution, hidden, trial=unit.leg.name, shown=shown,
                                    shown_tests_score=same, steps=f"{STEPS}/{steps.name}" if steps.exists() else ""))
        if not unit.open:
            self._close(unit)

    def _write(self, unit: _Unit, result: Mapping[str, Any]) -> None:
        task, gamma = unit.problem.task_id, result["gamma"]
        self._folder.write_result(unit.leg.name, task, gamma, result)
        if result["passed"] and not unit.leg.plain:
            with self._claims.hold(f"solved/{task}"):
                self._folder.write_solved(task, gamma, result)
        unit.open.discard(gamma)
        self._results.add((unit.leg.name, task, gamma))
        if self._watcher is not None:
            self._watcher.graded(result, len(self._results), self._total)

    def _close(self, unit: _Unit) -> None:
        name = _claim(unit.leg, unit.problem.task_id)
        self._units.pop(name, None)
        self._claims.release(name)


def _claim(leg: Leg, task: str) -> str:
    return f"{leg.name}/{task}"


def _unanswered(problem: Problem, gamma: float) -> dict[str, Any]:
    """The solution of a problem that is longer than the model's context."""
    return {"task_id": problem.task_id, "gamma": gamma, "program": "", "completion": "",
            "finish_reason": "context_length", "token_ids": [], "prompt": None, "accepted": None, "refreshes": [],
            "counters": Counters(seconds={"share": 0.0}).to_json(), "ended": time.time()}
