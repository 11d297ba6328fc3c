"""Collection in a round: who writes, in which state, and what an API can do of what was asked.

A model that writes for itself is collected from again in every round, as it has become. A source that is another model
does not change, so its programs are collected once and drawn from in every round.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from eg_cfg.benchmarks.base import Problem
from eg_cfg.config import build
from eg_cfg.models.base import TextModel
from eg_cfg.replay.collect import EXPERIENCES, Collection, Guided, collect
from eg_cfg.replay.collect import Guide as Guides
from eg_cfg.replay.experience import Experience
from eg_cfg.replay.files import read_rows
from eg_cfg.replay.options import CollectOptions
from eg_cfg.runs import fingerprint
from eg_cfg.studies.btp_work import Work
from eg_cfg.studies.model_options import weights_fingerprint
from eg_cfg.studies.sampling import PromptOptions

COLLECTED = "collected.json"


def collects_again(work: Work) -> bool:
    """Whether every round has programs of its own."""
    return work.roles.same and work.options.fixed_sample_path is None


def collect_round(work: Work, number: int) -> dict[str, Any]:
    """Has a round's programs written and tested, or what is left of that.

    Args:
        work: The experiment.
        number: Of the round, from 1.

    Returns:
        What came of it, as `collected.json` in the round's folder has it.
    """
    name = f"rounds/{number}/{COLLECTED}"
    found = work.finished(name)
    if found is not None:
        return found
    folder = work.folder("rounds", str(number))
    options = work.options
    model = None if options.fixed_sample_path is not None else work.writer(number - 1)
    prompts = _prompts(work, model)
    asked = _options(work, prompts)
    spec = (work.roles.source if not work.roles.same else work.roles.target or work.roles.source).spec()
    splits = [source["split"] for source in work.problems.replay_sources if source["split"]]
    with work.watch(f"round {number}: writing and testing programs") as progress:
        collection = collect(
            work.problems.replay, work.grader(), folder, asked, model=model,
            guide=_guide(work, model, prompts) if asked.sampler == "eg-cfg" and model is not None else None,
            family=spec.family, source=_source(work, number), split="+".join(splits) or None, round=number - 1,
            progress=progress)
    for remark in collection.remarks:
        work.note(f"round {number}: {remark}")
    return work.finish(name, {**_described(collection), "sampler": asked.sampler, "prompt_kind": prompts.kind,
                              "usage": _usage(model), "notes": work.notes})


def read_experiences(work: Work, number: int) -> list[Experience]:
    """What was collected in a round, in the order of its problems."""
    tasks = {problem.task_id for problem in work.problems.replay}
    rows = read_rows(work.run.path / "rounds" / str(number) / EXPERIENCES, Experience.from_json).rows
    return [row for row in rows if row.task_id in tasks]


def _prompts(work: Work, model: TextModel | None) -> PromptOptions:
    if model is not None:
        return work.prompts(model, learner=work.roles.same)
    spec = work.roles.source.spec()
    return PromptOptions(family=spec.family, kind=work.options.prompt_kind or "completion")


def _options(work: Work, prompts: PromptOptions) -> CollectOptions:
    options = work.options
    sampler = options.sampler
    if sampler == "beam" and work.roles.source_is_api and not work.roles.same:
        sampler = "sample"
        work.note(f"an API has no beam search: {options.num_beams} programs a problem are sampled at temperature "
                  f"{options.temperature:g}")
    return build(CollectOptions, {
        "sampler": sampler, "num_beams": options.num_beams,
        "temperature": options.temperature, "max_new_tokens": options.max_new_tokens, "prompt_kind": prompts.kind,
        "which": options.replay_tests, "seed": options.seed, "use_cached_sampling": options.use_cached_sampling,
        "cache_dir": options.cache_dir, "fixed_sample_path": options.fixed_sample_path,
    })


def _source(work: Work, number: int) -> str:
    """What tells this state of the model from all others."""
    if work.roles.same and number > 1:
        files = sorted(work.checkpoint(number - 1).glob("*.safetensors"))  # what lies beside holds measured times
        return fingerprint({"trained": [weights_fingerprint(file) for file in files]})
    return fingerprint(work.roles.source.model_identity())


def _guide(work: Work, model: TextModel, prompts: PromptOptions) -> Guides:
    """Programs under guidance, a program for each gamma."""
    from eg_cfg.decoding.base import GuideOptions
    from eg_cfg.decoding.egcfg import Guide
    from eg_cfg.grading.tracing import Tracer

    options = build(GuideOptions, {"gammas": work.options.gammas, "max_new_tokens": work.options.max_new_tokens,
                                   "seed": work.options.seed,
                                   "prompt_type": "completion" if prompts.kind == "completion" else "auto"})
    guide = Guide(model, Tracer(work.grader().sandbox), options)

    def solve(problems: Sequence[Problem]) -> Iterable[Guided]:
        by_task = {problem.task_id: problem for problem in problems}
        # in the order of gammas, whatever ended first: the place of a program among its problem's must not vary
        found = sorted(guide.solve(problems), key=lambda solution: (solution.task_id, solution.gamma))
        for solution in found:
            yield Guided(by_task[solution.task_id], solution.program, completion=solution.completion,
                         prompt=solution.prompt)

    return solve


def _described(collection: Collection) -> dict[str, Any]:
    experiences = collection.experiences
    known = [e.num_tokens for e in experiences if e.num_tokens is not None]
    return {
        "programs": len(experiences),
        "passed": sum(experience.passed for experience in experiences),
        "without_code": sum(not experience.program.strip() for experience in experiences),
        "without_log_prob": sum(experience.log_prob is None for experience in experiences),
        "tokens": sum(known),
        "unanswered": dict(collection.unanswered),
        "missing": list(collection.missing),
        "damaged_lines": len(collection.damaged),
    }


def _usage(model: TextModel | None) -> dict[str, Any] | None:
    """What an API charged for: what this start bought, and what had been bought before."""
    replayed = getattr(model, "replayed", None)
    if model is None or replayed is None:
        return None
    return {"bought": asdict(model.usage), "bought_before": asdict(replayed)}


def experiences_file(work: Work, number: int) -> Path:
    """Where a round's experiences are."""
    return work.run.path / "rounds" / str(number) / EXPERIENCES
