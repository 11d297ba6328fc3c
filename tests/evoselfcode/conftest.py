"""Small workspaces."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from evo_make import Make

from evoselfcode.config import Config, load_config


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Makes small configurations whose files are in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def make(**settings: Any) -> Config:
        small = {"names.count": 8, "names.draws_at_once": 8, "generate.drafts": 1, "generate.candidates": 3,
                 "sandbox.workers": 1, "score.inputs": 8, "filter.held_out": 0.3, "d2c.training.num_epochs": 1,
                 "c2d.training.num_epochs": 1, "iterate.rounds": 1, "iterate.tasks": 5, "iterate.codes": 5,
                 "iterate.candidates": 3, "iterate.held_out.max_problems": 4, "iterate.validation.pairs": 5}
        given = {**small, **{key.replace("__", "."): value for key, value in settings.items()}}
        return load_config(None, {key: str(value) for key, value in given.items()})

    return make
