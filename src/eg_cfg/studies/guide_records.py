"""The results folder of guided decoding: where each file is, and what is in it.

    results_dir/dataset/model/
      ns3t0.75d2k1_ln/                          a trial
        task_id=395_gamma=1.0.json              one task and gamma: code, results of its tests, stats
        steps/task_id=395_gamma=1.0.json.gz     every signal, candidate, trace and token, for replay
        settings.json                           what decided the results; another setting is refused
      solved_tasks/task_id=395_gamma=1.0.json   the first result of a task that passed
      baselines/greedy_deepseek_instruct/       plain decoding, in the form of a trial
      baselines/samples_t0.75_deepseek_instruct/task_id=395.json      whole programs, for best-of-N

Each file is replaced whole or not at all. The steps are there before the result, so that a program that was decoded and
not graded is graded later and not decoded again. `/` in a name becomes `_`.
"""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from eg_cfg.benchmarks.base import AssertionTest, CallTest, OracleTest, Problem, StdioTest, Test
from eg_cfg.errors import RunError
from eg_cfg.grading.grader import select_tests
from eg_cfg.grading.verdict import Verdict
from eg_cfg.records import write_atomically
from eg_cfg.runs import differences
from eg_cfg.studies.trial_strings import decimal

SOLVED = "solved_tasks"
BASELINES = "baselines"
STEPS = "steps"
SETTINGS = "settings.json"
FORMAT = 1
"""Of result files."""
_NAME_CHARACTERS = 120


def file_name(text: str) -> str:
    """A model's, data set's or task's name as part of a path."""
    name = text.replace("/", "_").replace("\0", "_")
    return f"_{name}" if name in ("", ".", "..") else name


class ResultsFolder:
    """The files of one data set and model.

    Args:
        results_dir: Root of all results.
        dataset: As the user calls it.
        model: As the user calls it.
    """

    def __init__(self, results_dir: Path, dataset: str, model: str) -> None:
        self.path = results_dir / file_name(dataset) / file_name(model)

    def result_path(self, trial: str, task: str, gamma: float) -> Path:
        """Of one task and gamma."""
        return self.path / trial / f"{_stem(task, gamma)}.json"

    def steps_path(self, trial: str, task: str, gamma: float) -> Path:
        """Of its steps."""
        return self.path / trial / STEPS / f"{_stem(task, gamma)}.json.gz"

    def samples_path(self, store: str, task: str) -> Path:
        """Of a task's whole programs."""
        return self.path / store / f"task_id={file_name(task)}.json"

    def result(self, trial: str, task: str, gamma: float) -> dict[str, Any] | None:
        """What is known of one task and gamma, none where nothing is."""
        return read_json(self.result_path(trial, task, gamma))

    def write_result(self, trial: str, task: str, gamma: float, values: Mapping[str, Any]) -> None:
        """Writes a finished task and gamma."""
        write_json(self.result_path(trial, task, gamma), values)

    def steps(self, trial: str, task: str, gamma: float) -> dict[str, Any] | None:
        """The solution that was decoded, as `Solution.to_json` has it; none where there is none."""
        path = self.steps_path(trial, task, gamma)
        try:
            values = json.loads(gzip.decompress(path.read_bytes()))
        except FileNotFoundError:
            return None
        except (OSError, EOFError, ValueError) as error:
            raise RunError(f"cannot read {path}: {error}; delete it, or start over with --force") from None
        return dict(values)

    def write_steps(self, trial: str, values: Mapping[str, Any]) -> None:
        """Writes a decoded solution."""
        path = self.steps_path(trial, values["task_id"], values["gamma"])
        path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(values, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
        write_atomically(path, [gzip.compress(text.encode("ascii"), compresslevel=6, mtime=0)])

    def solved_by(self, task: str) -> str | None:
        """The trial whose program was the first to pass; none where none has."""
        for path in self._solved(task):
            values = read_json(path)
            if values is not None:
                return str(values.get("trial"))
        return None

    def write_solved(self, task: str, gamma: float, values: Mapping[str, Any]) -> None:
        """Notes that a task is solved, unless it is noted already."""
        if next(self._solved(task), None) is None:
            write_json(self.path / SOLVED / f"{_stem(task, gamma)}.json", values)

    def clear(self, trials: Sequence[str], baselines: Sequence[str]) -> None:
        """Removes what trials and baselines have left, and nothing else."""
        for path in self._files(SOLVED):
            if (read_json(path) or {}).get("trial") in trials:
                path.unlink(missing_ok=True)
        for folder in (*trials, *baselines):
            for path in (*self._files(folder), *self._files(f"{folder}/{STEPS}"), self.path / folder / SETTINGS):
                path.unlink(missing_ok=True)

    def hold_settings(self, trial: str, settings: Mapping[str, Any]) -> None:
        """Makes sure that a trial's results are of one kind; call it where no other process does the same.

        Raises:
            RunError: The folder has results of other settings.
        """
        path = self.path / trial / SETTINGS
        known = read_json(path)
        here = json.loads(json.dumps(settings))
        if known is None:
            write_json(path, here)
            return
        changed = differences(known, here)
        if not changed:
            return
        if next(self._files(trial), None) is None and next(self._files(f"{trial}/{STEPS}"), None) is None:
            write_json(path, here)  # an earlier start ended before its first result: there is nothing to mix up
            return
        raise RunError(f"{path.parent} has results of other settings ({'; '.join(changed)}): pass another "
                       f"--output-dir, or --force to start over")

    def _files(self, folder: str) -> Iterator[Path]:
        yield from (self.path / folder).glob("task_id=*.json*")

    def _solved(self, task: str) -> Iterator[Path]:
        name = f"task_id={file_name(task)}_gamma="
        try:
            yield from (path for path in (self.path / SOLVED).iterdir() if path.name.startswith(name))
        except FileNotFoundError:
            return


def _stem(task: str, gamma: float) -> str:
    return f"task_id={file_name(task)}_gamma={decimal(gamma)}"


def read_json(path: Path) -> dict[str, Any] | None:
    """A file's JSON object, none where there is no file.

    Raises:
        RunError: It is something else.
    """
    try:
        values = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise RunError(f"cannot read {path}: {error}; delete it, or start over with --force") from None
    if not isinstance(values, dict):
        raise RunError(f"{path}: expected a JSON object, found a {type(values).__name__}; delete it, or start over "
                       f"with --force")
    return values


def write_json(path: Path, values: Mapping[str, Any]) -> None:
    """Writes a file whole or not at all, its folder too."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(f"cannot make the folder {path.parent}: {error.strerror}; pass another --output-dir") from error
    write_atomically(path, [json.dumps(values, indent=2, ensure_ascii=True, allow_nan=False).encode("ascii"), b"\n"])


def verdict_fields(problem: Problem, verdict: Verdict) -> dict[str, Any]:
    """A verdict in the published layout: `results` per test, `passed`, `accuracy` and the errors.

    `results` is keyed by what the test says, in order. A test that was not reached has neither time nor error.
    """
    labels = test_labels(problem, verdict.tests_total)
    results: dict[str, Any] = {label: {"result": False, "time": None, "error": None} for label in labels}
    for label, test in zip(labels, verdict.tests, strict=False):
        results[label] = {"result": test.passed, "time": test.seconds, "error": test.error}
    return {
        "results": results,
        "passed": verdict.passed,
        "accuracy": verdict.pass_rate,
        "general_error": None if verdict.passed or any(test.error for test in verdict.tests)
        else verdict.detail or verdict.outcome,
        "has_testcase_error": any(test.error is not None for test in verdict.tests),
        "outcome": verdict.outcome,
    }


def test_labels(problem: Problem, count: int) -> list[str]:
    """One text for each of the tests that score, all different; `count` of them."""
    texts: list[str] = []
    for test in select_tests(problem, "hidden"):
        texts += _texts(test)
    texts = [*texts, *(f"test {number}" for number in range(len(texts) + 1, count + 1))][:count]
    labels: dict[str, None] = {}
    for text in texts:
        number, label = 1, text
        while label in labels:
            number += 1
            label = f"{text} (#{number})"
        labels[label] = None
    return list(labels)


def _texts(test: Test) -> list[str]:
    match test:
        case AssertionTest(source=source):
            return [_short(source)]
        case CallTest(function=function, args=args, expected=expected):
            return [_short(f"{function}{_arguments(args)} == {expected!r}")]
        case OracleTest(function=function, inputs=inputs):
            return [_short(f"{function}{_arguments(args)}") for args in inputs]
        case StdioTest(stdin=stdin):
            return [_short(f"stdin {stdin!r}")]
        case _:
            return [test.kind]


def _arguments(args: tuple[Any, ...]) -> str:
    return f"({', '.join(map(repr, args))})"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _NAME_CHARACTERS else f"{line[:_NAME_CHARACTERS - 3]}..."


def result_of(problem: Problem, solution: Mapping[str, Any], verdict: Verdict, *, trial: str, shown: bool | None,
              shown_tests_score: bool, steps: str) -> dict[str, Any]:
    """The content of a result file.

    Args:
        problem: What was solved.
        solution: As `Solution.to_json` has it, with `ended`, the time at which it was finished, in seconds.
        verdict: By the tests that score.
        trial: Its name.
        shown: Whether the program passes the shown tests; none where there are none.
        shown_tests_score: Whether these are the tests that score, too.
        steps: Where the steps are, from the trial's folder.
    """
    counters = solution["counters"]
    seconds = counters["seconds"].get("total")
    ended = solution["ended"]
    return {
        "format": FORMAT,
        "task_id": solution["task_id"],
        "gamma": float(solution["gamma"]),
        "trial": trial,
        "code": solution["program"],
        **verdict_fields(problem, verdict),
        "shown_passed": shown,
        "shown_tests_score": shown_tests_score,
        "finish_reason": solution["finish_reason"],
        "accepted": solution["accepted"] is not None,
        "programs_sampled": sum(len(refresh["candidates"]) for refresh in solution["refreshes"]),
        "stats": {
            "start_time": None if seconds is None else _clock(ended - seconds),
            "end_time": _clock(ended),
            "input_tokens": counters["prompt_tokens"] + counters["signal_tokens"],
            "output_tokens": len(solution["token_ids"]) + counters["candidate_tokens"] + counters["lookahead_tokens"],
            "duration": seconds,
        },
        "counters": counters,
        "steps": steps,
    }


def _clock(seconds: float) -> str:
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return f"{whole}.{int(seconds % 1 * 1000):03d}Z"
