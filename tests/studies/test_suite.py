"""The suite, small: one folder, complete steps stay, failures are told, and the others go on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from btp_cases import save_small
from study_cases import times

from eg_cfg.config import build
from eg_cfg.studies.suite import SuiteOutcome, run_suite
from eg_cfg.studies.suite_options import SuiteOptions

pytestmark = [
    pytest.mark.usefixtures("isolated"),
    pytest.mark.slow,
    pytest.mark.xdist_group("suite"),
    pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing.*:FutureWarning"),
]
BTP = {"max_new_tokens": "12", "num_epochs": "1", "batch_size": "6"}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(save_small(tmp_path_factory.mktemp("models") / "small"))


def options(root: Path, model: str, **more: Any) -> SuiteOptions:
    return build(SuiteOptions, {
        "model_name": model, "dataset": "minipy", "option": {"steps": "1"}, "mode": "quick", "output_root": root,
        "num_samples": 2, "max_problems": 2, "collect_problems": 3, "eval_problems": 2, "num_beams": 2, "workers": 1,
        "device": "cpu", "experiment": "baseline,btp,big_to_small", "btp": BTP, **more})


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory, model: str) -> tuple[Path, SuiteOutcome, list[str]]:
    root, said = tmp_path_factory.mktemp("suite"), list[str]()
    return root, run_suite(options(root, model), say=said.append), said


def test_steps_are_in_their_places_and_what_cannot_be_is_skipped(
        done: tuple[Path, SuiteOutcome, list[str]]) -> None:
    root, outcome, said = done
    assert outcome.folder.parent == root
    assert outcome.folder.name.startswith("experiment_")
    status = {step["name"]: step["status"] for step in outcome.steps}
    assert status == {"baseline": "done", "btp": "done", "big_to_small": "skipped"}
    assert (outcome.folder / "step1_baseline/baseline_experiment_results.json").is_file()
    assert (outcome.folder / "step2_btp/btp_results.json").is_file()
    assert outcome.failed == []
    assert any("big_to_small: skipped: no smaller model" in line for line in said)
    assert any("left for this and what follows" in line for line in said)


def test_there_is_a_report(done: tuple[Path, SuiteOutcome, list[str]]) -> None:
    _, outcome, _ = done
    assert outcome.report is None
    assert (outcome.folder / "report.html").is_file()
    assert (outcome.folder / "experiment_report.txt").is_file()


def test_the_same_again_goes_to_the_same_folder_and_repeats_nothing(
        done: tuple[Path, SuiteOutcome, list[str]], model: str) -> None:
    root, outcome, _ = done
    before = times(outcome.folder, "*.jsonl") | times(outcome.folder, "*results.json")
    said: list[str] = []
    again = run_suite(options(root, model), say=said.append)
    assert again.folder == outcome.folder
    assert times(outcome.folder, "*.jsonl") | times(outcome.folder, "*results.json") == before
    assert sum("done before" in line for line in said) == 2
    single = run_suite(options(root, model, experiment="all", mode="single", single_step="btp", num_samples=2,
                               n_iterations=1, eval_samples=2), say=said.append)
    assert single.folder != outcome.folder or single.failed == []  # other sizes, another folder


def test_a_plan_is_told_before_the_first_step(tmp_path: Path, model: str) -> None:
    told: list[tuple[list[str], bool]] = []

    def announce(steps: Any, folder: Path) -> None:
        told.append(([step.name for step in steps], (folder / "step1_baseline").exists()))
        assert steps[0].estimate.seconds > 0

    run_suite(options(tmp_path, model, experiment="baseline"), announce=announce)
    assert told == [(["baseline"], False)]


def test_a_step_that_fails_is_told_and_the_others_go_on(tmp_path: Path, model: str) -> None:
    said: list[str] = []
    wanted = options(tmp_path, model, experiment="baseline,ablation,btp", btp={**BTP, "min_pass_rate": "1"})
    outcome = run_suite(wanted, say=said.append)
    status = {step["name"]: step["status"] for step in outcome.steps}
    assert status["baseline"] == "done"
    assert status["btp"] == "failed"
    assert set(outcome.failed) >= {"btp"}
    row = next(step for step in outcome.steps if step["name"] == "btp")
    assert "may be drawn" in row["error"]
    assert "\n" not in row["error"]
    state = json.loads((outcome.folder / "suite.json").read_text())
    assert [step["name"] for step in state["steps"]] == ["baseline", "btp", "ablation"]
