"""Step 2's scripts: the published command lines, with a small model in the models' place."""

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

SCRIPTS = ("step2_btp_experiment", "step2_btp_finetune_experiment", "run_btp_finetune_experiment",
           "big_to_small_finetune_experiment")
SMALL = ["--option", "steps=1", "--max-new-tokens", "300", "--eval-problems", "2", "--eval-samples", "2", "--device",
         "cpu", "--num-epochs", "1", "--batch-size", "6"]


@pytest.mark.parametrize("file", [*(f"{name}.py" for name in SCRIPTS),
                                  *(f"{dataset}/step2_btp_finetune_experiment.py"
                                    for dataset in ("mbpp", "humaneval", "apps"))])
def test_each_explains_itself(repository: Path, file: str) -> None:
    path = repository / "experiments" / file
    done = subprocess.run([sys.executable, path.name, "--help"], capture_output=True, text=True, cwd=path.parent)
    assert done.returncode == 0, done.stderr
    said = " ".join(done.stdout.split())
    dataset = path.parent.name if path.parent.name != "experiments" else "mbpp"
    assert f"--dataset {dataset}" in said
    for option in ("--source-model", "--target-model", "--sampling-alpha", "--use-lora"):
        assert option in said


@pytest.mark.usefixtures("isolated")
def test_the_published_line_of_a_pairing(tmp_path: Path) -> None:
    small, source = save_small(tmp_path / "small"), script(tmp_path / "r.json")
    line = ["--source-model", source, "--target-model", str(small), "--mode", "finetune", "--dataset", "minipy",
            "--max-problems", "4", "--num-beams", "3", "--n-iterations", "1", "--sampling-method", "power",
            "--sampling-alpha", "1.5", "--use-lora", "--output-dir", str(tmp_path / "starcoder_experiment")]
    assert run_script("step2_btp_finetune_experiment", [*line, *SMALL], experiments=tmp_path) == 0
    results = json.loads((tmp_path / "starcoder_experiment/btp_results.json").read_text())
    assert results["settings"]["sampling_alpha"] == 1.5
    assert results["rounds"][0]["training"]["options"]["use_lora"] is True


@pytest.mark.usefixtures("isolated")
def test_btp_only_is_the_default_of_its_script(tmp_path: Path) -> None:
    source = script(tmp_path / "r.json")
    line = ["--source_model", source, "--dataset", "minipy", "--replay-split", "pool", "--max_problems", "2",
            "--num_beams", "3", *SMALL]
    assert run_script("step2_btp_experiment", line, experiments=tmp_path) == 0
    results = json.loads((tmp_path / "results/btp/btp_results.json").read_text())
    assert results["mode"] == "btp_only"
    assert results["collected"]["best_of_k"]["value"] == 1.0


def test_a_data_sets_own_script_is_fixed_to_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = ["--source_model", "tiny", "--dataset", "apps"]
    assert run_script("step2_btp_finetune_experiment", line, experiments=tmp_path, dataset="mbpp") == 2
    assert "run on mbpp" in capsys.readouterr().err


def test_a_model_that_cannot_be_had_is_told_with_the_one_that_can(tmp_path: Path,
                                                                  capsys: pytest.CaptureFixture[str]) -> None:
    line = ["--source_model", "./no-such-folder", "--dataset", "minipy"]
    assert run_script("run_btp_finetune_experiment", line, experiments=tmp_path) == 2
    said = capsys.readouterr().err
    assert "no-such-folder" in said
    assert "--model-name tiny" in said
