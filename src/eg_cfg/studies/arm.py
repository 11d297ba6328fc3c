"""One arm of a study: a model that learns from programs which are there, and is scored on held-out problems.

    pool = collect_pool(options, folder / "collections" / "beam", problems, roles)
    with open_arm(options, folder / "arms" / "full" / "seed_42", problems, roles) as work:
        start = score(work, 0)
        run = learn(work, start)
        marks = score(work, options.n_iterations, start)

It is made of the phases of `studies.btp`, so an arm's folder has a BTP experiment's `rounds/` and `checkpoints/`.
Several arms learn from one pool of programs (`fixed_sample_path`), which is collected once. Every phase leaves a file
when it is done, and is not repeated.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eg_cfg.benchmarks.base import Problem
from eg_cfg.config import build, to_plain
from eg_cfg.models.base import Sampling
from eg_cfg.models.prompts import settings_for
from eg_cfg.replay.collect import EXPERIENCES
from eg_cfg.replay.experience import Experience
from eg_cfg.replay.files import read_rows
from eg_cfg.runs import RunFolder
from eg_cfg.studies.btp_collecting import collect_round
from eg_cfg.studies.btp_lessons import make_lessons
from eg_cfg.studies.btp_models import Roles
from eg_cfg.studies.btp_options import BTPOptions
from eg_cfg.studies.btp_problems import Problems
from eg_cfg.studies.btp_rounds import run_round
from eg_cfg.studies.btp_training import token_counter
from eg_cfg.studies.btp_work import Say, Watch, Work
from eg_cfg.studies.evaluation import evaluate
from eg_cfg.studies.model_options import weights_fingerprint
from eg_cfg.studies.options import Progress
from eg_cfg.studies.paired import mean_of
from eg_cfg.studies.sampling import PromptOptions

SCORES = "scores.json"
POOL = "collected.json"
_ELSEWHERE = frozenset({"output_dir", "output_root", "checkpoint_dir", "cache_dir", "workers", "force",
                        "force_resample", "use_cached_sampling", "device", "api_option", "report_to",
                        "allow_weak_isolation", "fixed_sample_path", "source_model", "target_model"})
"""Options that say where and how fast, or are in the identity in another form."""


@dataclass(frozen=True)
class Scored:
    """What a model came to on the problems that score."""

    passed: dict[str, float]
    """By task, the share of its samples that pass: pass@1."""
    rates: dict[str, float]
    """By task, the mean share of tests that pass."""
    prompts: PromptOptions
    parameters: int
    notes: tuple[str, ...] = ()

    @property
    def value(self) -> float:
        """pass@1 over all problems."""
        return sum(self.passed.values()) / len(self.passed)

    @property
    def rate(self) -> float:
        """Mean share of tests that pass."""
        return sum(self.rates.values()) / len(self.rates)


@dataclass(frozen=True)
class Learnt:
    """What an arm's training took."""

    supervised_tokens: int
    """Tokens that the loss was taken over, all rounds and epochs."""
    steps: int
    seconds: float
    model: Path


@contextlib.contextmanager
def open_arm(options: BTPOptions, folder: Path, problems: Problems, roles: Roles, *, kind: str = "arm",
             watch: Watch | None = None, say: Say | None = None) -> Iterator[Work]:
    """An arm's folder with what its phases share.

    Raises:
        RunError: The folder belongs to another configuration, or cannot be used.
    """
    with RunFolder.open(folder, kind=kind, configuration=to_plain(options), identity=arm_identity(options, problems,
                                                                                                roles),
                        files=(), seed=options.seed,
                        dataset={"score": problems.score_source, "replay": problems.replay_sources}) as run, \
            Work(options, roles, problems, run, watch or unwatched, say or unsaid) as work:
        yield work


def arm_identity(options: BTPOptions, problems: Problems, roles: Roles) -> dict[str, Any]:
    """What decides an arm's results, as plain data."""
    fixed = options.fixed_sample_path
    return {
        **{key: value for key, value in to_plain(options).items() if key not in _ELSEWHERE},
        "source": roles.source.model_identity(),
        "target": None if roles.target is None else roles.target.model_identity(),
        "programs": None if fixed is None or not fixed.is_file() else weights_fingerprint(fixed),
        "replayed": [source["fingerprint"] for source in problems.replay_sources],
        "scored": problems.score_source.get("fingerprint"),
    }


def collect_pool(options: BTPOptions, folder: Path, problems: Problems, roles: Roles, *, watch: Watch | None = None,
                 say: Say | None = None) -> Path:
    """Has the source write programs for the problems that are replayed, and tests them, once.

    Returns:
        The file of programs, for `fixed_sample_path`; what was collected is beside it (`described_pool`).
    """
    with open_arm(options, folder, problems, roles, kind="collection", watch=watch, say=say) as work:
        collect_round(work, 1)
    return folder / "rounds" / "1" / EXPERIENCES


def described_pool(path: Path) -> dict[str, Any]:
    """What a pool holds: programs, those that passed, tasks and tokens."""
    experiences = read_pool(path)
    return {
        "programs": len(experiences),
        "passed": sum(one.passed for one in experiences),
        "tasks": len({one.task_id for one in experiences}),
        "tokens": sum(one.num_tokens or 0 for one in experiences),
    }


def read_pool(path: Path) -> list[Experience]:
    """The programs of a pool."""
    return read_rows(path, Experience.from_json).rows


def lesson_tokens(experiences: Sequence[Experience], problems: Problems, prompts: PromptOptions,
                  roles: Roles) -> list[int]:
    """Tokens that the loss is taken over, of each program that can follow the target's prompt.

    Raises:
        ConfigError: None can.
    """
    assert roles.target is not None
    count = token_counter(roles.target)
    by_task = {problem.task_id: problem for problem in problems.replay}
    with_code = [one for one in experiences if one.program.strip()]
    lessons = make_lessons(with_code, [1.0] * len(with_code), by_task, prompts=prompts)
    return [count(example.completion) for example in lessons.examples]


def learn(work: Work, start: Scored, after_round: Callable[[int], None] | None = None) -> Learnt:
    """Does all rounds of an arm, or what is left of them.

    Args:
        work: The arm.
        start: The untrained model's scores, with the prompts that every phase uses.
        after_round: Told the number of each round that is done; what it raises ends the arm.
    """
    rounds = []
    for number in range(1, work.options.n_iterations + 1):
        rounds.append(run_round(work, number, start.prompts, start.parameters)["training"])
        if after_round is not None:
            after_round(number)
    return Learnt(sum(one["supervised_tokens"] for one in rounds), sum(one["steps"] for one in rounds),
                  round(sum(one["seconds"] for one in rounds), 3), work.checkpoint(work.options.n_iterations))


def score(work: Work, rounds: int, start: Scored | None = None, *, problems: Sequence[Problem] | None = None,
          name: str = "scored") -> Scored:
    """Scores the model that learns, after so many rounds; what came of it is in `<name>/scores.json`.

    Args:
        work: The arm.
        rounds: How many were done.
        start: The untrained model's scores, where there are any: they say how problems are put.
        problems: Those that score, or the first of them; a later call may ask for more in the same folder.
        name: Of the folder.
    """
    wanted = list(work.problems.score if problems is None else problems)
    found = work.finished(f"{name}/{SCORES}")
    if found is not None and len(found["passed"]) >= len(wanted):
        return _scored(found, wanted)
    options = work.options
    model = work.learner(rounds)
    prompts = start.prompts if start is not None else work.prompts(model, learner=True)
    published = settings_for(work.problems.score[0].benchmark, prompts.kind)
    sampling = Sampling(n=options.eval_samples, temperature=options.eval_temperature, top_p=published.top_p,
                        max_new_tokens=options.max_new_tokens or published.max_new_tokens, seed=options.seed)
    with work.watch(f"{work.run.path.parent.name}: writing and testing programs") as progress:
        evaluation = evaluate(model, wanted, folder=work.folder(name), prompts=prompts, sampling=sampling,
                              grader=work.grader(), seed=options.seed, filtered=False, progress=progress)
    passed = {one.problem.task_id: [verdict.passed for verdict in one.verdicts] for one in evaluation.problems}
    rates = {one.problem.task_id: [verdict.pass_rate for verdict in one.verdicts] for one in evaluation.problems}
    return _scored(work.finish(f"{name}/{SCORES}", {
        "model": model.name, "prompts": to_plain(prompts), "sampling": to_plain(sampling),
        "parameters": start.parameters if start is not None else int(_parameters(model)),
        "passed": mean_of(passed), "rates": mean_of(rates), "scores": evaluation.scores.to_json(),
        "notes": work.notes,
    }), wanted)


def _parameters(model: Any) -> int:
    return int(model.module.num_parameters())


def _scored(found: Mapping[str, Any], problems: Sequence[Problem]) -> Scored:
    tasks = [problem.task_id for problem in problems]
    return Scored({task: found["passed"][task] for task in tasks}, {task: found["rates"][task] for task in tasks},
                  build(PromptOptions, found["prompts"]), found["parameters"], tuple(found["notes"]))


def clear(folder: Path, names: Sequence[str]) -> None:
    """Removes a study's own folders; nothing else that is there."""
    for name in names:
        shutil.rmtree(folder / name, ignore_errors=True)


@contextlib.contextmanager
def _silent(_: str) -> Iterator[Progress]:
    yield lambda done, total: None


def unwatched(what: str) -> AbstractContextManager[Progress]:
    """A `Watch` for when nobody looks."""
    return _silent(what)


def unsaid(line: str) -> None:
    """A `Say` for when nobody listens."""
