"""The arms of BTP: one pool of programs, many ways to draw from it, equally many tokens.

    study = btp_study(options, folder, watch=watch, say=say)
    study["arms"][0]["pass@1"], study["train_tokens"]
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eg_cfg.errors import ModelError, UsageError
from eg_cfg.replay.buffer import ExperienceBuffer
from eg_cfg.replay.priority import P2ValueCalculator
from eg_cfg.studies.ablation_arms import ARMS, FULL, NONE, Sizes, room_for, settings_of
from eg_cfg.studies.ablation_options import AblationOptions
from eg_cfg.studies.arm import (
    Learnt,
    Scored,
    collect_pool,
    described_pool,
    learn,
    lesson_tokens,
    open_arm,
    read_pool,
    score,
)
from eg_cfg.studies.btp_models import Roles, assign
from eg_cfg.studies.btp_problems import Problems, choose_problems
from eg_cfg.studies.btp_work import Say, Watch
from eg_cfg.studies.paired import Marks, contrast, estimate


@dataclass
class ArmRun:
    """One arm under one seed."""

    folder: Path
    scored: Scored
    learnt: Learnt | None = None


def btp_study(options: AblationOptions, folder: Path, *, watch: Watch, say: Say) -> dict[str, Any]:
    """Runs the arms of BTP, or what is left of them.

    Raises:
        UsageError: The options, a model or the data are wrong.
        SandboxError: The sandbox could not do its work; what was finished is kept.
    """
    base = options.btp()
    roles, problems = assign(base), choose_problems(base)
    say(problems.note)
    pools = {sampler: collect_pool(options.btp(sampler=sampler), folder / "collections" / sampler, problems, roles,
                                   watch=watch, say=say)
             for sampler in dict.fromkeys([base.sampler, *(ARMS[name].sampler or base.sampler
                                                           for name in options.chosen)])}
    first = _run_arm(options, NONE, options.chosen_seeds[0], folder, problems, roles, pools, None, None, watch)
    sizes = _sizes(options, pools[base.sampler], problems, first.scored, roles)
    budget = sizes.budget(base)
    say(f"{sizes.programs} programs of {sizes.tokens:,} tokens to learn from; every arm trains on {budget:,}")
    runs, errors = _run_arms(options, folder, problems, roles, pools, sizes, watch=watch, say=say)
    return {
        "full": FULL,
        "metric": "pass@1",
        "note": problems.note,
        "notes": list(dict.fromkeys(note for found in runs.values() for run in found.values()
                                    for note in run.scored.notes)),
        "problems": len(problems.score),
        "samples": options.eval_samples,
        "seeds": list(options.chosen_seeds),
        "train_tokens": budget,
        "collections": {sampler: described_pool(path) for sampler, path in pools.items()},
        "arms": [_described(name, options, sizes, runs[name], errors.get(name), runs, folder)
                 for name in options.chosen],
    }


def _sizes(options: AblationOptions, pool: Path, problems: Problems, start: Scored, roles: Roles) -> Sizes:
    """Of what the buffer of the whole method holds: each program once."""
    calculator = P2ValueCalculator(options.p2value_alpha, options.possibility)
    buffer = ExperienceBuffer(options.buffer_size, evict=options.evict, calculator=calculator)
    buffer.extend(read_pool(pool))
    held = buffer.get_all()
    if not held:
        raise UsageError(f"expected programs to learn from, found none in what was written for {options.max_problems} "
                         f"problems: check --max-new-tokens and --prompt-kind, or take another --source-model")
    counts = lesson_tokens(held, problems, start.prompts, roles)
    return Sizes(len(counts), sum(counts), min(counts))


def _run_arms(options: AblationOptions, folder: Path, problems: Problems, roles: Roles, pools: Mapping[str, Path],
              sizes: Sizes, *, watch: Watch, say: Say) -> tuple[dict[str, dict[int, ArmRun]], dict[str, str]]:
    """All arms under all seeds; an arm that cannot be has an error, and no later seed is tried."""
    runs: dict[str, dict[int, ArmRun]] = {name: {} for name in options.chosen}
    errors: dict[str, str] = {}
    total = len(options.chosen) * len(options.chosen_seeds)
    done, spent = 0, list[float]()
    for seed in options.chosen_seeds:
        start: Scored | None = None
        for name in options.chosen:
            done += 1
            if name in errors:
                continue
            began = time.monotonic()
            try:
                run = _run_arm(options, name, seed, folder, problems, roles, pools, sizes, start, watch)
            except (UsageError, ModelError) as error:
                if name in (NONE, FULL):
                    raise
                errors[name] = " ".join(str(error).split())
                say(f"{done} of {total}: {name}: {errors[name]}")
                continue
            start = run.scored if name == NONE else start
            runs[name][seed] = run
            if ARMS[name].trains:  # the untrained model, of which the first was scored before, says little of the rest
                spent.append(time.monotonic() - began)
            left = f"; about {sum(spent) / len(spent) * (total - done):.0f} s left" if spent and done < total else ""
            say(f"{done} of {total}: {name}, seed {seed}: pass@1 {100 * run.scored.value:.1f} %{left}")
    return runs, errors


def _run_arm(options: AblationOptions, name: str, seed: int, folder: Path, problems: Problems, roles: Roles,
             pools: Mapping[str, Path], sizes: Sizes | None, start: Scored | None, watch: Watch) -> ArmRun:
    base = options.btp(seed=seed)
    values: dict[str, Any] = {"seed": seed}
    if ARMS[name].trains:
        assert sizes is not None
        values |= {**room_for(base, sizes, settings_of(name, base, sizes)), "train_tokens": sizes.budget(base),
                   "fixed_sample_path": pools[ARMS[name].sampler or base.sampler]}
    place = folder / "arms" / name / f"seed_{seed}"
    with open_arm(options.btp(**values), place, problems, roles, watch=watch) as work:  # what is chosen is in its log
        if not ARMS[name].trains:
            return ArmRun(place, score(work, 0))
        assert start is not None
        learnt = learn(work, start)
        return ArmRun(place, score(work, work.options.n_iterations, start), learnt)


def _described(name: str, options: AblationOptions, sizes: Sizes, runs: Mapping[int, ArmRun], error: str | None,
               others: Mapping[str, Mapping[int, ArmRun]], folder: Path) -> dict[str, Any]:
    seed = options.seed
    marks = None if error or not runs else marks_of(runs)

    def against(other: str) -> dict[str, Any] | None:
        if marks is None or name == other or not others[other]:
            return None
        return contrast(marks, marks_of(others[other]), seed=seed)

    return {
        "name": name,
        "what": ARMS[name].what,
        "settings": settings_of(name, options.btp(), sizes),
        "status": "done" if marks is not None else "failed",
        "error": error,
        "pass@1": None if marks is None else estimate(marks, seed=seed).to_json(),
        "average_pass_rate": None if marks is None else estimate(marks_of(runs, "rates"), seed=seed).to_json(),
        "seeds": [{"seed": number, "folder": str(run.folder.relative_to(folder)), "pass@1": run.scored.value,
                   "average_pass_rate": run.scored.rate,
                   "supervised_tokens": None if run.learnt is None else run.learnt.supervised_tokens,
                   "steps": None if run.learnt is None else run.learnt.steps,
                   "training_seconds": None if run.learnt is None else run.learnt.seconds}
                  for number, run in sorted(runs.items())],
        "against_full": against(FULL),
        "against_none": against(NONE),
    }


def marks_of(runs: Mapping[int, ArmRun], what: str = "passed") -> Marks:
    """An arm's values by seed and problem: pass@1, or the mean share of tests that pass (`rates`)."""
    return Marks.of({seed: getattr(run.scored, what) for seed, run in runs.items()})
