"""The curve that decides nothing: each model on a benchmark's held-out problems, greedy or sampled.

    row = measured(config, partner, "with tests", store)
    row.pass_at_1["value"]

MiniPy is measured twice, with prompts that show tests and with prompts that do not: a base model that never saw a task
can read the second kind only, and a comparison on the first alone would be a comparison of formats.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from eg_cfg.benchmarks import registry
from eg_cfg.config import build
from eg_cfg.grading.compare import Comparison
from eg_cfg.studies.baseline import BaselineOptions, baseline
from eg_cfg.studies.compare import compare
from evoselfcode.evaluation import slug
from evoselfcode.pipeline.options import HeldOutOptions, ValidationOptions
from evoselfcode.pipeline.roundtrip import Partner
from evoselfcode.records import HeldOutRow, content_id
from evoselfcode.stage import Progress
from evoselfcode.store import Store

if TYPE_CHECKING:
    from evoselfcode.config import Config

WITH, WITHOUT = "with tests", "without tests"


def variants(options: HeldOutOptions) -> tuple[str, ...]:
    """Kinds of prompt that a benchmark is measured with; none where nothing is measured."""
    if options.benchmark is None:
        return ()
    choice = "tests_in_prompt" in dict(registry.describe(options.benchmark).options)
    if not choice:
        return ("",)
    return (WITH, WITHOUT) if options.without_tests else (WITH,)


def measured(config: Config, partner: Partner, variant: str, store: Store[HeldOutRow], progress: Progress,
             options: HeldOutOptions | None = None) -> HeldOutRow:
    """A model's pass@1, measured now or read where it was before.

    Args:
        config: All options.
        partner: The model.
        variant: One of `variants`.
        store: Of earlier measurements.
        progress: Told how far it is.
        options: What is measured; that of the configuration where none.
    """
    asked = options or config.iterate.held_out
    key = content_id(writer=partner.writer, variant=variant, asked=asked.model_dump(mode="json"), seed=config.seed)
    if key in store and Path(store[key].folder).is_dir():
        return store[key]
    option = dict(asked.option)
    if variant == WITHOUT:  # the other is what the benchmark does anyway, and what `evoselfcode eval` measures
        option["tests_in_prompt"] = "false"
    values: dict[str, Any] = {
        "model_name": partner.options.model_name, "benchmark": asked.benchmark, "split": asked.split, "option": option,
        "max_problems": asked.max_problems, "seed": config.seed, "workers": config.sandbox.workers,
        "allow_weak_isolation": config.sandbox.allow_weak_isolation, "batch_size": partner.options.batch_size,
        "device": partner.options.device, "dtype": partner.options.dtype,
        "output_root": config.paths.eval / str(asked.benchmark) / slug(partner.options.model_name)}
    if asked.num_samples == 1 and asked.temperature == 0:
        values["greedy"] = True
    else:
        values |= {"num_samples": asked.num_samples, "temperature": asked.temperature}
    what = f"measuring {partner.options.model_name} {variant}".strip()
    outcome = baseline(build(BaselineOptions, values), lambda done, total: progress(what, done, total))
    row = HeldOutRow(id=key, model=partner.options.model_name, writer=partner.writer, benchmark=str(asked.benchmark),
                     split=outcome.results["split"], variant=variant, problems=outcome.results["problems"],
                     pass_at_1=outcome.results["pass@1"], folder=str(outcome.folder))
    if key not in store:
        store.add(row)
    return row


def validation_options(options: ValidationOptions) -> HeldOutOptions:
    """How `pass@1` is measured where it chooses rounds."""
    return HeldOutOptions(benchmark=options.benchmark, split=options.split, max_problems=options.max_problems,
                          without_tests=False)


def paired(better: HeldOutRow, worse: HeldOutRow) -> dict[str, Any]:
    """The difference of two models on the same problems, with its interval and p-value."""
    return told(compare(Path(better.folder), Path(worse.folder)))


def told(found: Comparison) -> dict[str, Any]:
    """A comparison, as results have it."""
    return {"difference": found.difference.to_json(), "p_value": found.p_value, "method": found.method,
            "problems": found.problems, "better": found.a_better, "worse": found.b_better}
