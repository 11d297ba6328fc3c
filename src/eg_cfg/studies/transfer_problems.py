"""What is learnt from in a transfer study: each data set alone, and all of them together.

    lessons = choose_lessons(options)
    lessons["minipy"].problems, lessons["minipy+mbpp"].parts
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from eg_cfg.errors import ConfigError
from eg_cfg.studies.btp_problems import Problems, choose_problems
from eg_cfg.studies.transfer_options import TransferOptions


@dataclass(frozen=True)
class Mixture:
    """One set of problems to learn from."""

    parts: tuple[str, ...]
    """Data sets that it is made of."""
    problems: Problems


def choose_lessons(options: TransferOptions) -> dict[str, Mixture]:
    """The mixtures by name; their names are those of their data sets, joined by `+`.

    Raises:
        UsageError: A data set cannot be had or has nothing to replay.
        ConfigError: Two data sets have a task id in common.
    """
    names = options.replay_datasets or (options.dataset,)
    found = {}
    for name in names:
        replay = None if name == options.dataset else name
        source, target = options.chosen_pairs[0]  # who they are decides nothing about problems
        base = options.btp(source_model=source, target_model=target, mode="finetune", replay_dataset=replay)
        found[name] = Mixture((name,), choose_problems(base))
    if len(found) > 1:
        found["+".join(names)] = Mixture(tuple(names), merged([mixture.problems for mixture in found.values()]))
    return found


def merged(parts: Sequence[Problems]) -> Problems:
    """Several sets of problems to learn from as one; what scores is the same.

    Raises:
        ConfigError: Two have a task id in common.
    """
    counts = Counter(problem.task_id for part in parts for problem in part.replay)
    twice = [task for task, count in counts.items() if count > 1]
    if twice:
        raise ConfigError(f"--replay-datasets: the task id {twice[0]!r} is in more than one of them: leave one out")
    return Problems(
        [problem for part in parts for problem in part.replay], parts[0].score,
        [source for part in parts for source in part.replay_sources], parts[0].score_source,
        tuple(dict.fromkeys(task for part in parts for task in part.overlap)),
        tuple(dict.fromkeys(task for part in parts for task in part.left_out)))
