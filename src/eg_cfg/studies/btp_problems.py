"""Which problems are replayed and which ones score, and that no problem does both.

    problems = choose_problems(options)
    problems.replay, problems.score         # lists of problems
    problems.overlap                        # task ids that do both; only what the user asked for can make one

| scores | replayed by default |
|---|---|
| MBPP, MBPP-ET | its train and validation splits |
| HumanEval and kin, MBPP+ | MBPP's train and validation splits |
| APPS, CodeContests | train |
| MiniPy | pool |
| others | nothing: `--replay-dataset` names something |

Two problems are the same if one benchmark gives both the same task id, if they are one task of MBPP or HumanEval in two
of its editions, or if their prompts are the same but for white space. By default such a problem scores and is not
replayed. Where the user names what is replayed, it is replayed, and the report's first line says so.

Modes that train nothing need nothing held out: they work on the problems that score.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from eg_cfg.benchmarks.base import Benchmark, Problem
from eg_cfg.benchmarks.registry import describe
from eg_cfg.errors import UsageError
from eg_cfg.studies.btp_options import BTPOptions

_EDITIONS = ("mbpp", "humaneval")
"""Benchmarks that have several editions with the same numbers."""
_MBPP = (("mbpp", "train"), ("mbpp", "validation"))
_REPLAYED: dict[str, tuple[tuple[str, str], ...]] = {
    "mbpp": _MBPP,
    "mbpp-et": (("mbpp-et", "train"), ("mbpp-et", "validation")),
    "mbpp-plus": _MBPP,
    "humaneval": _MBPP,
    "humaneval-et": _MBPP,
    "humaneval-plus": _MBPP,
    "apps": (("apps", "train"),),
    "code_contests": (("code_contests", "train"),),
    "minipy": (("minipy", "pool"),),
}
"""By the benchmark that scores: benchmarks and splits that are replayed."""


@dataclass
class Problems:
    """What is collected on and what scores."""

    replay: list[Problem]
    """In modes that train nothing, the problems to write programs for."""
    score: list[Problem]
    """Empty in modes that train nothing."""
    replay_sources: list[dict[str, Any]] = field(default_factory=list)
    """Name, split, source and fingerprint of each."""
    score_source: dict[str, Any] = field(default_factory=dict)
    overlap: tuple[str, ...] = ()
    """Task ids that are both replayed and scored."""
    left_out: tuple[str, ...] = ()
    """Task ids that would have been replayed and score, so that they were not."""

    @property
    def packages(self) -> list[str]:
        """What programs import beyond the standard library."""
        return list(dict.fromkeys(name for problem in [*self.replay, *self.score] for name in problem.preload))

    @property
    def note(self) -> str:
        """One line on how the two sets relate: the first line of a report."""
        if not self.score:
            return f"no training: {len(self.replay)} problems of {named(self.replay_sources)}"
        sets = (f"{len(self.replay)} problems of {named(self.replay_sources)} are replayed, {len(self.score)} of "
                f"{named([self.score_source])} score")
        if self.overlap:
            return (f"NOT HELD OUT: {len(self.overlap)} of the {len(self.score)} problems that score are replayed too "
                    f"({', '.join(self.overlap[:3])}{', ...' if len(self.overlap) > 3 else ''}): {sets}")
        dropped = f"; {len(self.left_out)} that would do both only score" if self.left_out else ""
        return f"held out: {sets}, none does both{dropped}"


def choose_problems(options: BTPOptions) -> Problems:
    """Reads the problems that the options mean.

    Raises:
        UsageError: There is nothing to replay, or nothing that scores; or as of `registry.load`.
    """
    if not options.trains and options.replay_dataset is None and options.replay_split is None:
        benchmark = options.score.load()
        found = list(_slice(benchmark.problems(), options))
        _some(found, f"{benchmark.name}, split {benchmark.split}", options)
        return Problems(found, [], [_described(benchmark)])
    if not options.trains:
        sources = [options.replayed(name, split).load() for name, split in _sources(options)]
        found = list(_slice((p for source in sources for p in source.problems()), options))
        _some(found, named([_described(source) for source in sources]), options)
        return Problems(found, [], [_described(source) for source in sources])
    return _disjoint(options)


def _disjoint(options: BTPOptions) -> Problems:
    scoring = options.score.load()
    score = list(islice(scoring.problems(), options.eval_problems))
    if not score:
        raise UsageError(f"expected problems that score, found none in {scoring.name}, split {scoring.split}: check "
                         f"--split and --option")
    keys: dict[str, str] = {key: problem.task_id for problem in score for key in identities(problem)}
    sources = [options.replayed(name, split).load() for name, split in _sources(options)]
    asked = options.replay_dataset is not None or options.replay_split is not None
    both: list[str] = []
    left_out: list[str] = []

    def candidates() -> Iterator[Problem]:
        for source in sources:
            for problem in source.problems():
                same = next((keys[key] for key in identities(problem) if key in keys), None)
                if same is not None and not asked:
                    left_out.append(problem.task_id)
                    continue
                yield problem

    replay = list(_slice(candidates(), options))
    for problem in replay:
        both += {keys[key] for key in identities(problem) if key in keys}
    about = [_described(source) for source in sources]
    _some(replay, named(about), options)
    repeated = len(replay) - len({problem.task_id for problem in replay})
    if repeated:
        raise UsageError(f"--replay-split: {repeated} task ids are in more than one of {named(about)}: name each once")
    order = {problem.task_id: place for place, problem in enumerate(score)}
    return Problems(replay, score, about, _described(scoring),
                    tuple(sorted(set(both), key=order.__getitem__)), tuple(left_out))


def identities(problem: Problem) -> tuple[str, str]:
    """What two problems share where they are the same task."""
    family = problem.benchmark.split("-")[0]
    number = re.search(r"\d+$", problem.task_id)
    name = f"{family} {number.group()}" if family in _EDITIONS and number else f"{problem.benchmark} {problem.task_id}"
    text = hashlib.sha256(" ".join(problem.prompt.split()).encode("utf-8", "surrogatepass")).hexdigest()
    return name, text


def named(sources: list[dict[str, Any]]) -> str:
    """`mbpp (train, validation)`."""
    splits: dict[str, list[str]] = {}
    for source in sources:
        splits.setdefault(source["name"], []).append(source["split"] or "all")
    return " and ".join(f"{name} ({', '.join(parts)})" for name, parts in splits.items())


def _sources(options: BTPOptions) -> tuple[tuple[str, str | None], ...]:
    dataset = describe(options.replay_dataset or options.dataset)
    if options.replay_split is not None:
        return tuple((dataset.name, split) for split in options.replay_split)
    if dataset.name in _REPLAYED and (options.replay_dataset is None or _has_training(dataset.name)):
        return _REPLAYED[dataset.name]
    if options.replay_dataset is not None:
        return ((dataset.name, None),)
    raise UsageError(f"--dataset {dataset.name} has nothing to replay: all of it scores. Name problems of another one, "
                     f"for instance --replay-dataset mbpp, or pass --mode btp_only, which trains nothing")


def _has_training(name: str) -> bool:
    """Whether a benchmark itself has what is replayed for it."""
    return all(source == name for source, _ in _REPLAYED[name])


def _slice(problems: Iterator[Problem], options: BTPOptions) -> Iterator[Problem]:
    end = None if options.max_problems is None else options.problem_offset + options.max_problems
    return islice(problems, options.problem_offset, end)


def _some(problems: list[Problem], where: str, options: BTPOptions) -> None:
    if not problems:
        after = f" after the first {options.problem_offset}" if options.problem_offset else ""
        raise UsageError(f"expected problems to collect on, found none in {where}{after}: check --problem-offset, "
                         f"--replay-dataset and --replay-split")


def _described(benchmark: Benchmark) -> dict[str, Any]:
    return {"name": benchmark.name, "split": benchmark.split, "source": benchmark.source,
            "fingerprint": benchmark.fingerprint}
