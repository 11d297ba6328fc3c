"""A damaged line is skipped, counted and named by every stage that reads the file, and what it held is made again."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from evoselfcode.cli.main import main
from evoselfcode.config import Config, load_config
from evoselfcode.datagen.names import generate_names
from evoselfcode.pipeline import generate, iterate, keep, score, train_c2d, train_d2c
from evoselfcode.summary import Summary

pytestmark = pytest.mark.slow
Stage = Callable[[Config], Summary]
SETTINGS = {
    "names.count": "12", "names.draws_at_once": "12", "generate.drafts": "1", "generate.candidates": "3",
    "sandbox.workers": "1", "score.inputs": "8", "filter.held_out": "0.3", "d2c.training.num_epochs": "1",
    "d2c.variants": "1", "c2d.training.num_epochs": "1", "iterate.rounds": "1", "iterate.tasks": "4",
    "iterate.codes": "3", "iterate.candidates": "3", "iterate.held_out.max_problems": "2",
    "iterate.validation.pairs": "3",
}
BROKEN = '{"id": "broken", "text": '
OTHER = '{"id": "of another kind", "surprise": 3}'
LOOP = "data/generated/iterate/latest/"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, isolated: None) -> Path:
    """A workspace in which every stage has run."""
    folder = tmp_path_factory.mktemp("whole")
    before = Path.cwd()
    os.chdir(folder)
    try:
        for stage in (generate_names, generate, score, keep, train_d2c, train_c2d, iterate):
            stage(load_config(None, SETTINGS))
    finally:
        os.chdir(before)
    return folder


@pytest.fixture
def workspace(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it."""
    folder = tmp_path / "w"
    shutil.copytree(whole, folder, symlinks=True)
    monkeypatch.chdir(folder)
    return folder


CASES: list[tuple[str, Stage, str]] = [
    ("generate-names", generate_names, "data/generated/name_draws.jsonl"),
    ("generate", generate, "data/generated/names.jsonl"),
    ("generate", generate, "data/generated/drafts.jsonl"),
    ("generate", generate, "data/generated/candidates.jsonl"),
    ("generate", generate, "data/raw/mine.jsonl"),
    ("score", score, "data/generated/candidates.jsonl"),
    ("score", score, "data/generated/scores.jsonl"),
    ("filter", keep, "data/generated/candidates.jsonl"),
    ("filter", keep, "data/generated/scores.jsonl"),
    ("filter", keep, "data/processed/pairs.jsonl"),
    ("train-d2c", train_d2c, "data/processed/pairs.jsonl"),
    ("train-c2d", train_c2d, "data/processed/pairs.jsonl"),
    *(("iterate", iterate, file) for file in (
        "data/processed/pairs.jsonl", "data/processed/held_out.jsonl", "data/generated/candidates.jsonl",
        "data/generated/scores.jsonl", "data/raw/mine.jsonl", "data/eval/held_out.jsonl", LOOP + "candidates.jsonl",
        LOOP + "scores.jsonl", LOOP + "descriptions.jsonl", LOOP + "rounds.jsonl")),
]


@pytest.mark.parametrize(("name", "stage", "file"), CASES, ids=[f"{name} {file}" for name, _, file in CASES])
def test_lines_that_nobody_can_read_are_skipped_counted_and_named(workspace: Path, name: str, stage: Stage,
                                                                  file: str) -> None:
    path = workspace / file
    kept = path.read_text().splitlines() if path.exists() else []
    path.write_text("\n".join([*kept[:1], BROKEN, *kept[1:], OTHER]) + "\n")
    found = stage(load_config(None, SETTINGS))
    place = 2 if kept else 1
    said = [line for line in found.damaged if Path(line.split(", line ")[0]).name == path.name]
    assert len(said) == len(found.damaged) == 2
    assert f", line {place}: " in said[0]
    assert f", line {len(kept) + 2}: " in said[1]
    assert found.added == 0 or name == "iterate"  # nothing that was there is made again


@pytest.mark.parametrize(("stage", "file"), [
    (score, "data/generated/scores.jsonl"),
    (iterate, LOOP + "candidates.jsonl"),
    (iterate, LOOP + "scores.jsonl"),
    (iterate, LOOP + "descriptions.jsonl"),
])
def test_what_a_damaged_line_held_is_made_again(workspace: Path, stage: Stage, file: str) -> None:
    path = workspace / file
    before = path.read_text().splitlines()
    path.write_text("\n".join([before[0][:40], *before[1:]]) + "\n")
    (path.parent / "rounds.jsonl").unlink(missing_ok=True)  # else the loop has no need of it
    found = stage(load_config(None, SETTINGS))
    assert any(path.name in line for line in found.damaged)
    assert len(path.read_text().splitlines()) == len(before)
    assert before[0][:40] in path.with_name(f"{path.name}.damaged").read_text()


def test_the_command_says_what_was_skipped(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with open(workspace / "data/generated/scores.jsonl", "a") as file:
        file.write(BROKEN + "\n")
    assert main(["pipeline", "score", *(part for key, value in SETTINGS.items() for part in ("--set", f"{key}={value}"))
                 ]) == 0
    out = capsys.readouterr().out.replace("\n", " ")
    assert "damaged line skipped: data/generated/scores.jsonl, line " in out
    assert "1 damaged lines in all" in out
