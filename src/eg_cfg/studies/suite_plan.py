"""What the suite is about to do, with estimates of time and of an API's price.

    plan = make_plan(options)
    plan[0].estimate.seconds, plan[0].estimate.cost

Time: each step comes to so many programs that are written and so many passes over an example in training, and both take
about as long as one program takes on this machine, which is measured by having a few written. That is rough: a factor
of two either way. Cost: prompts are counted from the benchmark's own (four characters a token), programs from its
references; `cost_at_most` has every program at the longest. What is unknown (an API's speed, a model without a price)
is None.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

from eg_cfg.benchmarks.base import Problem
from eg_cfg.config import build
from eg_cfg.errors import UsageError
from eg_cfg.models.base import Sampling
from eg_cfg.models.prices import price_of
from eg_cfg.models.prompts import Kind, settings_for
from eg_cfg.studies.model_options import ModelOptions
from eg_cfg.studies.options import BenchmarkOptions
from eg_cfg.studies.sampling import PromptOptions, Sampler
from eg_cfg.studies.suite_options import STEPS, SuiteOptions
from eg_cfg.studies.suite_steps import btp_options, spec_of, targets_of, unable

_CHARACTERS = 4
"""Of a token of English and Python, about."""
_USUAL_REFERENCE = 300
"""Characters of a program where the benchmark shows none."""
_EPOCHS, _DRAWS = 3, 50
_GUIDED = 12
"""Programs that one guided solution takes as long as."""
_BEAMS = 2
"""A program of beam search costs as much as so many sampled ones."""
_OVERHEAD = 4.0
"""Seconds to load a model and start a sandbox, for each training."""
_CALIBRATED = 4
_CALIBRATION_SAMPLES = 4


@dataclass(frozen=True)
class Estimate:
    """What a step takes, about."""

    programs: int
    """That are written."""
    passes: int
    """Of an example through training."""
    trainings: int
    api_programs: int
    """Programs that an API writes."""
    tokens: int | None
    """Of an API, prompts and programs; None where none is asked."""
    seconds: float | None
    cost: float | None
    """US dollars; 0 where no API is asked, None where its price is unknown."""
    cost_at_most: float | None

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


@dataclass(frozen=True)
class Step:
    """One step of the plan."""

    name: str
    folder: str
    results: str
    """Path within the run folder."""
    unable: str | None
    """Why the model cannot do it; it is skipped then."""
    estimate: Estimate | None


@dataclass(frozen=True)
class _Unit:
    """What one program costs."""

    seconds: float | None
    prompt_tokens: int
    program_tokens: int
    longest: int


def make_plan(options: SuiteOptions) -> list[Step]:
    """The steps with their estimates; nothing is written but a few programs that tell how fast a local model is.

    Raises:
        UsageError: The model or the data set means nothing, or cannot be had.
    """
    spec_of(options)
    unit = _unit(options)
    steps = []
    for name in options.steps:
        folder, results = STEPS[name]
        reason = unable(name, options)
        steps.append(Step(name, folder, f"{folder}/{results}", reason,
                          None if reason else _estimate(name, options, unit)))
    return steps


def _estimate(step: str, options: SuiteOptions, unit: _Unit) -> Estimate:
    programs, passes, trainings, collected = _amount(step, options)
    api = spec_of(options).backend == "openai"
    bought = 0 if not api else programs if step in ("baseline", "guide") or not _trains(options) else collected
    price = price_of(spec_of(options).model, {}, public=options.api_base is None) if api else None
    seconds = None if unit.seconds is None else (programs + passes) * unit.seconds + trainings * _OVERHEAD

    def cost(length: int) -> float | None:
        if not bought:
            return 0.0
        return None if price is None else price.cost(prompt_tokens=bought * unit.prompt_tokens,
                                                     completion_tokens=bought * length)

    return Estimate(programs, passes, trainings, bought,
                    bought * (unit.prompt_tokens + unit.program_tokens) if bought else None,
                    None if seconds is None else round(seconds, 1), cost(unit.program_tokens), cost(unit.longest))


def _trains(options: SuiteOptions) -> bool:
    return btp_options(options).trains


def _amount(step: str, options: SuiteOptions) -> tuple[int, int, int, int]:
    """Programs in all, training passes, trainings, and programs that are collected to learn from."""
    sizes = options.sizes
    score = (sizes.eval_problems or _count(options)) * sizes.eval_samples
    drawn = int(options.btp.get("batch_size", _DRAWS)) * int(options.btp.get("num_epochs", _EPOCHS)) * \
        sizes.n_iterations
    if step == "baseline":
        return (sizes.max_problems or _count(options)) * sizes.num_samples, 0, 1, 0
    if step == "guide":
        return sizes.guide_problems * _GUIDED * 4, 0, 1, 0
    if step == "btp":
        collected = sizes.collect_problems * sizes.num_beams * _BEAMS * (sizes.n_iterations if _trains(options) else 1)
        return (collected + 2 * score, drawn, 2, collected) if _trains(options) else (collected, 0, 1, collected)
    pool = sizes.ablation_problems * sizes.num_beams * _BEAMS
    if step == "ablation":
        from eg_cfg.studies.ablation_arms import ARMS

        arms = (len(ARMS) - 1) * sizes.seeds  # one of them draws as the whole method does
        return 2 * pool + arms * score, (arms - sizes.seeds) * drawn, arms, 2 * pool
    if step == "hyperparameter":
        tried = sizes.max_configs
        return tried * (pool * sizes.n_iterations + score) + 3 * score, tried * drawn, tried + 3, tried * pool
    targets = len(targets_of(options)) * sizes.seeds
    collected = sizes.collect_problems * sizes.num_beams * _BEAMS
    return collected + 2 * targets * score, targets * drawn, 2 * targets + 1, collected


def _count(options: SuiteOptions) -> int:
    return sum(1 for _ in _benchmark(options).load().problems())


def _benchmark(options: SuiteOptions) -> BenchmarkOptions:
    return BenchmarkOptions(benchmark=options.chosen_dataset, split=options.split, data=options.data,
                            option=options.option)


def _unit(options: SuiteOptions) -> _Unit:
    problems = list(islice(_benchmark(options).load().problems(), 50))
    if not problems:
        raise UsageError(f"expected problems in {options.chosen_dataset}, found none: check --split and --option")
    prompt = sum(len(problem.prompt) for problem in problems) // len(problems) // _CHARACTERS + 50
    lengths = [len(problem.reference) for problem in problems if problem.reference] or [_USUAL_REFERENCE]
    spec = spec_of(options)
    kind: Kind = "instruct" if spec.backend == "openai" else "completion"
    longest = settings_for(problems[0].benchmark, kind).max_new_tokens
    return _Unit(_seconds(options, problems[:_CALIBRATED]), prompt, sum(lengths) // len(lengths) // _CHARACTERS + 40,
                 longest)


def _seconds(options: SuiteOptions, problems: list[Problem]) -> float | None:
    """Seconds a program, measured; None where the model is not local, or nothing is to be measured."""
    spec = spec_of(options)
    if not options.calibrate or not spec.local:
        return None
    model_options = build(ModelOptions, {"model_name": options.model_name, "device": options.device})
    with model_options.load_model() as model:
        prompts = PromptOptions.of(model, spec.family)
        published = settings_for(problems[0].benchmark, prompts.kind)
        sampling = Sampling(n=_CALIBRATION_SAMPLES, temperature=0.8, max_new_tokens=published.max_new_tokens,
                            seed=options.seed)
        sampler = Sampler(model, prompts, sampling)
        questions = [sampler.question(problem) for problem in problems]
        missing = {problem.task_id: list(range(_CALIBRATION_SAMPLES)) for problem in problems}
        list(sampler.draw(questions[:1], {problems[0].task_id: [0]}))  # the first call of all is slow
        began = time.monotonic()
        written = sum(1 for _ in sampler.draw(questions, missing))
        return (time.monotonic() - began) / written
