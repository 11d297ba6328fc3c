"""A grader, and the small networks of the models room's tests."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from eg_cfg.grading.grader import Grader, grading_sandbox

sys.path.append(str(Path(__file__).resolve().parent.parent / "models"))


@pytest.fixture(scope="session")
def grader(isolated: None) -> Iterator[Grader]:
    with grading_sandbox(1) as sandbox:
        yield Grader(sandbox)
