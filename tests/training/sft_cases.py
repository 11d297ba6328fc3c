"""Examples for small models, and options that make their training short."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from safetensors.torch import load_file

from eg_cfg.training import TrainingExample, TrainingOptions

Base = Callable[[str], Path]

EXAMPLES = [
    TrainingExample("def add(a, b):\n", "    return a + b\n"),
    TrainingExample("def sub(a, b):\n", "    return a - b\n"),
    TrainingExample("def total(values):\n", "    result = 0\n    for value in values:\n        result += value\n"),
    TrainingExample("def first(values):\n", "    return values[0]\n"),
    TrainingExample("class Stack:\n", "    def __init__(self):\n        self.items = []\n"),
    TrainingExample("print(", "add(1, 2))\n"),
    TrainingExample("def last(values):\n", "    return values[-1]\n"),
]


def options(**values: object) -> TrainingOptions:
    """Two small steps an epoch, and a learning rate that shows."""
    return TrainingOptions.model_validate({
        "device": "cpu", "per_device_batch_size": 4, "gradient_accumulation_steps": 1, "learning_rate": 0.01,
        "num_epochs": 2, **values})


def weights(folder: Path) -> dict[str, Any]:
    """What was trained."""
    [file] = folder.glob("*.safetensors")
    found: dict[str, Any] = load_file(file)
    return found


def difference(one: Path, other: Path) -> float:
    """The largest difference between the trained weights of two folders."""
    first, second = weights(one), weights(other)
    assert first.keys() == second.keys()
    return max(float((first[name] - second[name]).abs().max()) for name in first)
