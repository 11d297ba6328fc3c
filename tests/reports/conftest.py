"""Runs to report on: real ones, made once, and a browser where there is one."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path += [str(HERE), str(HERE.parent / "studies"), str(HERE.parent / "models")]

from browser import CHROMIUM, Browser  # noqa: E402

from eg_cfg.config import build  # noqa: E402


@pytest.fixture(scope="session")
def evaluated(tmp_path_factory: pytest.TempPathFactory, isolated: None) -> Path:
    """A baseline: five problems, four samples each."""
    from eg_cfg.studies.baseline import BaselineOptions, baseline

    folder = tmp_path_factory.mktemp("reports") / "run"
    baseline(build(BaselineOptions, {"model_name": "tiny", "benchmark": "minipy", "max_problems": 5, "num_samples": 4,
                                     "workers": 1, "output_dir": folder}))
    return folder


@pytest.fixture(scope="session")
def guided(tmp_path_factory: pytest.TempPathFactory, isolated: None) -> Path:
    """A guided run: three problems, three gammas."""
    import guide_case

    from eg_cfg.studies.guide import guide

    folder = tmp_path_factory.mktemp("guided")
    guide(guide_case.options(folder))
    return folder / "out"


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, isolated: None) -> Path:
    """A BTP experiment of a small random model, two rounds."""
    import btp_cases

    from eg_cfg.studies.btp import btp

    folder = tmp_path_factory.mktemp("trained")
    model = btp_cases.save_small(folder / "model")
    btp(btp_cases.quick(folder / "out", source_model=str(model)))
    return folder / "out"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless browser."""
    if CHROMIUM is None:
        pytest.skip("no Chromium here (Debian: apt-get install chromium): pages are not looked at")
    with Browser() as found:
        yield found
