"""Killed at any moment and started again, a stage after names ends as an undisturbed one, and buys nothing twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from evo_make import Make
from evo_teacher import Teacher, put_names, taught

from evoselfcode.datagen.problems import generate_problems
from evoselfcode.datagen.rows import Files

pytestmark = pytest.mark.slow
NAMES = tuple(f"power_{number}" for number in range(40))
KILLS = 2
CONCURRENCY = 3


def start(folder: Path, server: Teacher) -> subprocess.Popen[bytes]:
    options = {"datagen.model.model_name": "teacher", "datagen.model.api_base": server.url,
               "datagen.model.model_option.concurrency": CONCURRENCY,
               "datagen.model.model_option.ledger": folder / "ledger"}
    command = [sys.executable, "-m", "evoselfcode.cli", "datagen", "generate-problems",
               *(part for key, value in options.items() for part in ("--set", f"{key}={value}"))]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def test_a_killed_stage_goes_on(workspace: Make, tmp_path: Path) -> None:
    with Teacher(delay=0.1) as server:
        config = taught(workspace, server)
        files = Files(config.paths)
        put_names(config, NAMES)
        kills = 0
        for point in (5, 20):
            process = start(tmp_path, server)
            deadline = time.monotonic() + 60
            while process.poll() is None and time.monotonic() < deadline:
                if len(lines(files.problem_replies)) >= point:
                    os.kill(process.pid, signal.SIGKILL)
                    kills += 1
                    break
                time.sleep(0.005)
            process.communicate()
        assert kills == KILLS
        assert 20 <= len(lines(files.problem_replies)) < len(NAMES)
        assert lines(files.problems) == []
        process = start(tmp_path, server)
        out = process.communicate(timeout=60)[0].decode()
        assert process.returncode == 0, out
        assert "40 added, 40 in all" in out
        bought = Counter(server.paid)
        assert len(bought) == len(NAMES)
        assert bought.total() <= len(NAMES) + KILLS * CONCURRENCY  # what was under way when it died

        disturbed = lines(files.problems), sorted(lines(files.problem_replies))
        for file in (files.problems, files.problem_replies):
            file.unlink()
        elsewhere = taught(workspace, server, datagen__model__model_option__ledger=tmp_path / "other")
        assert generate_problems(elsewhere).total == 40
        assert (lines(files.problems), sorted(lines(files.problem_replies))) == disturbed
