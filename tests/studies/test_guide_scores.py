"""Rows and their comparisons, and the choice among whole programs."""

from __future__ import annotations

from typing import Any

import pytest

from eg_cfg.studies.best_of import Drawn, Purchase, TaskSamples
from eg_cfg.studies.guide_scores import best_of_row, best_of_time_row, compare, decoded_row, search_rows


def result(passed: bool, *, shown: bool | None = None, sampled: int = 0, seconds: float | None = 1.0,
           share: float | None = 0.25) -> dict[str, Any]:
    counters = {"tokens": 10, "forward_passes": 4, "executions_asked": 2, "seconds": {"share": share}}
    return {"passed": passed, "shown_passed": shown, "programs_sampled": sampled, "counters": counters,
            "stats": {"duration": seconds}}


def drawn(program: str, passed: bool, shown: bool | None, log_prob: float | None, tokens: int | None = 5) -> Drawn:
    return Drawn(program, tokens, log_prob, "stop", passed, shown)


def test_the_likeliest_that_passes_the_shown_tests_is_taken() -> None:
    samples = [drawn("a", False, False, -1.0), drawn("b", False, True, -9.0), drawn("c", True, True, -5.0),
               drawn("d", True, True, None), drawn("e", False, True, -5.0)]
    task = TaskSamples("1", 7, samples)
    assert [task.best(n).program for n in (1, 2, 3, 4, 5)] == ["a", "b", "c", "c", "c"]


def test_without_shown_tests_the_likeliest_of_all_is_taken() -> None:
    task = TaskSamples("1", 7, [drawn("a", False, None, -3.0), drawn("b", True, None, -2.0)])
    assert task.best(2).program == "b"
    assert TaskSamples("1", 7, [drawn("a", False, None, None), drawn("b", True, None, None)]).best(2).program == "a"


def test_costs_of_the_first_programs() -> None:
    samples = [drawn("a", True, True, -1.0), drawn("a", True, True, -1.0), drawn("b", True, True, -1.0)]
    task = TaskSamples("1", 7, samples, [Purchase(0, 2, 1.5, 30), Purchase(2, 1, 0.5, 20)])
    assert task.cost(2) == {"tokens": 17, "forward_passes": 30, "executions": 1, "seconds": 1.5}
    assert task.cost(3) == {"tokens": 22, "forward_passes": 50, "executions": 2, "seconds": 2.0}
    task.samples[0].tokens = None
    assert task.cost(1)["tokens"] is None
    assert TaskSamples.from_json(task.to_json()) == task


def test_best_of_n_has_as_many_programs_as_its_rival_sampled_task_by_task() -> None:
    guided = decoded_row("guided", {"1": result(True, sampled=2), "2": result(False, sampled=1), "3": result(False)},
                         trial="t", gamma=1.0)
    samples = {task: TaskSamples(task, 1, [drawn("x", False, False, -1.0), drawn("y", True, True, -2.0)])
               for task in "123"}
    best = best_of_row(guided, samples.get)
    assert best.solved == {"1": True, "2": False, "3": False}
    assert best.sampled == {"1": 2, "2": 1, "3": 1}  # a program has to be handed in
    assert best.to_json(42)["programs_sampled"] == 4
    found = compare(guided, best, 42)
    assert found is not None
    assert (found["difference"]["value"], found["p_value"], found["method"]) == (0.0, 1.0, "mcnemar_exact")


def test_a_program_of_a_draw_costs_its_part_of_the_draws_seconds() -> None:
    samples = [drawn(str(number), False, False, -1.0) for number in range(6)]
    task = TaskSamples("1", 7, samples, [Purchase(0, 4, 1.0, 30, shown_seconds=0.2), Purchase(4, 2, 0.8, 20)])
    assert [round(task.seconds(n), 3) for n in (0, 1, 4, 5, 6, 9)] == [0.0, 0.3, 1.2, 1.6, 2.0, 2.0]
    assert [task.within(seconds, 256) for seconds in (0.0, 0.1, 0.31, 0.95, 1.59, 1.61, 2.5, 1e9)] == [
        1, 1, 1, 3, 4, 5, 6, 6]
    assert task.within(1e9, 5) == 5
    assert (task.lasts(1.99), task.lasts(2.01)) == (True, False)
    old = task.to_json()
    for purchase in old["purchases"]:
        del purchase["shown_seconds"]
    assert TaskSamples.from_json(old).within(1.01, 256) == 4  # of a version that did not time the runs


def test_best_of_time_has_as_many_programs_as_its_rivals_share_of_the_wall_time_pays_for() -> None:
    results = {"1": result(True, share=0.55), "2": result(True, share=0.05),
               "3": result(False, share=9.0, seconds=72.0), "4": result(False, share=None)}
    guided = decoded_row("guided", results, trial="t", gamma=1.0)
    assert guided.to_json(42)["shared_seconds"] is None  # one is not known
    wrong, right = drawn("x", False, False, -1.0), drawn("y", True, True, -2.0)
    seconds = {"1": 64.0, "2": 64.0, "3": 2.56, "4": 64.0}
    samples = {task: TaskSamples(task, 1, [wrong, right, *[wrong] * 254], [Purchase(0, 256, seconds[task], 9)])
               for task in seconds}
    timed = best_of_time_row(guided, samples.get)
    assert timed.solved == {"1": True, "2": False, "3": True}
    assert timed.sampled == {"1": 2, "2": 1, "3": 256}
    found = timed.to_json(42)
    assert (found["problems_at_bound"], found["bound"]) == (1, 256)
    assert found["seconds"] == found["shared_seconds"] == pytest.approx(0.5 + 0.25 + 2.56)
    assert "bound" not in guided.to_json(42)


def test_rows_add_up() -> None:
    row = decoded_row("guided", {"1": result(True, sampled=6), "2": result(False, sampled=3, seconds=None)}, trial="t",
                      gamma=0.5)
    found = row.to_json(42)
    assert (found["solved"], found["problems"], found["programs_sampled_per_problem"]) == (1, 2, [3, 6])
    assert (found["tokens"], found["forward_passes"], found["executions"], found["seconds"]) == (20, 8, 4, 1.0)
    assert found["shared_seconds"] == 0.5
    assert found["share"]["value"] == 0.5
    assert 0.0 <= found["share"]["low"] <= 0.5 <= found["share"]["high"]


def test_a_search_hands_in_what_the_shown_tests_choose() -> None:
    plain = {"1": result(False, shown=False), "2": result(True, shown=False), "3": result(False, shown=None)}
    guided = {"1": result(True, shown=True, sampled=3), "2": result(False, shown=True)}
    first, best = search_rows([plain, guided], ["1", "2", "3"])
    assert first.solved == {"1": True, "2": False, "3": False}
    assert best.solved == {"1": True, "2": True, "3": False}
    assert (first.sampled["1"], first.finished, first.tokens) == (3, 5, 50)


def test_a_paired_difference_has_the_exact_p_value() -> None:
    a = decoded_row("guided", {str(n): result(True) for n in range(6)}, trial="t", gamma=1.0)
    b = decoded_row("greedy", {str(n): result(False) for n in range(6)}, trial=None, gamma=0.0)
    found = compare(a, b, 42)
    assert found is not None
    assert found["p_value"] == pytest.approx(2 / 2**6)
    assert (found["better"], found["worse"]) == (6, 0)
    assert compare(a, decoded_row("greedy", {}, trial=None, gamma=0.0), 42) is None
