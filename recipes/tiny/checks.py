"""The check that no held-out problem is trained on."""

from __future__ import annotations

from eg_cfg.benchmarks.minipy import MiniPyProblem
from eg_cfg.benchmarks.minipy.membership import membership, split_of
from eg_cfg.errors import EgCfgError


class ContaminationError(EgCfgError):
    """A training problem belongs to a held-out split, or behaves like a problem of one."""


def checked(problem: MiniPyProblem) -> MiniPyProblem:
    """The problem, if it may be trained on.

    Raises:
        ContaminationError: Its composition or its behaviour is a held-out split's.
    """
    split = split_of(problem.program)
    if split != "train" or problem.program.signature in membership().excluded("train"):
        raise ContaminationError(f"expected {problem.task_id} to be train's alone, found the composition of {split} or "
                                 f"a held-out behaviour: make membership.json again")
    return problem
