"""Samples of a model on a benchmark, in a file: what `eg-cfg generate` does.

    outcome = generate(build(GenerateOptions, {"model_name": "tiny", "benchmark": "minipy"}))
    outcome.samples            # a file that `eg-cfg grade` reads

Temperature, token limit, stop strings and the kind of prompt are those published for the benchmark, unless given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar, Self

from pydantic import Field, model_validator

from eg_cfg.benchmarks.base import Benchmark, Problem
from eg_cfg.config import build, to_plain
from eg_cfg.errors import UsageError
from eg_cfg.grading.programs import Extract
from eg_cfg.models.base import Sampling, TextModel
from eg_cfg.models.prompts import Kind, settings_for, task_of
from eg_cfg.models.registry import ModelSpec
from eg_cfg.runs import RunFolder
from eg_cfg.studies.evaluation import SAMPLES, missing_samples, read_rows
from eg_cfg.studies.folders import choose_folder
from eg_cfg.studies.model_options import ModelOptions
from eg_cfg.studies.options import BenchmarkOptions, Progress
from eg_cfg.studies.sampling import PromptOptions, Sampler, SampleRow

NUM_SAMPLES = 10
"""Samples a problem where none are asked for; 1 where decoding is greedy."""
Announce = Callable[[Mapping[str, Any]], None]
"""Called with the settings as they were resolved, before the first sample."""


class GenerateOptions(ModelOptions, BenchmarkOptions):
    """Which model writes how many samples of which benchmark, and where they go."""

    aliases: ClassVar[Mapping[str, str]] = {"limit": "max_problems"}

    num_samples: int | None = Field(None, ge=1)
    """Samples a problem; 10 where none, 1 where decoding is greedy."""
    temperature: float | None = Field(None, ge=0)
    """The published one of the benchmark where none; 0 is greedy."""
    top_p: float | None = Field(None, gt=0, le=1)
    """The published one of the benchmark where none."""
    top_k: int = Field(0, ge=0)
    """Sample from the k likeliest tokens; 0 is all."""
    max_new_tokens: int | None = Field(None, ge=1)
    """The published number of the benchmark where none."""
    stop: tuple[str, ...] = ()
    """Strings that end a completion; those of the task and the kind of prompt where none."""
    greedy: bool = False
    """Temperature 0, one sample."""
    prompt: Kind | None = None
    """Kind of prompt; a chat where the model takes one, the bare text otherwise, where none."""
    extract: Extract | None = None
    """How the program is taken out of the text; as the prompt wants it where none."""
    max_problems: int | None = Field(None, ge=1)
    """The first so many problems; all where none."""
    seed: int = Field(42, ge=0)
    """Of the samples."""
    output_dir: Path | None = None
    """The run folder. Where none: in `output_root`, the newest of the same configuration with as many problems and
    samples or fewer, else a new one."""
    output_root: Path = Path("runs")
    """Where runs without a folder of their own are."""
    force: bool = False
    """Start over in `output_dir`; without it, start a new run."""

    @model_validator(mode="after")
    def _greedy(self) -> Self:
        if self.greedy and self.temperature:
            raise ValueError(f"--greedy is temperature 0, found --temperature {self.temperature:g}: leave one out")
        if self.greedy and (self.num_samples or 1) > 1:
            raise ValueError(f"--greedy gives one sample a problem, found --num-samples {self.num_samples}: leave one "
                             "out")
        return self

    def prompts(self, model: TextModel, spec: ModelSpec) -> PromptOptions:
        """How problems are put to a model."""
        return PromptOptions.of(model, spec.family, self.prompt).model_copy(update={"extract": self.extract})

    def sampling(self, benchmark: str) -> Sampling:
        """How samples are drawn: as published for the benchmark, but for what was given.

        Raises:
            ConfigError: Options that do not go together, such as several greedy samples.
        """
        published = settings_for(benchmark, "completion")  # the kind of prompt decides stop strings alone
        temperature = published.temperature if self.temperature is None else self.temperature
        if self.greedy:
            temperature = 0.0
        return build(Sampling, {
            "n": self.num_samples or (NUM_SAMPLES if temperature else 1),
            "temperature": temperature,
            "top_p": published.top_p if self.top_p is None else self.top_p,
            "top_k": self.top_k,
            "max_new_tokens": self.max_new_tokens or published.max_new_tokens,
            "stop": self.stop,
            "seed": self.seed,
        })

    def problems(self, benchmark: Benchmark) -> list[Problem]:
        """The problems that are sampled.

        Raises:
            UsageError: There are none.
        """
        found = list(islice(benchmark.problems(), self.max_problems))
        if not found:
            raise UsageError(f"expected problems in {benchmark.name} ({benchmark.source}), found none: check --split "
                             "and --option")
        return found


@dataclass(frozen=True)
class GenerateOutcome:
    """What a start of `generate` left behind."""

    folder: Path
    samples: Path
    """The file of samples."""
    problems: int
    total: int
    """Samples in the file that were asked for."""
    generated: int
    """Those that this start drew."""
    torn: int
    """Half-written rows that were found and dropped, 0 or 1."""


@dataclass(frozen=True)
class Draft:
    """What a run does, as far as that is known before the model is loaded: what is wrong with it is told by then."""

    benchmark: Benchmark
    problems: list[Problem]
    spec: ModelSpec
    sampling: Sampling

    @property
    def extent(self) -> dict[str, int]:
        """How far the run goes; a later start may go further in the same folder."""
        return {"problems": len(self.problems), "samples": self.sampling.n}

    def identity(self, options: GenerateOptions) -> dict[str, Any]:
        """What decides the samples; a run folder is continued only where all of it is the same."""
        return {
            **options.model_identity(),
            "benchmark": self.benchmark.name,
            "split": self.benchmark.split,
            "option": dict(options.option),
            "data": self.benchmark.fingerprint,
            "sampling": {key: value for key, value in to_plain(self.sampling).items() if key != "n"},
        }

    def check_folder(self, options: GenerateOptions, kind: str, identity: Mapping[str, Any],
                     files: Sequence[str]) -> None:
        """Tells before the model is loaded that the run's folder cannot be used.

        Raises:
            ConfigError: There cannot be such a folder.
            RunError: It belongs to another run, goes further, or is in use.
        """
        folder = options.output_dir or options.output_root / ".new"
        RunFolder.check(folder, kind=kind, identity=identity, files=files, force=options.force, extent=self.extent)


@dataclass(frozen=True)
class Plan(Draft):
    """What a run does, resolved: made before anything is written."""

    prompts: PromptOptions

    def identity(self, options: GenerateOptions) -> dict[str, Any]:
        """What decides the samples; a run folder is continued only where all of it is the same."""
        return {**super().identity(options), "prompts": to_plain(self.prompts)}

    def settings(self) -> dict[str, Any]:
        """The settings that a user wants to see, with the stop strings that apply, by task."""
        asked = [self.prompts.asked(problem) for problem in self.problems]
        tasks = sorted(set(map(task_of, asked)))
        by_task = {task: settings_for(self.benchmark.name, self.prompts.kind, task) for task in tasks}
        published = settings_for(self.benchmark.name, self.prompts.kind)
        return {
            "model": self.spec.name,
            "stands_for": self.spec.model,
            "embedded": self.spec.embedded,
            "backend": self.spec.backend,
            "benchmark": self.benchmark.name,
            "split": self.benchmark.split,
            "problems": len(self.problems),
            "num_samples": self.sampling.n,
            "temperature": self.sampling.temperature,
            "top_p": self.sampling.top_p,
            "top_k": self.sampling.top_k,
            "max_new_tokens": self.sampling.max_new_tokens,
            "seed": self.sampling.seed,
            "prompt": self.prompts.kind,
            "family": self.prompts.family,
            "headers": sum(new is not old for new, old in zip(asked, self.problems, strict=True)),
            "stop": {task: list(self.sampling.stop or found.stop) for task, found in by_task.items()},
            "extract": {task: self.prompts.extract or found.extraction for task, found in by_task.items()},
            "published": {"temperature": published.temperature, "top_p": published.top_p,
                          "max_new_tokens": published.max_new_tokens, "source": published.source},
        }

    def dataset(self) -> dict[str, Any]:
        """The data set, as a run folder notes it."""
        benchmark = self.benchmark
        return {"name": benchmark.name, "split": benchmark.split, "source": benchmark.source,
                "fingerprint": benchmark.fingerprint}

    def folder(self, options: GenerateOptions, kind: str, identity: Mapping[str, Any]) -> Path:
        """Where the run goes."""
        if options.output_dir is not None:
            return options.output_dir
        name = self.spec.name.rstrip("/").split("/")[-1].replace(":", "-")
        use_root = options.output_root != Path("runs")
        stem = "experiment" if use_root else f"{kind}-{self.benchmark.name}-{name}"
        return choose_folder(options.output_root, kind, identity, stem=stem, force=options.force, use_root=use_root,
                             extent=self.extent)


def draft(options: GenerateOptions) -> Draft:
    """Resolves the options as far as that goes without the model.

    Raises:
        UsageError: A name means nothing, the data is missing, or options do not go together.
    """
    spec = options.spec()  # a name that means nothing is told before data is read
    benchmark = options.load()
    return Draft(benchmark, options.problems(benchmark), spec, options.sampling(benchmark.name))


def make_plan(options: GenerateOptions, drafted: Draft, model: TextModel) -> Plan:
    """What a run does, now that the model is there."""
    return Plan(drafted.benchmark, drafted.problems, drafted.spec, drafted.sampling,
                options.prompts(model, drafted.spec))


def generate(options: GenerateOptions, progress: Progress | None = None,
             announce: Announce | None = None) -> GenerateOutcome:
    """Draws the samples, or what is missing of them.

    Raises:
        UsageError: The options, the model or the data are wrong; nothing was changed.
        RunError: The run folder cannot be used.
        ModelError: The model could not go on; the samples so far are kept.
    """
    drafted = draft(options)
    problems = drafted.problems
    drafted.check_folder(options, "generate", drafted.identity(options), (SAMPLES,))
    with options.load_model() as model:
        plan = make_plan(options, drafted, model)
        sampler = Sampler(model, plan.prompts, plan.sampling)
        questions = [sampler.question(problem) for problem in problems]
        identity, settings = plan.identity(options), plan.settings()
        if announce is not None:
            announce(settings)
        with RunFolder.open(plan.folder(options, "generate", identity), kind="generate",
                            configuration={**to_plain(options), "resolved": settings}, identity=identity,
                            files=(SAMPLES,), seed=options.seed, dataset=plan.dataset(), force=options.force,
                            extent=plan.extent) as run, run.records(SAMPLES) as records:
            rows = read_rows(records, questions)
            reused = len(rows)
            total = len(questions) * plan.sampling.n
            if progress is not None:
                progress(reused, total)
            for row in sampler.draw(questions, missing_samples(rows, questions, sampler)):
                records.append(row.to_json())
                rows[row.task_id, row.index] = row
                if progress is not None:
                    progress(len(rows), total)
            order = {problem.task_id: place for place, problem in enumerate(problems)}
            records.replace(row.to_json() for row in sorted(rows.values(), key=lambda row: _place(row, order)))
            return GenerateOutcome(run.path, run.path / SAMPLES, len(problems), total, len(rows) - reused, records.torn)


def _place(row: SampleRow, order: Mapping[str, int]) -> tuple[int, int]:
    return order.get(row.task_id, len(order)), row.index
