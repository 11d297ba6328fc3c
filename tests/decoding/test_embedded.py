"""The embedded model, the real sandbox, MiniPy: guided decoding as users have it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import pytest
from reference import Reference

from eg_cfg.benchmarks import registry as benchmarks
from eg_cfg.benchmarks.base import Problem
from eg_cfg.decoding.base import GuideOptions
from eg_cfg.decoding.egcfg import Guide
from eg_cfg.errors import ModelNotFoundError
from eg_cfg.grading.grader import grading_sandbox
from eg_cfg.grading.tracing import Tracer
from eg_cfg.models import registry
from eg_cfg.models.base import LogitModel, require_logits


@pytest.fixture(scope="module")
def tiny() -> LogitModel:
    try:
        return require_logits(registry.load("tiny", {"device": "cpu"}), "this test")
    except ModelNotFoundError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def tracer(isolated: None) -> Iterator[Tracer]:
    with grading_sandbox(2) as sandbox:
        yield Tracer(sandbox)


def some(count: int) -> list[Problem]:
    return list(islice(benchmarks.load("minipy").problems(), count))


def check(model: LogitModel, tracer: Tracer, given: list[Problem], options: GuideOptions) -> None:
    found = {(each.task_id, each.gamma): each for each in Guide(model, tracer, options).solve(given)}
    least = float("inf")
    for problem in given:
        for gamma in options.gammas:
            expected = Reference(model, tracer, options).solve(problem, gamma)
            assert list(found[problem.task_id, gamma].token_ids) == expected.tokens, (
                problem.task_id, gamma, f"least margin of a token: {min(expected.margins):.2g} nats")
            least = min(least, *expected.margins)
    print(f"{len(found)} solutions equal; the closest call was decided by {least:.2g} nats")


def test_tokens_are_those_of_the_reference(tiny: LogitModel, tracer: Tracer) -> None:
    check(tiny, tracer, some(1), GuideOptions(gammas=(0.0, 1.0), candidates=2, max_new_tokens=24))


@pytest.mark.long
def test_tokens_are_those_of_the_reference_on_twenty_problems(tiny: LogitModel, tracer: Tracer) -> None:
    check(tiny, tracer, some(20), GuideOptions(max_new_tokens=96))
