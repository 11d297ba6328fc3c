"""Grades a file of samples: what `eg-cfg grade` does, from options to files.

    outcome = grade(GradeOptions(benchmark="mbpp", samples=Path("samples.jsonl")))
    outcome.results["pass@1"]["value"]

All input is checked before the first program runs. Problems are streamed; samples are held. A verdict is on
disk as soon as it is known, so a run that was killed goes on where it stopped, and one that is started again
grades only what is new: a row is known by a hash of its content. At the end `verdicts.jsonl` is put into the
benchmark's order. It is then the same however often the run was interrupted, but for what was measured: times
and memory.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Any

from pydantic import Field, field_validator

from eg_cfg.benchmarks.base import Benchmark
from eg_cfg.config import to_plain
from eg_cfg.errors import UsageError
from eg_cfg.grading.grader import GradeRequest
from eg_cfg.grading.programs import Extract, program_of
from eg_cfg.grading.samples import Sample, check_samples, content_key, count_repeats, read_samples
from eg_cfg.grading.verdict import Verdict
from eg_cfg.records import Records
from eg_cfg.runs import RunFolder, fingerprint
from eg_cfg.studies.options import USUAL_K, GradingOptions, Progress, whole_numbers
from eg_cfg.studies.results import summarise
from eg_cfg.studies.verdicts import VERDICTS, read_verdicts

RESULTS = "results.json"


class GradeOptions(GradingOptions):
    """What is graded, how, and where the verdicts go."""

    samples: Path
    """Completions or programs, `.jsonl` or `.jsonl.gz`."""
    k: tuple[int, ...] | None = None
    """Of pass@k; where none, those of 1, 5 and 10 that the samples allow."""
    extract: Extract = "verbatim"
    """How a program is taken out of a sample; verbatim takes it to the letter."""
    output_dir: Path | None = None
    """The run folder; where none, one under `runs/` that the configuration names."""
    seed: int = Field(42, ge=0)
    """Of the bootstrap."""
    force: bool = False
    """Start over."""

    _positive = field_validator("k")(whole_numbers)


@dataclass(frozen=True)
class GradeOutcome:
    """What a grading run left behind."""

    folder: Path
    results: dict[str, Any]
    """What is in `results.json`."""
    graded: int
    """Samples that this start graded."""
    reused: int
    """Samples that an earlier start had graded."""
    torn: int
    """Half-written rows that were found and dropped, 0 or 1."""
    dropped: int = 0
    """Verdicts of an earlier start whose rows are no longer in the file."""
    missing: tuple[str, ...] = ()
    """Task ids without samples, in the benchmark's order."""
    repeats: int = 0
    """Samples whose program is that of an earlier one of their task."""


@dataclass
class _Survey:
    """What a first pass over the benchmark shows."""

    order: dict[str, int] = field(default_factory=dict)
    """Task id to its place."""
    packages: dict[str, None] = field(default_factory=dict)


def grade(options: GradeOptions, progress: Progress | None = None) -> GradeOutcome:
    """Grades the samples, or what is left of them, and writes verdicts and results.

    Raises:
        UsageError: The options, the samples or the data are wrong; nothing was graded or changed.
        RunError: The run folder cannot be used.
        SandboxError: The sandbox could not do its work; verdicts so far are kept.
    """
    benchmark = options.load()
    samples = list(read_samples(options.samples))
    survey = _survey(benchmark)
    check_samples(samples, survey.order, benchmark=benchmark.name, source=options.samples)
    by_task: dict[str, list[Sample]] = {}
    for sample in samples:
        by_task.setdefault(sample.task_id, []).append(sample)
    ks = _choose_k(options.k, [len(rows) for rows in by_task.values()])
    identity = _identity(options, benchmark)
    folder = options.output_dir or _usual_folder(options, identity)
    dataset = {
        "name": benchmark.name,
        "split": benchmark.split,
        "source": benchmark.source,
        "fingerprint": benchmark.fingerprint,
    }
    with RunFolder.open(
        folder,
        kind="grade",
        configuration=to_plain(options),
        identity=identity,
        files=(VERDICTS, RESULTS),
        seed=options.seed,
        dataset=dataset,
        force=options.force,
    ) as run:
        with run.records(VERDICTS) as records:
            work = _Work(options, by_task, records)
            work.run(benchmark, survey, len(samples), progress)
            verdicts = work.in_order()
            records.replace(verdict.to_json() for verdict in verdicts)
        results = summarise(
            verdicts,
            ks=ks,
            benchmark=benchmark,
            problems=len(survey.order),
            seed=options.seed,
            extractions=work.extractions,
        )
        run.write_json(RESULTS, results)
        return GradeOutcome(
            folder=run.path,
            results=results,
            graded=work.graded,
            reused=len(verdicts) - work.graded,
            torn=records.torn,
            dropped=work.left_over(),
            missing=tuple(task for task in survey.order if task not in by_task),
            repeats=count_repeats(samples),
        )


class _Work:
    """Matches samples with what is graded already, and grades the rest."""

    def __init__(self, options: GradeOptions, by_task: dict[str, list[Sample]], records: Records) -> None:
        self._options = options
        self._settings = (options.timeout, options.isolation, options.comparison)
        self._by_task = by_task
        self._records = records
        self._done: defaultdict[str, list[Verdict]] = defaultdict(list)
        for verdict in read_verdicts(records):
            self._done[verdict.key].append(verdict)
        self._verdicts: dict[tuple[int, int], Verdict] = {}
        self._asked: list[tuple[int, str]] = []
        self.extractions: Counter[str] = Counter()
        self.graded = 0

    def run(self, benchmark: Benchmark, survey: _Survey, total: int, progress: Progress | None) -> None:
        requests = self._requests(benchmark)
        first = next(requests, None)
        if first is None:  # all is graded: no sandbox needed
            return
        with self._options.sandbox(survey.packages) as sandbox:
            grader = self._options.grader(sandbox)
            for position, verdict in grader.grade_many(chain([first], requests)):
                place, key = self._asked[position]
                verdict = replace(verdict, key=key)
                self._records.append(verdict.to_json())
                self._verdicts[place, verdict.index] = verdict
                self.graded += 1
                if progress is not None:
                    progress(len(self._verdicts), total)

    def in_order(self) -> list[Verdict]:
        return [self._verdicts[place] for place in sorted(self._verdicts)]

    def left_over(self) -> int:
        """Earlier verdicts that no sample asked for."""
        return sum(map(len, self._done.values()))

    def _requests(self, benchmark: Benchmark) -> Iterator[GradeRequest]:
        for place, problem in enumerate(benchmark.problems()):
            for sample in self._by_task.get(problem.task_id, ()):
                continues = sample.field == "completion"
                found = program_of(sample.text, problem, self._options.extract, continues=continues)
                self.extractions[found.status] += 1
                program = "" if found.empty else found.program
                key = content_key(problem.task_id, program, benchmark.fingerprint, *self._settings)
                if self._done[key]:
                    self._verdicts[place, sample.index] = replace(self._done[key].pop(0), index=sample.index)
                else:
                    self._asked.append((place, key))
                    yield GradeRequest(problem, program, sample.index)


def _survey(benchmark: Benchmark) -> _Survey:
    survey = _Survey()
    for place, problem in enumerate(benchmark.problems()):
        survey.order[problem.task_id] = place
        survey.packages.update(dict.fromkeys(problem.preload))
    return survey


def _choose_k(wanted: tuple[int, ...] | None, counts: Sequence[int]) -> tuple[int, ...]:
    fewest = min(counts)
    if wanted is None:
        return tuple(k for k in USUAL_K if k <= fewest)
    if max(wanted) > fewest:
        raise UsageError(
            f"--k {max(wanted)}: expected no more than each problem has samples, found a problem with "
            f"{fewest}: ask for a smaller k, or draw more samples"
        )
    return wanted


def _identity(options: GradeOptions, benchmark: Benchmark) -> dict[str, Any]:
    """What decides a verdict; a run folder is continued only where all of it is the same."""
    return {
        "benchmark": benchmark.name,
        "split": benchmark.split,
        "option": dict(options.option),
        "data": benchmark.fingerprint,
        "samples": str(options.samples.resolve()),
        "extract": options.extract,
        "timeout": options.timeout,
        "isolation": options.isolation,
        "comparison": options.comparison,
    }


def _usual_folder(options: GradeOptions, identity: dict[str, Any]) -> Path:
    stem = options.samples.name.removesuffix(".gz").removesuffix(".jsonl")
    return Path("runs") / f"grade-{identity['benchmark']}-{stem}-{fingerprint(identity)[:8]}"
