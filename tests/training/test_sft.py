"""Fine-tuning small models of every family: what is learned, what the loss is, what comes out."""

from __future__ import annotations

import importlib.util
import math
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from sft_cases import EXAMPLES, Base, difference, options, weights
from small_models import FAMILIES, small

from eg_cfg.errors import ConfigError, ModelNotFoundError, RunError, UnknownNameError
from eg_cfg.models import Sampling, registry
from eg_cfg.models.huggingface.model import HuggingFaceModel
from eg_cfg.training import TrainingExample, TrainingOptions, merge_adapter, train

LAYERS = {
    "llama": "down_proj gate_proj k_proj o_proj q_proj up_proj v_proj",
    "qwen2": "down_proj gate_proj k_proj o_proj q_proj up_proj v_proj",
    "starcoder2": "c_fc c_proj k_proj o_proj q_proj v_proj",
    "gpt2": "c_attn c_fc c_proj",
    "gpt_neo": "c_fc c_proj k_proj out_proj q_proj v_proj",
    "deepseek_v2": "kv_a_proj_with_mqa kv_b_proj o_proj q_a_proj q_b_proj",
    "deepseek_v3": "kv_a_proj_with_mqa kv_b_proj o_proj q_a_proj q_b_proj",
}


def loaded(folder: Path) -> HuggingFaceModel:
    model = registry.load(str(folder), {"device": "cpu"})
    assert isinstance(model, HuggingFaceModel)
    return model


def mean_loss(model: HuggingFaceModel, examples: list[TrainingExample]) -> float:
    scores = model.score([(example.prompt, example.completion) for example in examples], end=True)
    return -sum(score.log_prob for score in scores) / sum(len(score.token_ids) for score in scores)


@pytest.mark.parametrize("family", FAMILIES)
def test_an_adapter_is_learned_loads_by_path_and_writes(base: Base, tmp_path: Path, family: str) -> None:
    steps: list[tuple[int, int, float]] = []
    result = train(base(family), EXAMPLES, tmp_path / "tuned", options(num_epochs=6),
                   progress=lambda *step: steps.append(step))
    assert result.options["target_modules"] == LAYERS[family].split()
    assert [step for step, _, _ in steps] == list(range(1, 13))
    assert [(step, loss) for step, _, loss in steps] == list(result.losses)
    assert result.losses[-1][1] < 0.8 * result.losses[0][1]
    assert result.steps == 12
    assert 0 < result.trainable_parameters < result.parameters
    with loaded(tmp_path / "tuned") as model, loaded(base(family)) as before:
        assert mean_loss(model, EXAMPLES) < 0.8 * mean_loss(before, EXAMPLES)
        [[completion]] = model.generate(["def add(a, b):\n"], Sampling(max_new_tokens=8))
        assert completion.token_ids
    assert not (tmp_path / "tuned" / "checkpoints").exists()


def test_all_weights_are_learned(base: Base, tmp_path: Path) -> None:
    result = train(base("llama"), EXAMPLES, tmp_path / "tuned", options(use_lora=False, num_epochs=30))
    assert result.trainable_parameters == result.parameters
    with loaded(tmp_path / "tuned") as model:
        assert mean_loss(model, EXAMPLES) < 0.2
        [[completion]] = model.generate(["def add(a, b):\n"], Sampling(max_new_tokens=20))
        assert completion.text == "    return a + b\n"
        assert completion.finish_reason == "stop"  # the end is learned too
        assert model.module is not None
        assert model.module.config.use_cache is True


@pytest.mark.parametrize("family", ["llama", "gpt_neo"])
@pytest.mark.parametrize("fused", [False, True])
def test_the_loss_is_the_weighted_mean_over_supervised_tokens(
    base: Base, tmp_path: Path, family: str, fused: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    from eg_cfg.training.trainer import ProgramTrainer

    if fused:  # what CUDA uses; TRL computes the same on a CPU
        monkeypatch.setattr(ProgramTrainer, "fused", property(lambda self: True, lambda self, value: None),
                            raising=False)
    examples = [replace(example, weight=float(weight)) for weight, example in enumerate(EXAMPLES[:5])]
    result = train(base(family), examples, tmp_path / "tuned", options(
        per_device_batch_size=2, gradient_accumulation_steps=3, max_steps=1, lora_dropout=0.0))
    with loaded(base(family)) as model:
        scores = model.score([(example.prompt, example.completion) for example in examples], end=True)
    expected = -sum(example.weight / 2 * score.log_prob for example, score in zip(examples, scores, strict=True))
    expected /= sum(len(score.token_ids) for score in scores)
    assert result.losses[0][1] == pytest.approx(expected, rel=1e-5)
    assert result.supervised_tokens == sum(len(score.token_ids) for score in scores)


def test_equal_weights_are_no_weights(base: Base, tmp_path: Path) -> None:
    train(base("llama"), EXAMPLES, tmp_path / "plain", options())
    train(base("llama"), [replace(example, weight=0.3) for example in EXAMPLES], tmp_path / "equal", options())
    assert difference(tmp_path / "plain", tmp_path / "equal") <= 1e-6


def test_what_weighs_nothing_teaches_nothing(base: Base, tmp_path: Path) -> None:
    for name, completion in (("one", "    return a + b\n"), ("other", "    return b * a\n")):
        train(base("llama"), [*EXAMPLES[1:4], TrainingExample("def add(a, b):\n", completion, weight=0.0)],
              tmp_path / name, options())
    assert difference(tmp_path / "one", tmp_path / "other") < 1e-4
    train(base("llama"), [*EXAMPLES[1:4], TrainingExample("def add(a, b):\n", "    return b * a\n", weight=0.5)],
          tmp_path / "third", options())
    assert difference(tmp_path / "one", tmp_path / "third") > 1e-3


def test_accumulated_passes_are_one_large_pass(base: Base, tmp_path: Path) -> None:
    for name, batch in (("large", 4), ("small", 1)):
        train(base("llama"), EXAMPLES[:4], tmp_path / name, options(
            per_device_batch_size=batch, gradient_accumulation_steps=4 // batch, lora_dropout=0.0, num_epochs=4))
    assert difference(tmp_path / "large", tmp_path / "small") < 1e-4


def test_the_seed_decides_the_weights(base: Base, tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        train(base("gpt2"), EXAMPLES, tmp_path / name, options(seed=seed))
    assert difference(tmp_path / "a", tmp_path / "b") == 0.0
    assert difference(tmp_path / "a", tmp_path / "c") > 1e-3


def test_recomputed_activations_give_the_same_weights(base: Base, tmp_path: Path) -> None:
    for name in ("kept", "again"):
        train(base("llama"), EXAMPLES, tmp_path / name, options(gradient_checkpointing=name == "again"))
    assert difference(tmp_path / "kept", tmp_path / "again") < 1e-5


@pytest.mark.parametrize("use_lora", [True, False])
def test_bfloat16_trains_weights_in_float32(base: Base, tmp_path: Path, use_lora: bool) -> None:
    result = train(base("llama"), EXAMPLES, tmp_path / "tuned",
                   options(precision="bf16", use_lora=use_lora, num_epochs=6))
    assert {value.dtype for value in weights(tmp_path / "tuned").values()} == {torch.float32}
    assert result.losses[-1][1] < result.losses[0][1]
    assert result.options["precision"] == "bf16"
    train(base("llama"), EXAMPLES, tmp_path / "after", options())  # another precision in the same process


def test_an_adapter_is_trained_further(base: Base, tmp_path: Path) -> None:
    first = train(base("llama"), EXAMPLES, tmp_path / "first", options(lora_r=4))
    second = train(base("llama"), EXAMPLES, tmp_path / "second", options(), init_adapter=tmp_path / "first")
    assert second.losses[0][1] < first.losses[0][1]
    assert second.options["lora_r"] == 4  # the adapter's own
    third = train(tmp_path / "first", EXAMPLES, tmp_path / "third", options())
    assert third.losses == second.losses
    whole = train(tmp_path / "first", EXAMPLES, tmp_path / "whole", options(use_lora=False))
    assert whole.trainable_parameters == whole.parameters
    assert abs(whole.losses[0][1] - second.losses[0][1]) < 0.5
    assert (tmp_path / "whole" / "config.json").is_file()


def test_a_merged_adapter_is_the_same_model(base: Base, tmp_path: Path) -> None:
    train(base("starcoder2"), EXAMPLES, tmp_path / "tuned", options())
    merged = merge_adapter(tmp_path / "tuned", tmp_path / "merged")
    stamp = (merged / "model.safetensors").stat().st_mtime_ns
    with loaded(merged) as one, loaded(tmp_path / "tuned") as other:
        assert mean_loss(one, EXAMPLES) == pytest.approx(mean_loss(other, EXAMPLES), rel=1e-4)
        assert one.encode("def f") == other.encode("def f")
    assert merge_adapter(tmp_path / "tuned", merged) == merged
    assert (merged / "model.safetensors").stat().st_mtime_ns == stamp
    with pytest.raises(ConfigError, match="expected a folder with an adapter"):
        merge_adapter(merged, tmp_path / "again")
    with pytest.raises(RunError, match="not empty and does not hold this merge"):
        merge_adapter(tmp_path / "tuned", base("gpt2"))


def test_the_best_validation_loss_chooses_the_weights(base: Base, tmp_path: Path) -> None:
    result = train(base("llama"), EXAMPLES[:4], tmp_path / "tuned",
                   options(num_epochs=80, learning_rate=0.05, patience=3, evaluate_every=2, use_lora=False),
                   validation=EXAMPLES[4:])
    assert result.stopped_early
    assert result.steps < 80
    measured = dict(result.validation_losses)
    assert result.best_step is not None
    assert measured[result.best_step] == min(measured.values())
    assert [step for step in measured if step > result.best_step] == \
        [result.best_step + 2, result.best_step + 4, result.best_step + 6]
    with loaded(tmp_path / "tuned") as model:  # the kept weights, measured by the models' own scoring
        assert mean_loss(model, EXAMPLES[4:]) == pytest.approx(measured[result.best_step], rel=1e-4)


def test_sizes_choose_what_is_left_open(base: Base, tmp_path: Path) -> None:
    result = train(base("llama"), EXAMPLES, tmp_path / "tuned", TrainingOptions(num_epochs=1, device="cpu"))
    assert result.options["learning_rate"] == 2e-3
    assert (result.options["per_device_batch_size"], result.options["gradient_accumulation_steps"]) == (16, 1)
    assert result.options["max_length"] == 128  # the context
    assert result.options["precision"] == "fp32"


def test_nothing_is_printed_and_nothing_outside_is_touched(
    base: Base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("socket.socket.connect", lambda *_: pytest.fail("the network was asked"))
    random.seed(1)
    np.random.seed(1)
    torch.manual_seed(1)
    before = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()
    train(base("llama"), EXAMPLES, tmp_path / "tuned", options(save_every=1))
    assert (random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()) == before
    assert tuple(capfd.readouterr()) == ("", "")
    assert [path.name for path in tmp_path.iterdir()] == ["tuned"]
    assert {path.name for path in (tmp_path / "tuned").iterdir()} == {
        ".lock", "adapter_config.json", "adapter_model.safetensors", "tokenizer.json", "tokenizer_config.json",
        "training.json"}


@pytest.mark.parametrize("name", ["gpt-4o", "deepseek-chat", "openai:anything", "fake:x"])
def test_a_model_without_weights_here_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="expected a model with weights here to fine-tune, found"):
        train(name, EXAMPLES, tmp_path / "tuned", options())
    assert not (tmp_path / "tuned").exists()


def test_what_cannot_be_trained_is_said_in_one_line(base: Base, tmp_path: Path) -> None:
    folder, out = base("llama"), tmp_path / "tuned"
    with pytest.raises(ConfigError, match="expected at least one example"):
        train(folder, [], out, options())
    with pytest.raises(ConfigError, match="expected examples of at most 4 tokens, found 7 and all of them longer"):
        train(folder, EXAMPLES, out, options(max_length=4))
    with pytest.raises(ConfigError, match="fp16 needs a GPU"):
        train(folder, EXAMPLES, out, options(precision="fp16"))
    with pytest.raises(UnknownNameError, match=r"unknown layer for --target-modules 'q_prj'. Did you mean 'q_proj'"):
        train(folder, EXAMPLES, out, options(target_modules=("q_prj",)))
    with pytest.raises(ModelNotFoundError, match="expected a folder with an adapter"):
        train(folder, EXAMPLES, out, options(), init_adapter=folder)
    with pytest.raises(ConfigError, match="needs LoRA"):
        train(folder, EXAMPLES, out, options(use_lora=False), init_adapter=folder)
    with pytest.raises(ConfigError, match="--report-to no_such_tracker: expected trackers that are installed"):
        train(folder, EXAMPLES, out, options(report_to=("no_such_tracker",)))
    if importlib.util.find_spec("tensorboard") is None and importlib.util.find_spec("tensorboardX") is None:
        with pytest.raises(ConfigError, match="--report-to tensorboard: expected trackers that are installed"):
            train(folder, EXAMPLES, out, options(report_to=("tensorboard",)))
    if not torch.cuda.is_available():
        with pytest.raises(ConfigError, match="--device cuda"):
            train(folder, EXAMPLES, out, options(device="cuda"))


@pytest.mark.parametrize("values", [
    {"load_in_4bit": True, "load_in_8bit": True}, {"load_in_4bit": True, "use_lora": False},
    {"target_modules": ("q_proj",), "use_lora": False}, {"target_modules": ()}, {"learning_rate": math.nan},
])
def test_options_that_exclude_each_other_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"expected|exclude|cannot be trained|--target-modules|finite"):
        options(**values)


def test_importing_the_room_imports_no_torch() -> None:
    done = subprocess.run([sys.executable, "-c", "import sys, eg_cfg.training as t; t.train; "
                           "print([m for m in ('torch', 'transformers', 'trl', 'peft') if m in sys.modules])"],
                          capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_trainer_overrides_what_trl_calls() -> None:
    """TRL's own names: were one renamed, telemetry, model cards or another loss would come back in silence."""
    from transformers import Trainer
    from trl.trainer.sft_trainer import SFTTrainer

    for name in ("_send_telemetry", "create_model_card", "compute_loss", "_get_num_items_in_batch", "_save",
                 "_save_checkpoint", "get_train_dataloader", "floating_point_ops", "loss_is_scaled_for_ga"):
        assert hasattr(SFTTrainer, name)
    assert hasattr(Trainer, "training_step")
    assert small("llama").module is not None
