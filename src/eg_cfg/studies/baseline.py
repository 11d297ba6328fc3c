"""What a model can do as it is: what `eg-cfg baseline`, and step 1 of the experiments, do.

    outcome = baseline(build(BaselineOptions, {"model_name": "tiny", "benchmark": "minipy", "max_problems": 50}))
    outcome.results["pass@1"]["value"]

Samples are drawn and graded side by side (`studies.evaluation`). The run folder then holds

    run.json                            configuration, versions, data set
    samples.jsonl                       a line a sample: prompt, text, program, tokens, log-probability
    verdicts.jsonl, shown.jsonl         a line a sample: how it fared by the tests that score, and by those shown
    problems.jsonl                      a line a problem: prompt, programs, a verdict per test
    results.json                        all numbers
    baseline_experiment_results.json    the same with the settings, the analysis of errors, and a line a problem
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from pydantic import field_validator

from eg_cfg.config import to_plain
from eg_cfg.grading.quality import Quality, measure, ruff_version
from eg_cfg.records import write_atomically
from eg_cfg.runs import RunFolder, library_versions
from eg_cfg.studies.error_analysis import analyse
from eg_cfg.studies.evaluation import EVALUATION_FILES, Evaluation, ProblemResult, choose_ks, evaluate
from eg_cfg.studies.filtering import choose
from eg_cfg.studies.generate import Announce, GenerateOptions, Plan, draft, make_plan
from eg_cfg.studies.options import GradingOptions, Progress, whole_numbers

RESULTS = "results.json"
REPORT = "baseline_experiment_results.json"
PROBLEMS = "problems.jsonl"
FILES = (*EVALUATION_FILES, PROBLEMS, RESULTS, REPORT)
"""What a run owns in its folder."""


class BaselineOptions(GenerateOptions, GradingOptions):
    """Which model is measured on what, and how."""

    k: tuple[int, ...] | None = None
    """Of pass@k; where none, those of 1, 5 and 10 that the samples allow."""

    _positive = field_validator("k")(whole_numbers)


@dataclass(frozen=True)
class BaselineOutcome:
    """What a start of `baseline` left behind."""

    folder: Path
    results: dict[str, Any]
    """What is in `results.json`."""
    analysis: dict[str, Any]
    """How samples fail, as `studies.error_analysis` says it."""
    evaluation: Evaluation


def baseline(options: BaselineOptions, progress: Progress | None = None,
             announce: Announce | None = None) -> BaselineOutcome:
    """Samples a model on a benchmark, grades what it writes, and reports.

    Raises:
        UsageError: The options, the model or the data are wrong; nothing was changed.
        RunError: The run folder cannot be used.
        ModelError: The model could not go on; what was finished is kept.
        SandboxError: The sandbox could not do its work; what was finished is kept.
    """
    drafted = draft(options)
    problems = drafted.problems
    ks = choose_ks(options.k, drafted.sampling.n)
    grading = {"timeout": options.timeout, "isolation": options.isolation, "comparison": options.comparison}
    drafted.check_folder(options, "baseline", {**drafted.identity(options), **grading}, FILES)
    with options.load_model() as model:
        plan = make_plan(options, drafted, model)
        identity, settings = {**plan.identity(options), **grading}, plan.settings()
        if announce is not None:
            announce(settings)
        with RunFolder.open(plan.folder(options, "baseline", identity), kind="baseline",
                            configuration={**to_plain(options), "resolved": settings}, identity=identity,
                            files=FILES, seed=options.seed, dataset=plan.dataset(), force=options.force,
                            extent=plan.extent) as run:
            packages = dict.fromkeys(package for problem in problems for package in problem.preload)
            with options.sandbox(packages) as sandbox:
                evaluation = evaluate(model, problems, folder=run.path, prompts=plan.prompts, sampling=plan.sampling,
                                      grader=options.grader(sandbox), ks=ks, seed=options.seed, progress=progress)
            qualities = _measured(evaluation)
            results = _results(plan, options, evaluation, qualities, _earlier(run.path / RESULTS))
            analysis = analyse(evaluation.problems)
            rows = [problem_row(result) for result in evaluation.problems]
            write_atomically(run.path / PROBLEMS, (json.dumps(row, default=str).encode() + b"\n" for row in rows))
            run.write_json(RESULTS, results)
            run.write_json(REPORT, {"experiment": "step1_baseline", "settings": settings, "results": results,
                                    "error_analysis": analysis, "problems": list(map(_brief, evaluation.problems))})
            return BaselineOutcome(run.path, results, analysis, evaluation)


def problem_row(result: ProblemResult) -> dict[str, Any]:
    """One problem with every sample of it: a line of `problems.jsonl`."""
    return {
        "task_id": result.problem.task_id,
        "entry_point": result.problem.entry_point,
        "prompt": result.samples[0].prompt,
        "passed": sum(verdict.passed for verdict in result.verdicts),
        "samples": [
            {
                "index": sample.index,
                "program": sample.solution,
                "text": sample.text,
                "log_prob": sample.log_prob,
                "tokens": sample.tokens,
                "finish_reason": sample.finish_reason,
                "extraction": sample.extraction,
                "passed": verdict.passed,
                "outcome": verdict.outcome,
                "pass_rate": verdict.pass_rate,
                "detail": verdict.detail,
                "tests_total": verdict.tests_total,
                "tests": [{"passed": test.passed, "error": test.error} for test in verdict.tests],
                "shown_passed": None if shown is None else shown.passed,
            }
            for sample, verdict, shown in zip(result.samples, result.verdicts, result.shown, strict=True)
        ],
        "chosen": result.samples[choose(result)].index,
        "metadata": dict(result.problem.metadata),
    }


def _brief(result: ProblemResult) -> dict[str, Any]:
    chosen = choose(result)
    return {
        "task_id": result.problem.task_id,
        "samples": len(result.samples),
        "passed": sum(verdict.passed for verdict in result.verdicts),
        "pass_rate": fmean(verdict.pass_rate for verdict in result.verdicts),
        "outcomes": [verdict.outcome for verdict in result.verdicts],
        "chosen": result.samples[chosen].index,
        "chosen_passed": result.verdicts[chosen].passed,
    }


def _results(plan: Plan, options: BaselineOptions, evaluation: Evaluation, qualities: Sequence[tuple[Quality, bool]],
             earlier: dict[str, Any]) -> dict[str, Any]:
    scores = evaluation.scores
    return {
        "benchmark": plan.benchmark.name,
        "split": plan.benchmark.split,
        "model": plan.spec.name,
        "problems": scores.problems,
        "samples": scores.samples,
        "samples_per_problem": [plan.sampling.n, plan.sampling.n],
        "coverage": 1.0,
        **scores.to_json(),
        "code_quality": quality_summary(qualities),
        "peak_memory_mb": _peak_memory(earlier.get("peak_memory_mb") or {}),
        "isolation": _isolation(evaluation),
        "seeds": {"sampling": options.seed, "bootstrap": options.seed},
        "versions": library_versions(),
        "dataset": plan.dataset(),
        "max_problems": options.max_problems,
    }


def _isolation(evaluation: Evaluation) -> dict[str, int]:
    found: dict[str, int] = {}
    for result in evaluation.problems:
        for verdict in result.verdicts:
            found[verdict.isolation] = found.get(verdict.isolation, 0) + 1
    return dict(sorted(found.items()))


def _measured(evaluation: Evaluation) -> list[tuple[Quality, bool]]:
    """The quality of every program there is, and whether it passed."""
    graded = [(sample.solution, verdict.passed) for result in evaluation.problems
              for sample, verdict in zip(result.samples, result.verdicts, strict=True) if sample.solution.strip()]
    return list(zip(measure([program for program, _ in graded]), [passed for _, passed in graded], strict=True))


def quality_summary(measured: Sequence[tuple[Quality, bool]]) -> dict[str, Any]:
    """Means over programs, and over those that passed; null where nothing is known."""

    def means(programs: Sequence[Quality]) -> dict[str, Any]:
        return {"programs": len(programs), **{
            name: fmean(known) if (known := [v for q in programs if (v := getattr(q, name)) is not None]) else None
            for name in ("lines", "tokens", "complexity", "findings")
        }}

    return {"all": means([quality for quality, _ in measured]),
            "passed": means([quality for quality, passed in measured if passed]), "ruff": ruff_version()}


def _peak_memory(earlier: dict[str, Any]) -> dict[str, float | None]:
    """Most memory that this process, and the GPUs for it, held at a time, in MiB; earlier starts that ended count."""
    return {name: max((value for value in (now, earlier.get(name)) if value is not None), default=None)
            for name, now in _memory_now()}


def _memory_now() -> Iterator[tuple[str, float | None]]:
    process = gpu = None
    with contextlib.suppress(ImportError):  # no such module on Windows
        import resource

        process = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform != "darwin" else 1024**2)
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        gpu = sum(torch.cuda.max_memory_allocated(place) for place in range(torch.cuda.device_count())) / 1024**2
    yield "process", process
    yield "gpu", gpu


def _earlier(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
