"""The numbers of a report, against the same by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eg_cfg.grading.verdict import TestResult, Verdict
from eg_cfg.records import Records
from eg_cfg.replay.experience import Experience
from eg_cfg.replay.priority import P2ValueCalculator
from eg_cfg.replay.sampler import Draw, PrioritizedSampler
from eg_cfg.studies.btp_figures import draw_figures
from eg_cfg.studies.btp_report import (
    best_of_k,
    compare_phases,
    describe_buffer,
    describe_draw,
    histogram,
    summary_lines,
)


def verdicts(folder: Path, passed: dict[str, list[int]], total: int = 4) -> Path:
    """A folder with verdicts: for each task, how many of four tests each sample passes."""
    folder.mkdir()
    with Records(folder / "verdicts.jsonl") as records:
        for task, counts in passed.items():
            for index, count in enumerate(counts):
                tests = tuple(TestResult(place < count) for place in range(total))
                outcome: Any = "passed" if count == total else "wrong_answer"
                records.append(Verdict(task, count == total, outcome, index, tests, total).to_json())
    return folder


def test_before_and_after_by_hand(tmp_path: Path) -> None:
    before = verdicts(tmp_path / "before", {"a": [4, 0], "b": [0, 0], "c": [2, 0], "d": [0, 0]})
    after = verdicts(tmp_path / "after", {"a": [4, 4], "b": [4, 0], "c": [4, 4], "d": [0, 0]})
    found = compare_phases(before, after, ks=(1, 2), seed=1)
    one = found["pass@1"]
    assert one["before"]["value"] == pytest.approx(1 / 8)
    assert one["after"]["value"] == pytest.approx(5 / 8)
    assert one["difference"]["value"] == pytest.approx(4 / 8)
    assert one["rsr"] == pytest.approx(100 * (62.5 - 12.5) / (100 - 12.5))
    assert (one["better"], one["worse"]) == (3, 0)
    # three problems differ, all in one direction: 2 of 8 sign patterns are as extreme
    assert one["p_value"] == pytest.approx(2 / 8)
    assert found["pass@2"]["rsr"] == pytest.approx(100 * (75 - 25) / (100 - 25))
    rate = found["average_pass_rate"]
    assert rate["before"]["value"] == pytest.approx((0.5 + 0 + 0.25 + 0) / 4)
    assert rate["after"]["value"] == pytest.approx((1 + 0.5 + 1 + 0) / 4)
    assert rate["difference"]["value"] == pytest.approx(rate["after"]["value"] - rate["before"]["value"])
    assert rate["p_value"] == pytest.approx(2 / 8)


def test_nothing_left_to_solve_has_no_rsr(tmp_path: Path) -> None:
    before = verdicts(tmp_path / "before", {"a": [4], "b": [4]})
    after = verdicts(tmp_path / "after", {"a": [4], "b": [4]})
    assert compare_phases(before, after, ks=(1,), seed=1)["pass@1"]["rsr"] is None


def written(task: str, index: int, rate: float, log_prob: float | None = -1.0) -> Experience:
    return Experience(task, "p", f"x = {index}", rate, rate == 1, log_prob=log_prob, num_tokens=2, index=index)


def test_best_of_k_by_hand() -> None:
    programs = [written("a", 1, 1.0), written("a", 0, 0.5), written("b", 0, 0.0), written("b", 1, 0.25)]
    beams = best_of_k(programs, beams=True, seed=1)
    assert (beams["k"], beams["problems"], beams["programs"]) == (2, 2, 4)
    assert beams["pass@1"]["value"] == 0.0  # the likeliest of neither problem passes
    assert beams["best_of_k"]["value"] == 0.5
    assert beams["average_pass_rate"]["value"] == pytest.approx((0.75 + 0.125) / 2)
    assert beams["best_pass_rate"]["value"] == pytest.approx((1 + 0.25) / 2)
    assert best_of_k(programs, beams=False, seed=1)["pass@1"]["value"] == 0.25


def test_what_was_drawn_by_hand() -> None:
    pool = [written("a", 0, 1.0), written("a", 1, 0.0), written("b", 0, 0.3, None), written("b", 1, 0.75)]
    calculator = P2ValueCalculator(0.5)
    indices = np.array([0, 0, 0, 2, 3])
    draw = Draw([pool[place] for place in indices], indices, np.full(5, 0.2), np.ones(5))
    found = describe_draw(draw, calculator)
    assert found["times_drawn"] == {"1": 2, "3": 1}
    assert (found["draws"], found["different"], found["tasks"], found["passed"]) == (5, 3, 2, 3)
    assert found["pass_rates"] == {"0": 0, "0 to 0.25": 0, "0.25 to 0.5": 1, "0.5 to 0.75": 1, "0.75 to 1": 0, "1": 3}
    buffer = describe_buffer(pool, calculator)
    assert buffer["without_log_prob"] == 1
    assert sum(buffer["p2value"]["counts"]) == 4
    possibility = np.exp(-0.5)
    expected = [(possibility + 1) / 2, possibility / 2, 0.3, (possibility + 0.75) / 2]
    assert buffer["p2value"]["mean"] == pytest.approx(np.mean(expected))


def test_the_histogram_holds_both_ends() -> None:
    found = histogram(np.array([0.0, 0.049, 0.05, 1.0]))
    assert found["counts"][0] == 2
    assert found["counts"][1] == 1
    assert found["counts"][-1] == 1
    assert histogram(np.array([]))["mean"] is None


def test_a_figure_a_round_and_one_of_before_and_after(tmp_path: Path) -> None:
    pool = [written("a", index, index / 10) for index in range(11)]
    calculator = P2ValueCalculator(0.5)
    draw = PrioritizedSampler(seed=1).draw(pool, 20)
    one = {"round": 1, "buffer": describe_buffer(pool, calculator), "drawn": describe_draw(draw, calculator)}
    before = verdicts(tmp_path / "before", {"a": [4, 0], "b": [0, 0]})
    after = verdicts(tmp_path / "after", {"a": [4, 4], "b": [4, 0]})
    compared = compare_phases(before, after, ks=(1, 2), seed=1)
    files = draw_figures({"rounds": [one, {**one, "round": 2}], "compared": compared}, tmp_path / "figures")
    assert [file.name for file in files] == ["p2value.png", "pass_at_k.png"]
    assert all(file.read_bytes().startswith(b"\x89PNG") for file in files)
    assert draw_figures({}, tmp_path / "none") == []


def test_the_first_line_is_the_note(tmp_path: Path) -> None:
    before = verdicts(tmp_path / "before", {"a": [4, 0], "b": [0, 0]})
    after = verdicts(tmp_path / "after", {"a": [4, 4], "b": [4, 0]})
    lines = summary_lines({"note": "NOT HELD OUT: ...", "compared": compare_phases(before, after, ks=(1,), seed=1)})
    assert lines[0] == "NOT HELD OUT: ..."
    assert lines[1].startswith("pass@1: 25.0 % (0.0 to 50.0) before, 75.0 % (50.0 to 100.0) after, difference +50.0 "
                               "points")
    assert "RSR 66.7 %" in lines[1]
