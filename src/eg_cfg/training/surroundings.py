"""Around a training: the processes that take part, their device, the folder's lock, and what is left as it was found.

    with held(folder), surroundings(folder, options):
        device, precision = device_and_precision(options)
"""

from __future__ import annotations

import contextlib
import os
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eg_cfg.errors import ConfigError, RunError
from eg_cfg.runs import folder_lock
from eg_cfg.training import checkpoints
from eg_cfg.training.options import TrainingOptions

if TYPE_CHECKING:
    import torch


def check_trackers(names: Sequence[str]) -> None:
    """Raises `ConfigError` where a tracker is not known, or not installed."""
    if not names:
        return
    from transformers import integrations

    find: Any = vars(integrations.integration_utils)["get_reporting_integration_callbacks"]
    try:
        for tracker in find(list(names)):
            tracker()
    except (ValueError, ImportError, RuntimeError) as error:
        raise ConfigError(f"--report-to {', '.join(names)}: expected trackers that are installed, found "
                          f"{checkpoints.first_line(error)}: install the package, or leave it out") from error


def taking_part(options: TrainingOptions) -> tuple[int, bool, Callable[[], None]]:
    """How many processes train, whether this one writes, and how to wait for all."""
    if int(os.environ.get("WORLD_SIZE", "1")) < 2:
        return 1, True, lambda: None
    from accelerate import PartialState

    state = PartialState(cpu=on_cpu(options))
    return state.num_processes, state.is_main_process, state.wait_for_everyone


def on_cpu(options: TrainingOptions) -> bool:
    """Whether the CPU was asked for, here or by accelerate."""
    return options.device == "cpu" or os.environ.get("ACCELERATE_USE_CPU", "").lower() in ("1", "true")


def device_and_precision(options: TrainingOptions) -> tuple[torch.device, Any]:
    """Where to train, and in which precision.

    Raises:
        ConfigError: The device is not there, or does not compute in that precision.
    """
    import torch

    from eg_cfg.models.huggingface.loading import device_of
    from eg_cfg.models.options import LocalOptions

    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        from accelerate import PartialState

        device = PartialState(cpu=on_cpu(options)).device
    else:
        device = device_of(LocalOptions(device="cpu" if on_cpu(options) else options.device))
        if str(device) == "cuda":
            device = torch.device("cuda", 0)
    half = device.type == "cuda"
    precision = options.precision
    if precision == "auto":
        precision = "fp32" if not half else "bf16" if torch.cuda.is_bf16_supported() else "fp16"
    if precision == "fp16" and not half:
        raise ConfigError(f"--precision fp16 needs a GPU, found the device {device.type}: pass bf16 or fp32")
    return device, precision


@contextlib.contextmanager
def held(folder: Path) -> Iterator[None]:
    """Makes a folder, and keeps other processes out of it; raises `RunError` where that cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(f"cannot make the folder {folder}: {error.strerror}; pass another --output-dir") from error
    with folder_lock(folder):
        yield


@contextlib.contextmanager
def surroundings(folder: Path, options: TrainingOptions) -> Iterator[None]:
    """Leaves random numbers, log levels and the environment as they were."""
    import numpy as np
    import torch

    states = random.getstate(), np.random.get_state(), torch.get_rng_state()
    board = os.environ.get("TENSORBOARD_LOGGING_DIR")
    if "tensorboard" in options.report_to and board is None:
        os.environ["TENSORBOARD_LOGGING_DIR"] = str(folder / "logs")
    try:
        with checkpoints.quiet():
            yield
    finally:
        if board is None:
            os.environ.pop("TENSORBOARD_LOGGING_DIR", None)
        random.setstate(states[0])
        np.random.set_state(states[1])
        torch.set_rng_state(states[2])
