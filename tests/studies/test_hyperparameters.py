"""Searches, small: validation decides, the test set is seen once, and nothing that ended is repeated."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from btp_cases import save_small, script
from study_cases import Stop, small, stop_after, times

from eg_cfg.benchmarks.registry import load as load_benchmark
from eg_cfg.config import build, load
from eg_cfg.errors import ConfigError
from eg_cfg.studies.btp_options import BTPOptions
from eg_cfg.studies.hyperparameters import HyperparameterOutcome, hyperparameters
from eg_cfg.studies.hyperparameters_options import HyperparameterOptions

pytestmark = [
    pytest.mark.usefixtures("isolated"),
    pytest.mark.slow,
    pytest.mark.xdist_group("hyperparameters"),
    pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing.*:FutureWarning"),
]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("models")
    return {"source_model": script(folder / "replies.json"), "target_model": str(save_small(folder / "small"))}


def options(folder: Path, models: dict[str, str], **more: Any) -> HyperparameterOptions:
    return build(HyperparameterOptions, small(folder, **models, search_type="focused", focus_params="alpha batch_size",
                                              validation_problems=4, max_configs=3, **more))


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory, models: dict[str, str]) -> HyperparameterOutcome:
    torch.set_num_threads(1)
    return hyperparameters(options(tmp_path_factory.mktemp("search") / "run", models))


def test_trials_are_scored_on_validation_problems_alone(done: HyperparameterOutcome) -> None:
    results = done.results
    assert results["objective"]["on"] == "minipy (validation)"
    assert results["note"].startswith("held out")
    tested = {problem.task_id for problem in load_benchmark("minipy", split="test", steps="1").problems()}
    validated = {problem.task_id for problem in load_benchmark("minipy", split="validation", steps="1").problems()}
    for trial in results["trials"]:
        folder = done.folder / trial["folder"] / "seed_42/scored/scores.json"
        assert set(json.loads(folder.read_text())["passed"]) <= validated - tested
    assert results["counts"] == {"complete": 3, "pruned": 0, "failed": 0}
    assert [len(trial["steps"]) for trial in results["trials"]] == [3, 3, 3]  # a quarter, half, and all problems


def test_the_best_alone_is_scored_on_the_test_problems(done: HyperparameterOutcome) -> None:
    folders = [path.name for path in (done.folder / "test").iterdir()]
    best = next(row for row in done.results["trials"] if row["number"] == done.results["best"]["number"])
    assert sorted(folders) == sorted(["before", Path(best["folder"]).name])
    assert done.results["test"]["on"] == "minipy (test)"
    assert done.results["test"]["problems"] == 3
    assert best["value"] == max(row["value"] for row in done.results["trials"])


def test_the_best_is_a_configuration_of_btp(done: HyperparameterOutcome, tmp_path: Path) -> None:
    file = done.folder / "best_config.yaml"
    found = load(BTPOptions, file)
    best = done.results["best"]["parameters"]
    assert (found.p2value_alpha, found.batch_size) == (best["alpha"], best["batch_size"])
    assert (found.dataset, found.split, found.eval_problems) == ("minipy", None, 3)
    assert file.read_text().startswith("# The best of 3 trials: eg-cfg btp --config best_config.yaml\n")
    done_ = subprocess.run([sys.executable, "-m", "eg_cfg", "btp", "--config", str(file), "--output-dir",
                            str(tmp_path / "btp"), "--eval-problems", "1"], capture_output=True, text=True)
    assert done_.returncode == 0, done_.stderr
    assert json.loads((tmp_path / "btp/btp_results.json").read_text())["settings"]["batch_size"] == best["batch_size"]


def test_importance_slices_and_figures(done: HyperparameterOutcome) -> None:
    assert {row["x"] for row in done.results["slices"]["alpha"]} <= {0.3, 0.5, 0.7}
    assert len(done.results["slices"]["batch_size"]) == 3
    assert done.results["importance"] is None  # three trials explain nothing
    assert (done.folder / "figures/slices.png").stat().st_size > 3000


def test_more_trials_go_on_and_none_is_repeated(done: HyperparameterOutcome, models: dict[str, str]) -> None:
    kept = times(done.folder / "trials", "scores.json")
    again = hyperparameters(options(done.folder, models))
    assert times(done.folder / "trials", "scores.json") == kept
    assert [row["parameters"] for row in again.results["trials"]] == [
        row["parameters"] for row in done.results["trials"]]
    more = hyperparameters(options(done.folder, models).model_copy(update={"max_configs": 4}))
    assert more.results["counts"]["complete"] == 4
    assert kept.items() <= times(done.folder / "trials", "scores.json").items()
    assert more.results["importance"] is None or set(more.results["importance"]) <= {"alpha", "batch_size"}


def test_a_trial_that_was_under_way_goes_on(tmp_path: Path, models: dict[str, str]) -> None:
    wanted = options(tmp_path / "run", models)
    with pytest.raises(Stop):
        hyperparameters(wanted, say=stop_after(4))  # after the first trial
    kept = times(tmp_path / "run/trials", "scores.json")
    assert kept
    results = hyperparameters(wanted).results
    assert kept.items() <= times(tmp_path / "run/trials", "scores.json").items()
    assert results["counts"] == {"complete": 3, "pruned": 0, "failed": 0}


def test_proposals_of_tpe_and_trials_that_cannot_be(tmp_path: Path, models: dict[str, str]) -> None:
    results = hyperparameters(options(tmp_path / "run", models, test=False, min_pass_rate=0.4).model_copy(
        update={"search_type": "tpe", "space": "full"})).results
    assert sum(results["counts"].values()) == 3
    assert results["test"] is None
    assert all(len(row["parameters"]) == 10 for row in results["trials"])


def test_a_storage_of_ones_own(tmp_path: Path, models: dict[str, str]) -> None:
    url = f"sqlite:///{tmp_path / 'shared.db'}"
    first = hyperparameters(options(tmp_path / "a", models, storage=url, test=False).model_copy(
        update={"max_configs": 1})).results
    second = hyperparameters(options(tmp_path / "b", models, storage=url, test=False).model_copy(
        update={"max_configs": 2})).results
    assert second["trials"][0]["parameters"] == first["trials"][0]["parameters"]
    assert len(list((tmp_path / "b/trials").iterdir())) == 1  # the other machine's trial is not repeated
    third = hyperparameters(options(tmp_path / "e", models, storage=url).model_copy(update={"max_configs": 2})).results
    assert third["test"] is not None  # the best, another machine's, is trained here to be scored
    assert len(list((tmp_path / "e/trials").iterdir())) == 1
    with pytest.raises(ConfigError, match="found one of another"):
        hyperparameters(options(tmp_path / "c", models, storage=url).model_copy(update={"eval_samples": 1}))
    with pytest.raises(ConfigError, match=r"--storage nonsense://me:\*\*\*@x"):
        hyperparameters(options(tmp_path / "d", models, storage="nonsense://me:secret@x"))


@pytest.mark.long
def test_killed_while_a_trial_trains_it_goes_on(tmp_path: Path, models: dict[str, str]) -> None:
    folder = tmp_path / "run"
    values = {key: value for key, value in options(folder, models).model_dump(mode="json").items()
              if key not in ("output_root",) and value is not None}
    (tmp_path / "search.json").write_text(json.dumps(values))
    command = [sys.executable, "-m", "eg_cfg", "hyperparameters", "--config", str(tmp_path / "search.json")]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                          env={**os.environ, "OMP_NUM_THREADS": "1"}) as process:
        deadline = time.monotonic() + 120
        while len(list(folder.glob("trials/*/seed_42/checkpoints"))) < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    kept = times(folder / "trials", "scores.json")
    assert kept
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    results = json.loads((folder / "hyperparameter_study_results.json").read_text())
    assert results["counts"] == {"complete": 3, "pruned": 0, "failed": 0}
    assert kept.items() <= times(folder / "trials", "scores.json").items()
