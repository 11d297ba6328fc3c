"""All steps in order: what `eg-cfg run`, `main_experiment.py` and `run_all_experiments.py` do.

    outcome = run_suite(build(SuiteOptions, {"model_name": "tiny", "mode": "quick"}))
    outcome.failed              # names of steps that failed; the others went on

    baseline -> EG-CFG against it -> BTP -> ablation -> hyperparameters -> big to small -> report

A step that is complete is not repeated; one that fails is reported, and the others go on. A step that the model cannot
do (fine-tuning an API's model, say) is skipped and says why. The run folder's tree is in docs/studies.md. Killed at any
moment and started again with the same command, it goes on where it was, within the step too.
"""

from __future__ import annotations

import json
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from eg_cfg.config import build, to_plain
from eg_cfg.errors import EgCfgError, RunError
from eg_cfg.runs import RunFolder, library_versions
from eg_cfg.studies.arm import clear, unsaid, unwatched
from eg_cfg.studies.btp_work import Say, Watch
from eg_cfg.studies.folders import choose_folder
from eg_cfg.studies.model_options import ModelOptions
from eg_cfg.studies.suite_options import STEPS, Sizes, SuiteOptions
from eg_cfg.studies.suite_plan import Estimate, Step, make_plan
from eg_cfg.studies.suite_steps import run_step, unable

STATE = "suite.json"
REPORTS = ("experiment_report.txt", "report.html")
_ELSEWHERE = ("output_dir", "output_root", "workers", "force", "device", "allow_weak_isolation", "calibrate", "mode",
              "single_step", "experiment")


@dataclass(frozen=True)
class SuiteOutcome:
    """What a start of the suite left behind."""

    folder: Path
    steps: list[dict[str, Any]]
    """As `suite.json` has them."""
    report: str | None
    """Why there is no report; None where there is one."""

    @property
    def failed(self) -> list[str]:
        """Names of the steps that failed."""
        return [step["name"] for step in self.steps if step["status"] == "failed"]


def run_suite(options: SuiteOptions, *, watch: Watch | None = None, say: Say | None = None,
              announce: Callable[[list[Step], Path], None] | None = None) -> SuiteOutcome:
    """Runs the steps, or what is left of them.

    Args:
        options: Which, and how large.
        watch: Shows how far a step has come.
        say: Told one line at a time what comes out.
        announce: Told the plan and the folder before the first step.

    Raises:
        UsageError: The options, the model or the data set mean nothing.
        RunError: The run folder cannot be used.
    """
    say, watch = say or unsaid, watch or unwatched
    identity = _identity(options)
    folder = options.output_dir or choose_folder(options.output_root, "suite", identity, stem="experiment",
                                                 force=options.force)
    with RunFolder.open(folder, kind="suite", configuration=to_plain(options), identity=identity,
                        files=(STATE, *REPORTS), seed=options.seed, force=options.force) as run:
        if options.force:
            clear(run.path, tuple(place for place, _ in STEPS.values()))
        state = _State(run, options)
        steps = state.planned() or make_plan(options)
        state.plan(steps)
        if announce is not None:
            announce(steps, run.path)
        _run_steps(options, steps, state, watch, say)
        return SuiteOutcome(run.path, state.rows(), _report(run.path, say))


def _run_steps(options: SuiteOptions, steps: list[Step], state: _State, watch: Watch, say: Say) -> None:
    spent, guessed = 0.0, 0.0
    for number, step in enumerate(steps, start=1):
        head = f"step {number} of {len(steps)}, {step.name}"
        if state.done(step.name):
            say(f"{head}: done before")
            continue
        if step.unable is not None:
            state.set(step.name, status="skipped", error=step.unable)
            say(f"{head}: skipped: {step.unable}")
            continue
        say(f"{head}{_left(steps[number - 1:], state, spent, guessed)}")
        began = time.monotonic()
        try:
            run_step(step.name, options, state.folder, watch, say)
            error = None
        except EgCfgError as failure:
            error = " ".join(str(failure).split())
        except Exception as failure:  # a fault of ours in one step is no reason to lose the others
            _log(state.folder, traceback.format_exc())
            error = f"unexpected {type(failure).__name__}: {' '.join(str(failure).split())}; suite.log has the rest"
        seconds = time.monotonic() - began
        state.set(step.name, status="failed" if error else "done", error=error, seconds=round(seconds, 1))
        if error:
            say(f"{head}: failed: {error}")
        elif step.estimate is not None and step.estimate.seconds:
            spent, guessed = spent + seconds, guessed + step.estimate.seconds


def _left(steps: list[Step], state: _State, spent: float, guessed: float) -> str:
    """About how long the rest takes, by how wrong the estimates of this start have been."""
    known = [step.estimate.seconds for step in steps if step.estimate is not None and not state.done(step.name)]
    if any(seconds is None for seconds in known) or not known:
        return ""
    ratio = spent / guessed if guessed else 1.0
    return f": about {_duration(ratio * sum(filter(None, known)))} left for this and what follows"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _log(folder: Path, text: str) -> None:
    with open(folder / "suite.log", "a", encoding="utf-8") as log:
        log.write(text)


def _report(folder: Path, say: Say) -> str | None:
    """Writes the report; None, or why there is none."""
    try:
        from eg_cfg.reports import write_report

        write_report(folder)
    except EgCfgError as error:
        reason = " ".join(str(error).split())
    except Exception as error:  # the results are there, whatever is wrong with their report
        _log(folder, traceback.format_exc())
        reason = f"unexpected {type(error).__name__}: {' '.join(str(error).split())}; suite.log has the rest"
    else:
        return None
    say(f"no report: {reason}")
    return reason


class _State:
    """`suite.json`: what became of each step, written after each."""

    def __init__(self, run: RunFolder, options: SuiteOptions) -> None:
        self.folder = run.path
        self._run = run
        self._options = options
        self._rows: dict[str, dict[str, Any]] = {}
        try:
            found = json.loads((run.path / STATE).read_bytes())
            self._rows = {row["name"]: row for row in found["steps"]}
        except FileNotFoundError:
            pass
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise RunError(f"{run.path / STATE}: expected the state of a suite, found something else ({error}): remove "
                           f"it, or start over with --force") from None

    def rows(self) -> list[dict[str, Any]]:
        """All steps that were ever asked for here, in order."""
        return [self._rows[name] for name in STEPS if name in self._rows]

    def done(self, name: str) -> bool:
        """Whether a step is complete."""
        row = self._rows.get(name)
        return row is not None and row["status"] == "done" and (self.folder / row["results"]).is_file()

    def planned(self) -> list[Step]:
        """The plan of an earlier start, so that nothing is measured again; empty where there was none."""
        if not all(name in self._rows for name in self._options.steps):
            return []
        found = []
        for name in self._options.steps:
            row = self._rows[name]
            estimate = None if self.done(name) or row["estimate"] is None else Estimate(**row["estimate"])
            found.append(Step(name, row["folder"], row["results"], unable(name, self._options), estimate))
        return found

    def plan(self, steps: list[Step]) -> None:
        """Notes steps that are to be done."""
        for step in steps:
            if not self.done(step.name):
                self._rows[step.name] = {
                    "name": step.name, "folder": step.folder, "results": step.results, "status": "waiting",
                    "seconds": None, "error": None,
                    "estimate": None if step.estimate is None else step.estimate.to_json()}
        self._write()

    def set(self, name: str, **values: Any) -> None:
        """Notes what became of a step."""
        self._rows[name].update(values)
        self._write()

    def _write(self) -> None:
        options = self._options
        self._run.write_json(STATE, {
            "experiment": "suite", "model": options.model_name, "dataset": options.chosen_dataset,
            "mode": options.mode, "steps": self.rows(), "settings": to_plain(options), "versions": library_versions()})


def _identity(options: SuiteOptions) -> dict[str, Any]:
    sizes = {one.name for one in fields(Sizes)}
    values = {key: value for key, value in to_plain(options).items() if key not in _ELSEWHERE and key not in sizes}
    model = build(ModelOptions, {"model_name": options.model_name, "api_base": options.api_base}).model_identity()
    return {**values, "dataset": options.chosen_dataset, "sizes": asdict(options.sizes), "identity": model}
