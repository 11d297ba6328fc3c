"""What is replayed and what scores, and that nothing does both."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from eg_cfg.benchmarks.base import Problem
from eg_cfg.config import build
from eg_cfg.errors import UsageError
from eg_cfg.studies.btp_options import BTPOptions
from eg_cfg.studies.btp_problems import Problems, choose_problems, identities


def chosen(**values: Any) -> Problems:
    return choose_problems(build(BTPOptions, {"source_model": "tiny", "dataset": "minipy", **values}))


def keys(problems: list[Problem]) -> set[str]:
    return {key for problem in problems for key in identities(problem)}


def test_minipy_replays_its_pool() -> None:
    found = chosen(max_problems=20, eval_problems=20)
    assert {problem.task_id.split("/")[1] for problem in found.replay} == {"pool"}
    assert {problem.task_id.split("/")[1] for problem in found.score} == {"test"}
    assert not keys(found.replay) & keys(found.score)
    assert found.overlap == ()
    assert found.note == ("held out: 20 problems of minipy (pool) are replayed, 20 of minipy (test) score, none does "
                          "both")


def test_options_of_the_data_set_hold_for_both_and_can_differ() -> None:
    both = chosen(max_problems=3, eval_problems=3, option={"steps": "2"})
    assert {problem.metadata["steps"] for problem in [*both.replay, *both.score]} == {2}
    apart = chosen(max_problems=3, eval_problems=3, option={"steps": "2"}, replay_option={"steps": "1"})
    assert {problem.metadata["steps"] for problem in apart.replay} == {1}


def test_offset_and_number_of_problems() -> None:
    first, second = chosen(max_problems=6, eval_problems=1), chosen(max_problems=4, problem_offset=2, eval_problems=1)
    assert [p.task_id for p in second.replay] == [p.task_id for p in first.replay][2:]


def test_an_overlap_that_was_asked_for_is_said_first() -> None:
    found = chosen(max_problems=5, eval_problems=10, replay_dataset="minipy", replay_split="test")
    assert len(found.overlap) == 5
    assert found.note.startswith("NOT HELD OUT: 5 of the 10 problems that score are replayed too (minipy/test/")


def test_what_would_do_both_by_default_only_scores() -> None:
    found = chosen(split="pool", max_problems=5, eval_problems=10)
    assert len(found.left_out) == 10
    assert found.overlap == ()
    assert "10 that would do both only score" in found.note


def test_modes_that_train_nothing_work_on_what_scores() -> None:
    found = chosen(mode="btp_only", max_problems=4)
    assert [problem.task_id.split("/")[1] for problem in found.replay] == ["test"] * 4
    assert found.score == []
    assert found.note == "no training: 4 problems of minipy (test)"


@pytest.mark.parametrize("dataset", ["demo", "livecodebench"])
def test_nothing_to_replay_is_told(dataset: str) -> None:
    if dataset == "livecodebench":
        pytest.importorskip("datasets")
    with pytest.raises(UsageError) as error:
        chosen(dataset=dataset) if dataset == "demo" else _sources_of(dataset)
    assert f"--dataset {dataset} has nothing to replay" in str(error.value)
    assert "--replay-dataset" in str(error.value)


def _sources_of(dataset: str) -> None:
    from eg_cfg.studies.btp_problems import _sources

    _sources(build(BTPOptions, {"source_model": "tiny", "dataset": dataset}))


def test_no_problem_after_the_offset_is_told() -> None:
    with pytest.raises(UsageError, match=r"found none in minipy \(pool\) after the first 1000"):
        chosen(problem_offset=1000, eval_problems=1, option={"steps": "1"})


@pytest.mark.usefixtures("data_dir")
@pytest.mark.parametrize(("dataset", "expected"), [
    ("mbpp", "mbpp (train, validation)"),
    ("mbpp-et", "mbpp-et (train, validation)"),
    ("mbpp-plus", "mbpp (train, validation)"),
    ("humaneval", "mbpp (train, validation)"),
    ("apps", "apps (train)"),
])
def test_the_published_protocols_are_held_out(dataset: str, expected: str) -> None:
    limit = {"max_problems": 60, "eval_problems": 60} if dataset == "apps" else {"max_problems": "all"}
    try:
        found = chosen(dataset=dataset, **limit)
    except UsageError as error:
        pytest.skip(f"no data here: {error}")
    assert f"of {expected} are replayed" in found.note
    assert found.note.startswith("held out: ")
    assert not keys(found.replay) & keys(found.score)
    if dataset == "mbpp":
        assert {int(p.task_id.rpartition("/")[2]) for p in found.score} == set(range(11, 511))
        assert all(int(p.task_id.rpartition("/")[2]) > 510 for p in found.replay)
    if dataset == "mbpp-plus":
        assert found.left_out  # MBPP+ scores tasks of MBPP's training splits too


def test_white_space_does_not_make_a_prompt_another_one(tmp_path: Path) -> None:
    one = Problem("a/1", "a", "Add  two\nnumbers.")
    other = Problem("b/9", "b", "Add two numbers.")
    assert identities(one)[1] == identities(other)[1]
    assert identities(Problem("mbpp/12", "mbpp", "x"))[0] == identities(Problem("Mbpp/12", "mbpp-plus", "y"))[0]
    assert identities(Problem("apps/12", "apps", "x"))[0] != identities(Problem("mbpp/12", "mbpp", "y"))[0]
