"""The shipped model that reads signals goes on with what the signal says is right, and with nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from recipes.tiny.gates import measure, reference, shuffled, wrong

from eg_cfg.benchmarks.minipy import load
from eg_cfg.models import registry

PROBLEMS = 8


def test_a_question_has_the_candidates_that_its_gate_promises() -> None:
    problem = next(iter(load("validation", limit=1).generated()))
    outcomes = [each.outcome for each in reference(problem).candidates]
    assert sorted(outcome == "passed" for outcome in outcomes) == [False, False, True]
    assert all(each.outcome != "passed" for each in wrong(problem).candidates)
    mixed = shuffled(problem).candidates
    assert [each.program for each in mixed] == [each.program for each in reference(problem).candidates]
    assert [each.outcome for each in mixed] == outcomes[1:] + outcomes[:1]


@pytest.mark.usefixtures("isolated")
def test_it_writes_the_candidate_that_the_verdict_names_whatever_it_is() -> None:
    folder = Path(registry.resolve("tiny-exec").model)
    told = measure(folder, "reference", "validation", PROBLEMS)
    assert told["copied"]["ok"] >= PROBLEMS - 1
    assert told["scores"]["all"]["passed"] >= PROBLEMS - 1
    misled = measure(folder, "shuffled", "validation", PROBLEMS)
    assert misled["copied"]["ok"] >= PROBLEMS - 1  # "ok" stands beside a wrong one
    assert misled["scores"]["all"]["passed"] <= 1
