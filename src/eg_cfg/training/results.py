"""What a training left behind, in memory and as the `training.json` of its folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from eg_cfg.errors import RunError

RESULT = "training.json"
"""The file that marks a folder as finished."""


@dataclass(frozen=True)
class TrainingResult:
    """A finished training."""

    folder: Path
    """Loads by path in every other command: an adapter (LoRA) or a whole model, with its tokenizer."""
    steps: int
    """Optimizer steps taken."""
    tokens: int
    """Tokens that went through the network in training, padding left out; prompts, programs and ends."""
    supervised_tokens: int
    """Those of them that the loss was taken over."""
    losses: tuple[tuple[int, float], ...]
    """(step, loss in nats a token) of every step."""
    validation_losses: tuple[tuple[int, float], ...]
    """(step, unweighted loss in nats a token on the validation examples)."""
    seconds: float
    """Wall time of training, earlier starts included as far as their checkpoints go."""
    peak_memory_mb: float
    """Most memory held, MiB: the device's on a GPU, the whole process's elsewhere."""
    resumed_from: int | None
    """Step of the checkpoint that this start went on from; None where it began anew or had nothing to do."""
    reused: bool
    """The same training was finished before, and nothing was computed."""
    stopped_early: bool
    """The validation loss ended it before its last step."""
    best_step: int | None
    """Step whose weights these are, where a validation loss chose; None where they are the last step's."""
    examples: int
    """Examples trained on."""
    skipped: int
    """Examples left out because they are longer than `max_length`."""
    parameters: int
    """Of the whole model, the adapter left out."""
    trainable_parameters: int
    """Of the adapter, or of the whole model."""
    options: dict[str, Any] = field(default_factory=dict)
    """The options as chosen: learning rate, batch, accumulation, precision, device, layers. Plain data."""


def to_plain(result: TrainingResult) -> dict[str, Any]:
    """The result as JSON holds it; the folder is where the file is, and so is not in it."""
    values = asdict(result)
    del values["folder"], values["reused"], values["resumed_from"]
    return values


def read(folder: Path) -> tuple[TrainingResult, str] | None:
    """The result in a folder and the fingerprint of its training, or None where no training was finished there.

    Raises:
        RunError: The file is not what its name says.
    """
    path = folder / RESULT
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        return _result(folder, values), str(values["fingerprint"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(f"{path}: expected the result of a training, found something else ({error}): remove it, or "
                       f"start over with --force") from None


def _result(folder: Path, values: Mapping[str, Any]) -> TrainingResult:
    names = {entry.name for entry in fields(TrainingResult)} - {"folder", "reused", "resumed_from"}
    found = {name: values[name] for name in names}
    for name in ("losses", "validation_losses"):
        found[name] = tuple((int(step), float(loss)) for step, loss in found[name])
    return TrainingResult(folder=folder, reused=True, resumed_from=None, **found)
