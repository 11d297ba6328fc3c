"""Models between a start and what it was trained into."""

from __future__ import annotations

import shutil
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from eg_cfg.models import Sampling, registry
from evoselfcode.pipeline.mixing import mix


def trained_from(name: str, folder: Path) -> Path:
    """The model with every weight one larger."""
    shutil.copytree(registry.resolve(name).model, folder)
    weights = {key: value.float() + 1 for key, value in load_file(folder / "model.safetensors").items()}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "training.json").write_text("{}")
    return folder


def test_weights_are_interpolated_and_the_model_can_be_loaded(tmp_path: Path) -> None:
    trained = trained_from("tiny-untrained", tmp_path / "trained")
    folder = mix("tiny-untrained", trained, 0.25)
    assert folder == tmp_path / "trained-0.25"
    before = load_file(Path(registry.resolve("tiny-untrained").model) / "model.safetensors")
    after = load_file(folder / "model.safetensors")
    assert set(after) == set(before)
    for key, value in after.items():
        torch.testing.assert_close(value, before[key].float() + 0.25)
    assert not (folder / "training.json").exists()  # no training ended with these weights
    assert registry.load(str(folder)).generate(["def f("], Sampling(max_new_tokens=2))[0]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["trained", "trained-0.25"]


def test_a_mixed_model_is_made_once(tmp_path: Path) -> None:
    trained = trained_from("tiny-untrained", tmp_path / "trained")
    (tmp_path / ".trained-0.5.tmp").mkdir()  # left by a kill
    made = mix("tiny-untrained", trained, 0.5) / "model.safetensors"
    when = made.stat().st_mtime_ns
    assert mix("tiny-untrained", trained, 0.5) == made.parent
    assert made.stat().st_mtime_ns == when


def test_the_whole_share_and_adapters_are_taken_as_they_are(tmp_path: Path) -> None:
    trained = trained_from("tiny-untrained", tmp_path / "trained")
    assert mix("tiny-untrained", trained, 1.0) == trained
    adapter = tmp_path / "adapter"
    adapter.mkdir()
    (adapter / "adapter_config.json").write_text("{}")
    assert mix("tiny-untrained", adapter, 0.5) == adapter
