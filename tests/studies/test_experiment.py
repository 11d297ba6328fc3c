"""Classes that experiments of one's own begin with."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from btp_cases import save_small, script

import eg_cfg.studies
from eg_cfg.benchmarks.base import CallTest, Problem
from eg_cfg.errors import RunError
from eg_cfg.studies import (
    DATASET_CONFIGS,
    BaseExperiment,
    DatasetExperiment,
    Step1BaselineExperiment,
    Step2BTPExperiment,
    dataset_config,
)


class Words(BaseExperiment):
    name = "words"
    done = 0

    def work(self, folder: Path) -> dict[str, Any]:
        Words.done += 1
        with self.progress("counting") as progress:
            progress(1, 1)
        return {"words": len(str(self.settings["text"]).split())}


def test_every_name_is_there_and_importing_them_is_cheap() -> None:
    assert set(eg_cfg.studies.__all__) <= set(dir(eg_cfg.studies))
    for name in eg_cfg.studies.__all__:
        assert getattr(eg_cfg.studies, name) is not None
    assert not hasattr(eg_cfg.studies, "Step3")
    code = "import sys, eg_cfg.studies; raise SystemExit('torch' in sys.modules or 'pydantic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_an_experiment_is_done_once(tmp_path: Path) -> None:
    Words.done = 0
    experiment = Words(text="a b c", output_root=tmp_path)
    assert experiment.run() == {"words": 3}
    assert Words(text="a b c", output_root=tmp_path).run() == {"words": 3}
    assert Words.done == 1
    assert experiment.output_dir is not None
    assert (experiment.output_dir / "results.json").is_file()
    assert Words(text="a b c d", output_root=tmp_path).run() == {"words": 4}
    assert Words(text="a b c", output_root=tmp_path).run(force=True) == {"words": 3}
    assert Words.done == 3


def test_another_configurations_folder_is_refused(tmp_path: Path) -> None:
    Words(text="a", output_dir=tmp_path / "run").run()
    with pytest.raises(RunError, match="text 'a' there, 'b' here"):
        Words(text="b", output_dir=tmp_path / "run").run()


def test_errors_are_logged_and_go_on(tmp_path: Path) -> None:
    class Failing(Words):
        def work(self, folder: Path) -> dict[str, Any]:
            with self.log_errors(folder, "the second problem"):
                raise ValueError("no such thing")

    with pytest.raises(ValueError, match="no such thing"):
        Failing(text="", output_dir=tmp_path / "run").run()
    text = (tmp_path / "run/errors.log").read_text()
    assert text.startswith("the second problem\n")
    assert "no such thing" in text


@pytest.mark.usefixtures("isolated")
def test_problems_of_ones_own(tmp_path: Path) -> None:
    class Doubling(DatasetExperiment):
        name = "doubling"

        def problems(self) -> Iterator[Problem]:
            header = "def double(x):\n"
            tests = (CallTest("double", (4,), 8), CallTest("double", (0,), 0))
            yield Problem("doubling/1", "minipy", header, "double", (), tests, completion_prefix=header)

    (tmp_path / "r.json").write_text('["    return 2 * x\\n", "    return x * x\\n"]')
    model = f"fake:{tmp_path / 'r.json'}"
    experiment = Doubling(model, num_samples=2, output_root=tmp_path / "runs")
    found = experiment.run()
    assert found["problems"] == 1
    assert found["pass@1"]["value"] in (0.0, 0.5)  # a chat's answer or a continuation: as the model takes it
    assert Doubling(model, num_samples=2, output_root=tmp_path / "runs").run() == found


@pytest.mark.usefixtures("isolated")
def test_step_1_on_another_data_set(tmp_path: Path) -> None:
    class Mine(Step1BaselineExperiment):
        dataset = "minipy"
        defaults: ClassVar[dict[str, Any]] = {"num_samples": 3, "max_problems": 1, "workers": 1}

    experiment = Mine(model_name=script(tmp_path / "r.json"), split="pool", option={"steps": "1"},
                      output_dir=tmp_path / "run", max_new_tokens=300)
    found = experiment.run()
    assert found["benchmark"] == "minipy"
    assert found["pass@1"]["value"] == pytest.approx(1 / 3)  # one of the three replies is right
    assert experiment.output_dir == tmp_path / "run"


@pytest.mark.usefixtures("isolated")
@pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing.*:FutureWarning")
def test_step_2_on_another_data_set(tmp_path: Path) -> None:
    class Mine(Step2BTPExperiment):
        dataset = "minipy"

    found = Mine(source_model=script(tmp_path / "r.json"), target_model=str(save_small(tmp_path / "small")),
                 option={"steps": "1"}, max_problems=2, num_beams=3, n_iterations=1, batch_size=4, num_epochs=1,
                 eval_problems=1, eval_samples=1, max_new_tokens=300, device="cpu", workers=1,
                 output_dir=tmp_path / "run").run()
    assert found["compared"]["pass@1"]["before"]["value"] == 0.0
    assert (tmp_path / "run/btp_results.json").is_file()


def test_every_data_set_has_a_configuration() -> None:
    assert len(DATASET_CONFIGS) >= 14
    minipy = dataset_config("minipy")
    assert (minipy.time_limit, minipy.max_new_tokens, minipy.temperature) == (3.0, 256, 0.8)
    assert DATASET_CONFIGS["humaneval"].max_new_tokens == 512
    assert "pass@10" in minipy.metrics
    assert "Python" in DATASET_CONFIGS["mbpp"].prompt
    with pytest.raises(KeyError):
        DATASET_CONFIGS["nothing"]
