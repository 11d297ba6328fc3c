"""Kills, full disks, memory that runs out, losses that are no number: nothing finished is lost, nothing half counts."""

from __future__ import annotations

import functools
import json
import logging
import multiprocessing
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from sft_cases import EXAMPLES, Base, difference, options, weights
from transformers import LlamaForCausalLM

from eg_cfg.errors import ModelError, RunError
from eg_cfg.training import TrainingResult, checkpoints, results, sft, train
from eg_cfg.training.checkpoints import sealed

OPTIONS = options(num_epochs=4, save_every=2, lora_dropout=0.2)  # eight steps
fork = multiprocessing.get_context("fork")


def killed(run: Callable[[], object]) -> None:
    """Runs something in a process that kills itself."""
    child = fork.Process(target=run)
    child.start()
    child.join(120)
    assert child.exitcode == -signal.SIGKILL


def die(*_: Any, **__: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.fixture(scope="module")
def whole(base: Base, tmp_path_factory: pytest.TempPathFactory) -> TrainingResult:
    """An undisturbed training."""
    torch.set_num_threads(1)
    return train(base("llama"), EXAMPLES, tmp_path_factory.mktemp("whole") / "tuned", OPTIONS)


@pytest.mark.parametrize("step", [1, 2, 3, 5, 8])
def test_killed_after_a_step_it_ends_with_the_same_weights(base: Base, whole: TrainingResult, tmp_path: Path,
                                                           step: int) -> None:
    def run() -> None:
        train(base("llama"), EXAMPLES, tmp_path / "tuned", OPTIONS,
              progress=lambda at, total, loss: die() if at == step else None)

    killed(run)
    result = train(base("llama"), EXAMPLES, tmp_path / "tuned", OPTIONS)
    assert result.resumed_from == {1: None, 2: None, 3: 2, 5: 4, 8: 6}[step]
    assert result.losses == whole.losses
    assert difference(tmp_path / "tuned", whole.folder) == 0.0
    assert result.tokens == whole.tokens


@pytest.mark.parametrize(("module", "name"), [
    ("eg_cfg.training.trainer", "seal"),  # everything is saved but the seal
    ("torch", "save"),  # the weights are, the optimizer is not
    ("eg_cfg.training.trainer", "keep_only"),  # the older checkpoint is still there
])
def test_killed_while_saving_it_ends_with_the_same_weights(base: Base, whole: TrainingResult, tmp_path: Path,
                                                           module: str, name: str) -> None:
    def run() -> None:
        patch = pytest.MonkeyPatch()
        train(base("llama"), EXAMPLES, tmp_path / "tuned", OPTIONS,
              progress=lambda at, total, loss: patch.setattr(f"{module}.{name}", die) if at == 4 else None)

    killed(run)
    work = tmp_path / "tuned" / "checkpoints"
    assert len(list(work.iterdir())) == 2
    result = train(base("llama"), EXAMPLES, tmp_path / "tuned", OPTIONS)
    assert result.resumed_from == (4 if name == "keep_only" else 2)
    assert difference(tmp_path / "tuned", whole.folder) == 0.0


@pytest.mark.parametrize("name", ["install", "_write_result"])
def test_killed_at_the_very_end_it_only_finishes(base: Base, whole: TrainingResult, tmp_path: Path,
                                                 name: str) -> None:
    def run() -> None:
        pytest.MonkeyPatch().setattr(sft if name.startswith("_") else checkpoints, name, die)
        train(base("llama"), EXAMPLES, tmp_path / "tuned", OPTIONS)

    killed(run)
    result = train(base("llama"), EXAMPLES, tmp_path / "tuned", OPTIONS)
    assert result.resumed_from == 8
    assert result.losses == whole.losses
    assert difference(tmp_path / "tuned", whole.folder) == 0.0


def test_killed_with_validation_and_full_weights_it_ends_the_same(base: Base, tmp_path: Path) -> None:
    chosen = options(num_epochs=5, save_every=3, use_lora=False, patience=2, evaluate_every=1, learning_rate=0.02)

    def go(name: str, progress: Any = None) -> TrainingResult:
        return train(base("gpt2"), EXAMPLES[:4], tmp_path / name, chosen, validation=EXAMPLES[4:], progress=progress)

    undisturbed = go("whole")
    killed(lambda: go("tuned", lambda at, total, loss: die() if at == 4 else None))
    again = go("tuned")
    assert again.resumed_from is not None
    assert again.validation_losses == undisturbed.validation_losses
    assert (again.best_step, again.steps) == (undisturbed.best_step, undisturbed.steps)
    assert difference(tmp_path / "tuned", tmp_path / "whole") == 0.0


def test_a_damaged_checkpoint_does_not_count(base: Base, whole: TrainingResult, tmp_path: Path) -> None:
    killed(lambda: train(base("llama"), EXAMPLES, tmp_path / "tuned", OPTIONS,
                         progress=lambda at, total, loss: die() if at == 5 else None))
    [checkpoint] = sealed(tmp_path / "tuned" / "checkpoints")
    assert checkpoint.step == 4
    with open(checkpoint.path / "optimizer.pt", "r+b") as file:
        file.truncate(100)
    assert sealed(tmp_path / "tuned" / "checkpoints") == []
    result = train(base("llama"), EXAMPLES, tmp_path / "tuned", OPTIONS)
    assert result.resumed_from is None
    assert difference(tmp_path / "tuned", whole.folder) == 0.0


def test_a_finished_training_is_not_repeated(base: Base, tmp_path: Path) -> None:
    folder = tmp_path / "tuned"
    first = train(base("llama"), EXAMPLES, folder, options())
    again = train(base("llama"), EXAMPLES, folder, options(save_every=1, logging_steps=5),
                  progress=lambda *_: pytest.fail("it was repeated"))
    assert again.reused
    assert not first.reused
    assert again.losses == first.losses
    for other, examples in ((options(seed=7), EXAMPLES), (options(), EXAMPLES[1:])):
        with pytest.raises(RunError, match="holds another training"):
            train(base("llama"), examples, folder, other)
    forced = train(base("llama"), EXAMPLES, folder, options(seed=7, use_lora=False), force=True)
    assert not forced.reused
    assert not (folder / "adapter_config.json").exists()  # what the earlier training left
    assert (folder / "config.json").is_file()


def test_a_folder_with_someone_elses_model_is_left_alone(base: Base, tmp_path: Path) -> None:
    before = (base("llama") / "model.safetensors").read_bytes()
    with pytest.raises(RunError, match="holds a model that no training here made"):
        train(base("llama"), EXAMPLES, base("llama"), options(use_lora=False))
    assert (base("llama") / "model.safetensors").read_bytes() == before
    damaged = tmp_path / "tuned"
    damaged.mkdir()
    (damaged / results.RESULT).write_text("{}")
    with pytest.raises(RunError, match=r"training.json: expected the result of a training"):
        train(base("llama"), EXAMPLES, damaged, options())


def test_one_training_at_a_time_writes_to_a_folder(base: Base, tmp_path: Path) -> None:
    def inside(*_: Any) -> None:
        with pytest.raises(RunError, match="is being written by"):
            train(base("llama"), EXAMPLES, tmp_path / "tuned", options())

    train(base("llama"), EXAMPLES, tmp_path / "tuned", options(), progress=inside)


def test_a_loss_that_is_no_number_stops_and_keeps_the_last_good_checkpoint(
    base: Base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    genuine = LlamaForCausalLM.forward
    calls = []

    @functools.wraps(genuine)
    def poisoned(self: Any, *args: Any, **kwargs: Any) -> Any:
        output = genuine(self, *args, **kwargs)
        calls.append(1)
        if len(calls) > 5:
            output.logits = output.logits * float("nan")
        return output

    monkeypatch.setattr(LlamaForCausalLM, "forward", poisoned)
    with pytest.raises(ModelError, match=r"the loss of step 6 of 8 is nan, so training stopped; the last good "
                                         r"checkpoint is .*checkpoint-4: lower --learning-rate") as caught:
        train(base("llama"), EXAMPLES, tmp_path / "tuned", OPTIONS)
    assert "\n" not in str(caught.value)
    [checkpoint] = sealed(tmp_path / "tuned" / "checkpoints")
    assert checkpoint.step == 4
    assert all(bool(torch.isfinite(value).all()) for value in weights(checkpoint.path).values())


def test_weights_that_are_not_finite_are_not_saved(base: Base, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"is (nan|inf)|are not finite"):
        train(base("llama"), EXAMPLES, tmp_path / "tuned",
              options(learning_rate=1e38, max_grad_norm=0, use_lora=False, save_every=1, warmup_steps=0))
    for checkpoint in sealed(tmp_path / "tuned" / "checkpoints"):
        assert all(bool(torch.isfinite(value).all()) for value in weights(checkpoint.path).values())


class Memory:
    """A device on which so many rows fit."""

    def __init__(self, rows: int, after: int = 0) -> None:
        self.rows, self.after, self.calls = rows, after, 0
        self.genuine = LlamaForCausalLM.forward

    def install(self, patch: pytest.MonkeyPatch) -> None:
        @functools.wraps(self.genuine)
        def forward(module: Any, *args: Any, **kwargs: Any) -> Any:
            self.calls += 1
            if self.calls > self.after and len(kwargs["input_ids"]) > self.rows:
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB\nmore words")
            return self.genuine(module, *args, **kwargs)

        patch.setattr(LlamaForCausalLM, "forward", forward)


@pytest.mark.parametrize("after", [0, 5])
def test_out_of_memory_halves_the_batch_and_says_so(
    base: Base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, after: int
) -> None:
    chosen = options(num_epochs=4, save_every=2, lora_dropout=0.0)
    train(base("llama"), EXAMPLES, tmp_path / "whole", chosen)
    Memory(rows=2, after=after).install(monkeypatch)
    with caplog.at_level(logging.WARNING, logger="eg_cfg.training"):
        result = train(base("llama"), EXAMPLES, tmp_path / "tuned", chosen)
    assert caplog.messages == ["out of memory with 4 examples a forward pass: going on with 2, and 2 times as many "
                               "passes a step"]
    assert (result.options["per_device_batch_size"], result.options["gradient_accumulation_steps"]) == (2, 2)
    assert result.resumed_from == (4 if after else None)  # what was computed before is kept
    assert difference(tmp_path / "tuned", tmp_path / "whole") < 1e-4  # the same steps


def test_out_of_memory_with_one_example_is_an_error(base: Base, tmp_path: Path,
                                                    monkeypatch: pytest.MonkeyPatch) -> None:
    Memory(rows=0).install(monkeypatch)
    with pytest.raises(ModelError, match=r"out of memory with 1 example \(CUDA out of memory. Tried to allocate 2.00 "
                                         r"GiB\): lower --per-device-batch-size") as caught:
        train(base("llama"), EXAMPLES, tmp_path / "tuned", options())
    assert "\n" not in str(caught.value)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 700 KiB."""
    path = tmp_path / "disk"
    path.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=700k", "tmpfs", path], capture_output=True).returncode:
        pytest.skip("no file systems can be mounted here")
    yield path
    subprocess.run(["umount", "-l", path], check=True)


def test_a_full_disk_is_one_line_and_loses_nothing(base: Base, small_disk: Path) -> None:
    folder = small_disk / "tuned"
    filler = small_disk / "filler"

    def fill(at: int, *_: Any) -> None:
        if at == 4:
            usage = os.statvfs(small_disk)
            filler.write_bytes(b"x" * max(0, usage.f_bavail * usage.f_frsize - 60_000))

    with pytest.raises(RunError, match=r"cannot write .*: No space left on device; what was saved before is kept: put "
                                       r"that right and start the same command again$") as caught:
        train(base("llama"), EXAMPLES, folder, OPTIONS, progress=fill)
    assert "\n" not in str(caught.value)
    assert [checkpoint.step for checkpoint in sealed(folder / "checkpoints")] == [2]
    filler.unlink()
    assert train(base("llama"), EXAMPLES, folder, OPTIONS).resumed_from == 2


@pytest.mark.parametrize("place", ["safetensors.torch.save_file", "torch.save"])
def test_what_the_libraries_raise_on_a_full_disk_is_the_same_line(
    base: Base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    def go(at: int, *_: Any) -> None:
        if at == 4:
            monkeypatch.setattr("peft.peft_model.safe_save_file" if "safetensors" in place else place, full)

    with pytest.raises(RunError, match=r"cannot write .*checkpoint-4: No space left on device"):
        train(base("llama"), EXAMPLES, tmp_path / "tuned", OPTIONS, progress=go)
    assert [checkpoint.step for checkpoint in sealed(tmp_path / "tuned" / "checkpoints")] == [2]


def test_the_result_in_the_folder_is_the_result(base: Base, tmp_path: Path) -> None:
    result = train(base("llama"), EXAMPLES, tmp_path / "tuned", options())
    values = json.loads((tmp_path / "tuned" / results.RESULT).read_text())
    assert values["model"] == str(base("llama").resolve())
    found = results.read(tmp_path / "tuned")
    assert found is not None
    assert json.dumps(results.to_plain(found[0])) == json.dumps(results.to_plain(result))
