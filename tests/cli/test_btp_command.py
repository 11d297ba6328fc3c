"""`eg-cfg btp` as a person would call it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from conftest import Command

sys.path.append(str(Path(__file__).resolve().parent.parent / "studies"))

from btp_cases import save_small, script

pytestmark = pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing.*:FutureWarning")

QUICK = ("--dataset", "minipy", "--option", "steps=1", "--max_problems", "4", "--num-beams", "3", "--batch-size", "6",
         "--eval_problems", "3", "--eval-samples", "2", "--max-new-tokens", "300", "--num-epochs", "1", "--device",
         "cpu", "--workers", "1")


@pytest.mark.usefixtures("isolated")
def test_the_whole_way_from_flags_to_tables(command: Command, tmp_path: Path) -> None:
    small, source = save_small(tmp_path / "small"), script(tmp_path / "r.json")
    arguments = ("btp", "--source-model", source, "--target_model", small, "--n-iterations", "1", *QUICK)
    answer = command(*arguments)
    assert answer.code == 0, answer.err
    first, *rest = answer.out.splitlines()
    assert first.startswith("held out: 4 problems of minipy (pool) are replayed, 3 of minipy (test) score")
    said = "\n".join(rest)
    for part in ("round 1: LoRA r 16", "learning rate", "pass@1", "difference", "RSR", "written to",
                 "the fine-tuned model is in"):
        assert part in said, part
    [folder] = (tmp_path / "runs").iterdir()
    assert folder.name.startswith("btp-minipy-small_")
    results = json.loads((folder / "btp_results.json").read_text())
    assert results["settings"]["seed"] == 42
    again = command(*arguments)  # goes on in the same folder, where nothing is left to do
    assert again.code == 0
    assert len(list((tmp_path / "runs").iterdir())) == 1


@pytest.mark.usefixtures("isolated")
def test_without_training_from_a_file_of_options(command: Command, tmp_path: Path) -> None:
    source = script(tmp_path / "r.json")
    (tmp_path / "btp.yaml").write_text(f"source_model: {source}\nmode: btp_only\ndataset: minipy\n"
                                       "option: {steps: 1}\nreplay-split: pool\nmax-problems: 2\nnum-beams: 2\n"
                                       "max-new-tokens: 300\n")
    answer = command("btp", "--config", tmp_path / "btp.yaml", "--num-beams", "3", "--output-dir", tmp_path / "run")
    assert answer.code == 0, answer.err
    assert "no training: 2 problems of minipy (pool)" in answer.out
    assert "6 programs for 2 problems: pass@1 100.0 %" in answer.out
    assert "best of 3 100.0 %" in answer.out


@pytest.mark.parametrize(("arguments", "said"), [
    ((), "--source-model is required"),
    (("--source-model", "gpt-4"), "--mode hybrid"),
    (("--source-model", "fake:x.json", "--target-model", "gpt-4"), "is an API model"),
    (("--source-model", "./none"), "no model folder './none'"),
    (("--source-model", "fake:x.json", "--mode", "btp_only", "--max-problems", "many"), "--max-problems: expected a"),
    (("--source-model", "gpt-4", "--mode", "openai", "--dataset", "minipy"), "needs a key"),
    (("--source-model", "fake:x.json", "--mode", "btp_only", "--sampler", "beems"), "Did you mean 'beam'"),
])
def test_bad_input_is_one_line(command: Command, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...],
                               said: str) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    answer = command("btp", *arguments)
    assert answer.code == 2
    assert said in answer.err
    assert answer.err.count("\n") == 1


def test_every_published_option_is_there(command: Command) -> None:
    said = command("btp", "--help").out
    for name in ("mode", "source-model", "target-model", "api-key", "api-base", "dataset", "replay-dataset",
                 "max-problems", "sampler", "num-beams", "n-iterations", "batch-size", "sampling-method",
                 "sampling-alpha", "p2value-alpha", "use-lora", "no-use-lora", "lora-r", "lora-alpha", "lora-dropout",
                 "learning-rate", "num-epochs", "warmup-steps", "per-device-batch-size", "gradient-accumulation-steps",
                 "min-pass-rate", "problem-offset", "output-dir", "checkpoint-dir", "seed", "config"):
        assert f"--{name}" in said, name
