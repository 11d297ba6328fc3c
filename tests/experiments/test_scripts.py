"""The scripts in `experiments/`: each explains itself, takes both spellings, and writes where it says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from eg_cfg.benchmarks.registry import load
from eg_cfg.cli.scripts import SCRIPTS, run_script
from eg_cfg.errors import UnknownNameError

DATASETS = ("mbpp", "humaneval", "apps")
SYSTEM_PYTHON = "/usr/bin/python3"


def run(script: Path, *arguments: str, python: str = sys.executable,
        cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    return subprocess.run([python, str(script), *arguments], capture_output=True, text=True, cwd=cwd, env=environment)


@pytest.mark.parametrize("name", ["experiments", *(f"experiments/{name}" for name in DATASETS)])
def test_step_1_explains_itself(repository: Path, name: str) -> None:
    done = run(Path("step1_baseline_experiment.py"), "--help", cwd=repository / name)
    assert done.returncode == 0, done.stderr
    dataset = name.partition("/")[2] or "mbpp"
    said = " ".join(done.stdout.split())
    assert f"--dataset {dataset}, --num-samples 10, --temperature 0.8" in said
    for option in ("--model-name", "--max-problems", "--use-openai", "--output-dir", "--seed", "--debug"):
        assert option in said


def test_every_script_of_the_table_has_its_file_and_every_results_folder_is_kept(repository: Path) -> None:
    for name in SCRIPTS:
        assert (repository / "experiments" / f"{name}.py").is_file()
    for dataset in DATASETS:
        assert (repository / "experiments" / dataset / "step1_baseline_experiment.py").is_file()
        assert (repository / "experiments" / dataset / "results" / ".gitkeep").is_file()


@pytest.mark.usefixtures("isolated")
def test_underscores_presets_and_where_results_go(tmp_path: Path) -> None:
    replies = {}
    for problem in load("minipy", limit=2).problems():
        assert problem.reference is not None
        replies[problem.completion_prefix] = problem.reference.split("\n", 1)[1]
    (tmp_path / "r.json").write_text(json.dumps(replies))
    arguments = ["--model_name", f"fake:{tmp_path / 'r.json'}", "--dataset", "minipy", "--max_problems", "2",
                 "--prompt", "completion", "--max_new_tokens", "2000"]

    def step(*more: str) -> int:
        return run_script("step1_baseline_experiment", [*arguments, *more], experiments=tmp_path)

    assert step() == 0
    root = tmp_path / "results" / "baseline"
    report = json.loads((root / "baseline_experiment_results.json").read_text())
    assert (report["settings"]["num_samples"], report["settings"]["temperature"]) == (10, 0.8)
    assert report["results"]["pass@10"]["value"] == 1.0
    assert step() == 0  # goes on in the same folder
    assert list(root.glob("experiment_*")) == []
    assert step("--greedy") == 0  # another configuration, beside it
    (other,) = root.glob("experiment_*")
    assert json.loads((other / "results.json").read_text())["samples_per_problem"] == [1, 1]
    assert step("--temperature", "0") == 0  # the same as greedy, so the same folder
    assert list(root.glob("experiment_*")) == [other]
    assert step("--output-dir", str(tmp_path / "elsewhere")) == 0
    assert (tmp_path / "elsewhere" / "baseline_experiment_results.json").exists()


def test_a_data_sets_own_script_runs_on_no_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--model", "tiny", "--dataset", "apps"]
    assert run_script("step1_baseline_experiment", arguments, experiments=tmp_path, dataset="mbpp") == 2
    assert "the scripts of this folder run on mbpp" in capsys.readouterr().err


def test_an_unknown_script_is_told(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="step1_baseline_experiment"):
        run_script("step1", [], experiments=tmp_path)


@pytest.mark.skipif(not Path(SYSTEM_PYTHON).exists(), reason="no Python beside this one")
def test_the_virtual_environment_is_found_without_being_activated(repository: Path, tmp_path: Path) -> None:
    if not (repository / ".venv" / "bin" / "python").exists():
        pytest.skip("the repository has no .venv")
    done = run(repository / "experiments" / "step1_baseline_experiment.py", "--model", "tinny", python=SYSTEM_PYTHON,
               cwd=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "Did you mean 'tiny'" in done.stderr
