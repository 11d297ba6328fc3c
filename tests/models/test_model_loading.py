"""Loading from folders: weights, precision, devices, adapters, and what goes wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, PromptTuningConfig, get_peft_model
from small_models import configuration, network, small, tokenizer
from transformers import AutoModelForCausalLM

from eg_cfg.errors import ConfigError, MissingExtraError, ModelNotFoundError
from eg_cfg.models import Sampling, registry
from eg_cfg.models.huggingface.loading import dtype_of
from eg_cfg.models.huggingface.model import HuggingFaceModel
from eg_cfg.models.options import LocalOptions

from_config: Any = AutoModelForCausalLM.from_config
SAMPLING = Sampling(n=2, temperature=1.0, max_new_tokens=10)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "starcoder2-small"
    network("starcoder2").save_pretrained(path)
    tokenizer().save_pretrained(path)
    return path


def local(path: Path, **values: object) -> HuggingFaceModel:
    model = registry.load(str(path), {"device": "cpu", **values})
    assert isinstance(model, HuggingFaceModel)
    return model


def tokens(model: HuggingFaceModel) -> list[tuple[int, ...] | None]:
    return [completion.token_ids for completion in model.generate(["def add"], SAMPLING)[0]]


def test_a_saved_model_is_the_same_model(saved: Path) -> None:
    with local(saved, batch_size=2) as model:
        assert model.name == str(saved)
        assert model.batch_size.sequences == 2
        assert tokens(model) == tokens(small("starcoder2"))
    assert model.module is None


def test_precision_follows_the_options(saved: Path) -> None:
    assert local(saved).module.dtype == torch.float32  # type: ignore[union-attr]
    assert local(saved, dtype="bfloat16").module.dtype == torch.bfloat16  # type: ignore[union-attr]
    cuda, automatic = torch.device("cuda"), LocalOptions()
    assert dtype_of(automatic, torch.device("cpu"), torch.bfloat16) == torch.float32
    assert dtype_of(automatic, torch.device("mps"), torch.float16) == torch.float16
    assert dtype_of(automatic, cuda, torch.float32) == torch.float32
    assert dtype_of(LocalOptions(dtype="float16"), cuda, torch.bfloat16) == torch.float16


def test_half_precision_generates_and_scores(saved: Path) -> None:
    model = local(saved, dtype="bfloat16")
    [[completion, _]] = model.generate(["def add"], SAMPLING)
    [score] = model.score_tokens([(model.encode("def add"), completion.token_ids or ())])
    assert score.log_probs == pytest.approx(completion.log_probs, abs=0.1)


def test_layers_are_placed_by_a_map(saved: Path) -> None:
    spread = registry.load(str(saved), {"device_map": "cpu"})
    assert isinstance(spread, HuggingFaceModel)
    assert tokens(spread) == tokens(local(saved))
    with pytest.raises(ConfigError, match="--device-map places the layers: leave --device at auto, found 'cpu'"):
        local(saved, device_map="auto")


def test_a_device_that_is_not_here_is_named(saved: Path) -> None:
    for device in ("cuda:77", "tpu", "nonsense:x"):
        with pytest.raises(ConfigError, match=f"--device {device}: expected a device that is here .cpu.*auto"):
            local(saved, device=device)


def lora(path: Path) -> Path:
    """An adapter that changes what the model writes."""
    torch.manual_seed(1)
    module = from_config(configuration("starcoder2"), dtype=torch.float32)
    module.load_state_dict(network("starcoder2").state_dict())
    wrapped = get_peft_model(
        module, LoraConfig(r=4, target_modules=["q_proj", "v_proj"], init_lora_weights=False, task_type="CAUSAL_LM")
    )
    wrapped.save_pretrained(str(path))
    return path


def test_an_adapter_is_put_on_its_base(saved: Path, tmp_path: Path) -> None:
    adapter = lora(tmp_path / "lora")
    described = json.loads((adapter / "adapter_config.json").read_text())
    (adapter / "adapter_config.json").write_text(json.dumps({**described, "base_model_name_or_path": str(saved)}))
    by_folder, by_option = local(adapter), local(saved, adapter=adapter)
    assert tokens(by_folder) == tokens(by_option)
    assert tokens(by_folder) != tokens(local(saved))
    with pytest.raises(ConfigError, match="is an adapter itself"):
        local(adapter, adapter=adapter)


def test_an_adapter_without_a_base_says_so(tmp_path: Path) -> None:
    adapter = lora(tmp_path / "lora")
    described = json.loads((adapter / "adapter_config.json").read_text())
    (adapter / "adapter_config.json").write_text(json.dumps({**described, "base_model_name_or_path": None}))
    with pytest.raises(ModelNotFoundError, match="does not name its base model"):
        local(adapter)


def test_an_adapter_of_the_prompt_is_refused(saved: Path, tmp_path: Path) -> None:
    module = from_config(configuration("starcoder2"))
    wrapped = get_peft_model(module, PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=4))
    wrapped.save_pretrained(str(tmp_path / "prompt"))
    with pytest.raises(ConfigError, match=r"expected an adapter of the weights .* which adapts the prompt"):
        local(saved, adapter=tmp_path / "prompt")


def test_an_adapter_of_another_model_is_refused(tmp_path: Path, saved: Path) -> None:
    adapter = lora(tmp_path / "lora")
    network("gpt2").save_pretrained(tmp_path / "gpt2-small")
    tokenizer().save_pretrained(tmp_path / "gpt2-small")
    with pytest.raises(ModelNotFoundError, match=r"does not load onto .* pass the base model that it was trained on"):
        local(tmp_path / "gpt2-small", adapter=adapter)


def test_quantization_needs_its_extra(saved: Path) -> None:
    with pytest.raises(
        MissingExtraError, match=r"--quantization 4bit needs the package 'bitsandbytes'.*eg-cfg\[quant\]"
    ):
        local(saved, quantization="4bit")


def test_damaged_weights_are_not_to_be_had(saved: Path, tmp_path: Path) -> None:
    for file in saved.iterdir():
        if file.suffix != ".safetensors":
            (tmp_path / file.name).write_bytes(file.read_bytes())
    with pytest.raises(
        ModelNotFoundError, match=f"tried the folder {tmp_path} .*--model-name tiny runs the same thing"
    ):
        local(tmp_path)


def test_an_architecture_that_writes_nothing_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "vit"}')
    tokenizer().save_pretrained(tmp_path)
    with pytest.raises(ConfigError, match="expected a causal language model"):
        local(tmp_path)


def test_offline_the_error_comes_at_once_and_names_a_way_out(tmp_path: Path) -> None:
    code = (
        "import time\nfrom eg_cfg.models import registry\nfrom eg_cfg.errors import ModelNotFoundError\n"
        "import eg_cfg.models.huggingface\nstarted = time.monotonic()\n"
        "try:\n    registry.load('StarCoder2-3B')\nexcept ModelNotFoundError as error:\n"
        "    print(error)\n    assert time.monotonic() - started < 8\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env={"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path), "PATH": ""},
    )
    assert "the weights of 'StarCoder2-3B' cannot be had: tried the hub's bigcode/starcoder2-3b" in done.stdout
    assert "--model-name tiny runs the same thing on the embedded model" in done.stdout
