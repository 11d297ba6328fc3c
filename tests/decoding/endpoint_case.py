"""A problem, an executor and a decoder behind an endpoint, without a network: light enough to be started often."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from eg_cfg.benchmarks.base import CallTest, Problem
from eg_cfg.config import build
from eg_cfg.decoding.base import GuideOptions, Solution
from eg_cfg.decoding.endpoint import EndpointGuide
from eg_cfg.models.endpoint import EndpointOptions
from eg_cfg.models.openai import OpenAIModel
from eg_cfg.sandbox.tracing import TestTrace, Trace

HEADER = 'def f(x):\n    """Add one."""\n'
BODY = '    y = "é€"\n    z = x + 1\n    return z\n'
TESTS = (CallTest("f", (1,), 2),)
PROBLEM = Problem("minipy/0", "minipy", HEADER, entry_point="f", public_tests=TESTS, hidden_tests=TESTS,
                  completion_prefix=HEADER)


class Runs:
    """One outcome, at once."""

    def submit(self, problem: Problem, program: str, tests: Any = None) -> Future[Trace]:
        future: Future[Trace] = Future()
        future.set_result(Trace((TestTrace("f(1)", "failed", "3", "2", "wrong"),), "failed", program=program))
        return future


def ask(server: Any, folder: Path, *, model: str = "m", **options: Any) -> OpenAIModel:
    """A model behind the server, with waits that are short."""
    values = {"api_base": server.url, "api_key": server.key, "api": "completions", "ledger": folder,
              "first_wait": 0.02, "attempts": 4, **options}
    return OpenAIModel(model, EndpointOptions(**values), environment={})


def options(**changes: Any) -> GuideOptions:
    return build(GuideOptions, {"prompt_type": "completion", "candidates": 2, "horizon": 1, "max_new_tokens": 60,
                                "gammas": [0.0, 1.0, 2.0], **changes})


def solve(server: Any, folder: Path, chosen: GuideOptions | None = None, *,
          before: Callable[[], None] | None = None, **settings: Any) -> list[Solution]:
    with ask(server, folder, **settings) as model:
        guide = EndpointGuide(model, Runs(), chosen or options(), top=5)
        if before is not None:
            before()
        return sorted(guide.solve([PROBLEM]), key=lambda each: each.gamma)
