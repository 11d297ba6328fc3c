"""Killed in every phase by a signal that cannot be caught, an experiment ends as one that was not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from btp_cases import quick, save_small, state, weights

from eg_cfg.studies.btp import btp

pytestmark = [
    pytest.mark.usefixtures("isolated"),
    pytest.mark.long,
    pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing.*:FutureWarning"),
]

SETTINGS = {"max_problems": "12", "eval_problems": "12", "eval_samples": "4", "num_epochs": "8", "batch_size": "24"}


def command(model: Path, folder: Path) -> list[str]:
    flags = {**SETTINGS, "dataset": "minipy", "option": "steps=1", "num_beams": "3", "n_iterations": "2",
             "max_new_tokens": "12", "device": "cpu", "workers": "1", "source_model": str(model),
             "output_dir": str(folder)}
    return [sys.executable, "-m", "eg_cfg", "btp",
            *(part for name, value in flags.items() for part in (f"--{name.replace('_', '-')}", value))]


def killed_when(reached: Callable[[], bool], arguments: list[str]) -> bool:
    """Runs a command until something is reached, and kills it; whether it was still running then."""
    with subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                          env={**os.environ, "OMP_NUM_THREADS": "1"}) as process:
        deadline = time.monotonic() + 240
        while not reached() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.005)
        alive = process.poll() is None
        process.send_signal(signal.SIGKILL)
    return alive


def lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def test_a_kill_in_each_phase_changes_nothing(tmp_path: Path) -> None:
    torch.set_num_threads(1)
    model, folder = save_small(tmp_path / "small"), tmp_path / "run"
    points: dict[str, Callable[[], bool]] = {
        "before": lambda: lines(folder / "before/samples.jsonl") >= 8,
        "sampling": lambda: lines(folder / "rounds/1/completions.jsonl") >= 2,
        "testing": lambda: lines(folder / "rounds/1/experiences.jsonl") >= 3,
        "training": lambda: (folder / "checkpoints/round_1/checkpoints").exists(),
        "second round": lambda: lines(folder / "rounds/2/completions.jsonl") >= 1,
        "after": lambda: lines(folder / "after/verdicts.jsonl") >= 8,
    }
    alive = {name: killed_when(reached, command(model, folder)) for name, reached in points.items()}
    assert sum(alive.values()) >= 4, f"ended before it was killed: {alive}"
    subprocess.run(command(model, folder), check=True, capture_output=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    options = quick(tmp_path / "undisturbed", source_model=str(model), **SETTINGS)
    btp(options)
    assert state(folder) == state(tmp_path / "undisturbed")
    torch.testing.assert_close(weights(folder), weights(tmp_path / "undisturbed"))
