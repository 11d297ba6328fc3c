"""Decoding methods: EG-CFG, execution-guided decoding.

    from eg_cfg.decoding import Guide, GuideOptions

    for solution in Guide(model, tracer, GuideOptions(gammas=(0, 1))).solve(problems): ...

`Guide` needs torch, which is imported when the name is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eg_cfg.decoding.base import (
    Candidate,
    Counters,
    Executor,
    GuideOptions,
    Observer,
    Refresh,
    Solution,
    Solver,
    Token,
)
from eg_cfg.decoding.sharing import Shared

if TYPE_CHECKING:
    from eg_cfg.decoding.egcfg import Guide

__all__ = ["Candidate", "Counters", "Executor", "Guide", "GuideOptions", "Observer", "Refresh", "Shared", "Solution",
           "Solver", "Token"]


def __getattr__(name: str) -> Any:
    if name == "Guide":
        from eg_cfg.decoding.egcfg import Guide

        return Guide
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
