"""`python -m eg_cfg.training`, alone and under `accelerate launch`; the configurations that ship for it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from sft_cases import EXAMPLES, Base, difference

from eg_cfg.models import registry
from eg_cfg.training.__main__ import main
from eg_cfg.training.examples import to_plain

CONFIGS = ("ddp", "fsdp", "deepspeed")


@pytest.fixture
def examples(tmp_path: Path) -> Path:
    path = tmp_path / "examples.jsonl"
    path.write_text("".join(json.dumps(to_plain(example)) + "\n" for example in EXAMPLES))
    return path


def test_a_file_of_examples_becomes_a_model(base: Base, examples: Path, tmp_path: Path,
                                            capsys: pytest.CaptureFixture[str]) -> None:
    chosen = tmp_path / "train.yaml"
    chosen.write_text("num-epochs: 2\nper_device_batch_size: 4\ngradient-accumulation-steps: 1\ndevice: cpu\n"
                      "target_modules: [q_proj]\n")
    arguments = ["--model", str(base("llama")), "--examples", str(examples), "--output_dir", str(tmp_path / "out"),
                 "--options", str(chosen), "--option", "num_epochs=3", "--option", "target-modules=q_proj,v_proj",
                 "--validation", str(examples), "--merge-to", str(tmp_path / "merged")]
    assert main(arguments) == 0
    out, err = capsys.readouterr()
    assert "6 steps, 7 examples (0 too long)" in out
    assert "step 1/6  loss " in err
    assert "step 6/6  loss " in err
    assert "validation loss" in out
    assert json.loads((tmp_path / "out" / "training.json").read_text())["options"]["target_modules"] == [
        "q_proj", "v_proj"]
    with registry.load(str(tmp_path / "merged"), {"device": "cpu"}) as model:
        assert model.name
    assert main(arguments) == 0
    assert "finished before; nothing was done" in capsys.readouterr().out


@pytest.mark.parametrize(("change", "line"), [
    (["--model", "gpt-4o"], "error: expected a model with weights here to fine-tune, found 'gpt-4o'"),
    (["--model", "no such thing"], "error: unknown model 'no such thing'"),
    (["--option", "num_epoch=1"], "error: unknown key 'num_epoch'. Did you mean 'num_epochs'?"),
    (["--option", "num_epochs=x"], "error: --num-epochs: expected a whole number, found 'x'"),
    (["--examples", "none.jsonl"], "error: cannot read the examples none.jsonl"),
])
def test_what_is_wrong_is_one_line(base: Base, examples: Path, tmp_path: Path, change: list[str], line: str,
                                   capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--model", str(base("llama")), "--examples", str(examples), "--output-dir", str(tmp_path / "out")]
    assert main([*arguments, *change]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith(line)


@pytest.mark.parametrize("name", CONFIGS)
def test_the_shipped_configurations_are_accelerate_s(repository: Path, name: str) -> None:
    from accelerate.commands.config.config_args import load_config_from_file

    path = repository / "configs" / "accelerate" / f"{name}.yaml"
    found = load_config_from_file(str(path))
    assert found.num_processes == 2
    text = path.read_text()
    assert text.startswith(f"# accelerate launch --config_file configs/accelerate/{name}.yaml -m eg_cfg.training ")
    assert yaml.safe_load(text)["mixed_precision"] == "no"


@pytest.mark.long
def test_two_processes_train_what_one_does(base: Base, examples: Path, tmp_path: Path) -> None:
    common = ["--model", str(base("llama")), "--examples", str(examples), "--validation", str(examples)]
    same = ["--option", "device=cpu", "--option", "num_epochs=2", "--option", "lora_dropout=0", "--option",
            "learning_rate=0.01"]
    done = subprocess.run(
        [sys.executable, "-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2", "--num_machines",
         "1", "--mixed_precision", "no", "--dynamo_backend", "no", "--main_process_port", "0", "-m", "eg_cfg.training",
         *common, "--output-dir", str(tmp_path / "two"), *same, "--option", "per_device_batch_size=2",
         "--option", "gradient_accumulation_steps=1"],
        capture_output=True, text=True, timeout=240, env={**os.environ, "OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("4 steps, 7 examples") == 1  # one process speaks
    assert main([*common, "--output-dir", str(tmp_path / "one"), *same, "--option", "per_device_batch_size=2",
                 "--option", "gradient_accumulation_steps=2"]) == 0
    two, one = (json.loads((tmp_path / name / "training.json").read_text()) for name in ("two", "one"))
    assert [loss for _, loss in two["losses"]] == pytest.approx([loss for _, loss in one["losses"]], rel=1e-4)
    assert two["validation_losses"][-1][1] == pytest.approx(one["validation_losses"][-1][1], rel=1e-4)
    assert difference(tmp_path / "two", tmp_path / "one") < 1e-3
