"""Killed at any moment and started again, a stage loses nothing and repeats nothing."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evoselfcode.cli.main import main

pytestmark = pytest.mark.slow
SETTINGS = {
    "names.count": "10", "names.draws_at_once": "10", "generate.drafts": "1", "generate.candidates": "4",
    "sandbox.workers": "1", "score.inputs": "8", "score.batch": "8", "filter.held_out": "0.3",
    "d2c.training.num_epochs": "2", "d2c.training.save_every": "1", "d2c.variants": "2", "c2d.training.num_epochs": "1",
    "iterate.rounds": "2", "iterate.tasks": "6", "iterate.codes": "4", "iterate.candidates": "3",
    "iterate.d2c.save_every": "1", "iterate.c2d.save_every": "1", "iterate.held_out.max_problems": "3",
    "iterate.validation.pairs": "3", "iterate.validation.patience": "2",
}


def arguments(*command: str) -> list[str]:
    return [*command, *(part for key, value in SETTINGS.items() for part in ("--set", f"{key}={value}"))]


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory, isolated: None) -> Path:
    """A workspace in which the stages up to the first training ran undisturbed."""
    folder = tmp_path_factory.mktemp("undisturbed")
    undisturbed(folder, ("datagen", "generate-names"),
                *(("pipeline", stage) for stage in ("generate", "score", "filter", "train-d2c")))
    return folder


@pytest.fixture(scope="module")
def looped(reference: Path) -> Path:
    """The same, with the loop."""
    undisturbed(reference, ("pipeline", "train-c2d"), ("pipeline", "iterate"))
    return reference


def undisturbed(folder: Path, *commands: tuple[str, ...]) -> None:
    before = Path.cwd()
    os.chdir(folder)
    try:
        for command in commands:
            assert main(arguments(*command)) == 0
    finally:
        os.chdir(before)


def disturbed(folder: Path, command: tuple[str, ...], reached: Callable[[], bool]) -> bool:
    """Starts a stage, kills it once a point is reached, and says whether it was."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with open(folder / "errors.txt", "wb") as errors:
        process = subprocess.Popen([sys.executable, "-m", "evoselfcode.cli", *arguments(*command)], cwd=folder,
                                   env=environment, stdout=subprocess.DEVNULL, stderr=errors, start_new_session=True)
    deadline = time.monotonic() + 120
    while process.poll() is None and time.monotonic() < deadline:
        if reached():
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return True
        time.sleep(0.005)
    assert process.wait() == 0, (folder / "errors.txt").read_text()
    return False


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def told(path: Path) -> list[str]:
    """The rows without measured times and without the last digits of probabilities, which depend on the batch."""
    rows = []
    for line in lines(path):
        row = {**json.loads(line), "log_prob": None, "seconds": None}
        if row.get("perplexity") is not None:
            row["perplexity"] = f"{row['perplexity']:.2g}"
        rows.append(json.dumps(row))
    return sorted(rows)


@pytest.mark.parametrize(("stage", "file", "points"), [
    (("datagen", "generate-names"), "data/generated/name_draws.jsonl", (3,)),
    (("pipeline", "generate"), "data/generated/drafts.jsonl", (4,)),
    (("pipeline", "generate"), "data/generated/candidates.jsonl", (15, 30)),
    (("pipeline", "score"), "data/generated/scores.jsonl", (8, 24)),
])
def test_rows_are_those_of_an_undisturbed_run(reference: Path, tmp_path: Path, stage: tuple[str, ...], file: str,
                                              points: tuple[int, ...]) -> None:
    folder = tmp_path / "w"
    shutil.copytree(reference, folder, symlinks=True)
    (folder / file).unlink()
    for point in points:
        disturbed(folder, stage, lambda point=point: len(lines(folder / file)) >= point)  # type: ignore[misc]
        assert len(lines(folder / file)) >= 1
    assert not disturbed(folder, stage, lambda: False)
    assert told(folder / file) == told(reference / file)


def test_training_ends_with_the_weights_of_an_undisturbed_one(reference: Path, tmp_path: Path) -> None:
    folder = tmp_path / "w"
    shutil.copytree(reference, folder, symlinks=True)
    shutil.rmtree(folder / "checkpoints")
    (model,) = {path.name for path in (reference / "checkpoints/d2c").iterdir() if not path.is_symlink()}
    work = folder / "checkpoints/d2c" / model / "checkpoints"
    disturbed(folder, ("pipeline", "train-d2c"), lambda: any(work.glob("checkpoint-*/checkpoint.json")))
    assert not disturbed(folder, ("pipeline", "train-d2c"), lambda: False)
    weights = Path("checkpoints/d2c/model0/model.safetensors")
    assert (folder / weights).read_bytes() == (reference / weights).read_bytes()


ROUND = "checkpoints/iterate/{run}/round1"
PHASES: list[tuple[str, str, int]] = [
    # what is being done when the process dies, a file by which one knows, and how many lines or files of it
    ("the base model is measured", "data/eval/held_out.jsonl", 1),
    ("describing held-out programs", "data/generated/iterate/{run}/descriptions.jsonl", 2),
    ("writing held-out programs again", "data/generated/iterate/{run}/candidates.jsonl", 2),
    ("the base model is judged", "data/generated/iterate/{run}/rounds.jsonl", 1),
    ("Model0 is judged", "data/generated/iterate/{run}/rounds.jsonl", 2),
    ("forward: writing programs", "data/generated/iterate/{run}/candidates.jsonl", 20),
    ("forward: scoring", "data/generated/iterate/{run}/scores.jsonl", 14),
    ("training D2C", ROUND + "/d2c/*/checkpoints/checkpoint-*/checkpoint.json", 1),
    ("training C2D", ROUND + "/c2d/*/checkpoints/checkpoint-*/checkpoint.json", 1),
    ("both are trained", ROUND + "/c2d/*/training.json", 1),
    ("the round is judged", "data/generated/iterate/{run}/rounds.jsonl", 3),
    ("the next round", "checkpoints/iterate/{run}/round2", 1),
    ("everything is measured", "data/generated/iterate/{run}/iterate_results.json", 1),
]


@pytest.mark.long
def test_a_loop_that_is_killed_in_every_phase_ends_as_an_undisturbed_one(looped: Path, tmp_path: Path) -> None:
    folder = tmp_path / "w"
    shutil.copytree(looped, folder, symlinks=True)
    run = (looped / "data/generated/iterate/latest").resolve().name
    for made in ("data/generated/iterate", "checkpoints/iterate", "data/eval"):
        shutil.rmtree(folder / made)
    died = []
    for phase, pattern, count in PHASES:
        def reached(pattern: str = pattern.format(run=run), count: int = count) -> bool:
            found = sorted(folder.glob(pattern))
            return len(found) >= count or any(path.suffix == ".jsonl" and len(lines(path)) >= count for path in found)
        if disturbed(folder, ("pipeline", "iterate"), reached):
            died.append(phase)
    assert len(died) >= len(PHASES) - 2, died  # the last ones may be too quick to be caught
    assert not disturbed(folder, ("pipeline", "iterate"), lambda: False)
    place, whole = (root / "data/generated/iterate" / run for root in (folder, looped))
    for file in ("descriptions.jsonl", "candidates.jsonl", "scores.jsonl", "rounds.jsonl"):
        assert told(place / file) == told(whole / file), file
        assert not (place / f"{file}.damaged").exists()
    assert [row["pass_at_1"] for row in measured(folder)] == [row["pass_at_1"] for row in measured(looped)]
    assert os.readlink(folder / "checkpoints/latest") == os.readlink(looped / "checkpoints/latest")


def measured(folder: Path) -> list[dict[str, Any]]:
    """What was measured on the benchmark, by content."""
    rows = [json.loads(line) for line in lines(folder / "data/eval/held_out.jsonl")]
    return sorted(rows, key=lambda row: str(row["id"]))
