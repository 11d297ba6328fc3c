"""The options of step 2: their names, defaults and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from eg_cfg.config import build, load, to_plain
from eg_cfg.errors import ConfigError
from eg_cfg.studies.btp_options import BTPOptions


def options(**values: Any) -> BTPOptions:
    return build(BTPOptions, {"source_model": "tiny", **values})


def test_the_published_defaults() -> None:
    found = options()
    published = {
        "mode": "finetune", "target_model": None, "dataset": "mbpp", "replay_dataset": None, "max_problems": 50,
        "sampler": "beam", "num_beams": 5, "n_iterations": 2, "batch_size": 50, "sampling_method": "power",
        "sampling_alpha": 1.0, "p2value_alpha": 0.5, "use_lora": True, "lora_r": 16, "lora_alpha": 32.0,
        "lora_dropout": 0.1, "seed": 42,
    }
    assert {name: getattr(found, name) for name in published} == published


@pytest.mark.parametrize("name", [
    "learning_rate", "num_epochs", "warmup_steps", "per_device_batch_size", "gradient_accumulation_steps",
])
def test_what_follows_from_the_size_of_the_model_is_left_open(name: str) -> None:
    assert getattr(options(), name) is None
    assert getattr(options(**{name: "3"}), name) == 3
    assert getattr(options(**{name: "3"}).training, name) == 3


def test_a_file_takes_the_published_names(tmp_path: Path) -> None:
    file = tmp_path / "btp.yaml"
    file.write_text("source-model: tiny\nmode: hybrid\napi-base: http://127.0.0.1:1/v1\ntarget-model: tiny\n"
                    "dataset: minipy\nmax-problems: all\nuse-lora: false\nreplay-split: pool, train\n")
    found = load(BTPOptions, file)
    assert found.max_problems is None
    assert found.replay_split == ("pool", "train")
    assert found.training.use_lora is False
    assert build(BTPOptions, to_plain(found)) == found


def test_names_of_other_commands_are_taken() -> None:
    found = build(BTPOptions, {"model-name": "tiny", "benchmark": "minipy"})
    assert (found.source_model, found.dataset) == ("tiny", "minipy")
    with pytest.raises(ConfigError, match="'benchmark' and 'dataset' are one option"):
        build(BTPOptions, {"source_model": "tiny", "benchmark": "minipy", "dataset": "mbpp"})


def test_the_key_is_in_no_record() -> None:
    found = options(api_key="sk-secret-0123456789")
    assert "secret" not in repr(found)
    assert "secret" not in str(to_plain(found))
    assert found.api_key is not None
    assert found.api_key.get_secret_value() == "sk-secret-0123456789"


@pytest.mark.parametrize(("values", "said"), [
    ({"mode": "finetuen"}, "--mode: expected .*Did you mean 'finetune'"),
    ({"p2value_alpha": 1.5}, "--p2value-alpha: expected 1 or less, found 1.5"),
    ({"num_beams": 0}, "--num-beams: expected 1 or more, found 0"),
    ({"num_beam": 3}, "unknown key 'num_beam'. Did you mean 'num_beams'"),
    ({"mode": "btp_only", "target_model": "tiny"}, "--mode btp_only trains nothing"),
    ({"eval_temperature": 0}, "--eval-temperature 0 gives one program"),
    ({"replay_data": "x.jsonl"}, "--replay-data is a file of --replay-dataset"),
    ({"force_resample": True, "fixed_sample_path": "x"}, "--fixed-sample-path stands for sampling"),
])
def test_what_does_not_go_together_is_told(values: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        options(**values)


def test_a_model_is_required() -> None:
    with pytest.raises(ConfigError, match="--source-model is required"):
        build(BTPOptions, {})
