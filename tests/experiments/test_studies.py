"""The scripts of steps 3 and 4 and of the whole suite: the published command lines, with small models and sizes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from eg_cfg.cli.scripts import run_script

sys.path.append(str(Path(__file__).resolve().parent.parent / "studies"))

from btp_cases import save_small, script

pytestmark = pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing.*:FutureWarning")

DATASETS = ("mbpp", "humaneval", "apps")
STEPS = ("step3_ablation_study", "step4_hyperparameter_study")
SMALL = ["--option", "steps=1", "--eval-problems", "2", "--eval-samples", "2", "--n-iterations", "1", "--device", "cpu",
         "--btp", "num-beams=2", "--btp", "batch-size=6", "--btp", "num-epochs=1", "--btp", "max-new-tokens=12"]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(save_small(tmp_path_factory.mktemp("models") / "small"))


@pytest.mark.parametrize("file", [*(f"{name}.py" for name in (*STEPS, "main_experiment", "run_all_experiments")),
                                  *(f"{dataset}/{name}.py" for dataset in DATASETS for name in STEPS)])
def test_each_explains_itself(repository: Path, file: str) -> None:
    path = repository / "experiments" / file
    done = subprocess.run([sys.executable, path.name, "--help"], capture_output=True, text=True, cwd=path.parent)
    assert done.returncode == 0, done.stderr
    said = " ".join(done.stdout.split())
    dataset = path.parent.name if path.parent.name != "experiments" else "mbpp"
    expected = {"step3": [f"--dataset {dataset}, --num-problems 20", "--arms"],
                "step4": [f"--dataset {dataset}, --search-type grid, --max-configs 15", "--focus-params"],
                "main_": ["--experiment all", "btp_finetune", "--model-name", "--target-model"],
                "run_a": ["--mode full, --num-samples 10, --max-problems 50, --collect-problems 50, "
                          "--ablation-problems 30, --max-configs 15", "--single-step"]}[path.name[:5]]
    for words in (*expected, "--seed", "--debug", "--output-dir"):
        assert words in said


@pytest.mark.slow
@pytest.mark.usefixtures("isolated")
def test_step_3_as_published(tmp_path: Path, small: str) -> None:
    line = ["--model_name", small, "--dataset", "minipy", "--num_problems", "3", "--output_dir", str(tmp_path / "a")]
    assert run_script("step3_ablation_study", [*line, *SMALL, "--arms", "uniform", "--seeds", "42"],
                      experiments=tmp_path) == 0
    results = json.loads((tmp_path / "a/ablation_results.json").read_text())
    assert results["experiment"] == "step3_ablation"
    assert [arm["name"] for arm in results["studies"]["btp"]["arms"]] == ["none", "full", "uniform"]
    assert results["settings"]["max_problems"] == 3


@pytest.mark.slow
@pytest.mark.usefixtures("isolated")
def test_step_4_as_published(tmp_path: Path, small: str) -> None:
    line = ["--model_name", small, "--dataset", "minipy", "--search_type", "focused", "--focus_params", "alpha",
            "num_beams", "--max_configs", "2", "--num_problems", "3", "--validation-problems", "2"]
    assert run_script("step4_hyperparameter_study", [*line, *SMALL, "--no-test"], experiments=tmp_path) == 0
    results = json.loads((tmp_path / "results/hyperparameter/hyperparameter_study_results.json").read_text())
    assert results["search"]["focus_params"] == ["alpha", "num_beams"]
    assert all(set(trial["parameters"]) == {"alpha", "num_beams"} for trial in results["trials"])
    assert results["counts"]["complete"] == 2


def test_names_without_their_option_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_script("step4_hyperparameter_study", ["--model", "tiny", "num_beams"], experiments=tmp_path) == 2
    assert "only --focus-params takes several names" in capsys.readouterr().err


@pytest.mark.usefixtures("isolated")
def test_the_suite_with_a_single_step(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = script(tmp_path / "r.json")
    line = ["--model_name", model, "--mode", "single", "--single_step", "btp", "--dataset", "minipy", "--btp",
            "replay-split=pool", "--collect-problems", "2", "--num-beams", "3", "--btp", "max-new-tokens=300",
            "--option", "steps=1", "--no-calibrate"]
    assert run_script("run_all_experiments", line, experiments=tmp_path) == 0
    [folder] = (tmp_path / "results").glob("experiment_*")
    assert json.loads((folder / "step2_btp/btp_results.json").read_text())["mode"] == "btp_only"
    state = json.loads((folder / "suite.json").read_text())
    assert (state["settings"]["num_samples"], state["settings"]["max_configs"]) == (10, 15)
    assert run_script("run_all_experiments", line, experiments=tmp_path) == 0
    assert "done before" in capsys.readouterr().out
    assert len(list((tmp_path / "results").glob("experiment_*"))) == 1


@pytest.mark.slow
@pytest.mark.usefixtures("isolated")
def test_big_to_small_by_the_main_experiment(tmp_path: Path, small: str) -> None:
    line = ["--experiment", "btp_finetune", "--source-model", script(tmp_path / "r.json"), "--target-model", small,
            "--max-problems", "4", "--mode", "quick", "--dataset", "minipy", "--option", "steps=1", "--eval-problems",
            "2", "--btp", "max-new-tokens=300", "--btp", "num-epochs=1", "--no-calibrate", "--output-dir",
            str(tmp_path / "run")]
    assert run_script("main_experiment", line, experiments=tmp_path) == 0
    results = json.loads((tmp_path / "run/step2_btp/btp_results.json").read_text())
    assert results["problems"]["replay"] == 4
    assert results["models"]["same"] is False


def test_short_names_and_a_dry_run_that_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = ["--experiment", "all", "--model", "deepseek-1.3b", "--mode", "quick", "--dataset", "minipy", "--dry-run",
            "--no-calibrate"]
    assert run_script("main_experiment", line, experiments=tmp_path) == 0
    said = capsys.readouterr().out
    assert "baseline" in said
    assert "unknown" in said  # nothing was measured
    assert list(tmp_path.iterdir()) == []


def test_a_failing_step_makes_the_exit_code_1(tmp_path: Path, small: str, capsys: pytest.CaptureFixture[str]) -> None:
    line = ["--experiment", "btp", "--model", small, "--mode", "quick", "--dataset", "minipy", "--collect-problems",
            "2", "--btp", "max-new-tokens=12", "--btp", "replay-dataset=apps", "--btp", "replay-data=none.jsonl",
            "--no-calibrate", "--output-dir", str(tmp_path / "run")]
    assert run_script("main_experiment", line, experiments=tmp_path) == 1
    said = capsys.readouterr().out
    assert "btp: failed: " in said
    assert "none.jsonl" in said


def test_the_shared_files_only_re_export(repository: Path) -> None:
    code = ("from experiments.shared.base_experiment import BaseExperiment, DatasetExperiment, "
            "Step1BaselineExperiment, Step2BTPExperiment; "
            "from experiments.shared.dataset_configs import DATASET_CONFIGS, dataset_config; "
            "from experiments.shared.common_utils import Grader, analyse, grading_sandbox, load, load_model, percent, "
            "progress; import eg_cfg.studies as s; assert BaseExperiment is s.BaseExperiment; "
            "print(dataset_config('minipy').time_limit)")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=repository)
    assert done.stdout.strip() == "3.0", done.stderr
    for file in (repository / "experiments/shared").glob("*.py"):
        assert "def " not in file.read_text()


@pytest.mark.usefixtures("isolated")
@pytest.mark.long
def test_the_main_experiment_on_the_embedded_model(repository: Path, tmp_path: Path) -> None:
    line = [sys.executable, str(repository / "experiments/main_experiment.py"), "--experiment", "all", "--model",
            "tiny", "--mode", "quick", "--output-dir", str(tmp_path / "run")]
    done = subprocess.run(line, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    for name in ("step1_baseline/baseline_experiment_results.json", "step1_guide/guide_results.json",
                 "step2_btp/btp_results.json", "step3_ablation/ablation_results.json",
                 "step4_hyperparameter/hyperparameter_study_results.json", "experiment_report.txt", "report.html"):
        assert (tmp_path / "run" / name).is_file(), name
    again = subprocess.run(line, capture_output=True, text=True)
    assert again.returncode == 0
    assert again.stdout.count("done before") == 6
